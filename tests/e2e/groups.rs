//! Groups and changes of their members, through the domain, since no endpoint offers them yet.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::chats::append::Appended;
use shared::chats::change::Change;
use shared::chats::log::{Log, Role};
use shared::chats::members::MemberChange;
use shared::chats::send::Draft;
use shared::values::deadline::Deadline;
use shared::values::ids::{ChatId, UserId};
use test_support::{User, shared};

/// A group that is changed through the domain, and read over HTTP.
struct Group {
    id: ChatId,
    log: Log,
    owner: User,
    admin: User,
    member: User,
    stranger: User,
}

impl Group {
    /// Starts a group. Its log has two entries: its creation, and the promotion of the admin.
    async fn start() -> Self {
        let names = ["Olga", "Anna", "Max", "Sam"];
        let [owner, admin, member, stranger] =
            <[User; 4]>::try_from(join_all(names.map(|name| User::sign_up(shared(), name))).await).ok().unwrap();
        let log = Log::new(&shared().database().await);
        let group = log.create_group(id(&owner), &[id(&admin), id(&member)]).await.unwrap();
        let group = Self { id: group, log, owner, admin, member, stranger };
        group.change(&group.owner, MemberChange::SetRole(id(&group.admin), Role::Admin)).await.unwrap();
        group
    }

    async fn change(&self, by: &User, change: MemberChange) -> shared::Result<Appended> {
        self.log.change_members(self.id, id(by), change, Deadline::of_request()).await
    }

    async fn say(&self, by: &User, text: &str) -> shared::Result<Appended> {
        let draft = Draft { text: text.parse().unwrap(), client_id: None, reply_to: None };
        self.log.send(self.id, id(by), draft, Deadline::of_request()).await
    }

    /// Returns the entries that a new device of this user receives, or `None` if it has no chat.
    async fn entries(&self, user: &User) -> Option<Vec<Value>> {
        let synced = user.browser.post("/api/sync", json!({})).await.expect(200);
        let chat = synced["chats"].as_array().unwrap().iter().find(|chat| chat["_id"] == self.id.to_string())?;
        Some(chat["entries"].as_array().unwrap().clone())
    }
}

fn id(user: &User) -> UserId {
    user.id.parse().unwrap()
}

/// Returns the code of the refusal.
fn code(attempt: shared::Result<Appended>) -> &'static str {
    attempt.map(|_| "the change was made").unwrap_or_else(|error| error.code())
}

#[tokio::test]
async fn a_group_begins_with_its_creation() {
    let group = Group::start().await;

    let entries = group.entries(&group.member).await.unwrap();
    assert_eq!(entries[0]["kind"], "system");
    assert_eq!(entries[0]["what"], "created");
    assert_eq!(entries[0]["who"], json!([group.admin.id, group.member.id]));
    assert_eq!((&entries[1]["what"], &entries[1]["seq"]), (&json!("role"), &json!(2)));
    assert_eq!(group.say(&group.member, "hello").await.unwrap().message().unwrap().seq, 3);
}

#[tokio::test]
async fn a_new_member_sees_the_entries_from_its_own_on() {
    let group = Group::start().await;
    group.say(&group.owner, "before").await.unwrap();
    assert_eq!(code(group.say(&group.stranger, "too early").await), "notAMember");

    let added = group.change(&group.admin, MemberChange::Add(id(&group.stranger))).await.unwrap();
    group.say(&group.stranger, "after").await.unwrap();

    assert!(added.receivers().contains(&id(&group.stranger)), "the new member is not told");
    let entries = group.entries(&group.stranger).await.unwrap();
    let numbers: Vec<_> = entries.iter().map(|entry| entry["seq"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [4, 5]);
    let query = [("chatId", group.id.to_string())];
    let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
    let body = group.stranger.browser.query("/api/getChat", &query).await.expect(200);
    assert_eq!(body["data"]["chats"].as_array().unwrap().len(), 1, "{body}");
    assert_eq!(body["hasMore"], false);
}

#[tokio::test]
async fn a_removed_member_neither_reads_nor_sends() {
    let group = Group::start().await;
    let removed = group.change(&group.admin, MemberChange::Remove(id(&group.member))).await.unwrap();

    assert!(removed.receivers().contains(&id(&group.member)), "the removed member is not told");
    assert_eq!(code(group.say(&group.member, "still here").await), "notAMember");
    assert_eq!(group.entries(&group.member).await, None);
    let known = json!({ "chats": { group.id.to_string(): 1 } });
    let synced = group.member.browser.post("/api/sync", known).await.expect(200);
    assert_eq!(synced["gone"], json!([group.id.to_string()]));
}

#[tokio::test]
async fn a_member_who_joined_later_does_not_see_the_message_that_a_change_concerns() {
    let group = Group::start().await;
    let older = group.say(&group.owner, "before").await.unwrap().message().unwrap().seq;
    group.change(&group.admin, MemberChange::Add(id(&group.stranger))).await.unwrap();
    let target = serde_json::from_value(older.into()).unwrap();
    let react = Change::React(Some("👍".parse().unwrap()));
    let appended =
        group.log.change(group.id, id(&group.member), target, react, None, Deadline::of_request()).await.unwrap();

    for (user, sees) in [(&group.admin, true), (&group.stranger, false)] {
        let announced = serde_json::to_value(appended.entry_for(id(user))).unwrap();
        let synced = group.entries(user).await.unwrap().pop().unwrap();
        assert_eq!(synced["kind"], "change");
        // A device that has the message does not need it again.
        assert_eq!(announced.get("message").is_some(), sees, "{announced}");
        assert_eq!(synced.get("message"), None, "{synced}");
    }
    let refused = group.log.change(
        group.id,
        id(&group.stranger),
        target,
        Change::React(Some("👍".parse().unwrap())),
        None,
        Deadline::of_request(),
    );
    assert_eq!(code(refused.await), "noSuchEntry");
}

#[tokio::test]
async fn a_member_who_was_added_again_changes_nothing_from_before() {
    let group = Group::start().await;
    let own = group.say(&group.member, "mine").await.unwrap().message().unwrap().seq;
    group.change(&group.admin, MemberChange::Remove(id(&group.member))).await.unwrap();
    group.change(&group.admin, MemberChange::Add(id(&group.member))).await.unwrap();

    let target = serde_json::from_value(own.into()).unwrap();
    let deletion = group.log.change(group.id, id(&group.member), target, Change::Delete, None, Deadline::of_request());
    assert_eq!(code(deletion.await), "noSuchEntry");
    let by_admin = group.log.change(group.id, id(&group.admin), target, Change::Delete, None, Deadline::of_request());
    assert!(!by_admin.await.unwrap().receivers().is_empty());
}

#[tokio::test]
async fn roles_decide_who_changes_the_members() {
    let group = Group::start().await;
    let [owner, admin, member, stranger] = [&group.owner, &group.admin, &group.member, &group.stranger].map(id);
    use MemberChange::{Add, Leave, Remove, SetRole};
    for (by, change, expected) in [
        (&group.member, Add(stranger), "notAllowedByRole"),
        (&group.member, Remove(admin), "notAllowedByRole"),
        (&group.member, SetRole(member, Role::Admin), "notAllowedByRole"),
        (&group.admin, SetRole(member, Role::Admin), "notAllowedByRole"),
        (&group.admin, Remove(owner), "notAllowedByRole"),
        (&group.admin, Remove(stranger), "noSuchMember"),
        (&group.admin, Add(member), "alreadyAMember"),
        (&group.stranger, Leave, "notAMember"),
        (&group.stranger, Add(stranger), "notAMember"),
        (&group.owner, Leave, "lastOwner"),
        (&group.owner, SetRole(owner, Role::Member), "lastOwner"),
        (&group.owner, SetRole(stranger, Role::Admin), "noSuchMember"),
    ] {
        assert_eq!(code(group.change(by, change).await), expected, "{change:?} by {}", by.name);
    }
    assert_eq!(group.say(&group.owner, "nothing happened").await.unwrap().message().unwrap().seq, 3);

    group.change(&group.owner, SetRole(admin, Role::Owner)).await.unwrap();
    group.change(&group.owner, Leave).await.unwrap();
    assert_eq!(code(group.say(&group.owner, "gone").await), "notAMember");
    assert_eq!(code(group.change(&group.admin, Leave).await), "lastOwner");
}

#[tokio::test]
async fn of_two_owners_who_leave_at_once_one_stays() {
    for _ in 0..5 {
        let group = Group::start().await;
        group.change(&group.owner, MemberChange::SetRole(id(&group.admin), Role::Owner)).await.unwrap();

        let leavers = [&group.owner, &group.admin].map(|owner| group.change(owner, MemberChange::Leave));

        let codes: Vec<_> = join_all(leavers).await.into_iter().map(code).collect();
        assert_eq!(codes.iter().filter(|code| **code == "lastOwner").count(), 1, "{codes:?}");
    }
}

#[tokio::test]
async fn a_removal_as_the_first_entry_after_a_roll_takes_effect() {
    let group = Group::start().await;
    for number in 3..=64 {
        group.say(&group.member, &number.to_string()).await.unwrap();
    }
    let removed = group.change(&group.owner, MemberChange::Remove(id(&group.member))).await.unwrap();

    assert_eq!(serde_json::to_value(removed.entry_for(id(&group.owner))).unwrap()["seq"], 65);
    assert_eq!(code(group.say(&group.member, "still here").await), "notAMember");
    assert_eq!(group.entries(&group.member).await, None);
    let entries = group.entries(&group.owner).await.unwrap();
    assert_eq!(entries.last().unwrap()["what"], "removed");
}

#[tokio::test]
async fn a_group_is_not_among_the_direct_chats() {
    let group = Group::start().await;

    assert_eq!(group.owner.browser.get("/api/allConnection").await.status, 204);
}
