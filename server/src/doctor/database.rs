//! The database: whether it is there, what it is, how it stands with the schema, and what is stored in it.

use super::{Case, report::Level};
use crate::{secret_key::SecretKeys, serve::connect};
use chrono::TimeDelta;
use lockgate_engine::ports::Clock;
use lockgate_identity::{
    config::ConfigError,
    look::{Look, LookError},
    probes::Probe,
    system::{SystemClock, SystemRandom},
};
use lockgate_store::{Backend, Store, StoreError};
use std::{sync::Arc, time::Instant};

const DATABASE: &str = "database";

const RESTORE: &str = "stop the server, put lockgate.db, lockgate.db-wal and lockgate.db-shm aside, and run `lockgate restore` with a backup";

/// The oldest PostgreSQL, as it counts.
const OLDEST: i32 = 140_000;

/// A question that takes longer than this is slow: a login asks some dozens.
const SLOW_MS: u128 = 25;

/// A code of an app counts for 30 seconds, and people need some of them.
pub(super) const CLOCKS_APART: TimeDelta = TimeDelta::seconds(30);

/// From this on, somebody should look after the clock.
pub(super) const CLOCKS_DRIFT: TimeDelta = TimeDelta::seconds(2);

/// Looks at the database, and reads what is stored for the checks that come after.
pub(super) async fn check(case: &mut Case<'_>) {
    let keys = match SecretKeys::known(case.settings) {
        Ok(Some(keys)) => keys,
        Ok(None) => {
            let found = "there is no secret key here, so that neither database nor running server can be looked into";
            return case.report.error(DATABASE, found, "run this where the server runs, with its settings");
        }
        Err(error) => return case.report.error(DATABASE, error, "set the key that the server runs with"),
    };
    let store = match connect(case.settings, &keys, true).await {
        Ok(store) => store,
        Err(error) => {
            let mend = if error.contains("is damaged") {
                RESTORE
            } else {
                "start the database, and correct LOCKGATE_DATABASE_URL"
            };
            return case.report.error(DATABASE, error, mend);
        }
    };
    case.probe = Some(Probe::new(store.seal_key(), &SystemRandom, case.now));
    vitals(case, &store).await;
    latency(case, &store).await;
    damage(case, &store).await;
    stored(case, store).await;
}

async fn vitals(case: &mut Case<'_>, store: &Store) {
    let report = &mut case.report;
    let began = SystemClock.now();
    let vitals = match store.vitals().await {
        Ok(vitals) => vitals,
        Err(error) => return report.error(DATABASE, error.to_string(), "look into the database's log"),
    };
    let version = &vitals.version;
    match (store.backend(), vitals.number) {
        (Backend::Postgres, Some(number)) if number < OLDEST => {
            report.error(DATABASE, format!("PostgreSQL {version} is too old"), "upgrade to PostgreSQL 14 or newer");
        }
        (Backend::Postgres, _) => report.ok(DATABASE, format!("PostgreSQL {version} answers")),
        (Backend::Sqlite, _) => match vitals.journal.as_deref() {
            Some("wal") => report.ok(DATABASE, format!("SQLite {version} keeps a write-ahead log")),
            other => {
                let found = format!("SQLite's journal is \"{}\" and not \"wal\"", other.unwrap_or_default());
                let mend =
                    "start the server once, which sets it; a network file system does not permit it: use a local disk";
                report.error(DATABASE, found, mend);
            }
        },
    }
    if let Some(theirs) = vitals.time {
        let ours = began + (SystemClock.now() - began) / 2;
        clocks(case, "the database", theirs - ours);
    }
}

/// Judges how far another clock is ahead of this machine's.
pub(super) fn clocks(case: &mut Case<'_>, whose: &str, ahead: TimeDelta) {
    let level = match ahead.abs() {
        apart if apart >= CLOCKS_APART => Level::Error,
        apart if apart >= CLOCKS_DRIFT => Level::Warning,
        _ => Level::Ok,
    };
    let seconds = ahead.abs().num_seconds();
    let found = match level {
        Level::Ok => format!("the clocks of this machine and of {whose} agree"),
        _ if ahead > TimeDelta::zero() => format!("the clock of {whose} is {seconds} s ahead of this machine's"),
        _ => format!("the clock of {whose} is {seconds} s behind this machine's"),
    };
    let mend = match level {
        Level::Ok => "",
        _ => "let both follow a time server (chrony, systemd-timesyncd): codes of apps count for 30 seconds",
    };
    case.report.note(level, "clock", found, mend);
}

async fn latency(case: &mut Case<'_>, store: &Store) {
    let mut times = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        if let Err(error) = store.ping().await {
            return case.report.error(DATABASE, error.to_string(), "look into the database's log");
        }
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let usual = times[times.len() / 2];
    let found = format!("a question takes {:.1} ms", usual.as_secs_f64() * 1e3);
    if usual.as_millis() > SLOW_MS {
        let mend = "run server and database in one place: a login asks some dozens of questions";
        case.report.warning(DATABASE, found, mend);
    } else {
        case.report.ok(DATABASE, found);
    }
}

async fn damage(case: &mut Case<'_>, store: &Store) {
    if store.backend() != Backend::Sqlite {
        return;
    }
    match store.damage().await {
        Ok(found) if found.is_empty() => case.report.ok(DATABASE, "SQLite finds its file sound"),
        Ok(found) => {
            let reason = found.join("; ");
            case.report.error(DATABASE, format!("the file is damaged: {reason}"), RESTORE);
        }
        Err(StoreError::Timeout(_)) => {
            case.report.ok(DATABASE, "the file is too large to be looked through in passing")
        }
        Err(error) => case.report.error(DATABASE, error.to_string(), "look into the server's log"),
    }
}

async fn stored(case: &mut Case<'_>, store: Store) {
    let settings = case.settings;
    let (url, geo) = (settings.public_url.as_deref(), settings.geoip.files());
    match Look::open(store, Arc::new(SystemClock), url, &geo).await {
        Ok(look) => {
            let found = format!("the schema is current, and revision {} of the configuration", look.snapshot.revision);
            case.report.ok(DATABASE, found);
            case.look = Some(look);
        }
        Err(error) => {
            let mend = match &error {
                LookError::Behind { .. } => "run `lockgate migrate`, or start the server",
                LookError::Empty => "start the server once",
                LookError::Store(StoreError::Seal { .. })
                | LookError::Config(ConfigError::Store(StoreError::Seal { .. })) => {
                    "set LOCKGATE_SECRET_KEY, or restore the file secret_key, to the key that this database was made with"
                }
                _ => "look into the server's log",
            };
            case.report.error(DATABASE, error.to_string(), mend);
        }
    }
}
