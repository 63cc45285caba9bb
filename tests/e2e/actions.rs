//! The usage of each action of a native client: the table in `docs/costs.md`.

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, DateTime, Document, doc};
use mongodb::{Collection, Database};
use serde_json::{Value, json};
use test_support::{Activity, Chat, Setup, Socket, Stack, Usage, expect_generated, object_id, skip_on_deployed_stack};

use crate::billing::Costs;

/// Counts what is used, and writes a row for it.
struct Meter<'a> {
    stack: &'a Stack,
    profile: Collection<Document>,
    costs: Costs,
    rows: Vec<String>,
    before: Usage,
    commands_before: usize,
}

impl<'a> Meter<'a> {
    async fn new(stack: &'a Stack, database: &Database) -> Self {
        // By default, the profiler keeps about a megabyte.
        let keep = doc! { "create": "system.profile", "capped": true, "size": 64 << 20 };
        database.run_command(keep).await.unwrap();
        database.run_command(doc! { "profile": 2 }).await.unwrap();
        let profile = database.collection("system.profile");
        Self { stack, profile, costs: Costs::read(), rows: Vec::new(), before: Usage::default(), commands_before: 0 }
    }

    /// Returns the database commands so far, each with whether it is a write.
    async fn commands(&self) -> Vec<bool> {
        let found = self.profile.find(doc! { "appName": "chat" }).await.unwrap();
        let entries: Vec<Document> = found.try_collect().await.unwrap();
        let is_write = |entry: &Document| {
            let is_find_and_modify = entry.get_document("command").is_ok_and(|it| it.contains_key("findAndModify"));
            is_find_and_modify || matches!(entry.get_str("op"), Ok("insert" | "update" | "remove"))
        };
        entries.iter().map(is_write).collect()
    }

    /// Starts counting.
    async fn reset(&mut self) {
        self.before = Usage::read(self.stack).await;
        self.commands_before = self.commands().await.len();
    }

    /// Adds a row for what was used since the last row.
    async fn row(&mut self, action: &str) {
        let usage = Usage::read(self.stack).await.since(&self.before);
        let commands = self.commands().await.split_off(self.commands_before);
        let (invocations, price) = (usage.all_invocations(), self.costs.of(&usage));
        let writes = commands.iter().filter(|is_write| **is_write).count();
        let Usage { requests, frames_in, frames_out, .. } = usage;
        let commands = commands.len();
        let counts = format!("{requests} | {frames_in} | {frames_out} | {invocations} | {commands} | {writes}");
        self.rows.push(format!("| {action} | {counts} | ${price:.2} |"));
        self.reset().await;
    }

    fn table(&self) -> String {
        let heading = "| Action | Requests | Frames in | Frames out | Invocations \
                       | Database commands | of these writes | One million |\n\
                       |---|--:|--:|--:|--:|--:|--:|--:|\n";
        heading.to_owned() + &self.rows.join("\n")
    }
}

/// Sends a frame and returns its acknowledgement.
async fn ask(socket: &mut Socket, mut frame: Value) -> Value {
    frame["ackId"] = 1.into();
    socket.send(frame).await;
    socket.expect_event("ack").await
}

fn message(chat: &Chat, number: i64) -> Value {
    // As long as an id of the client's.
    let client_id = format!("00000000-0000-4000-8000-{number:012}");
    let text = "Shall we meet at eight in the usual place?";
    json!({ "action": "sendMessage", "chatId": chat.id, "message": text, "clientId": client_id })
}

/// Opens a connection of Ada as the client does, with a sync.
async fn connect(stack: &Stack, chat: &Chat) -> Socket {
    let mut socket = Socket::open_native(stack, &chat.ada).await;
    ask(&mut socket, json!({ "action": "sync" })).await;
    socket
}

/// Lets everything be older than what the margin of a sync's `now` repeats.
async fn age(database: &Database) {
    let past = doc! { "$set": { "updatedAt": DateTime::from_millis(DateTime::now().timestamp_millis() - 600_000) } };
    for collection in ["log", "marks", "users"] {
        database.collection::<Document>(collection).update_many(doc! {}, past.clone()).await.unwrap();
    }
}

#[tokio::test]
async fn actions_of_native_clients_cost_what_the_documentation_says() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().start();
    let (chat, database) = (Chat::start(&stack).await, stack.database().await);
    let mut activity = Activity::follow(&stack).await;
    let mut meter = Meter::new(&stack, &database).await;
    let (mut ada, mut bob) = (connect(&stack, &chat).await, Socket::open_native(&stack, &chat.bob).await);
    ada.join(&chat.id).await;

    // The first frame of a connection that a process serves takes another command, to identify the
    // sender. Ordinary frames are those of the second round.
    for round in 1..=2 {
        if round == 2 {
            meter.rows.clear();
        }
        meter.reset().await;
        ask(&mut ada, message(&chat, round)).await;
        bob.expect_entry(&chat.id).await;
        meter.row("a message: stored, acknowledged, shown to one other").await;

        ask(&mut bob, json!({ "action": "receipt", "chatId": chat.id, "delivered": round, "read": round })).await;
        ada.expect_event("receipt").await;
        meter.row("a receipt for any number of messages, shown to the sender").await;

        let synced = ask(&mut ada, json!({ "action": "sync" })).await;
        age(&database).await;
        meter.reset().await;
        ask(&mut ada, json!({ "action": "sync", "since": synced["now"], "chats": { &chat.id: round } })).await;
        meter.row("a `sync`, which is also the keep-alive").await;

        bob.join(&chat.id).await;
        chat.read(&chat.bob.browser, &[("limit", "50")]).await.expect(200);
        meter.row("opening a chat: a join and `getChat`").await;

        ada.send(json!({ "action": "typing", "chatId": chat.id, "typing": true })).await;
        bob.expect_event("typing").await;
        meter.row("typing, shown to one who has the chat open").await;

        ask(&mut bob, json!({ "action": "leave-chat-room", "chatId": chat.id })).await;
        meter.row("closing a chat").await;

        chat.ada.browser.get("/api/refresh").await.expect(200);
        meter.row("a new access token (`refresh`)").await;
    }

    ada.close().await;
    activity.next("Disconnect").await;
    meter.reset().await;
    connect(&stack, &chat).await.close().await;
    activity.next("Disconnect").await;
    meter.row("a connection: ticket, `$connect`, `sync`, `$disconnect`").await;

    bob.join(&chat.id).await;
    meter.reset().await;
    let ada = connect(&stack, &chat).await;
    bob.expect_event("presence").await;
    ada.close().await;
    bob.expect_event("presence").await;
    activity.next("Disconnect").await;
    meter.row("the same, its presence shown to one who has the chat open").await;

    bob.close().await;
    activity.next("Disconnect").await;
    let mut ada = connect(&stack, &chat).await;
    ask(&mut ada, message(&chat, 3)).await;
    meter.reset().await;
    ask(&mut ada, message(&chat, 4)).await;
    meter.row("a message to somebody who is offline").await;

    expect_generated("docs/costs.md", "actions", &meter.table());

    for number in 5..=65 {
        ask(&mut ada, message(&chat, number)).await;
    }
    let archive = doc! { "chatId": object_id(&chat.id), "number": 0 };
    let stages = [
        doc! { "$match": archive },
        doc! { "$set": { "bytes": { "$bsonSize": "$$ROOT" }, "count": { "$size": "$entries" } } },
        doc! { "$project": { "average": { "$ceil": { "$divide": ["$bytes", "$count"] } } } },
    ];
    let mut found = database.collection::<Document>("log").aggregate(stages).await.unwrap();
    let average = found.try_next().await.unwrap().unwrap().get("average").and_then(Bson::as_f64).unwrap();
    let stored = format!("A stored message of 42 characters takes {average} bytes of BSON, before compression.");
    expect_generated("docs/costs.md", "stored", &stored);
}
