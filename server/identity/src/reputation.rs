//! Counts sign-ins, for policies that look at what an address or a name has tried.

use crate::{system::random_uuid, tuning::Tuning};
use lockgate_engine::ports::{Clock, Random};
use lockgate_store::{ScoreRules, Store};
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Scores that are kept; of more, the oldest go. Strangers can make any number of them.
const KEPT: u64 = 100_000;

/// So often a count makes sure of that.
const TRIM_EVERY: u64 = 1_000;

/// Counts sign-ins.
#[derive(Clone)]
pub struct Reputation {
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    rules: ScoreRules,
    tuning: Tuning,
    counted: Arc<AtomicU64>,
}

impl Reputation {
    pub(crate) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        rules: ScoreRules,
        tuning: Tuning,
    ) -> Self {
        Self { store, clock, random, rules, tuning, counted: Arc::default() }
    }

    /// Counts a sign-in that failed, whether or not there is somebody of that name. One that succeeds is counted in its
    /// own transaction, see [`crate::sessions::Sessions::login`].
    pub async fn failed(&self, identifier: &str, ip: IpAddr) {
        let key = random_uuid(&*self.random);
        let address = ip.to_canonical().to_string();
        let scores = self.store.reputation();
        // The sign-in itself is not to fail by that.
        match scores.count(key, (identifier, &address), -1, &self.rules(), self.clock.now()).await {
            Ok(()) => self.counted().await,
            Err(error) => tracing::warn!(%error, "a sign-in could not be counted"),
        }
    }

    /// One more was counted: now and then the oldest go.
    pub(crate) async fn counted(&self) {
        if self.counted.fetch_add(1, Ordering::Relaxed).is_multiple_of(TRIM_EVERY)
            && let Err(error) = self.store.reputation().trim(KEPT).await
        {
            tracing::warn!(%error, "old scores could not be removed");
        }
    }

    /// The rules in force: the settings of the installation over those of the server.
    #[must_use]
    pub fn rules(&self) -> ScoreRules {
        let settings = self.tuning.now();
        ScoreRules {
            lowest: settings.reputation_lower_limit.unwrap_or(self.rules.lowest),
            highest: settings.reputation_upper_limit.unwrap_or(self.rules.highest),
            life: self.rules.life,
        }
    }
}
