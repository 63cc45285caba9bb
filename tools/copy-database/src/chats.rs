//! Copies chats and their messages.

use std::collections::{HashMap, HashSet};

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{RawDocument, RawDocumentBuf};
use shared::chats::direct::Pair;
use shared::chats::import::{Existing, Import, ImportedChat, ImportedMessage};
use shared::chats::log::Log;
use shared::values::ids::{ChatId, UserId};
use shared::values::timestamp::Timestamp;

use crate::Copy;
use crate::batches::Batches;
use crate::failure::Failure;
use crate::messages::Reader;
use crate::values::{self, Shown, field};

/// Copies all chats between `users`.
pub(crate) async fn copy(copy: &mut Copy, users: &HashSet<UserId>) -> Result<(), Failure> {
    let (mut batches, count) = Batches::open(&copy.source, &copy.arguments.chats_collection).await?;
    copy.report.start("chats", count);
    let mut chats = Chats { users, pairs: HashMap::new(), ids: HashSet::new() };
    loop {
        let batch = batches.next().await?;
        if batch.is_empty() {
            return Ok(());
        }
        chats.copy(copy, &batch).await?;
        copy.report.advance(batch.len());
    }
}

/// The two members of a chat, ordered by their ids.
type Members = [UserId; 2];

/// A chat of the source.
struct OldChat<'a> {
    /// Its collection and id, for reports.
    record: String,
    document: &'a RawDocument,
    id: ChatId,
    members: Members,
    pair: Pair,
    created_at: Timestamp,
}

struct Chats<'a> {
    users: &'a HashSet<UserId>,
    /// The first chat of each pair of members: about sixty bytes per chat.
    pairs: HashMap<Members, ObjectId>,
    ids: HashSet<ObjectId>,
}

impl Chats<'_> {
    async fn copy(&mut self, copy: &mut Copy, batch: &[RawDocumentBuf]) -> Result<(), Failure> {
        let chats: Vec<_> = batch.iter().filter_map(|document| self.read(copy, document)).collect();
        let log = Log::new(&copy.target);
        let ids: Vec<_> = chats.iter().map(|chat| chat.id).collect();
        let pairs: Vec<_> = chats.iter().map(|chat| chat.pair).collect();
        let (mut existing, of_pairs) = (log.existing(&ids).await?, log.chats_of(&pairs).await?);
        let mut imports = Vec::new();
        for chat in chats {
            let existing = existing.remove(&chat.id);
            if let Err(why) = allow(&chat, existing.as_ref(), of_pairs.get(&chat.pair)) {
                leave_out(copy, &chat.record, chat.document, &why);
                continue;
            }
            let all =
                Reader::new(&mut copy.report, &chat.record, chat.id, chat.members, chat.created_at).read(chat.document);
            let total = all.len();
            let is_missing = |message: &ImportedMessage| existing.as_ref().is_none_or(|chat| !chat.contains(message));
            let messages: Vec<ImportedMessage> = all.into_iter().filter(is_missing).collect();
            copy.report.messages.new += messages.len() as u64;
            copy.report.messages.unchanged += (total - messages.len()) as u64;
            let tally = &mut copy.report.chats;
            match (&existing, messages.is_empty()) {
                (None, _) => tally.new += 1,
                (Some(_), false) => tally.updated += 1,
                (Some(_), true) => {
                    tally.unchanged += 1;
                    continue;
                }
            }
            let chat = ImportedChat { id: chat.id, pair: chat.pair, created_at: chat.created_at };
            imports.push(Import { chat, existing, messages });
        }
        if !copy.arguments.dry_run {
            log.import(imports).await?;
        }
        Ok(())
    }

    /// Reads a document. Reports it and returns `None` if it must be left out.
    fn read<'a>(&mut self, copy: &mut Copy, document: &'a RawDocument) -> Option<OldChat<'a>> {
        let record = format!("{} {}", copy.arguments.chats_collection, Shown(field(document, "_id")));
        match self.identify(document) {
            Ok((id, pair, members, created_at)) => Some(OldChat { record, document, id, members, pair, created_at }),
            Err(why) => {
                leave_out(copy, &record, document, &why);
                None
            }
        }
    }

    fn identify(&mut self, document: &RawDocument) -> Result<(ChatId, Pair, Members, Timestamp), String> {
        let id = field(document, "_id").as_ref().and_then(values::id).ok_or("its _id is not an ObjectId")?;
        let members = document.get_array("usersId").map_err(|_| "it has no usersId")?;
        let members: Vec<_> = members.into_iter().map(|member| member.ok()?.try_into().ok()).collect();
        let members: Vec<_> = members.iter().map(|member| Some(UserId::from(values::id(member.as_ref()?)?))).collect();
        let [one, other] = members[..] else { return Err("it does not have exactly two members".to_owned()) };
        let (Some(one), Some(other)) = (one, other) else { return Err("a member's id is not an ObjectId".to_owned()) };
        let pair = Pair::new(one, other).map_err(|_| "its two members are the same user")?;
        if let Some(unknown) = [one, other].iter().find(|member| !self.users.contains(member)) {
            return Err(format!("member {unknown} was not copied"));
        }
        let members = [one.min(other), one.max(other)];
        let first = *self.pairs.entry(members).or_insert(id);
        if first != id {
            return Err(format!("chat {first} has the same members"));
        }
        // One id is an ObjectId, and the other consists of its digits.
        if !self.ids.insert(id) {
            return Err("an earlier chat has the same id".to_owned());
        }
        let created_at = field(document, "createdAt").as_ref().and_then(values::time);
        Ok((id.into(), pair, members, created_at.unwrap_or_else(|| id.timestamp().into())))
    }
}

/// Reports a chat that is left out, and the number of messages that are left out with it.
fn leave_out(copy: &mut Copy, record: &str, document: &RawDocument, why: &str) {
    let messages = document.get_array("chats").map_or(0, |messages| messages.into_iter().count());
    copy.report.chats.left_out += 1;
    copy.report.messages.left_out += messages as u64;
    copy.report.left_out(record, format_args!("{why} (messages: {messages})"));
}

/// Checks that the target has no other chat with this id, and no other chat of these members.
///
/// # Errors
/// The reason why the chat cannot be stored in the target.
fn allow(chat: &OldChat<'_>, existing: Option<&Existing>, of_members: Option<&ChatId>) -> Result<(), String> {
    if existing.is_some_and(|existing| existing.members != chat.members) {
        return Err("the target has a chat with this id for other members".to_owned());
    }
    match of_members {
        Some(id) if *id != chat.id => Err(format!("its members already have chat {id} in the target")),
        _ => Ok(()),
    }
}
