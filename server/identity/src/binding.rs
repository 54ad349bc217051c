//! What a session is tied to, by the stage that it began at: the address, network or place that it began in. What
//! cannot be told of an address when a session begins ties it to the address itself, so that a missing database makes
//! nothing weaker.

use crate::{Core, sessions::auth_of};
use lockgate_engine::LoginEffect;
use lockgate_model::kinds::{GeoipBinding, NetworkBinding};
use lockgate_policies::Places;
use lockgate_store::Session;
use serde_json::{Map, Value, json};
use std::net::IpAddr;

/// What a session may be tied to, as it is kept.
const KEYS: [&str; 6] = ["ip", "asn", "network", "continent", "country", "city"];

impl Core {
    /// What the session of a login is tied to, to be kept with it.
    pub(crate) fn binding_of(&self, login: &LoginEffect, ip: IpAddr) -> Map<String, Value> {
        let mut all = self.network_of(login.network_binding, ip);
        all.extend(self.place_of(login.geoip_binding, ip));
        all
    }

    /// Whether a session may be used from this address.
    #[must_use]
    pub fn bound_here(&self, session: &Session, ip: IpAddr) -> bool {
        let auth = auth_of(session);
        KEYS.iter()
            .filter_map(|key| Some((*key, auth.get(key)?)))
            .all(|(key, bound)| self.told(key, ip).as_ref() == Some(bound))
    }

    /// What is known of an address; `None` where it is not known.
    fn told(&self, key: &str, ip: IpAddr) -> Option<Value> {
        let text = |text: String| (!text.is_empty()).then(|| json!(text));
        match key {
            "ip" => Some(json!(ip.to_string())),
            "asn" => Some(json!(self.places.network(ip)?.asn)),
            "network" => Some(json!(self.places.prefix(ip)?)),
            "continent" => text(self.places.place(ip)?.continent),
            "country" => text(self.places.place(ip)?.country),
            "city" => text(self.places.place(ip)?.city),
            _ => None,
        }
    }

    fn network_of(&self, binding: NetworkBinding, ip: IpAddr) -> Map<String, Value> {
        let keys: &[&str] = match binding {
            NetworkBinding::NoBinding => &[],
            NetworkBinding::BindAsn => &["asn"],
            NetworkBinding::BindAsnNetwork => &["asn", "network"],
            NetworkBinding::BindAsnNetworkIp => &["ip"],
        };
        self.tied(keys, ip)
    }

    fn place_of(&self, binding: GeoipBinding, ip: IpAddr) -> Map<String, Value> {
        let keys: &[&str] = match binding {
            GeoipBinding::NoBinding => &[],
            GeoipBinding::BindContinent => &["continent"],
            GeoipBinding::BindContinentCountry => &["continent", "country"],
            GeoipBinding::BindContinentCountryCity => &["continent", "country", "city"],
        };
        self.tied(keys, ip)
    }

    fn tied(&self, keys: &[&'static str], ip: IpAddr) -> Map<String, Value> {
        let told = |key: &&'static str| Some(((*key).to_owned(), self.told(key, ip)?));
        let all: Option<Map<String, Value>> = keys.iter().map(told).collect();
        all.unwrap_or_else(|| Map::from_iter([("ip".to_owned(), json!(ip.to_string()))]))
    }
}

/// Whether a session is tied to anything, without looking at any address.
#[must_use]
pub fn is_bound(session: &Session) -> bool {
    let auth = auth_of(session);
    KEYS.iter().any(|key| auth.get(key).is_some())
}
