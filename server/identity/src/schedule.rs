//! What is done in the background again and again, and when.

use crate::{Identity, system::time_uuid};
use chrono::{DateTime, Utc};
use croner::Cron;
use lockgate_store::{Task, TaskState};
use serde_json::json;
use std::str::FromStr;

/// The queue of runs.
pub const QUEUE: &str = "schedules";

/// How often a worker says that it is there.
pub const HEARTBEAT: std::time::Duration = std::time::Duration::from_secs(30);

/// A worker that was silent for so long is gone.
pub const SILENCE: chrono::TimeDelta = chrono::TimeDelta::seconds(100);

/// Work that is done again and again.
#[derive(Debug)]
pub struct Recurring {
    /// What does it.
    pub actor: &'static str,
    /// When, unless somebody says otherwise: minutes, hours, days, months, weekdays, in UTC; seconds may stand
    /// before them.
    pub crontab: &'static str,
    /// What it is for.
    pub about: &'static str,
}

const fn every(crontab: &'static str, actor: &'static str, about: &'static str) -> Recurring {
    Recurring { actor, crontab, about }
}

/// All of it. Not at the same time, so that no work waits for other work.
pub const RECURRING: [Recurring; 16] = [
    every("*/5 * * * *", "expired_sessions", "Removes sessions that have ended."),
    every("1-59/5 * * * *", "expired_codes", "Removes authorization and device codes that have ended."),
    every("2-59/5 * * * *", "expired_oauth_tokens", "Removes access and refresh tokens that ended a day ago."),
    every("3-59/5 * * * *", "expired_once", "Removes identifiers that had to count once."),
    every("4-59/5 * * * *", "expired_tokens", "Removes tokens that have ended, and replaces the keys of others."),
    every("14-59/15 * * * *", "expired_flow_tokens", "Removes links of mails that have ended."),
    every("7 * * * *", "expired_keys", "Removes public keys by which nothing can be verified any more."),
    every("11 * * * *", "expired_consents", "Removes consents that have ended."),
    every("23 * * * *", "expired_invitations", "Removes invitations that have ended."),
    every("13 * * * *", "expired_events", "Removes events that were kept long enough."),
    every("17 * * * *", "expired_notifications", "Removes notifications that were kept long enough."),
    every("19 * * * *", "expired_scores", "Forgets scores of names and addresses that have not changed for long."),
    every("*/15 * * * * *", "ended_memberships", "Tells of memberships that have ended."),
    every("6-59/10 * * * *", "old_decisions", "Removes decisions that were kept long enough, or are too many."),
    every("8-59/10 * * * *", "old_changes", "Shortens the log by which nodes learn what to forget."),
    every("9-59/10 * * * *", "old_tasks", "Forgets tasks that have long been over."),
];

/// What an actor is for, in words.
#[must_use]
pub fn about(actor: &str) -> Option<&'static str> {
    match actor {
        crate::notify::TELL => Some("Finds out who is to be told of an event by a rule, and tells them."),
        crate::notify::SEND => Some("Sends a notification to somewhere else."),
        crate::mail::SEND => Some("Sends a mail."),
        _ => RECURRING.iter().find(|recurring| recurring.actor == actor).map(|recurring| recurring.about),
    }
}

/// A run of a schedule, as somebody may ask for it beside its times.
#[must_use]
pub fn asked_for(identity: &Identity, actor: &str) -> Task {
    let now = identity.clock.now();
    Task {
        id: time_uuid(&*identity.clock, &*identity.random),
        actor: actor.to_owned(),
        queue: QUEUE.to_owned(),
        uid: actor.to_owned(),
        state: TaskState::Queued,
        outcome: None,
        due: now,
        retries: 0,
        rel_model: String::new(),
        rel_id: None,
        data: json!({}),
        logs: Vec::new(),
        previous_logs: Vec::new(),
        created: now,
        changed: now,
    }
}

/// The first moment after another one that a crontab names; `None` for a text that is none, or names no moment.
#[must_use]
pub fn next(crontab: &str, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    Cron::from_str(crontab).ok()?.find_next_occurrence(&after, false).ok()
}

#[cfg(test)]
mod tests {
    use super::{RECURRING, next};
    use chrono::{DateTime, Utc};

    #[test]
    fn every_crontab_names_a_moment() {
        let now: DateTime<Utc> = "2026-11-28T12:00:07Z".parse().expect("a time");
        for recurring in &RECURRING {
            let at = next(recurring.crontab, now).expect(recurring.crontab);
            assert!(at > now && at - now <= chrono::TimeDelta::hours(1), "{}: {at}", recurring.crontab);
        }
        let at = |text: &str| next(text, now).map(|at| at.to_rfc3339());
        assert_eq!(at("*/15 * * * * *").as_deref(), Some("2026-11-28T12:00:15+00:00"));
        assert_eq!(at("0 3 * * *").as_deref(), Some("2026-11-29T03:00:00+00:00"));
        for text in ["", "never", "61 * * * *", "* * *"] {
            assert_eq!(next(text, now), None, "{text}");
        }
    }
}
