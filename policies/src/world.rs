//! What is the same for all questions of an installation: its time zone, and what it knows of addresses.

use chrono_tz::Tz;
use serde::Serialize;
use std::{fmt, net::IpAddr, sync::Arc};

/// Where an address is, as far as a database knows.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Place {
    /// Country, two letters (ISO 3166-1); empty when unknown.
    pub country: String,
    /// Continent, two letters; empty when unknown.
    pub continent: String,
    /// City in English; empty when unknown.
    pub city: String,
    /// Latitude.
    pub lat: Option<f64>,
    /// Longitude.
    pub long: Option<f64>,
}

/// Whose network an address is in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Network {
    /// Number of the autonomous system.
    pub asn: i64,
    /// Whose it is; empty when unknown.
    pub organization: String,
}

/// Tells places and networks from addresses.
pub trait Places: Send + Sync + fmt::Debug {
    /// Where an address is; `None` when no database knows.
    fn place(&self, ip: IpAddr) -> Option<Place>;
    /// Whose network it is in; `None` when no database knows.
    fn network(&self, ip: IpAddr) -> Option<Network>;
    /// Whether there is a database of places, and one of networks.
    fn databases(&self) -> (bool, bool);
}

/// The time zone of an installation and its knowledge of addresses. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// Where hours, days and weekdays are told; UTC when nobody set one.
    pub zone: Tz,
    /// The databases, if there are any.
    pub places: Option<Arc<dyn Places>>,
}

impl World {
    pub(crate) fn place(&self, ip: Option<IpAddr>) -> Option<Place> {
        self.places.as_ref()?.place(ip?.to_canonical())
    }

    pub(crate) fn network(&self, ip: Option<IpAddr>) -> Option<Network> {
        self.places.as_ref()?.network(ip?.to_canonical())
    }
}

/// What a `User-Agent` says of itself; a claim, not a proof.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Device<'a> {
    /// `Windows 10`, `Mac OSX`, `Linux`, `iPhone`, `Android` …; empty when unknown.
    pub os: &'a str,
    /// `Chrome`, `Firefox`, `Safari`, `Edge` …; empty when unknown.
    pub browser: &'a str,
    /// `pc`, `smartphone`, `mobilephone`, `crawler`, `appliance`, `misc`; empty when unknown.
    pub kind: &'a str,
}

impl<'a> Device<'a> {
    /// Reads a `User-Agent`.
    #[must_use]
    pub fn of(user_agent: &'a str) -> Self {
        let Some(found) = woothee::parser::Parser::new().parse(user_agent) else { return Self::default() };
        let known = |word: &'a str| if word == woothee::woothee::VALUE_UNKNOWN { "" } else { word };
        Self { os: known(found.os), browser: known(found.name), kind: known(found.category) }
    }
}
