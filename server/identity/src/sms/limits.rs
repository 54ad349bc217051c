//! How many messages go out, and how often a phone is asked.

use crate::{Core, net::household, system::alphanumeric};
use chrono::TimeDelta;
use lockgate_store::{SendLimit, StoreError, Task};
use std::net::IpAddr;
use uuid::Uuid;

/// Codes that are compared while something is set up, in the shortest time.
const MOST_PROOFS: u64 = 20;

const SHORT: TimeDelta = TimeDelta::minutes(10);
const HOUR: TimeDelta = TimeDelta::hours(1);
const DAY: TimeDelta = TimeDelta::days(1);

/// Most to one account or one number, within ten minutes and within a day.
const MOST: (u64, u64) = (5, 20);

/// Most numbers that are set up from one address within an hour: nobody has shown yet that they are theirs.
const MOST_SETUPS: u64 = 10;

/// Most codes to numbers that are set up, for one address within an hour: many people may sit behind it.
const MOST_CODES: u64 = 100;

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A number is being set up.
    Setup,
    /// Somebody signs in.
    Code,
}

impl Core {
    /// Counts a message and stores the task that sends it; answers the time of the limit that is reached, if one is.
    pub(crate) async fn count_message(
        &self,
        purpose: Purpose,
        (stage, user): (Uuid, i64),
        (number, ip): (&str, IpAddr),
        task: &Task,
    ) -> Result<Option<TimeDelta>, StoreError> {
        let about = |what: &str, who: &str| self.store.seal_key().recognise(&format!("messages of {what}"), who);
        // Whoever sets up somebody else's number must not use up the codes that its owner signs in with.
        let (to, from, most) = match purpose {
            Purpose::Setup => ("setups of numbers", "setups from", MOST_SETUPS),
            Purpose::Code => ("codes to numbers", "codes from", MOST_CODES),
        };
        let (account, number) = (about("accounts", &user.to_string()), about(to, number));
        let from = about(from, &household(ip).to_string());
        let limit = |about, within, most| SendLimit { about, within, most };
        let limits = [
            limit(&account, SHORT, MOST.0),
            limit(&number, SHORT, MOST.0),
            limit(&from, HOUR, most),
            limit(&account, DAY, MOST.1),
            limit(&number, DAY, MOST.1),
        ];
        let reached = self.count_sent(stage, &limits, Some(task)).await?;
        self.feed.settle().await;
        Ok(reached)
    }

    /// Counts that somebody's phone is asked; answers the time of the limit that is reached, if one is.
    pub(crate) async fn count_push(&self, stage: Uuid, user: i64) -> Result<Option<TimeDelta>, StoreError> {
        let about = self.store.seal_key().recognise("pushes of accounts", &user.to_string());
        let limit = |within, most| SendLimit { about: &about, within, most };
        self.count_sent(stage, &[limit(SHORT, MOST.0), limit(DAY, MOST.1 * 2)], None).await
    }

    /// Counts that a code is compared while somebody sets up where they are reached; answers the time of the limit that
    /// is reached, if it is.
    pub(crate) async fn count_proof(&self, stage: Uuid, user: i64) -> Result<Option<TimeDelta>, StoreError> {
        let about = self.store.seal_key().recognise("codes of setups", &format!("{stage} {user}"));
        let limits = [SendLimit { about: &about, within: SHORT, most: MOST_PROOFS }];
        self.count_sent(stage, &limits, None).await
    }

    async fn count_sent(
        &self,
        stage: Uuid,
        limits: &[SendLimit<'_>],
        task: Option<&Task>,
    ) -> Result<Option<TimeDelta>, StoreError> {
        let keys: Vec<String> = limits.iter().map(|_| alphanumeric(&*self.random, 48)).collect();
        self.store.flow_tokens().count((stage, &keys), limits, task, self.clock.now()).await
    }
}
