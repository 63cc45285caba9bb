//! A model of the log of a chat, and a search through everything that can happen in it.
//!
//! Functions are processes. They interleave in any order, and each may stop for ever between two
//! commands to the database. A test from outside meets a few of these orders. The model meets all of
//! them, for a few requests and a small chat: the search starts with a state, takes every possible
//! next command, and goes on until there is no new state. In each state, the properties must hold.
//!
//! # Layout
//!
//! - `chat` is the database: a head and its archives, and the commands on them. A command is atomic.
//! - `process` is what the functions do: a request is a sequence of commands, and each step executes
//!   one. Sending, changing, rolling, applying notes, repeating, reading and announcing are here.
//! - `device` is a client with a live connection: it connects, syncs and orders what arrives.
//! - `truth` is the specification: the list of everything that was appended, and the properties.
//! - `world` combines these into the model, and `search` explores it.
//! - `scenarios` has the words for tests: Ada, Bob and Cleo send, edit, delete, react, add and remove.
//! - `combinations` checks the protocol with every combination of requests.
//! - `flawed` checks the model: each of the `flaws` must violate a property. Without these tests, a
//!   model that finds nothing might also be a model that sees nothing.
//! - `sessions` is another model: a browser, a thief and the refresh tokens of a session. Its rule is
//!   the code of the product.
//!
//! # Crashes and losses
//!
//! A process that takes no further step is a dead one, so the search covers crashes without an event
//! for them. In addition, the model stops all processes in every state of the database, and a new
//! send, deletion and read must succeed alone: whoever comes next completes what others left.
//!
//! Announcements arrive in any order. If they may get lost or doubled, the next sync must bring the
//! device up to date in every state. If not, the device must be up to date at the end without one.
//!
//! # What is smaller here
//!
//! A page has 2 entries, a head has room for 2 notes, and 3 requests run at the same time. The
//! variable `PROTOCOL_REQUESTS` sets another number; 4 takes hours. The database is one server, so
//! the model does not see a change of the primary. Deadlines, limits of answers, receipts and roles
//! are missing as well.
//!
//! # A counterexample
//!
//! The output of a failed test has the violated property, the shortest sequence of steps to it, and
//! the state before the last step. If you change the protocol, change `process` first. When the
//! model holds, add the mistake that the change avoids to `flaws`.

#![expect(clippy::unwrap_used, reason = "a failure in a helper is the failure of the test that called it")]

mod chat;
mod combinations;
mod device;
mod flawed;
mod flaws;
mod process;
mod scenarios;
mod search;
mod sessions;
mod truth;
mod world;
