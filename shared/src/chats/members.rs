//! Groups, and changes of their members.
//!
//! A change of the members is an entry, appended by the same command that changes them. So it takes
//! effect at its own `seq`: a new member sees the entries from there on, and a removed one appends
//! nothing after it.

use mongodb::bson::{Bson, Document, doc};

use super::append::{Addition, Appended, State};
use super::entry::{Content, Entry, fields};
use super::log::{Log, Member, Role};
use crate::contract::entry::SystemKind;
use crate::contract::errors::{ALREADY_A_MEMBER, GROUP_IS_FULL, LAST_OWNER, NO_SUCH_MEMBER, NOT_ALLOWED_BY_ROLE};
use crate::contract::synced::ChatKind;
use crate::error::Result;
use crate::values::deadline::Deadline;
use crate::values::ids::{ChatId, MessageId, UserId};

/// The maximum number of members of a group.
const MAX_MEMBERS: usize = 1024;

/// A change of the members of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// Adds a user. Owners and admins may do this.
    Add(UserId),
    /// Removes a member who is not an owner. Owners and admins may do this.
    Remove(UserId),
    /// Removes the caller, who must not be the last owner.
    Leave,
    /// Sets the role of a member. Owners may do this.
    SetRole(UserId, Role),
}

impl Log {
    /// Creates a group, whose first entry says so. The creator owns it.
    ///
    /// # Errors
    /// [`GROUP_IS_FULL`] if there are too many members.
    pub async fn create_group(&self, creator: UserId, others: &[UserId]) -> Result<ChatId> {
        if others.len() >= MAX_MEMBERS {
            return Err(GROUP_IS_FULL);
        }
        let (chat, id) = (ChatId::new(), MessageId::new());
        let owner = Member { id: creator, role: Some(Role::Owner), from: 1 };
        let members = others.iter().map(|id| Member { id: *id, role: Some(Role::Member), from: 1 });
        let members: Vec<Bson> = std::iter::once(owner).chain(members).map(Bson::from).collect();
        let mut entry = fields(id, "system", creator);
        entry.extend(doc! { "event": "created", "who": others, "seq": 1_i64 });
        let head = doc! {
            "chatId": chat,
            "head": true,
            "kind": "group",
            "members": members,
            "number": 0_i64,
            "lastSeq": 1_i64,
            "keys": [id.to_string()],
            "prevKeys": [],
            "recent": [],
        };
        // An update, since only updates can use the time of the database.
        let set = doc! { "$set": {
            "entries": [{ "$mergeObjects": [{ "$literal": entry }, { "at": "$$NOW" }] }],
            "lastActivity": "$$NOW",
            "createdAt": "$$NOW",
            "updatedAt": "$$NOW",
        } };
        let literal: Document =
            head.into_iter().map(|(name, value)| (name, doc! { "$literal": value }.into())).collect();
        self.0.update_one(doc! { "_id": chat }, vec![doc! { "$set": literal }, set]).upsert(true).await?;
        Ok(chat)
    }

    /// Changes the members of a group.
    ///
    /// # Errors
    /// [`NO_SUCH_CHAT`](crate::contract::errors::NO_SUCH_CHAT),
    /// [`NOT_A_MEMBER`](crate::contract::errors::NOT_A_MEMBER), [`NOT_ALLOWED_BY_ROLE`],
    /// [`NO_SUCH_MEMBER`], [`ALREADY_A_MEMBER`], [`GROUP_IS_FULL`] or [`LAST_OWNER`].
    pub async fn change_members(
        &self,
        chat: ChatId,
        by: UserId,
        change: MemberChange,
        deadline: Deadline,
    ) -> Result<Appended> {
        self.append(chat, &NewMemberChange { id: MessageId::new(), by, change }, deadline).await
    }
}

/// A change of the members that is about to be appended.
struct NewMemberChange {
    id: MessageId,
    by: UserId,
    change: MemberChange,
}

impl NewMemberChange {
    fn who(&self) -> UserId {
        match self.change {
            MemberChange::Add(who) | MemberChange::Remove(who) | MemberChange::SetRole(who, _) => who,
            MemberChange::Leave => self.by,
        }
    }

    fn kind(&self) -> (&'static str, SystemKind) {
        match self.change {
            MemberChange::Add(_) => ("added", SystemKind::Added),
            MemberChange::Remove(_) => ("removed", SystemKind::Removed),
            MemberChange::Leave => ("left", SystemKind::Left),
            MemberChange::SetRole(..) => ("role", SystemKind::Role),
        }
    }
}

/// Returns a condition: `id` is a member with one of these roles. Both must hold for the same member.
fn has_role(id: impl Into<Bson>, roles: &[Role]) -> Document {
    let roles: Vec<Bson> = roles.iter().map(|role| Bson::from(*role)).collect();
    doc! { "members": { "$elemMatch": { "id": id.into(), "role": { "$in": roles } } } }
}

impl Addition for NewMemberChange {
    fn by(&self) -> UserId {
        self.by
    }

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn entry(&self) -> Document {
        let mut entry = fields(self.id, "system", self.by);
        entry.extend(doc! { "event": self.kind().0, "who": [self.who()] });
        entry
    }

    fn condition(&self) -> Option<Document> {
        let by_admin = has_role(self.by, &[Role::Owner, Role::Admin]);
        let other_owner = has_role(doc! { "$ne": self.who() }, &[Role::Owner]);
        let rules = match self.change {
            MemberChange::Add(who) => vec![
                by_admin,
                doc! { "members.id": { "$ne": who } },
                doc! { format!("members.{}", MAX_MEMBERS - 1): { "$exists": false } },
            ],
            MemberChange::Remove(who) => vec![by_admin, has_role(who, &[Role::Admin, Role::Member])],
            MemberChange::Leave => {
                let no_owner = has_role(self.by, &[Role::Admin, Role::Member]);
                vec![doc! { "$or": [no_owner, other_owner] }]
            }
            MemberChange::SetRole(who, role) => {
                let mut rules = vec![has_role(self.by, &[Role::Owner]), doc! { "members.id": who }];
                if role != Role::Owner {
                    rules.push(other_owner);
                }
                rules
            }
        };
        Some(doc! { "kind": "group", "$and": rules })
    }

    fn check(&self, head: &State) -> Result<()> {
        let role_of =
            |user: UserId| head.members.iter().find(|member| member.id == user).and_then(|member| member.role);
        let owners = head.members.iter().filter(|member| member.role == Some(Role::Owner) && member.id != self.who());
        let (own_role, role, has_other_owner) = (role_of(self.by), role_of(self.who()), owners.count() > 0);
        let is_admin = matches!(own_role, Some(Role::Owner | Role::Admin));
        match self.change {
            _ if head.kind != ChatKind::Group => Err(NOT_ALLOWED_BY_ROLE),
            MemberChange::Add(_) | MemberChange::Remove(_) if !is_admin => Err(NOT_ALLOWED_BY_ROLE),
            MemberChange::SetRole(..) if own_role != Some(Role::Owner) => Err(NOT_ALLOWED_BY_ROLE),
            MemberChange::Add(_) if role.is_some() => Err(ALREADY_A_MEMBER),
            MemberChange::Add(_) if head.members.len() >= MAX_MEMBERS => Err(GROUP_IS_FULL),
            MemberChange::Remove(_) | MemberChange::SetRole(..) if role.is_none() => Err(NO_SUCH_MEMBER),
            MemberChange::Remove(_) if role == Some(Role::Owner) => Err(NOT_ALLOWED_BY_ROLE),
            MemberChange::Leave if role == Some(Role::Owner) && !has_other_owner => Err(LAST_OWNER),
            MemberChange::SetRole(_, new) if new != Role::Owner && !has_other_owner => Err(LAST_OWNER),
            _ => Ok(()),
        }
    }

    fn effect(&self, seq: &Document) -> Document {
        let others = doc! { "$filter": { "input": "$members", "cond": { "$ne": ["$$this.id", self.who()] } } };
        match self.change {
            MemberChange::Add(who) => {
                let new = doc! { "id": who, "role": Role::Member, "from": seq.clone() };
                // Being added lifts the chat in the list.
                doc! { "members": { "$concatArrays": ["$members", [new]] }, "lastActivity": "$$NOW" }
            }
            MemberChange::Remove(_) | MemberChange::Leave => doc! { "members": others },
            MemberChange::SetRole(who, role) => doc! { "members": { "$map": {
                "input": "$members",
                "in": { "$cond": [
                    { "$eq": ["$$this.id", who] },
                    { "$mergeObjects": ["$$this", { "role": role }] },
                    "$$this",
                ] },
            } } },
        }
    }

    fn is_repeat_of(&self, original: &Entry) -> bool {
        matches!(&original.content, Content::System { what, who } if *what == self.kind().1 && *who == [self.who()])
    }
}
