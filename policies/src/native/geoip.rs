//! Where the client is, and whether they can have come there.

use crate::{
    check::Unknown,
    evidence::{Coordinates, PastLogin, Wants, Whereabouts},
    expression::{Env, Outcome},
    fact::{Fact, Reads},
};
use chrono::{DateTime, Utc};
use lockgate_model::kinds::GeoIPPolicy;

/// Nobody travels faster, in kilometres an hour.
const FASTEST: f64 = 1_000.0;

/// Mean radius of the earth, in kilometres.
const EARTH: f64 = 6_371.0;

fn travels(policy: &GeoIPPolicy) -> bool {
    policy.check_history_distance || policy.check_impossible_travel
}

pub(super) fn reads(policy: &GeoIPPolicy) -> Reads {
    let mut reads = Reads::from_iter([Fact::Ip, Fact::Place, Fact::Network]);
    if travels(policy) {
        [Fact::User, Fact::Second, Fact::Logins].into_iter().for_each(|fact| reads.add(fact));
    }
    reads
}

pub(super) fn want(policy: &GeoIPPolicy, wants: &mut Wants) {
    wants.place = true;
    if travels(policy) {
        wants.logins = wants.logins.max(u32::try_from(policy.history_login_count).unwrap_or_default());
    }
}

pub(super) fn run(policy: &GeoIPPolicy, env: &Env<'_>) -> Result<Outcome, Unknown> {
    let place = env.facts.evidence.place.as_ref().ok_or("where the client is, is not known")?;
    if let Some(message) = elsewhere(policy, place) {
        return Ok(Outcome::says(false, message));
    }
    if !travels(policy) || policy.history_login_count == 0 {
        return Ok(Outcome::plain(true));
    }
    let here = place.coordinates.ok_or("the coordinates of the client's address are not known")?;
    let logins = env.facts.evidence.logins.as_deref().ok_or("where the person was before, is not known")?;
    let counted = usize::try_from(policy.history_login_count).unwrap_or_default();
    let found = logins.iter().take(counted).find_map(|before| too_far(policy, before, here, env.facts.now));
    Ok(found.map_or_else(|| Outcome::plain(true), |message| Outcome::says(false, message)))
}

/// Country or network: one that matches is enough, and where none is asked for every place will do.
fn elsewhere(policy: &GeoIPPolicy, place: &Whereabouts) -> Option<&'static str> {
    let in_network = place.asn.is_some_and(|asn| policy.asns.contains(&i64::from(asn)));
    let in_country = place.country.as_ref().is_some_and(|country| policy.countries.contains(country));
    match (policy.asns.is_empty(), policy.countries.is_empty()) {
        (true, true) => None,
        _ if in_network || in_country => None,
        (_, false) => Some("Client IP is not in an allowed country."),
        (false, true) => Some("Client IP is not part of an allowed autonomous system."),
    }
}

fn too_far(policy: &GeoIPPolicy, before: &PastLogin, here: Coordinates, now: DateTime<Utc>) -> Option<&'static str> {
    let way = distance(before.coordinates, here);
    #[expect(clippy::cast_precision_loss, reason = "kilometres beyond 2^53 are all the same")]
    let allowed = policy.history_max_distance_km as f64 + f64::from(policy.distance_tolerance_km);
    if policy.check_history_distance && way >= allowed {
        return Some("Distance from previous authentication is larger than threshold.");
    }
    let hours = u32::try_from((now - before.at).num_hours()).unwrap_or_default();
    let possible = FASTEST * f64::from(hours) + f64::from(policy.impossible_tolerance_km);
    (policy.check_impossible_travel && way >= possible).then_some("Distance is further than possible.")
}

/// Kilometres along the great circle (haversine).
fn distance(a: Coordinates, b: Coordinates) -> f64 {
    let (lat_a, lat_b) = (a.latitude.to_radians(), b.latitude.to_radians());
    let north = (lat_b - lat_a) / 2.0;
    let east = (b.longitude - a.longitude).to_radians() / 2.0;
    let h = north.sin().powi(2) + lat_a.cos() * lat_b.cos() * east.sin().powi(2);
    2.0 * EARTH * h.sqrt().min(1.0).asin()
}
