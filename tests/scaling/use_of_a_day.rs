//! The use of one user in a day: assumptions, times what each action takes by the table in
//! `docs/costs.md`, which the tests of the stack count.

use std::fs;

use test_support::{generated_rows, workspace};

/// The page with the counts and the prices.
pub(crate) const COSTS: &str = "docs/costs.md";

// Assumed. Change these to describe other users.

/// The minutes for which a user is connected.
const CONNECTED_MINUTES: f64 = 180.0;
/// The times that a user opens the application.
const VISITS: f64 = 10.0;
/// The part of the visits in which somebody has a chat with the user open, and sees the presence.
const WATCHED: f64 = 0.25;
/// The messages that a user sends, and as many are received.
const MESSAGES: f64 = 40.0;
/// The part of the messages whose receiver is connected.
const SHOWN: f64 = 0.5;
/// The receipts per message that is received.
const RECEIPTS_PER_MESSAGE: f64 = 1.0;
/// The typing frames per message.
const TYPING_PER_MESSAGE: f64 = 2.0;
/// The chats that a user opens.
const OPENED_CHATS: f64 = 15.0;
/// The days of a month.
const DAYS: f64 = 30.0;

// The client, in `client/src/link.ts` and `client/src/socket.ts`, and the access token.

/// The minutes without a frame after which the client sends one.
const KEEP_ALIVE_MINUTES: f64 = 9.0;
/// The average minutes after which the client replaces a connection, since API Gateway ends it after
/// two hours.
const RENEWAL_MINUTES: f64 = 105.0;
/// The minutes for which an access token is valid.
const TOKEN_MINUTES: f64 = 15.0;

// AWS.

/// The dollars for a million gigabyte-seconds of Lambda, as in the prices.
const GIGABYTE_SECONDS: f64 = 13.3334;
/// The gigabytes of a function: `MemorySize` in `template.yaml`.
const GIGABYTES: f64 = 0.25;
/// The seconds that `$disconnect` waits if somebody sees the presence: `PAUSE` in
/// `shared/src/sockets/presence.rs`.
pub(crate) const PAUSE_SECONDS: f64 = 2.0;

/// The times of an action in a day.
pub(crate) struct Use {
    /// A description.
    pub(crate) what: &'static str,
    /// Whether a connected client does it although the user does nothing.
    pub(crate) is_idle: bool,
    /// The number of times.
    pub(crate) times: f64,
    /// Its price and counts.
    pub(crate) action: Action,
}

/// The counts of an action, by the counts of the tests.
pub(crate) struct Action {
    pub(crate) requests: f64,
    pub(crate) frames_in: f64,
    pub(crate) frames_out: f64,
    pub(crate) invocations: f64,
    pub(crate) commands: f64,
    pub(crate) writes: f64,
    /// In dollars per million.
    pub(crate) price: f64,
}

impl Action {
    /// Reads the row that begins with `name`.
    fn read(name: &str) -> Self {
        let rows = generated_rows(COSTS, "actions");
        let row = rows.iter().find(|row| row[0].starts_with(name)).unwrap_or_else(|| panic!("{COSTS} has no {name}"));
        let counts: Vec<f64> = row[1..].iter().map(|cell| cell.trim_start_matches('$').parse().unwrap()).collect();
        let [requests, frames_in, frames_out, invocations, commands, writes, price] = counts[..] else {
            panic!("{COSTS} has other columns: {row:?}")
        };
        Self { requests, frames_in, frames_out, invocations, commands, writes, price }
    }
}

/// Everything that one user causes in a day.
pub(crate) struct Day(pub(crate) Vec<Use>);

impl Day {
    /// Reads the counts.
    pub(crate) fn read() -> Self {
        let renewals = CONNECTED_MINUTES / RENEWAL_MINUTES;
        let uses = [
            ("the keep-alive, every nine minutes", true, CONNECTED_MINUTES / KEEP_ALIVE_MINUTES, "a `sync`"),
            ("a new access token, every 15 minutes", true, CONNECTED_MINUTES / TOKEN_MINUTES, "a new access token"),
            ("a new connection, before the two hours are over", true, renewals, "a connection"),
            ("opening the application", false, VISITS * (1.0 - WATCHED), "a connection"),
            ("opening it while a friend looks at the chat", false, VISITS * WATCHED, "the same, its presence"),
            ("a message to somebody who is connected", false, MESSAGES * SHOWN, "a message: stored"),
            ("a message to somebody who is offline", false, MESSAGES * (1.0 - SHOWN), "a message to somebody"),
            ("a receipt", false, MESSAGES * RECEIPTS_PER_MESSAGE, "a receipt"),
            ("typing", false, MESSAGES * TYPING_PER_MESSAGE, "typing"),
            ("opening a chat", false, OPENED_CHATS, "opening a chat"),
            ("closing a chat", false, OPENED_CHATS, "closing a chat"),
        ];
        let uses = uses.into_iter().map(|(what, is_idle, times, name)| Use {
            what,
            is_idle,
            times,
            action: Action::read(name),
        });
        Self(uses.collect())
    }

    /// Returns the sum of a count over the day.
    pub(crate) fn sum(&self, count: impl Fn(&Action) -> f64) -> f64 {
        self.0.iter().map(|one| one.times * count(&one.action)).sum()
    }

    /// Returns the number of connections that are opened.
    pub(crate) fn connections(&self) -> f64 {
        VISITS + CONNECTED_MINUTES / RENEWAL_MINUTES
    }

    /// Returns the minutes for which the user is connected.
    pub(crate) fn connected_minutes(&self) -> f64 {
        CONNECTED_MINUTES
    }

    /// Returns the number of connections whose end is announced.
    pub(crate) fn watched_ends(&self) -> f64 {
        VISITS * WATCHED
    }

    /// Returns the number of messages that are stored.
    pub(crate) fn messages(&self) -> f64 {
        MESSAGES
    }

    /// Returns the frames that reach the busiest route.
    pub(crate) fn busiest_route(&self) -> f64 {
        self.0.iter().filter(|one| one.action.frames_in > 0.0).map(|one| one.times).fold(0.0, f64::max)
    }

    /// Returns the table of what 1,000 users cost in a month, and the amounts for idle and for all use.
    pub(crate) fn costs(&self) -> (String, f64, f64) {
        let month = |price: f64| price * DAYS * 1_000.0 / 1_000_000.0;
        let minutes = month(CONNECTED_MINUTES * price_of_minutes());
        let mut table = "| A day of one user | Times | 1,000 users, a month |\n|---|--:|--:|\n".to_owned();
        table += &format!("| a connected minute | {CONNECTED_MINUTES} | ${minutes:.2} |\n");
        let mut add = |is_idle: bool| -> f64 {
            let uses = self.0.iter().filter(|one| one.is_idle == is_idle);
            let row = |Use { what, times, action, .. }: &Use| {
                let amount = month(times * action.price);
                table += &format!("| {what} | {} | ${amount:.2} |\n", (times * 10.0).round() / 10.0);
                amount
            };
            let sum = uses.map(row).sum();
            if is_idle {
                table += &format!("| **idle, together** | | **${:.2}** |\n", minutes + sum);
            }
            sum
        };
        let idle = minutes + add(true);
        let active = add(false);
        let pauses = month(self.watched_ends() * PAUSE_SECONDS * GIGABYTES * GIGABYTE_SECONDS);
        table += &format!(
            "| the wait of `$disconnect`, if a friend looks at the chat | {} | ${pauses:.2} |\n",
            self.watched_ends()
        );
        let all = idle + active + pauses;
        table += &format!("| **together** | | **${all:.2}** |\n");
        (table, idle, all)
    }
}

/// Returns the price of a million connection minutes, in dollars.
fn price_of_minutes() -> f64 {
    let text = fs::read_to_string(workspace().join(COSTS)).unwrap();
    let row = text.lines().find(|line| line.starts_with("| WebSocket connection |")).unwrap();
    row.trim_end_matches(" |").rsplit_once('$').unwrap().1.parse().unwrap()
}

/// Returns the bytes of BSON that a stored message takes.
pub(crate) fn bytes_per_message() -> f64 {
    let text = fs::read_to_string(workspace().join(COSTS)).unwrap();
    let (_, rest) = text.split_once("A stored message of 42 characters takes ").unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}
