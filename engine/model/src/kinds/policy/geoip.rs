//! Where people come from.

use super::{CREATED, LAST_UPDATED, LOGGED, NAMED, POLICY, POLICY_UUID};
use crate::kind::{Kind, Meta};
use crate::kinds::target;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Passes when the address belongs to one of these countries or networks, and when the way from where
/// the person was before is one that can be travelled.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GeoIPPolicy {
    /// Name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Log every run, passed or not.
    #[serde(default)]
    pub execution_logging: bool,
    /// Numbers of autonomous systems.
    #[serde(default)]
    #[schemars(length(max = 1_000), inner(range(min = 0, max = 4_294_967_295_u64)))]
    pub asns: Vec<i64>,
    /// Countries, as ISO 3166-1 has them in two letters.
    #[serde(default)]
    #[schemars(schema_with = "country_codes")]
    pub countries: Vec<String>,
    /// Refuse what is far from any of the last sign-ins.
    #[serde(default)]
    pub check_history_distance: bool,
    /// How far, in kilometres.
    #[serde(default = "hundred_long")]
    #[schemars(range(min = 0, max = 9_223_372_036_854_775_807_i64))]
    pub history_max_distance_km: i64,
    /// Kilometres that are added, since places of addresses are not exact.
    #[serde(default = "fifty")]
    #[schemars(range(min = 0, max = 2_147_483_647_i64))]
    pub distance_tolerance_km: i32,
    /// How many of the last sign-ins count.
    #[serde(default = "five")]
    #[schemars(range(min = 0, max = 100))]
    pub history_login_count: i32,
    /// Refuse what nobody can have travelled since the last sign-ins: more than 1,000 km in an hour.
    #[serde(default)]
    pub check_impossible_travel: bool,
    /// Kilometres that are added to what can be travelled.
    #[serde(default = "hundred")]
    #[schemars(range(min = 0, max = 2_147_483_647_i64))]
    pub impossible_tolerance_km: i32,
}

impl Kind for GeoIPPolicy {
    const META: Meta = Meta {
        kind: "geoip_policy",
        word: "geoip",
        schema: "GeoIPPolicy",
        path: "policies/geoip",
        component: "ak-policy-geoip-form",
        verbose_name: "GeoIP Policy",
        verbose_name_plural: "GeoIP Policies",
        model: "authentik_policies_geoip.geoippolicy",
        filters: &[CREATED, LOGGED, LAST_UPDATED, NAMED, POLICY_UUID],
        ..POLICY
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }
}
target!(GeoIPPolicy);

/// The two letters of a country, for schemas.
struct CountryCode;

impl JsonSchema for CountryCode {
    fn schema_name() -> Cow<'static, str> {
        "CountryCodeEnum".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let codes: Vec<&str> = countries().map(|(code, _)| code).collect();
        json_schema!({"type": "string", "description": "Two letters of a country (ISO 3166-1).", "enum": codes})
    }
}

fn country_codes(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "maxItems": 249, "items": generator.subschema_for::<CountryCode>()})
}

/// Every country: code and English name, ordered by code.
pub fn countries() -> impl Iterator<Item = (&'static str, &'static str)> {
    rust_iso3166::ALL.iter().map(|country| (country.alpha2, country.name))
}

/// English name of a country by its two letters.
#[must_use]
pub fn country_name(code: &str) -> Option<&'static str> {
    countries().find(|(known, _)| *known == code).map(|(_, name)| name)
}

fn five() -> i32 {
    5
}

fn fifty() -> i32 {
    50
}

fn hundred() -> i32 {
    100
}

fn hundred_long() -> i64 {
    100
}
