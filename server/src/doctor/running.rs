//! The running server, asked directly.

use super::{
    Case, database,
    sights::{self, Mute},
};
use crate::settings::Settings;
use chrono::{DateTime, TimeDelta};
use std::net::{IpAddr, Ipv4Addr};
use url::Url;

const SERVER: &str = "server";

/// Where the settings say that the server of this machine listens.
pub(super) fn own(settings: &Settings) -> Vec<Url> {
    let listen = settings.listen.http;
    let ip = if listen.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { listen.ip() };
    Url::parse(&format!("http://{}", std::net::SocketAddr::new(ip, listen.port()))).into_iter().collect()
}

/// Whether each server is ready, what it is, and what time it thinks it is.
pub(super) async fn check(case: &mut Case<'_>) {
    for server in case.servers.clone() {
        if ready(case, &server).await {
            itself(case, &server).await;
        }
    }
}

/// Whether it answers at all.
async fn ready(case: &mut Case<'_>, server: &Url) -> bool {
    let mut address = server.clone();
    address.set_path("/-/health/ready/");
    let seen = match case.web.get(&address, &[]).await {
        Ok(seen) => seen,
        Err(silence) => {
            let mend = "start the server, or name where it is with --server URL";
            case.report.error(SERVER, format!("{server} does not answer: {}", silence.text), mend);
            return false;
        }
    };
    let detail: serde_json::Value = serde_json::from_str(&seen.text).unwrap_or_default();
    let text = |at: &str| detail.pointer(at).and_then(serde_json::Value::as_str).map(str::to_owned);
    match (seen.status, text("/database")) {
        (200, _) => case.report.ok(SERVER, format!("{server} is ready")),
        (_, Some(_)) if detail.pointer("/stopping") == Some(&serde_json::Value::Bool(true)) => {
            let found = format!("{server} is not ready: it is about to stop");
            case.report.warning(SERVER, found, "wait until it is started again");
        }
        (_, Some(_)) => {
            let found = format!("{server} is not ready: its database does not answer, or lacks a migration");
            case.report.error(
                SERVER,
                found,
                "look into its log, which says which; mend the database, or the way there",
            );
        }
        (status, None) => {
            let found = format!("{server} answers {status} and is no Lockgate, or does not start");
            case.report.error(SERVER, found, "look into its log, or name where it is with --server URL");
            return false;
        }
    }
    if text("/configuration/error").is_some() {
        let found = "what is newer than the configuration in force cannot be used";
        case.report.error("configuration", found, "run `lockgate check`, and correct the folder");
    }
    if detail.pointer("/configuration/held") == Some(&serde_json::Value::Bool(true)) {
        let found = "the folder is held back, since somebody rolled back from it";
        case.report.warning("configuration", found, "change the folder's text, such as by `git revert`");
    }
    true
}

/// Version, key and clock.
async fn itself(case: &mut Case<'_>, server: &Url) {
    let Some(probe) = &case.probe else { return };
    match sights::ask(&case.web, server, probe).await {
        Ok(told) => {
            let own = env!("CARGO_PKG_VERSION");
            if told.version == own {
                case.report.ok(SERVER, format!("{server} has version {own}, as this command"));
            } else {
                let found = format!("{server} has version {}, and this command {own}", told.version);
                case.report.warning(SERVER, found, "use the command of the server's own version");
            }
            if let Some(theirs) = DateTime::from_timestamp(told.time, 0) {
                // It tells whole seconds.
                let ahead = theirs + TimeDelta::milliseconds(500)
                    - lockgate_engine::ports::Clock::now(&lockgate_identity::system::SystemClock);
                database::clocks(case, server.as_str(), ahead);
            }
        }
        Err(Mute::Other(status)) => {
            let found = format!("{server} does not know this command's secret key (it answers {status})");
            let mend = "run this with the settings and the data folder that the server has, and the same version";
            case.report.error(SERVER, found, mend);
        }
        Err(Mute::Silent(silence)) => case.report.error(SERVER, silence.text, "look into the server's log"),
    }
}
