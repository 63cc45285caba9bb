//! Changes of messages: editing, deleting and reactions, in the head of a chat and in its archives.

use mongodb::Collection;
use mongodb::bson::{Bson, Document, doc};
use serde_json::{Value, json};
use shared::chats::append::Appended;
use shared::chats::change::Change;
use shared::chats::log::Log;
use shared::contract::entry::Entry;
use shared::values::deadline::Deadline;
use shared::values::ids::UserId;
use shared::values::text::{ClientId, Emoji, MessageText};
use shared::values::timestamp::Timestamp;
use test_support::{Chat, User, object_id, shared};

/// The number of entries in a full head.
const PAGE: usize = 64;

/// A chat whose messages are changed through the domain.
struct Changes {
    chat: Chat,
    log: Log,
    collection: Collection<Document>,
}

impl Changes {
    /// Starts a chat with this number of messages, which are named by their `seq` and contain it.
    async fn start(messages: usize) -> Self {
        let chat = Chat::start(shared()).await;
        for seq in 1..=messages {
            let text = format!("text {seq}");
            chat.ada.browser.post("/api/sendMessage", chat.by_ada_once(&text, &seq.to_string())).await.expect(200);
        }
        let database = shared().database().await;
        Self { chat, log: Log::new(&database), collection: database.collection("log") }
    }

    async fn attempt(&self, by: &User, target: i64, change: Change) -> shared::Result<Appended> {
        self.attempt_as(by, target, change, None).await
    }

    async fn attempt_as(
        &self,
        by: &User,
        target: i64,
        change: Change,
        client_id: Option<&str>,
    ) -> shared::Result<Appended> {
        let target = serde_json::from_value(target.into()).unwrap();
        let client_id = client_id.map(|name| name.parse::<ClientId>().unwrap());
        let chat = self.chat.id.parse().unwrap();
        self.log.change(chat, id(by), target, change, client_id, Deadline::of_request()).await
    }

    async fn change(&self, by: &User, target: i64, change: Change) -> Appended {
        self.attempt(by, target, change).await.unwrap()
    }

    /// Returns the messages as Bob reads them.
    async fn messages(&self) -> Vec<Value> {
        let body = self.chat.read(&self.chat.bob.browser, &[("limit", "1000")]).await.expect(200);
        body["data"]["chats"].as_array().unwrap().clone()
    }

    /// Returns one message as Bob reads it.
    async fn message(&self, seq: i64) -> Value {
        self.messages().await.into_iter().find(|message| message["seq"] == seq).unwrap()
    }

    /// Returns whether a text is anywhere in the documents of the chat.
    async fn contains(&self, text: &str) -> bool {
        let filter = doc! { "chatId": object_id(&self.chat.id) };
        let mut pages = self.collection.find(filter).await.unwrap();
        let quoted = Bson::from(text).to_string();
        while pages.advance().await.unwrap() {
            if Bson::Document(pages.deserialize_current().unwrap()).to_string().contains(&quoted) {
                return true;
            }
        }
        false
    }

    /// Puts the archived message `seq` back to how it was, and returns notes to the head, as if the
    /// functions that appended these changes had died before they applied them.
    async fn take_back(&self, original: &Document, notes: Vec<Document>) {
        let seq = original.get_i64("seq").unwrap();
        let archive = doc! { "chatId": object_id(&self.chat.id), "entries.seq": seq, "head": { "$exists": false } };
        self.collection.update_one(archive, doc! { "$set": { "entries.$": original } }).await.unwrap();
        let head = doc! { "_id": object_id(&self.chat.id) };
        self.collection.update_one(head, doc! { "$set": { "pending": notes } }).await.unwrap();
    }

    /// Returns an archived entry as it is stored.
    async fn stored(&self, seq: i64) -> Document {
        let archive = doc! { "chatId": object_id(&self.chat.id), "entries.seq": seq };
        let page = self.collection.find_one(archive).await.unwrap().unwrap();
        let entries = page.get_array("entries").unwrap().iter().map(|entry| entry.as_document().unwrap());
        entries.into_iter().find(|entry| entry.get_i64("seq").is_ok_and(|own| own == seq)).unwrap().clone()
    }

    async fn pending(&self) -> usize {
        let head = self.collection.find_one(doc! { "_id": object_id(&self.chat.id) }).await.unwrap().unwrap();
        head.get_array("pending").map_or(0, Vec::len)
    }
}

fn id(user: &User) -> UserId {
    user.id.parse().unwrap()
}

fn edit(text: &str) -> Change {
    Change::Edit(text.parse::<MessageText>().unwrap())
}

fn react(emoji: &str) -> Change {
    Change::React(Some(emoji.parse::<Emoji>().unwrap()))
}

/// Returns the note that a change of a message leaves.
fn note(seq: i64, target: i64, by: &User, fold: Document) -> Document {
    doc! { "seq": seq, "target": target, "by": object_id(&by.id), "fold": fold }
}

#[tokio::test]
async fn an_edited_message_has_its_new_text_wherever_it_is() {
    let changes = Changes::start(PAGE + 1).await;
    let ada = &changes.chat.ada;
    for (target, seq) in [(PAGE as i64 + 1, PAGE as i64 + 2), (1, PAGE as i64 + 3)] {
        let appended = changes.change(ada, target, edit("edited")).await;

        let message = changes.message(target).await;
        assert_eq!((message["message"].as_str(), message["changedSeq"].as_i64()), (Some("edited"), Some(seq)));
        let Entry::Change { seq: own, target: of, message: Some(announced), .. } = appended.entry_for(id(ada)) else {
            panic!("the change is announced without its message");
        };
        assert_eq!((own, of), (seq, target));
        assert_eq!(serde_json::to_value(announced).unwrap(), message);
    }
    assert_eq!(changes.messages().await.len(), PAGE + 1, "a change is not a message");
}

#[tokio::test]
async fn a_deleted_text_is_nowhere_in_the_database() {
    let changes = Changes::start(PAGE + 1).await;
    let (ada, bob) = (&changes.chat.ada, &changes.chat.bob);
    // The first is archived; the second is archived and the head's copy for the preview; the third is
    // in the head.
    for target in [1, PAGE as i64, PAGE as i64 + 1] {
        changes.change(bob, target, react("👍")).await;
        changes.change(ada, target, edit(&format!("edited {target}"))).await;
        let deletion = changes.change(ada, target, Change::Delete).await;

        let message = changes.message(target).await;
        assert_eq!(message["message"], "");
        assert_eq!(message["deleted"], true);
        assert_eq!(message["reactions"], Value::Null);
        assert_eq!(serde_json::to_value(deletion.entry_for(id(bob))).unwrap()["message"], message);
        for text in [format!("text {target}"), format!("edited {target}")] {
            assert!(!changes.contains(&text).await, "{text:?} is still stored");
        }
    }
}

#[tokio::test]
async fn a_member_has_one_reaction_to_a_message() {
    let changes = Changes::start(PAGE + 1).await;
    let (ada, bob) = (&changes.chat.ada, &changes.chat.bob);
    for target in [1, PAGE as i64 + 1] {
        changes.change(ada, target, react("❤")).await;
        changes.change(bob, target, react("👍")).await;
        changes.change(bob, target, react("❤")).await;
        let expected = json!([{ "emoji": "❤", "count": 2, "users": [ada.id, bob.id] }]);
        assert_eq!(changes.message(target).await["reactions"], expected);

        changes.change(ada, target, Change::React(None)).await;
        let expected = json!([{ "emoji": "❤", "count": 1, "users": [bob.id] }]);
        assert_eq!(changes.message(target).await["reactions"], expected);
    }
}

#[tokio::test]
async fn only_the_sender_edits_and_deletes() {
    let changes = Changes::start(1).await;
    let (ada, bob) = (&changes.chat.ada, &changes.chat.bob);
    let stranger = User::sign_up(shared(), "Eve").await;
    for (by, target, change, code) in [
        (bob, 1, edit("x"), "notYourMessage"),
        (bob, 1, Change::Delete, "notYourMessage"),
        (&stranger, 1, react("👍"), "notAMember"),
        (ada, 2, edit("x"), "noSuchEntry"),
        (ada, 0, edit("x"), "noSuchEntry"),
    ] {
        assert_eq!(changes.attempt(by, target, change).await.unwrap_err().code(), code);
    }
    changes.change(ada, 1, edit("edited")).await;
    let of_a_change = changes.attempt(ada, 2, Change::Delete).await;
    assert_eq!(of_a_change.unwrap_err().code(), "noSuchEntry", "a change is not a message");
}

#[tokio::test]
async fn a_deleted_message_is_not_edited() {
    let changes = Changes::start(PAGE + 1).await;
    let ada = &changes.chat.ada;
    for target in [1, PAGE as i64 + 1] {
        let stored = changes.stored(target).await;
        changes.change(ada, target, Change::Delete).await;
        // The deletion is a note only, as after a process that died.
        if target == 1 {
            let deletion = note(PAGE as i64 + 2, target, ada, doc! { "what": "deleted" });
            changes.take_back(&stored, vec![deletion]).await;
        }

        let late = changes.attempt(ada, target, edit("a late edit")).await;

        assert_eq!(late.unwrap_err().code(), "noSuchEntry");
        assert!(!changes.contains("a late edit").await);
    }
}

#[tokio::test]
async fn a_reader_sees_a_change_that_is_not_applied_yet() {
    let changes = Changes::start(PAGE + 1).await;
    let ada = &changes.chat.ada;
    let original = changes.stored(1).await;
    changes.change(ada, 1, edit("edited")).await;
    let seq = PAGE as i64 + 2;
    let fold = doc! { "what": "edited", "text": "edited" };
    changes.take_back(&original, vec![note(seq, 1, ada, fold)]).await;

    assert_eq!(changes.message(1).await["message"], "edited");
    let body = json!({ "chats": { &changes.chat.id: PAGE } });
    let synced = changes.chat.bob.browser.post("/api/sync", body).await.expect(200);
    let entries = synced["chats"][0]["entries"].as_array().unwrap();
    assert_eq!(entries[1]["message"]["message"], "edited", "{entries:?}");
    assert_eq!(changes.pending().await, 1, "a reader wrote");
}

#[tokio::test]
async fn a_deletion_survives_a_later_reaction_that_was_applied_first() {
    let changes = Changes::start(PAGE + 1).await;
    let (ada, bob) = (&changes.chat.ada, &changes.chat.bob);
    let original = changes.stored(1).await;
    changes.change(ada, 1, Change::Delete).await;
    changes.change(bob, 1, react("👍")).await;
    let seq = PAGE as i64 + 2;
    let notes = vec![
        note(seq, 1, ada, doc! { "what": "deleted" }),
        note(seq + 1, 1, bob, doc! { "what": "reaction", "emoji": "👍" }),
    ];
    changes.take_back(&original, notes).await;
    assert_eq!(changes.message(1).await["deleted"], true, "before the notes are applied");

    changes.change(bob, 2, react("👍")).await;

    assert_eq!(changes.pending().await, 0);
    let message = changes.message(1).await;
    assert_eq!((&message["deleted"], &message["changedSeq"]), (&json!(true), &json!(seq + 1)));
    assert!(!changes.contains("text 1").await, "the text is still stored");
}

#[tokio::test]
async fn notes_that_were_applied_are_removed() {
    let changes = Changes::start(PAGE + 1).await;
    let ada = &changes.chat.ada;
    changes.change(ada, PAGE as i64, Change::Delete).await;
    let stored = changes.stored(PAGE as i64).await;
    // The function died after it had applied its note to the archive.
    changes.take_back(&stored, vec![note(PAGE as i64 + 2, PAGE as i64, ada, doc! { "what": "deleted" })]).await;

    changes.change(ada, 1, edit("edited")).await;

    assert_eq!(changes.pending().await, 0);
    assert_eq!(changes.stored(PAGE as i64).await, stored);
}

#[tokio::test]
async fn notes_for_which_there_is_no_room_are_applied_first() {
    let changes = Changes::start(PAGE + 1).await;
    let (ada, bob) = (&changes.chat.ada, &changes.chat.bob);
    let original = changes.stored(1).await;
    let notes = (0..64).map(|number| note(2 + number, 1, bob, doc! { "what": "reaction", "emoji": "👍" }));
    changes.take_back(&original, notes.collect()).await;

    changes.chat.say("there is room").await;

    assert_eq!(changes.pending().await, 0);
    assert_eq!(changes.message(1).await["reactions"][0]["users"], json!([bob.id]));
    changes.change(ada, 1, edit("edited")).await;
}

#[tokio::test]
async fn a_repeat_of_a_change_changes_nothing() {
    let changes = Changes::start(PAGE + 1).await;
    let ada = &changes.chat.ada;
    let first = changes.attempt_as(ada, 1, edit("edited"), Some("edit")).await.unwrap();
    changes.change(ada, 1, edit("edited again")).await;
    let repeat = changes.attempt_as(ada, 1, edit("edited"), Some("edit")).await.unwrap();

    assert!(repeat.is_repeat && !first.is_repeat);
    assert_eq!(changes.message(1).await["message"], "edited again");
    let numbers = |appended: &Appended| serde_json::to_value(appended.entry_for(id(ada))).unwrap()["seq"].clone();
    assert_eq!(numbers(&first), numbers(&repeat));
    let reused = changes.attempt_as(ada, 2, Change::Delete, Some("edit")).await;
    assert_eq!(reused.unwrap_err().code(), "clientIdReused");
}

#[tokio::test]
async fn a_repeat_of_a_send_after_an_edit_returns_the_present_text() {
    let changes = Changes::start(PAGE + 1).await;
    let ada = &changes.chat.ada;
    for seq in [1, PAGE as i64 + 1] {
        changes.change(ada, seq, edit("edited")).await;

        let body = changes.chat.by_ada_once(&format!("text {seq}"), &seq.to_string());
        let repeat = ada.browser.post("/api/sendMessage", body).await.expect(200)["data"].clone();

        assert_eq!((&repeat["seq"], &repeat["message"]), (&json!(seq), &json!("edited")));
    }
}

#[tokio::test]
async fn a_request_that_is_too_old_appends_nothing() {
    let changes = Changes::start(1).await;
    let (chat, ada) = (changes.chat.id.parse().unwrap(), &changes.chat.ada);
    let target = serde_json::from_value(json!(1)).unwrap();
    let past = Deadline::at(Timestamp::from_millis(Timestamp::now().as_millis() - 1));
    let late = changes.log.change(chat, id(ada), target, edit("late"), None, past).await;

    assert_eq!(late.unwrap_err().status(), 503);
    assert_eq!(changes.message(1).await["message"], "text 1");
    assert_eq!(changes.chat.say("next").await["seq"], 2);
}
