//! Requests that `lockgate doctor` sends through somebody's proxy, and how they arrived here: which peer brought them,
//! with which headers, and what of that was believed. Remembered for a few minutes, in this process, and told only to
//! whoever knows the installation's secret key.
//!
//! A probe has two halves. One travels with the request, through proxies and perhaps to an application; the other one
//! is shown to this server alone, to read what was seen. Neither can be made from the other.

use crate::{
    net::{Client, TrustedProxies, client},
    system::alphanumeric,
};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_engine::ports::Random;
use lockgate_store::SealKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};
use subtle::ConstantTimeEq;

/// The header of a request that is to be remembered.
pub const SENT: &str = "x-lockgate-probe";

/// The header of whoever reads what was remembered.
pub const READS: &str = "x-lockgate-probe-key";

/// How long a probe counts, before and after the moment that it names: the clocks may differ, which is one of the things
/// to be found out.
const LIFE: TimeDelta = TimeDelta::minutes(15);

/// Probes that are remembered at once, and requests of each.
const PROBES: usize = 32;
const SIGHTS: usize = 32;

/// The longest value of a header that is remembered, in characters.
const LONGEST: usize = 300;

/// What proxies tell by, in lower case. Nothing that could be a secret.
const TOLD: [&str; 16] = [
    "host",
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-method",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-forwarded-uri",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
    "x-real-ip",
    "x-scheme",
    "user-agent",
];

/// How a request arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sight {
    /// Its method.
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    /// Address of the peer, which is the proxy where there is one.
    pub peer: String,
    /// Whether the peer is a trusted proxy (`listen.trusted_proxy_cidrs`).
    pub trusted: bool,
    /// The headers that proxies tell by, in lower case; several lines of one are joined by ` | `.
    pub headers: BTreeMap<String, String>,
    /// `http` or `https`, as far as it is believed.
    pub scheme: String,
    /// The host that is believed.
    pub host: String,
    /// The person's address that is believed.
    pub ip: String,
    /// What was answered.
    pub status: u16,
}

impl Sight {
    /// How a request arrived; what is answered, nobody knows yet. `header` answers as for [`client`].
    #[must_use]
    pub fn of<'h, L>(
        (method, path): (&str, &str),
        header: impl Fn(&str) -> L,
        peer: IpAddr,
        trusted: &TrustedProxies,
    ) -> Self
    where
        L: IntoIterator<Item = &'h str, IntoIter: DoubleEndedIterator>,
    {
        let Client { ip, trusted_peer, scheme, host, .. } = client(trusted, peer, &header);
        let told = TOLD.into_iter().filter_map(|name| {
            let lines: Vec<&str> = header(name).into_iter().collect();
            let joined = || lines.join(" | ").chars().take(LONGEST).collect();
            (!lines.is_empty()).then(|| (name.to_owned(), joined()))
        });
        Self {
            method: method.to_owned(),
            path: path.chars().take(LONGEST).collect(),
            peer: peer.to_canonical().to_string(),
            trusted: trusted_peer,
            headers: told.collect(),
            scheme,
            host,
            ip: ip.to_string(),
            status: 0,
        }
    }

    /// The value of one of the headers that proxies tell by, in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// Both halves of a probe.
#[derive(Clone)]
pub struct Probe {
    /// The value of [`SENT`].
    pub sent: String,
    /// The value of [`READS`].
    pub reads: String,
}

impl Probe {
    /// A new one.
    #[must_use]
    pub fn new(key: &SealKey, random: &dyn Random, now: DateTime<Utc>) -> Self {
        let named = format!("{}.{}", alphanumeric(random, 24), now.timestamp());
        let signed = |name: &str| format!("{named}.{}", key.prove(name, &named));
        Self { sent: signed(SENT), reads: signed(READS) }
    }
}

/// What the value of one of the two headers names, if it was made with our key and not too long ago.
fn named<'t>(key: &SealKey, header: &str, text: &'t str, now: DateTime<Utc>) -> Option<&'t str> {
    let (named, signature) = text.rsplit_once('.').filter(|_| text.len() <= LONGEST)?;
    let right = key.prove(header, named);
    if !bool::from(right.as_bytes().ct_eq(signature.as_bytes())) {
        return None;
    }
    let at = DateTime::from_timestamp(named.rsplit_once('.')?.1.parse().ok()?, 0)?;
    ((now - at).abs() <= LIFE).then_some(named)
}

/// Requests of one probe.
#[derive(Debug)]
struct Seen {
    named: String,
    at: DateTime<Utc>,
    sights: Vec<Sight>,
}

/// What was seen of probes.
#[derive(Debug, Default)]
pub struct Probes(Mutex<VecDeque<Seen>>);

impl Probes {
    /// Remembers how a request arrived that shows the half of a probe that travels, in the header [`SENT`]. Anything else
    /// is no probe, and nothing is remembered of it.
    pub fn note(&self, key: &SealKey, shown: &str, now: DateTime<Utc>, sight: impl FnOnce() -> Sight) -> bool {
        let Some(named) = named(key, SENT, shown, now) else { return false };
        let mut seen = self.seen();
        seen.retain(|seen| (now - seen.at).abs() <= LIFE);
        if let Some(known) = seen.iter_mut().find(|seen| seen.named == named) {
            if known.sights.len() < SIGHTS {
                known.sights.push(sight());
            }
            return true;
        }
        if seen.len() == PROBES {
            seen.pop_front();
        }
        seen.push_back(Seen { named: named.to_owned(), at: now, sights: vec![sight()] });
        true
    }

    /// What was seen of the probe whose other half is shown, in the header [`READS`]; `None` when it is none.
    #[must_use]
    pub fn read(&self, key: &SealKey, shown: &str, now: DateTime<Utc>) -> Option<Vec<Sight>> {
        let named = named(key, READS, shown, now)?;
        let seen = self.seen();
        let found = seen.iter().find(|seen| seen.named == named);
        Some(found.map(|seen| seen.sights.clone()).unwrap_or_default())
    }

    fn seen(&self) -> MutexGuard<'_, VecDeque<Seen>> {
        // What is in there is whole after every statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRandom;

    fn key(secret: &str) -> SealKey {
        SealKey::derive(secret.as_bytes()).expect("a key")
    }

    fn sight(headers: &[(&str, &'static str)], peer: &str) -> Sight {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().expect("a network")]);
        let lines = |name: &str| headers.iter().filter(|(n, _)| *n == name).map(|(_, v)| *v).collect::<Vec<_>>();
        Sight::of(("GET", "/a"), lines, peer.parse().expect("an address"), &proxies)
    }

    fn any() -> Sight {
        sight(&[], "10.0.0.1")
    }

    #[test]
    fn what_was_seen_is_told_to_the_other_half_alone() {
        let (key, now, probes) = (key("one installation"), DateTime::UNIX_EPOCH, Probes::default());
        let probe = Probe::new(&key, &SystemRandom, now);
        assert!(probes.note(&key, &probe.sent, now, any));
        let read = |shown: &str| probes.read(&key, shown, now).map(|seen| seen.len());
        assert_eq!(read(&probe.reads), Some(1));
        assert_eq!(read(&probe.sent), None, "the half that travels reads nothing");
        assert_eq!(read(""), None);
        assert_eq!(read(&Probe::new(&key, &SystemRandom, now).reads), Some(0));
    }

    #[test]
    fn strangers_and_old_probes_are_not_remembered() {
        let (own, now, probes) = (key("one installation"), DateTime::UNIX_EPOCH, Probes::default());
        let probe = Probe::new(&own, &SystemRandom, now);
        for (sent, at) in [
            (Probe::new(&key("another one"), &SystemRandom, now).sent, now),
            (probe.sent.clone(), now + LIFE + TimeDelta::seconds(1)),
            (probe.reads.clone(), now),
            (String::new(), now),
            ("a.b.c".to_owned(), now),
        ] {
            assert!(!probes.note(&own, &sent, at, any), "{sent}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let (key, now, probes) = (key("one installation"), DateTime::UNIX_EPOCH, Probes::default());
        for _ in 0..2 * PROBES {
            let probe = Probe::new(&key, &SystemRandom, now);
            for _ in 0..2 * SIGHTS {
                probes.note(&key, &probe.sent, now, any);
            }
        }
        let seen = probes.seen();
        assert_eq!((seen.len(), seen.iter().map(|seen| seen.sights.len()).max()), (PROBES, Some(SIGHTS)));
    }

    #[test]
    fn a_sight_tells_what_was_said_and_what_was_believed() {
        let headers = [
            ("x-forwarded-proto", "https"),
            ("host", "inside:9000"),
            ("x-forwarded-host", "app.example.com"),
            ("cookie", "a=secret"),
        ];
        let trusted = sight(&headers, "10.0.0.1");
        assert_eq!((trusted.scheme.as_str(), trusted.host.as_str()), ("https", "app.example.com"));
        let stranger = sight(&headers, "192.0.2.1");
        assert_eq!((stranger.scheme.as_str(), stranger.host.as_str()), ("http", "inside:9000"));
        assert_eq!(stranger.header("x-forwarded-host"), Some("app.example.com"));
        assert!(!format!("{trusted:?}").contains("secret"));
    }
}
