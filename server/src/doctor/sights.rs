//! Asking a running server how requests arrived there (`/api/v3/lockgate/sights/`).

use super::{Case, web::Web};
use lockgate_identity::probes::{Probe, READS, Sight};
use serde::Deserialize;
use url::Url;

/// What a server tells.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    pub(super) version: String,
    /// Seconds since 1970.
    pub(super) time: i64,
    /// How the very question arrived.
    pub(super) own: Sight,
    probe: Vec<Sight>,
}

/// Why a server does not tell.
#[derive(Debug)]
pub(super) enum Mute {
    /// It does not answer.
    Silent(super::web::Silence),
    /// Something else answers, or a server with another key.
    Other(u16),
}

/// Asks the server behind an address; the answer tells how this question arrived, and what was seen of the probe.
pub(super) async fn ask(web: &Web, base: &Url, probe: &Probe) -> Result<Told, Mute> {
    let mut address = base.clone();
    address.set_path("/api/v3/lockgate/sights/");
    let seen = web.get(&address, &[(READS, &probe.reads)]).await.map_err(Mute::Silent)?;
    match serde_json::from_str(&seen.text) {
        Ok(told) if seen.status == 200 => Ok(told),
        _ => Err(Mute::Other(seen.status)),
    }
}

/// What all servers have seen of the probe, in their order.
pub(super) async fn of_probe(case: &Case<'_>, probe: &Probe) -> Vec<Sight> {
    let mut seen = Vec::new();
    for server in &case.servers {
        if let Ok(told) = ask(&case.web, server, probe).await {
            seen.extend(told.probe);
        }
    }
    seen
}
