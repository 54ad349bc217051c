//! Every metric with what it says. `docs/metrics.md` has the same names, which a test compares.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram};

const COUNTERS: &[(&str, &str)] = &[
    ("lockgate_change_feed_failures_total", "Readings of the log of changes that failed"),
    ("lockgate_database_errors_total", "Calls to the database that failed or took too long"),
    ("lockgate_decision_cache_total", "Decisions of forward auth, by whether they were remembered"),
    ("lockgate_decisions_dropped_total", "Decisions that could not be kept since too many waited"),
    ("lockgate_decisions_total", "Access decisions that were taken, by outcome"),
    ("lockgate_events_dropped_total", "Events that were logged but not stored since too many waited"),
    ("lockgate_forward_auth_answers_total", "Answers to proxies, by outcome"),
    ("lockgate_git_pull_failures_total", "Pulls of the configuration that failed"),
    ("lockgate_http_requests_total", "Requests by route, method and status"),
    ("lockgate_job_failures_total", "Background jobs that failed, by job"),
    ("lockgate_logins_total", "Sign-ins by outcome"),
    ("lockgate_logout_notices_failed_total", "Applications that could not be told of an ended login"),
    ("lockgate_mails_total", "Attempts to hand a mail to a mail server, by outcome"),
    ("lockgate_notifications_failed_total", "Notifications, mails and SMS that were given up, by what sends them"),
    ("lockgate_rate_limited_total", "Requests that were too many, by limit"),
    ("lockgate_redis_errors_total", "Questions to Redis that were not answered in time, by what was asked"),
    ("lockgate_session_copies_total", "Copies of sessions in Redis, by whether they were taken or left"),
    ("lockgate_token_requests_total", "Requests for tokens by grant and outcome"),
    ("lockgate_trace_spans_total", "Spans for the collector of traces, by what became of them"),
    ("process_cpu_seconds_total", "Processor time of the process"),
];

const GAUGES: &[(&str, &str)] = &[
    ("lockgate_build_info", "1, with the version as a label"),
    ("lockgate_certificate_days_left", "Days until the first certificate of the configuration's key pairs ends"),
    (
        "lockgate_change_feed_age_seconds",
        "Time since the log of changes was read; memories older than 1 s are not used",
    ),
    ("lockgate_configuration_broken", "1 while something newer than the configuration in force cannot be used"),
    ("lockgate_configuration_held", "1 while the folder is held back after a rollback"),
    ("lockgate_database_calls", "Calls to the database that run or wait for a connection"),
    ("lockgate_database_connections", "Connections to the database, by state"),
    ("lockgate_flow_steps", "Steps of flows that wait or run"),
    ("lockgate_git_pull_age_seconds", "Time since a pull came to a good end"),
    ("lockgate_password_hash_queue", "Password checks that wait or run"),
    ("lockgate_sessions", "Sessions of signed-in people"),
    ("lockgate_snapshot_age_seconds", "Time since the configuration came into force in this process"),
    ("lockgate_snapshot_revision", "Revision of the configuration in force"),
    ("lockgate_tasks", "Tasks that are kept, by state"),
    ("lockgate_tasks_overdue_seconds", "How long the oldest task that is due has waited"),
    ("process_max_fds", "File descriptors that the process may have open"),
    ("process_open_fds", "File descriptors that the process has open"),
    ("process_resident_memory_bytes", "Resident memory of the process"),
    ("process_start_time_seconds", "When the process started, in seconds since 1970"),
    ("process_virtual_memory_bytes", "Virtual memory of the process"),
];

const HISTOGRAMS: &[(&str, &str)] = &[
    ("lockgate_database_call_duration_seconds", "Time of calls to the database, waiting included"),
    ("lockgate_http_request_duration_seconds", "Time to answer, by route"),
    ("lockgate_password_hash_duration_seconds", "Time to hash a password"),
    ("lockgate_password_hash_wait_seconds", "Time that password checks wait for their turn"),
];

/// Counters that are there from the start, with every value that their label has: a rate is only told of what was there
/// before it rose.
const FROM_ZERO: &[(&str, &str, &[&str])] = &[
    ("lockgate_decisions_total", "outcome", &["allowed", "denied"]),
    ("lockgate_job_failures_total", "job", &["expired_sessions"]),
    ("lockgate_logins_total", "outcome", &["succeeded", "failed", "paused"]),
    ("lockgate_mails_total", "outcome", &["sent", "refused", "failed"]),
    ("lockgate_notifications_failed_total", "actor", &["send_mail"]),
    (
        "lockgate_rate_limited_total",
        "limit",
        &[
            "api",
            "client_secrets",
            "device_codes",
            "flow_steps",
            "new_sessions",
            "password_hash_queue",
            "password_strength",
            "pushed_requests",
            "user_codes",
            "wrong_keys",
        ],
    ),
    ("lockgate_redis_errors_total", "operation", &["count", "ping", "publish", "session"]),
    ("lockgate_session_copies_total", "outcome", &["taken", "left"]),
    ("lockgate_trace_spans_total", "outcome", &["sent", "dropped"]),
];

/// Describes all of them, and begins those that can be begun.
pub(super) fn begin() {
    COUNTERS.iter().for_each(|(name, says)| describe_counter!(*name, *says));
    GAUGES.iter().for_each(|(name, says)| describe_gauge!(*name, *says));
    HISTOGRAMS.iter().for_each(|(name, says)| describe_histogram!(*name, Unit::Seconds, *says));
    for name in [
        "lockgate_change_feed_failures_total",
        "lockgate_database_errors_total",
        "lockgate_decisions_dropped_total",
        "lockgate_events_dropped_total",
        "lockgate_git_pull_failures_total",
        "lockgate_logout_notices_failed_total",
    ] {
        counter!(name).increment(0);
    }
    for (name, label, values) in FROM_ZERO {
        values.iter().for_each(|value| counter!(*name, *label => *value).increment(0));
    }
    metrics::gauge!("lockgate_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    for queue in ["lockgate_password_hash_queue", "lockgate_flow_steps"] {
        metrics::gauge!(queue).set(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{COUNTERS, FROM_ZERO, GAUGES, HISTOGRAMS};
    use std::collections::BTreeSet;

    #[test]
    fn names_follow_the_habit_of_the_trade() {
        assert!(COUNTERS.iter().all(|(name, _)| name.ends_with("_total")));
        assert!(GAUGES.iter().all(|(name, _)| !name.ends_with("_total")));
        assert!(HISTOGRAMS.iter().all(|(name, _)| name.ends_with("_seconds")));
        let all = [COUNTERS, GAUGES, HISTOGRAMS].concat();
        assert_eq!(all.iter().map(|(name, _)| name).collect::<BTreeSet<_>>().len(), all.len());
        assert!(FROM_ZERO.iter().all(|(name, ..)| COUNTERS.iter().any(|(known, _)| known == name)));
    }
}
