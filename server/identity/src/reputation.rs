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

    /// Counts a sign-in that succeeded.
    pub async fn succeeded(&self, identifier: &str, ip: IpAddr) {
        self.count(identifier, ip, 1).await;
    }

    /// Counts a sign-in that failed, whether or not there is somebody of that name.
    pub async fn failed(&self, identifier: &str, ip: IpAddr) {
        self.count(identifier, ip, -1).await;
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

    async fn count(&self, identifier: &str, ip: IpAddr, by: i32) {
        let key = random_uuid(&*self.random);
        let address = ip.to_canonical().to_string();
        let scores = self.store.reputation();
        let counted = scores.count(key, (identifier, &address), by, &self.rules(), self.clock.now()).await;
        let trimmed = match counted {
            Ok(()) if self.counted.fetch_add(1, Ordering::Relaxed).is_multiple_of(TRIM_EVERY) => {
                scores.trim(KEPT).await.map(drop)
            }
            other => other,
        };
        // The sign-in itself is not to fail by that.
        if let Err(error) = trimmed {
            tracing::warn!(%error, "a sign-in could not be counted");
        }
    }
}
