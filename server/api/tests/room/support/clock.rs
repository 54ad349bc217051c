//! Time that tests move.

use chrono::{DateTime, TimeDelta, Utc};
use lockgate_engine::ports::Clock;
use lockgate_identity::system::SystemClock;
use std::sync::atomic::{AtomicI64, Ordering};

/// The machine's clock, some seconds later.
#[derive(Default)]
pub(crate) struct Moved(AtomicI64);

impl Moved {
    /// So much later from now on.
    pub(crate) fn passes(&self, time: TimeDelta) {
        self.0.fetch_add(time.num_seconds(), Ordering::SeqCst);
    }
}

impl Clock for Moved {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::seconds(self.0.load(Ordering::SeqCst))
    }
}
