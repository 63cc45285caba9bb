//! The words in which the tests describe what happens.

use crate::chat::{Change, Key, Seq, USERS, User, Write};
use crate::device::Device;
use crate::flaws::Flaw;
use crate::process::Request;
use crate::search::{Counterexample, search};
use crate::world::Simulation;

pub(crate) const ADA: User = 0;
pub(crate) const BOB: User = 1;
pub(crate) const CLEO: User = 2;

/// Requests that run at the same time.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// The requests before, one after the other.
    pub(crate) before: Vec<Request>,
    /// The first entry that each user sees; 0 if the user is not a member.
    pub(crate) members: [Seq; USERS],
    pub(crate) requests: Vec<Request>,
    pub(crate) device: Option<Device>,
    /// Whether the device is connected and has synced when the requests begin.
    pub(crate) is_connected: bool,
    pub(crate) flaw: Option<Flaw>,
}

pub(crate) fn message(by: User, key: Key) -> Request {
    Request::Write { by, key, write: Write::Message }
}

pub(crate) fn edit(by: User, key: Key, target: Seq) -> Request {
    Request::Write { by, key, write: Write::Change { target, change: Change::Edit } }
}

pub(crate) fn delete(by: User, key: Key, target: Seq) -> Request {
    Request::Write { by, key, write: Write::Change { target, change: Change::Delete } }
}

pub(crate) fn react(by: User, key: Key, target: Seq) -> Request {
    Request::Write { by, key, write: Write::Change { target, change: Change::React } }
}

pub(crate) fn add(key: Key, who: User) -> Request {
    Request::Write { by: ADA, key, write: Write::Add(who) }
}

pub(crate) fn remove(key: Key, who: User) -> Request {
    Request::Write { by: ADA, key, write: Write::Remove(who) }
}

pub(crate) fn read(by: User) -> Request {
    Request::Read { by, since: 0 }
}

/// Returns the first requests of a chat: messages 1, 2, 3 … of Ada, Bob, Cleo and Ada again.
pub(crate) fn messages(count: usize) -> Vec<Request> {
    let all = [message(ADA, 1), message(BOB, 2), message(CLEO, 3), message(ADA, 4)];
    all.into_iter().take(count).collect()
}

/// Returns a scenario of three members.
pub(crate) fn scenario(before: Vec<Request>, requests: &[Request]) -> Scenario {
    Scenario { before, members: [1; USERS], requests: requests.to_vec(), device: None, is_connected: false, flaw: None }
}

impl Scenario {
    /// Removes a user from the first members.
    pub(crate) fn without(mut self, user: User) -> Self {
        self.members[user] = 0;
        self
    }

    /// Adds a device of a user, which is connected and has synced when the requests begin.
    pub(crate) fn with_connected_device(mut self, user: User) -> Self {
        (self.device, self.is_connected) = (Some(Device::new(user, 1, false)), true);
        self
    }

    /// Adds a device of a user, which connects while the requests run, at most so many times.
    pub(crate) fn with_device(mut self, user: User, connects: u8, is_lossy: bool) -> Self {
        self.device = Some(Device::new(user, connects, is_lossy));
        self
    }

    pub(crate) fn with_flaw(mut self, flaw: Flaw) -> Self {
        self.flaw = Some(flaw);
        self
    }

    /// Searches every state. Returns their number.
    pub(crate) fn search(&self) -> Result<usize, Box<Counterexample>> {
        search(&Simulation::new(self.clone()))
    }

    /// Searches every state, and returns their number.
    ///
    /// # Panics
    /// A property does not hold.
    pub(crate) fn holds(&self) -> usize {
        self.search().unwrap_or_else(|counterexample| panic!("{:?}: {counterexample}", self.requests))
    }

    /// Expects that the protocol is right, and that a flaw in it violates a property.
    pub(crate) fn fails(&self, flaw: Flaw, property: &str) {
        self.holds();
        let found = self.clone().with_flaw(flaw).search().map_err(|counterexample| {
            println!("{counterexample}");
            counterexample.violation.property
        });
        assert_eq!(found, Err(property), "{flaw:?}");
    }
}
