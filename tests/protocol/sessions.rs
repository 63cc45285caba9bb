//! A model of a session: the tabs of one browser, which share a cookie jar, a thief with a copy of a
//! token, lost answers, time and a failover.
//!
//! The rule is [`Generations::present`] itself. A request and its answer take at most one [`TICK`]
//! together, or they are lost; three ticks are longer than the grace. Runs have no end: the only
//! bound is [`SPREAD`], on the number of answers that are lost in a row.

use shared::accounts::sessions::Generations;
use shared::values::timestamp::Timestamp;

use crate::search::{Counterexample, Model, Step, Violation, require, search};

/// The longest time that a request and its answer take, in milliseconds: just less than half of the
/// grace.
const TICK: i64 = 14_000;

/// The age, in ticks, at which nothing is in the grace any more.
const SETTLED: u8 = 3;

/// The bound on the distance between the generations of a session.
const SPREAD: i64 = 6;

const IN_TIME: &str = "an honest browser is never signed out";
const DETECTED: &str = "the third alternate use by owner and thief ends the session";

/// The rule that decides about a token.
type Rule = fn(Generations, i64, Timestamp) -> Option<Generations>;

/// The generations as stored, with the number of ticks since one was last accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Stored {
    previous: i64,
    used: i64,
    newest: i64,
    age: u8,
}

impl Stored {
    fn present(self, presented: i64, rule: Rule) -> Option<Self> {
        let Self { previous, used, newest, age } = self;
        let (refreshed_at, now) = (Timestamp::from_millis(0), Timestamp::from_millis(i64::from(age) * TICK));
        let before = Generations { previous, used, newest, refreshed_at };
        let after = rule(before, presented, now)?;
        let age = if after.refreshed_at == now { 0 } else { age };
        Some(Self { previous: after.previous, used: after.used, newest: after.newest, age })
    }
}

/// A tab and its refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Tab {
    Idle,
    /// The request is under way with the token that was in the jar.
    Sent {
        token: i64,
        is_old: bool,
    },
    /// The answer is under way with a token, or with none if the request was refused.
    Answered {
        token: Option<i64>,
        is_old: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Owner,
    Thief,
}

/// The uses after a pause since the token was copied, or since both holders used theirs without a
/// pause or an answer was lost.
#[derive(Clone, Debug, Default, Hash)]
struct Uses {
    last: Option<Holder>,
    alternations: u8,
}

impl Uses {
    fn count(&mut self, holder: Holder, after_a_pause: bool) {
        let is_other = self.last.is_some_and(|last| last != holder);
        match after_a_pause {
            true => *self = Self { last: Some(holder), alternations: self.alternations + u8::from(is_other) },
            false if is_other => *self = Self::default(),
            false => {}
        }
    }
}

#[derive(Clone, Debug, Hash)]
struct State {
    /// `None` after the session ended.
    session: Option<Stored>,
    /// The session before its last rotation, which a failover brings back.
    before: Option<Stored>,
    /// `None` after the browser was signed out.
    jar: Option<i64>,
    tabs: Vec<Tab>,
    /// The token of the thief.
    copy: Option<i64>,
    uses: Uses,
}

impl State {
    /// Moves all generations, so that states that differ only in where they begin are one. Tokens that
    /// are older than all generations differ in nothing.
    fn normalized(mut self) -> Self {
        let Some(session) = self.session else {
            return Self { tabs: Vec::new(), jar: None, copy: None, before: None, uses: Uses::default(), ..self };
        };
        let shift = self.before.map_or(session.previous, |before| before.previous.min(session.previous));
        let session = |stored: Stored| Stored {
            previous: stored.previous - shift,
            used: stored.used - shift,
            newest: stored.newest - shift,
            age: stored.age,
        };
        self.session = self.session.map(session);
        self.before = self.before.map(session);
        for token in [&mut self.jar, &mut self.copy].into_iter().flatten() {
            *token = (*token - shift).max(-1);
        }
        for tab in &mut self.tabs {
            match tab {
                Tab::Sent { token, .. } | Tab::Answered { token: Some(token), .. } => *token = (*token - shift).max(-1),
                Tab::Idle | Tab::Answered { token: None, .. } => {}
            }
        }
        self.tabs.sort_unstable();
        self
    }

    /// Presents a token. Returns the token of the answer.
    fn present(&mut self, holder: Holder, token: i64, rule: Rule) -> Option<i64> {
        let session = self.session?;
        let next = session.present(token, rule);
        if self.copy.is_some() {
            self.uses.count(holder, session.age >= SETTLED);
        }
        if next.is_some_and(|next| next.newest != session.newest) {
            self.before = Some(session);
        }
        self.session = next;
        next.map(|stored| stored.newest)
    }
}

/// A browser with this number of tabs, and what happens besides.
struct Browser {
    tabs: usize,
    has_thief: bool,
    loses_answers: bool,
    fails_over: bool,
    rule: Rule,
}

impl Browser {
    const HONEST: Self =
        Self { tabs: 3, has_thief: false, loses_answers: true, fails_over: true, rule: Generations::present };
    const ROBBED: Self =
        Self { tabs: 2, has_thief: true, loses_answers: true, fails_over: false, rule: Generations::present };

    fn check(&self) -> Result<usize, Box<Counterexample>> {
        search(self)
    }

    fn tab_steps(&self, state: &State, add: &mut impl FnMut(usize, &'static str, State)) {
        for (index, tab) in state.tabs.iter().enumerate() {
            let mut next = state.clone();
            match *tab {
                Tab::Idle => {
                    let Some(token) = state.jar else { continue };
                    next.tabs[index] = Tab::Sent { token, is_old: false };
                    add(index, "sends the token of the jar", next);
                }
                Tab::Sent { token, is_old } => {
                    let answer = next.present(Holder::Owner, token, self.rule);
                    next.tabs[index] = Tab::Answered { token: answer, is_old };
                    add(index, "is answered", next);
                    if self.loses_answers {
                        let mut lost = state.clone();
                        lost.tabs[index] = Tab::Idle;
                        add(index, "loses the request", lost);
                    }
                }
                Tab::Answered { token, .. } => {
                    next.jar = token;
                    next.tabs[index] = Tab::Idle;
                    add(index, "stores the answer in the jar", next);
                    if self.loses_answers {
                        let mut lost = state.clone();
                        lost.tabs[index] = Tab::Idle;
                        lost.uses = Uses::default();
                        add(index, "loses the answer", lost);
                    }
                }
            }
        }
    }
}

impl Model for Browser {
    type State = State;

    fn start(&self) -> State {
        State {
            session: Some(Stored { previous: 1, used: 1, newest: 1, age: 0 }),
            before: None,
            jar: Some(1),
            tabs: vec![Tab::Idle; self.tabs],
            copy: None,
            uses: Uses::default(),
        }
        .normalized()
    }

    fn steps(&self, state: &State) -> Vec<Step<State>> {
        let mut steps = Vec::new();
        let mut add = |actor, event, next: State| {
            if next.session.is_none_or(|session| session.newest - session.previous <= SPREAD) {
                steps.push(Step { actor, event, is_optional: true, result: Ok(next.normalized()) });
            }
        };
        if state.session.is_none() {
            return Vec::new();
        }
        self.tab_steps(state, &mut add);
        let is_late = |tab: &Tab| matches!(tab, Tab::Sent { is_old: true, .. } | Tab::Answered { is_old: true, .. });
        if !state.tabs.iter().any(is_late) {
            let mut next = state.clone();
            for tab in &mut next.tabs {
                if let Tab::Sent { is_old, .. } | Tab::Answered { is_old, .. } = tab {
                    *is_old = true;
                }
            }
            for age in [&mut next.session, &mut next.before].into_iter().flatten().map(|stored| &mut stored.age) {
                *age = SETTLED.min(*age + 1);
            }
            add(self.tabs, "waits", next);
        }
        if self.fails_over
            && let Some(before) = state.before
        {
            add(self.tabs + 1, "fails over", State { session: Some(before), before: None, ..state.clone() });
        }
        match state.copy {
            None if self.has_thief => {
                add(self.tabs + 2, "copies the token of the jar", State { copy: state.jar, ..state.clone() });
            }
            Some(token) => {
                let mut next = state.clone();
                if let Some(answer) = next.present(Holder::Thief, token, self.rule) {
                    next.copy = Some(answer);
                }
                add(self.tabs + 2, "refreshes", next);
            }
            None => {}
        }
        steps
    }

    fn check(&self, state: &State, _: bool) -> Result<(), Violation> {
        require(self.has_thief || state.session.is_some(), IN_TIME, || "the session ended".to_owned())?;
        let is_detected = state.session.is_none() || state.uses.alternations < 2;
        require(is_detected, DETECTED, || "the session goes on".to_owned())
    }

    fn describe(&self, actor: usize) -> String {
        match actor.checked_sub(self.tabs) {
            None => format!("tab {actor}"),
            Some(0) => "everybody".to_owned(),
            Some(1) => "the database".to_owned(),
            Some(_) => "the thief".to_owned(),
        }
    }
}

#[track_caller]
fn expect(browser: &Browser, violated: &str) {
    let Err(counterexample) = browser.check() else { panic!("the flaw is not found") };
    assert_eq!(counterexample.violation.property, violated, "{counterexample}");
}

#[test]
fn an_honest_browser_is_never_signed_out() {
    let states = Browser::HONEST.check().unwrap_or_else(|counterexample| panic!("{counterexample}"));

    assert!(states > 5_000, "only {states} states");
}

#[test]
fn a_copied_token_ends_the_session() {
    let states = Browser::ROBBED.check().unwrap_or_else(|counterexample| panic!("{counterexample}"));

    assert!(states > 5_000, "only {states} states");
}

/// Rotates at every use of the newest generation, and accepts the one before for the grace.
fn rotate_always(before: Generations, presented: i64, now: Timestamp) -> Option<Generations> {
    let Generations { newest, refreshed_at, .. } = before;
    match newest - presented {
        0 => Some(Generations { previous: newest, used: newest, newest: newest + 1, refreshed_at: now }),
        1 if now.since(refreshed_at).as_secs() < 30 => Some(before),
        _ => None,
    }
}

#[test]
fn a_rotation_at_every_use_signs_honest_browsers_out() {
    expect(&Browser { loses_answers: false, fails_over: false, rule: rotate_always, ..Browser::HONEST }, IN_TIME);
}

#[test]
fn a_failover_taken_for_theft_signs_honest_browsers_out() {
    fn refuse_the_future(before: Generations, presented: i64, now: Timestamp) -> Option<Generations> {
        before.present(presented, now).filter(|_| presented <= before.newest)
    }
    expect(&Browser { rule: refuse_the_future, ..Browser::HONEST }, IN_TIME);
}

#[test]
fn the_same_token_for_a_repeat_hides_a_thief() {
    fn repeat(before: Generations, presented: i64, now: Timestamp) -> Option<Generations> {
        let is_repeat = presented == before.used && presented < before.newest;
        if is_repeat { Some(Generations { refreshed_at: now, ..before }) } else { before.present(presented, now) }
    }
    expect(&Browser { rule: repeat, ..Browser::ROBBED }, DETECTED);
}

#[test]
fn a_grace_shorter_than_two_requests_signs_honest_browsers_out() {
    fn hurry(before: Generations, presented: i64, now: Timestamp) -> Option<Generations> {
        let age = now.since(before.refreshed_at).as_millis();
        let older = Timestamp::from_millis(now.as_millis() + i64::try_from(age).unwrap_or_default());
        let after = before.present(presented, older)?;
        Some(Generations { refreshed_at: now, ..after })
    }
    expect(&Browser { rule: hurry, ..Browser::HONEST }, IN_TIME);
}
