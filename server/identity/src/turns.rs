//! Whose turn it is, at what a machine can do only so often at once: so many at once, so many waiting, and who is
//! trusted more goes first.

use crate::counter::refused;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// How much is known of whoever asks: who is trusted more does not wait for those behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// Somebody who is signed in, or a browser in which they were before.
    Known,
    /// Nothing speaks for or against them.
    Unknown,
    /// They have sent wrong passwords.
    Suspect,
}

/// How many sorts of [`Trust`] there are.
const TRUSTS: usize = 3;

#[derive(Debug, Default)]
struct State {
    running: usize,
    waiting: [VecDeque<oneshot::Sender<Turn>>; TRUSTS],
}

impl State {
    fn waiting(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }

    /// Sends away the last of those who are trusted less than this.
    fn make_room(&mut self, trust: Trust) -> bool {
        let behind = self.waiting.iter_mut().skip(trust as usize + 1).rev();
        behind.into_iter().find_map(VecDeque::pop_back).is_some()
    }
}

/// The turns. Cloning shares them.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    state: Arc<Mutex<State>>,
    /// The metric that says how many wait and run.
    gauge: &'static str,
    at_once: usize,
    /// Running and waiting together.
    places: usize,
}

/// A turn; the next one begins when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn(Turns);

impl Turns {
    pub(crate) fn new(gauge: &'static str, at_once: usize, places: usize) -> Self {
        Self { state: Arc::default(), gauge, at_once, places }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is in there is whole after every statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, state: &State) {
        let taken = u32::try_from(state.running + state.waiting()).unwrap_or(u32::MAX);
        metrics::gauge!(self.gauge).set(f64::from(taken));
    }

    /// How many wait or run.
    pub(crate) fn taken(&self) -> usize {
        let state = self.state();
        state.running + state.waiting()
    }

    /// Whether somebody who is trusted so much would have to wait at all, or for a turn that they get.
    pub(crate) fn has_room(&self, trust: Trust) -> bool {
        let state = self.state();
        let behind = state.waiting.iter().skip(trust as usize + 1).any(|queue| !queue.is_empty());
        behind || state.running + state.waiting() < self.places
    }

    /// Waits for a turn. `None`: too many wait, or somebody who is trusted more has come meanwhile.
    pub(crate) async fn take(&self, trust: Trust) -> Option<Turn> {
        let turn = self.await_turn(trust).await;
        if turn.is_none() {
            refused(self.gauge.trim_start_matches("lockgate_"));
        }
        turn
    }

    async fn await_turn(&self, trust: Trust) -> Option<Turn> {
        let waits = {
            let mut state = self.state();
            if state.running < self.at_once && state.running < self.places {
                state.running += 1;
                self.report(&state);
                return Some(Turn(self.clone()));
            }
            if state.running + state.waiting() >= self.places && !state.make_room(trust) {
                return None;
            }
            let (turn, waits) = oneshot::channel();
            state.waiting[trust as usize].push_back(turn);
            self.report(&state);
            waits
        };
        waits.await.ok()
    }

    /// Lets somebody else run while one who has a turn waits for the world outside; afterwards one more may run than
    /// otherwise.
    pub(crate) async fn aside<T>(&self, waits: impl Future<Output = T>) -> T {
        self.pass_on();
        let _aside = Aside(self);
        waits.await
    }

    fn pass_on(&self) {
        let mut state = self.state();
        state.running -= 1;
        while state.running < self.at_once
            && let Some(next) = state.waiting.iter_mut().find_map(VecDeque::pop_front)
        {
            // Who has given up is passed over.
            if next.is_closed() {
                continue;
            }
            state.running += 1;
            self.report(&state);
            drop(state);
            // Should they give up this very moment, the turn comes back, and its drop gives it on.
            drop(next.send(Turn(self.clone())));
            return;
        }
        self.report(&state);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

/// Somebody who has a turn and waits for the world outside.
struct Aside<'a>(&'a Turns);

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        self.0.state().running += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Takes a turn in the background and waits until it is in the queue.
    async fn queued(turns: &Turns, trust: Trust) -> tokio::task::JoinHandle<Option<Turn>> {
        let (before, own) = (turns.taken(), turns.clone());
        let task = tokio::spawn(async move { own.take(trust).await });
        for _ in 0..1_000 {
            if turns.taken() != before || task.is_finished() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        task
    }

    #[tokio::test]
    async fn who_is_trusted_more_goes_first_and_pushes_out_who_is_trusted_least() {
        let turns = Turns::new("lockgate_tested", 1, 4);
        let first = turns.take(Trust::Unknown).await.expect("a turn");
        let suspect = queued(&turns, Trust::Suspect).await;
        let last = queued(&turns, Trust::Suspect).await;
        let unknown = queued(&turns, Trust::Unknown).await;
        assert!(turns.take(Trust::Suspect).await.is_none(), "it is full");
        assert!(!turns.has_room(Trust::Suspect) && turns.has_room(Trust::Unknown) && turns.has_room(Trust::Known));
        let known = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take(Trust::Known).await }
        });
        assert!(last.await.expect("an end").is_none(), "the last of the least makes room");
        drop(first);
        let turn = known.await.expect("an end").expect("a turn");
        assert!(!unknown.is_finished() && !suspect.is_finished());
        drop(turn);
        let turn = unknown.await.expect("an end").expect("a turn");
        assert!(!suspect.is_finished());
        drop(turn);
        drop(suspect.await.expect("an end").expect("a turn"));
        assert_eq!(turns.taken(), 0);
    }

    #[tokio::test]
    async fn who_gives_up_leaves_no_gap() {
        let turns = Turns::new("lockgate_tested", 1, 8);
        let first = turns.take(Trust::Known).await.expect("a turn");
        let gone = queued(&turns, Trust::Known).await;
        let next = queued(&turns, Trust::Known).await;
        gone.abort();
        assert!(gone.await.is_err());
        drop(first);
        drop(next.await.expect("an end").expect("a turn"));
        assert_eq!(turns.taken(), 0);
    }

    #[tokio::test]
    async fn who_waits_for_the_world_outside_keeps_nobody_waiting() {
        let turns = Turns::new("lockgate_tested", 1, 4);
        let first = turns.take(Trust::Unknown).await.expect("a turn");
        let next = queued(&turns, Trust::Unknown).await;
        let second = turns.aside(next).await.expect("an end").expect("a turn");
        let last = queued(&turns, Trust::Unknown).await;
        drop(first);
        assert!(!last.is_finished(), "two ran, and one may");
        drop(second);
        drop(last.await.expect("an end").expect("a turn"));
        assert_eq!(turns.taken(), 0);
    }
}
