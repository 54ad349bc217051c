//! Fetches what policies want to know that is not at hand: scores, former sign-ins, what became of a
//! password. What cannot be fetched stays away, and the policy that wants it fails.

use crate::{
    passwords::{Passwords, Verdict},
    pwned::Pwned,
    turns::Trust,
};
use lockgate_model::Principal;
use lockgate_policies::{
    Coordinates, Evidence, Facts, History, PasswordFacts, PasswordWant, PastLogin, Places, Scores, Wants, Whereabouts,
};
use lockgate_store::{EventFilter, Page, Store, StoreError};
use serde_json::Value;
use std::{net::IpAddr, sync::Arc};

/// What is known of an address, if anything is.
fn whereabouts(places: &dyn Places, ip: IpAddr) -> Option<Whereabouts> {
    let ip = ip.to_canonical();
    let (place, network) = (places.place(ip), places.network(ip));
    if place.is_none() && network.is_none() {
        return None;
    }
    let place = place.unwrap_or_default();
    Some(Whereabouts {
        coordinates: place.lat.zip(place.long).map(|(latitude, longitude)| Coordinates { latitude, longitude }),
        country: Some(place.country).filter(|country| !country.is_empty()),
        asn: network.and_then(|network| u32::try_from(network.asn).ok()),
    })
}

/// Fetches.
#[derive(Clone)]
pub struct Fetcher {
    pub(crate) store: Store,
    pub(crate) passwords: Passwords,
    pub(crate) pwned: Pwned,
    /// `None`: nothing here knows where addresses are.
    pub(crate) places: Option<Arc<dyn Places>>,
}

impl Fetcher {
    /// What policies want to know about a person and a request.
    pub async fn fetch(&self, wants: &Wants, who: Option<&Principal>, facts: &Facts<'_>) -> Evidence {
        let mut evidence = Evidence::default();
        if wants.place {
            evidence.place = self.places.as_ref().zip(facts.ip).and_then(|(places, ip)| whereabouts(&**places, ip));
        }
        if let Some(who) = who.filter(|_| wants.logins > 0) {
            evidence.logins = known(self.logins(who, wants.logins).await);
        }
        if wants.reputation {
            evidence.reputation = known(self.scores(who, facts).await);
        }
        for want in &wants.passwords {
            let found = self.password(want, who).await;
            evidence.passwords.insert(want.field.clone(), found);
        }
        evidence
    }

    /// The last sign-ins, as far as it is known where they came from.
    async fn logins(&self, who: &Principal, count: u32) -> Result<Vec<PastLogin>, StoreError> {
        let Some(places) = &self.places else { return Ok(Vec::new()) };
        let filter = EventFilter {
            actions: vec!["login".to_owned()],
            user_pk: Some(who.user.pk),
            page: Page { number: 1, size: u64::from(count) },
            ..EventFilter::default()
        };
        let (events, _) = self.store.events().list(&filter).await?;
        let placed = events.into_iter().filter_map(|event| {
            let ip: IpAddr = event.client_ip?.parse().ok()?;
            Some(PastLogin { at: event.created, coordinates: whereabouts(&**places, ip)?.coordinates? })
        });
        Ok(placed.collect())
    }

    async fn scores(&self, who: Option<&Principal>, facts: &Facts<'_>) -> Result<Scores, StoreError> {
        let ip = facts.ip.map(|ip| ip.to_canonical().to_string());
        let typed = facts.pending.get("identifier").or_else(|| facts.pending.get("username")).and_then(Value::as_str);
        let name = who.map(|who| who.user.username.as_str()).or(typed);
        let sums = self.store.reputation().sums(ip.as_deref(), name, facts.now).await?;
        Ok(Scores { ip: sums.ip, username: sums.identifier, both: sums.both })
    }

    async fn password(&self, want: &PasswordWant, who: Option<&Principal>) -> PasswordFacts {
        let leaked = if want.leaked { known(self.pwned.count(&want.password).await) } else { None };
        let history = if want.history > 0 { self.history(want, who).await } else { None };
        PasswordFacts { leaked, history }
    }

    /// Compares a password with those that the person had, on the bounded pool of hashing.
    async fn history(&self, want: &PasswordWant, who: Option<&Principal>) -> Option<History> {
        // Who has no account yet had no password.
        let Some(who) = who else { return Some(History::New) };
        let hashes = known(self.store.users().last_password_hashes(who.user.pk, want.history).await)?;
        for (place, hash) in (0..).zip(hashes) {
            if known(self.passwords.verify(&want.password, Some(hash), Trust::Known).await)? != Verdict::Rejected {
                return Some(History::Used(place));
            }
        }
        Some(History::New)
    }
}

/// What was found out; why it was not stands in the log.
fn known<T>(found: Result<T, impl std::fmt::Display>) -> Option<T> {
    found.inspect_err(|error| tracing::warn!(%error, "what a policy has to know could not be fetched")).ok()
}
