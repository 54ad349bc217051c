//! What a browser remembers of who has signed in in it: such a browser is known for those accounts, and what strangers
//! try does not keep it out.

use crate::{Core, system::random_uuid};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The most accounts that one browser remembers.
const MOST: usize = 8;

/// What a browser's reminder is sealed for.
const REMINDER: &str = "authentik_device";

/// A browser, as it remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Device {
    /// A random number of its own.
    pub(crate) id: u64,
    known: Vec<Known>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Known {
    user: i64,
    /// Seconds since 1970.
    until: i64,
}

impl Device {
    pub(crate) fn knows(&self, user: i64, now: DateTime<Utc>) -> bool {
        self.known.iter().any(|one| one.user == user && one.until > now.timestamp())
    }
}

impl Core {
    /// The browser that shows this reminder.
    pub(crate) fn device(&self, token: Option<&str>) -> Option<Device> {
        let opened = self.store.seal_key().open(REMINDER, token?).ok()?;
        serde_json::from_slice(&opened).ok()
    }

    /// What a browser remembers, with somebody who has just signed in.
    pub(crate) fn remember_device(&self, old: Option<&str>, user: i64, lasting: TimeDelta) -> Option<String> {
        let fresh = || Device { id: random_uuid(&*self.random).as_u64_pair().0, known: Vec::new() };
        let mut device = self.device(old).unwrap_or_else(fresh);
        let now = self.clock.now();
        device.known.retain(|one| one.user != user && one.until > now.timestamp());
        device.known.push(Known { user, until: (now + lasting).timestamp() });
        let surplus = device.known.len().saturating_sub(MOST);
        device.known.drain(..surplus);
        self.store.seal_key().seal(REMINDER, &serde_json::to_vec(&device).ok()?).ok()
    }
}
