//! The search through every state that a model can reach.
//!
//! It is written here because it is short. `stateright`, the established library, would add an HTTP
//! server and several crates, and its liveness properties can miss a counterexample if two paths
//! meet in one state, as its source says. Here, a property of the end is checked in every state
//! after which nothing more must happen.

use std::collections::{HashSet, VecDeque};
use std::fmt::{self, Display};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The sentence that does not hold, and where it does not.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) property: &'static str,
    pub(crate) detail: String,
}

/// Returns `Ok` if `holds`, otherwise the violation of `property`.
pub(crate) fn require(holds: bool, property: &'static str, detail: impl FnOnce() -> String) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation { property, detail: detail() }) }
}

/// One step from a state to another.
pub(crate) struct Step<S> {
    /// The number of the actor, for [`Model::describe`].
    pub(crate) actor: usize,
    /// The event.
    pub(crate) event: &'static str,
    /// Whether the step may also never be taken, such as the loss of a connection.
    pub(crate) is_optional: bool,
    pub(crate) result: Result<S, Violation>,
}

/// A system that takes one step at a time.
pub(crate) trait Model {
    type State: Hash;

    /// Returns the first state.
    fn start(&self) -> Self::State;

    /// Returns every step that is possible in a state.
    fn steps(&self, state: &Self::State) -> Vec<Step<Self::State>>;

    /// Checks a state. After the last one of a run, nothing but optional steps is possible.
    fn check(&self, state: &Self::State, is_last: bool) -> Result<(), Violation>;

    /// Returns the name of an actor.
    fn describe(&self, actor: usize) -> String;
}

/// The shortest way to a violation.
#[derive(Debug)]
pub(crate) struct Counterexample {
    pub(crate) violation: Violation,
    steps: Vec<String>,
    state: String,
}

impl Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "violated: {}\n  {}", self.violation.property, self.violation.detail)?;
        for step in &self.steps {
            writeln!(f, "  - {step}")?;
        }
        write!(f, "before the last step:\n{}", self.state)
    }
}

/// Visits every state, the nearest first. Returns the number of states.
///
/// # Errors
/// The shortest counterexample.
pub(crate) fn search<M: Model<State: fmt::Debug>>(model: &M) -> Result<usize, Box<Counterexample>> {
    let start = model.start();
    let mut seen = HashSet::from([fingerprint(&start)]);
    // The state before each state, and the number of the step between them.
    let mut origins = vec![(0, 0)];
    let mut queue = VecDeque::from([(0, start)]);
    while let Some((id, state)) = queue.pop_front() {
        let steps = model.steps(&state);
        let is_last = steps.iter().all(|step| step.is_optional);
        if let Err(violation) = model.check(&state, is_last) {
            return Err(counterexample(model, &origins, id, None, violation));
        }
        for (number, step) in steps.into_iter().enumerate() {
            match step.result {
                Ok(next) if seen.insert(fingerprint(&next)) => {
                    queue.push_back((origins.len(), next));
                    origins.push((id, number));
                }
                Ok(_) => {}
                Err(violation) => return Err(counterexample(model, &origins, id, Some(number), violation)),
            }
        }
    }
    Ok(origins.len())
}

/// Returns 128 bits that stand for a state. Two of a billion states share them with a probability of
/// less than 10⁻²⁰, and the states themselves would not fit into memory.
pub(crate) fn fingerprint(state: &impl Hash) -> (u64, u64) {
    let mut bytes = Bytes(Vec::with_capacity(1024));
    state.hash(&mut bytes);
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(salt);
        hasher.write(&bytes.0);
        hasher.finish()
    };
    (half(0), half(1))
}

/// Collects what is hashed, since hashing many bytes at once is faster. Numbers are small, so most
/// take one byte.
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn write_usize(&mut self, number: usize) {
        match u8::try_from(number) {
            Ok(byte) if byte < u8::MAX => self.0.push(byte),
            _ => {
                self.0.push(u8::MAX);
                self.0.extend_from_slice(&number.to_le_bytes());
            }
        }
    }

    fn write_isize(&mut self, number: isize) {
        self.write_usize(number.cast_unsigned());
    }

    fn finish(&self) -> u64 {
        0
    }
}

/// Repeats the way to a state, and describes its steps.
fn counterexample<M: Model<State: fmt::Debug>>(
    model: &M,
    origins: &[(usize, usize)],
    mut id: usize,
    last: Option<usize>,
    violation: Violation,
) -> Box<Counterexample> {
    let mut numbers: Vec<usize> = last.into_iter().collect();
    while id != 0 {
        let (origin, number) = origins[id];
        numbers.insert(0, number);
        id = origin;
    }
    let (mut state, mut steps) = (model.start(), Vec::new());
    for number in numbers {
        let step = model.steps(&state).swap_remove(number);
        steps.push(format!("{} {}", model.describe(step.actor), step.event));
        if let Ok(next) = step.result {
            state = next;
        }
    }
    Box::new(Counterexample { violation, steps, state: format!("{state:?}") })
}
