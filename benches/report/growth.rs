//! Growth: the duration of an invocation with up to a thousand times as much data.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::json;
use test_support::{Activity, Browser, Chat, Socket, Stack, User};

use crate::bed::Bed;
use crate::plot::{self, Line};
use crate::report::Report;
use crate::seed::{self, READ};
use crate::statistics::median;
use crate::sync::an_earlier_sync;

/// The number of measurements of each size. The sizes take turns, so that other work on the machine
/// affects all of them.
const ROUNDS: usize = 150;

/// The bound of the largest size's time, as a multiple of the smallest size's.
const FACTOR: f64 = 1.3;

/// The bound of the time of a page of the list of chats, in milliseconds.
const LIST_MILLIS: f64 = 5.0;

/// Measures the duration of each function whose data grows, and plots it.
pub(crate) async fn measure(bed: &Bed, report: &mut Report) {
    // Two stacks, because a database has one directory and one collection of sockets.
    let (small, large) = (bed.setup().start(), bed.setup().start());
    seed::users(&small.database().await, 1_000).await;
    seed::users(&large.database().await, 100_000).await;
    seed::connections(&small.database().await, 1_000).await;
    seed::connections(&large.database().await, 100_000).await;

    let mut lines = messages(&large).await;
    lines.push(sync(&large).await);
    let list = chats(&large).await;
    report.add_bounded("allConnection, the first 50 of 1,000 chats", list.points[1].1, "ms", LIST_MILLIS);
    lines.push(list);
    lines.push(users(&small, &large).await);
    lines.push(events(&small, &large).await);
    for line in &lines {
        for (size, millis) in &line.points {
            report.add(format!("{}, {size} {}", line.name, line.unit), *millis, "ms");
        }
        report.add_bounded(format!("{}, growth factor", line.name), line.factor(), "times", FACTOR);
    }
    plot::write(&lines);
}

/// Calls a function with each size in turn. `call` takes the index of a size. Returns the median
/// duration for each size.
async fn in_turns(function: &str, sizes: &[(usize, &Stack)], mut call: impl AsyncFnMut(usize)) -> Vec<(usize, f64)> {
    // Sizes on one stack share its activity, which reports each invocation once.
    let mut activities = HashMap::new();
    for (_, stack) in sizes {
        if let Entry::Vacant(vacant) = activities.entry(&stack.http) {
            vacant.insert(Activity::follow(stack).await);
        }
    }
    let mut durations = vec![Vec::new(); sizes.len()];
    for _ in 0..ROUNDS {
        for (index, (_, stack)) in sizes.iter().enumerate() {
            call(index).await;
            let activity = activities.get_mut(&stack.http).unwrap();
            durations[index].push(activity.next(function).await["millis"].as_f64().unwrap());
        }
    }
    sizes.iter().zip(&durations).map(|((size, _), durations)| (*size, median(durations))).collect()
}

async fn messages(stack: &Stack) -> Vec<Line> {
    const SIZES: [usize; 3] = [100, 10_000, 100_000];
    let mut chats = Vec::new();
    for size in SIZES {
        let chat = Chat::start(stack).await;
        seed::messages(&stack.database().await, &chat, size).await;
        chats.push(chat);
    }
    let sizes = SIZES.map(|size| (size, stack));
    let line = |name, points| Line { name, unit: "messages", points };
    let read = async |index: usize| drop(chats[index].numbers(&[("limit", "50")]).await);
    let read = in_turns("GetChat", &sizes, read).await;
    let last = async |index: usize| {
        let Chat { id, bob, .. } = &chats[index];
        bob.browser.query("/api/lastMessage", &[("chatId", id)]).await.expect(200);
    };
    let last = in_turns("LastMessage", &sizes, last).await;
    let send = async |index: usize| drop(chats[index].say("one more").await);
    let send = in_turns("SendMessage", &sizes, send).await;
    let mut sockets = Vec::new();
    for chat in &chats {
        sockets.push(Socket::open_native(stack, &chat.ada).await);
    }
    let mut client_id = 0;
    let announce = async |index: usize| {
        client_id += 1;
        let frame = json!({
            "action": "sendMessage", "chatId": chats[index].id, "message": "one more",
            "clientId": client_id.to_string(), "ackId": client_id,
        });
        sockets[index].send(frame).await;
        sockets[index].expect_event("ack").await;
    };
    let announce = in_turns("SendMessageAction", &sizes, announce).await;
    vec![
        line("getChat, 50 messages", read),
        line("lastMessage", last),
        line("sendMessage", send),
        line("sendMessage, socket", announce),
    ]
}

/// Measures a sync that reads ten messages of the only chat of a user.
async fn sync(stack: &Stack) -> Line {
    const SIZES: [usize; 3] = [100, 10_000, 100_000];
    const MISSED: usize = 10;
    let mut chats = Vec::new();
    for size in SIZES {
        let chat = Chat::start(stack).await;
        seed::messages(&stack.database().await, &chat, size).await;
        chats.push(chat);
    }
    let read = async |index: usize| {
        let Chat { id, bob, .. } = &chats[index];
        let input = json!({ "chats": { id: SIZES[index] - MISSED }, "since": an_earlier_sync() });
        let answer = bob.browser.post("/api/sync", input).await.expect(200);
        assert_eq!(answer["chats"][0]["entries"].as_array().unwrap().len(), MISSED);
    };
    let points = in_turns("Sync", &SIZES.map(|size| (size, stack)), read).await;
    Line { name: "sync, 10 missed messages", unit: "messages", points }
}

/// Measures a page of the list of chats. All chats are long, and have unread messages.
async fn chats(stack: &Stack) -> Line {
    const SIZES: [usize; 2] = [50, 1_000];
    // The heads are almost full.
    const LENGTH: usize = READ + 63;
    let mut people = Vec::new();
    for size in SIZES {
        let user = User::sign_up(stack, "Ada").await;
        seed::chats(&stack.database().await, &user.id, &vec![LENGTH; size]).await;
        people.push(user);
    }
    let list = async |index: usize| {
        people[index].browser.query("/api/allConnection", &[("limit", "50")]).await.expect(200);
    };
    let points = in_turns("AllConnection", &SIZES.map(|size| (size, stack)), list).await;
    Line { name: "allConnection, 50 chats", unit: "chats", points }
}

async fn users(small: &Stack, large: &Stack) -> Line {
    let browsers = [small, large].map(Browser::new);
    let list = async |index: usize| drop(browsers[index].get("/api/users").await.expect(200));
    let points = in_turns("Users", &[(1_000, small), (100_000, large)], list).await;
    Line { name: "users, a page of 100", unit: "users", points }
}

async fn events(small: &Stack, large: &Stack) -> Line {
    let (mut senders, mut receivers, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for stack in [small, large] {
        let chat = Chat::start(stack).await;
        senders.push(Socket::in_room(stack, &chat.ada, &chat.ada.browser, &chat.id).await);
        receivers.push(Socket::in_room(stack, &chat.bob, &chat.bob.browser, &chat.id).await);
        ids.push(chat.id);
    }
    let send = async |index: usize| {
        senders[index].send(json!({ "action": "chatsend", "chatId": ids[index], "message": "live" })).await;
        receivers[index].expect_event("chatUpdate").await;
    };
    let points = in_turns("Chatsend", &[(1_000, small), (100_000, large)], send).await;
    Line { name: "chatsend to one socket", unit: "open sockets", points }
}
