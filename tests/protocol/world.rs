//! The whole system, and the model that the search explores.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use crate::chat::{Change, Chat, Key, Write};
use crate::device::{Device, Event};
use crate::flaws::Flaws;
use crate::process::{Process, Request};
use crate::scenarios::Scenario;
use crate::search::{Model, Step, Violation, fingerprint, require};
use crate::truth::{PROGRESS, Truth};

/// The actor that is the device.
const DEVICE: usize = usize::MAX;
/// The largest number of commands of a request that runs alone.
const MAX_COMMANDS: usize = 40;
/// The keys of the requests that follow when every process has died.
const NEXT_KEYS: [Key; 2] = [200, 201];

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) flaws: Flaws,
    // Shared by the states between which they do not change.
    pub(crate) chat: Rc<Chat>,
    pub(crate) truth: Rc<Truth>,
    processes: Vec<Rc<Process>>,
    pub(crate) device: Option<Device>,
}

impl std::hash::Hash for World {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.chat, &self.truth, &self.processes, &self.device).hash(state);
    }
}

/// A scenario as a model.
pub(crate) struct Simulation {
    start: World,
    /// The databases from which the next requests were tried, and those with a device from which the
    /// next sync was.
    tried: RefCell<HashSet<(u64, u64)>>,
}

impl Simulation {
    /// Runs the requests before, and then begins the others.
    pub(crate) fn new(scenario: Scenario) -> Self {
        let Scenario { before, members, requests, device, is_connected, flaw } = scenario;
        let (chat, truth) = (Rc::new(Chat::new(members)), Rc::new(Truth::new(members)));
        let mut start = World { flaws: Flaws::default(), chat, truth, processes: Vec::new(), device: None };
        for request in before {
            start.run_alone(request).unwrap();
        }
        start.device = device;
        if is_connected {
            start.connect_alone().unwrap();
        }
        start.flaws = Flaws(flaw);
        start.processes = requests.into_iter().map(Process::new).map(Rc::new).collect();
        start.processes.sort();
        Self { start, tried: RefCell::default() }
    }
}

impl World {
    /// Returns the database, for a command that may change it.
    pub(crate) fn chat_mut(&mut self) -> &mut Chat {
        Rc::make_mut(&mut self.chat)
    }

    /// Lets a process execute its next command.
    fn process_step(&mut self, index: usize) -> Result<(), Violation> {
        let mut process = Process::clone(&self.processes[index]);
        process.step(self)?;
        process.forget_answer();
        self.processes[index] = Rc::new(process);
        Ok(())
    }

    fn check_database(&self) -> Result<(), Violation> {
        let acknowledged = self.processes.iter().filter(|process| process.is_acknowledged);
        let keys: Vec<_> = acknowledged
            .filter_map(|process| match process.request {
                Request::Write { key, write: Write::Change { change: Change::Delete, .. }, .. } => Some(key),
                _ => None,
            })
            .collect();
        self.truth.check_database(&self.chat, &keys)
    }

    fn device_step(&mut self, event: &Event) -> Result<(), Violation> {
        let flaws = self.flaws;
        let Some(device) = &mut self.device else { return Ok(()) };
        match event {
            Event::Connect => device.connect(),
            Event::Record => device.is_recorded = true,
            Event::Disconnect => device.disconnect(),
            Event::BeginSync => device.begin_sync(),
            Event::SyncStep => {
                let Some(mut sync) = device.sync.take() else { return Ok(()) };
                sync.process.step(self)?;
                if let Some(device) = &mut self.device {
                    device.sync = Some(sync);
                }
            }
            Event::Answer => device.take_answer(&self.truth, flaws)?,
            Event::Arrival(shown) => device.arrive(*shown, &self.truth, flaws)?,
        }
        Ok(())
    }

    /// Runs a request to its end while nothing else happens.
    fn run_alone(&mut self, request: Request) -> Result<(), Violation> {
        self.processes.push(Rc::new(Process::new(request)));
        let index = self.processes.len() - 1;
        for _ in 0..MAX_COMMANDS {
            if self.processes[index].is_done() {
                break;
            }
            self.process_step(index)?;
            self.check_database()?;
        }
        let process = &self.processes[index];
        let is_answered =
            process.is_done() && (process.is_acknowledged || process.answer.iter().flatten().count() == 1);
        require(is_answered, PROGRESS, || format!("{process:?} has no success"))
    }

    /// Lets every process die, and then sends, deletes and reads.
    fn check_next_requests(&self) -> Result<(), Violation> {
        let mut world = self.clone();
        world.device = None;
        let [message, deletion] = NEXT_KEYS;
        world.run_alone(Request::Write { by: 0, key: message, write: Write::Message })?;
        let write = Write::Change { target: 1, change: Change::Delete };
        world.run_alone(Request::Write { by: 0, key: deletion, write })?;
        world.run_alone(Request::Read { by: 0, since: 0 })
    }

    /// Connects the device while nothing else happens.
    fn connect_alone(&mut self) -> Result<(), Violation> {
        self.device_step(&Event::Connect)?;
        self.device_step(&Event::Record)?;
        self.sync_alone()
    }

    /// Lets the device sync while nothing else happens.
    fn sync_alone(&mut self) -> Result<(), Violation> {
        self.device_step(&Event::BeginSync)?;
        for _ in 0..MAX_COMMANDS {
            let sync = self.device.as_ref().and_then(|device| device.sync.as_ref());
            if sync.is_none_or(|sync| sync.process.is_done()) {
                break;
            }
            self.device_step(&Event::SyncStep)?;
        }
        self.device_step(&Event::Answer)
    }

    /// Lets the device sync once more.
    fn check_next_sync(mut self) -> Result<(), Violation> {
        self.sync_alone()?;
        self.device.map_or(Ok(()), |device| device.check(&self.truth))
    }

    /// Returns the state after a step.
    fn after(&self, step: impl FnOnce(&mut Self) -> Result<(), Violation>) -> Result<Self, Violation> {
        let mut next = self.clone();
        step(&mut next)?;
        let acknowledged = |world: &Self| world.processes.iter().filter(|process| process.is_acknowledged).count();
        if next.chat != self.chat || acknowledged(&next) != acknowledged(self) {
            next.check_database()?;
        }
        // Processes with the same request are interchangeable.
        next.processes.sort();
        Ok(next)
    }
}

impl Model for Simulation {
    type State = World;

    fn start(&self) -> World {
        self.start.clone()
    }

    fn steps(&self, world: &World) -> Vec<Step<World>> {
        let running = world.processes.iter().enumerate().filter(|(_, process)| !process.is_done());
        let mut steps: Vec<_> = running
            .map(|(actor, process)| Step {
                actor,
                event: process.command(),
                is_optional: false,
                result: world.after(|next| next.process_step(actor)),
            })
            .collect();
        if let Some(device) = &world.device {
            steps.extend(device.events(world.flaws).into_iter().map(|(event, is_optional)| Step {
                actor: DEVICE,
                event: event.name(),
                is_optional,
                result: world.after(|next| next.device_step(&event)),
            }));
        }
        steps
    }

    fn check(&self, world: &World, is_last: bool) -> Result<(), Violation> {
        if self.tried.borrow_mut().insert(fingerprint(&world.chat)) {
            world.check_next_requests()?;
        }
        match &world.device {
            Some(device) if is_last && device.relies_on_announcements() => device.check(&world.truth),
            Some(device) if device.is_lossy => {
                let mut world = World { processes: Vec::new(), ..world.clone() };
                world.device.iter_mut().for_each(Device::lose_everything);
                if self.tried.borrow_mut().insert(fingerprint(&world)) { world.check_next_sync() } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    fn describe(&self, actor: usize) -> String {
        match self.start.processes.get(actor) {
            Some(process) => format!("process {actor}, {:?},", process.request),
            None => "the device".to_owned(),
        }
    }
}
