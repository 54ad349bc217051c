//! Brands: looks and default flows by host.

use super::{Application, CertificateKeyPair, Flow, target};
use crate::{
    Ref,
    kind::{Family, Filter, FilterOp, Kind, Lookup, Meta, exact, filter},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A brand: the longest domain that is a suffix of the host wins, else the default one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// Host name, or a suffix of host names.
    #[schemars(length(min = 1, max = 253))]
    pub domain: String,
    /// For hosts that no brand names.
    #[serde(default)]
    pub default: bool,
    /// Title of the pages; `{{ brand }}` in flow titles.
    #[serde(default = "default_title")]
    #[schemars(length(max = 255), extend("x-yaml" = "title"))]
    pub branding_title: String,
    /// Address of the logo; empty: ours.
    #[serde(default)]
    #[schemars(length(max = 2000), extend("x-yaml" = "logo"))]
    pub branding_logo: String,
    /// Address of the icon in the browser's tab; empty: ours.
    #[serde(default)]
    #[schemars(length(max = 2000), extend("x-yaml" = "favicon"))]
    pub branding_favicon: String,
    /// CSS that is added to every page.
    #[serde(default)]
    #[schemars(length(max = 20_000), extend("x-yaml" = "css", "x-widget" = "code"))]
    pub branding_custom_css: String,
    /// Picture behind flows that name none.
    #[serde(default)]
    #[schemars(length(max = 2000), extend("x-yaml" = "background"))]
    pub branding_default_flow_background: String,
    /// Kept for clients; Lockgate shows no maps.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub branding_map_tiles: String,
    /// Flow for signing in.
    #[serde(default)]
    pub flow_authentication: Option<Ref<Flow>>,
    /// Flow for changing the account.
    #[serde(default)]
    pub flow_user_switch: Option<Ref<Flow>>,
    /// Flow for signing out.
    #[serde(default)]
    pub flow_invalidation: Option<Ref<Flow>>,
    /// Flow for getting back in.
    #[serde(default)]
    pub flow_recovery: Option<Ref<Flow>>,
    /// Flow for removing one's account.
    #[serde(default)]
    pub flow_unenrollment: Option<Ref<Flow>>,
    /// Flow for one's own settings.
    #[serde(default)]
    pub flow_user_settings: Option<Ref<Flow>>,
    /// Flow for the device grant.
    #[serde(default)]
    pub flow_device_code: Option<Ref<Flow>>,
    /// Flow for locking an account.
    #[serde(default)]
    pub flow_lockdown: Option<Ref<Flow>>,
    /// Flow for requests of access.
    #[serde(default)]
    pub flow_request: Option<Ref<Flow>>,
    /// Where external users go.
    #[serde(default)]
    pub default_application: Option<Ref<Application>>,
    /// Certificate for HTTPS on this domain.
    #[serde(default)]
    pub web_certificate: Option<Ref<CertificateKeyPair>>,
    /// Authorities for client certificates.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub client_certificates: Vec<Ref<CertificateKeyPair>>,
    /// Further settings; `settings.theme.base` is `automatic`, `light` or `dark`.
    #[serde(default)]
    pub attributes: Map<String, Value>,
}

fn default_title() -> String {
    "Lockgate".to_owned()
}

const FILTERS: &[Filter] = &[
    filter("brand_uuid", "pk", FilterOp::Exact),
    exact("branding_default_flow_background"),
    exact("branding_favicon"),
    exact("branding_logo"),
    exact("branding_title"),
    filter("client_certificates", "client_certificates", FilterOp::In),
    exact("default"),
    exact("domain"),
    exact("flow_authentication"),
    exact("flow_device_code"),
    exact("flow_invalidation"),
    exact("flow_lockdown"),
    exact("flow_recovery"),
    exact("flow_request"),
    exact("flow_unenrollment"),
    exact("flow_user_settings"),
    exact("flow_user_switch"),
    exact("web_certificate"),
];

impl Kind for Brand {
    const META: Meta = Meta {
        kind: "brand",
        word: "brand",
        family: Family::None,
        schema: "Brand",
        path: "core/brands",
        lookup: Lookup::Uuid("brand_uuid"),
        component: "",
        verbose_name: "Brand",
        verbose_name_plural: "Brands",
        model: "authentik_brands.brand",
        search: &["domain", "branding_title"],
        filters: FILTERS,
        ordering: "domain",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.domain.clone()
    }
}
target!(Brand);
