//! Outposts: where proxy providers are served. One is embedded in every server.

use super::target;
use crate::{
    Ref,
    kind::{Family, FilterOp, Kind, Lookup, Meta, filter},
    reference::AnyProvider,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `managed` of the outpost inside every server.
pub const EMBEDDED_OUTPOST: &str = "goauthentik.io/outposts/embedded";

/// What an outpost serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "OutpostTypeEnum")]
pub enum OutpostType {
    /// Forward auth and reverse proxying.
    Proxy,
    /// LDAP.
    Ldap,
    /// RADIUS.
    Radius,
    /// Remote access.
    Rac,
}

/// An outpost.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outpost {
    /// Name; also the value of `X-authentik-meta-outpost`.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// What it serves.
    #[serde(rename = "type")]
    pub outpost_type: OutpostType,
    /// The providers that it serves. The embedded outpost serves every proxy provider whether listed or not.
    #[serde(default)]
    #[schemars(length(max = 10_000))]
    pub providers: Vec<Ref<AnyProvider>>,
    /// How it is deployed; Lockgate deploys none.
    #[serde(default)]
    pub service_connection: Option<uuid::Uuid>,
    /// Settings; `authentik_host` is the public address of the sign-in host.
    #[serde(default)]
    pub config: Map<String, Value>,
}

impl Kind for Outpost {
    const META: Meta = Meta {
        kind: "outpost",
        word: "outpost",
        family: Family::None,
        schema: "Outpost",
        path: "outposts/instances",
        lookup: Lookup::Uuid("uuid"),
        component: "",
        verbose_name: "Outpost",
        verbose_name_plural: "Outposts",
        model: "authentik_outposts.outpost",
        search: &["name"],
        filters: &[
            filter("managed__icontains", "managed", FilterOp::IContains),
            filter("managed__iexact", "managed", FilterOp::IExact),
            filter("name__icontains", "name", FilterOp::IContains),
            filter("name__iexact", "name", FilterOp::IExact),
            filter("providers__isnull", "providers", FilterOp::IsNull),
            filter("providers_by_pk", "providers", FilterOp::In),
            filter("service_connection__name__icontains", "service_connection", FilterOp::IContains),
            filter("service_connection__name__iexact", "service_connection", FilterOp::IExact),
        ],
        ordering: "name",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }
}
target!(Outpost);
