//! Sessions begin and end here.

use super::stage_kind;
use crate::{Problems, Validity, kind::exact};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How firmly a session is tied to the network it began in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "NetworkBindingEnum")]
pub enum NetworkBinding {
    /// Not at all.
    #[default]
    NoBinding,
    /// To the autonomous system.
    BindAsn,
    /// To the network.
    BindAsnNetwork,
    /// To the address.
    BindAsnNetworkIp,
}

/// How firmly a session is tied to the place it began in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "GeoipBindingEnum")]
pub enum GeoipBinding {
    /// Not at all.
    #[default]
    NoBinding,
    /// To the continent.
    BindContinent,
    /// To the country.
    BindContinentCountry,
    /// To the city.
    BindContinentCountryCity,
}

/// Signs the person in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserLoginStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// How long the session lasts; zero: until the browser closes, and a day at most without use.
    #[serde(default = "zero")]
    #[schemars(extend("x-yaml" = "session"))]
    pub session_duration: Validity,
    /// End the user's other sessions.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "end_others"))]
    pub terminate_other_sessions: bool,
    /// More than zero: ask whether to stay signed in, and if so make the session longer by this much.
    #[serde(default = "zero")]
    #[schemars(extend("x-yaml" = "remember"))]
    pub remember_me_offset: Validity,
    /// How firmly the session is tied to its network; what no database tells of an address ties it to the address.
    #[serde(default)]
    pub network_binding: NetworkBinding,
    /// How firmly the session is tied to its place; what no database tells of an address ties it to the address.
    #[serde(default)]
    pub geoip_binding: GeoipBinding,
    /// How long this device counts as known.
    #[serde(default = "thirty_days")]
    pub remember_device: Validity,
}

fn zero() -> Validity {
    Validity::seconds(0)
}
fn thirty_days() -> Validity {
    Validity::days(30)
}

impl UserLoginStage {
    fn check_fields(&self, _: &mut Problems) {}
}

stage_kind!(
    UserLoginStage,
    "user_login_stage",
    "login",
    "UserLoginStage",
    "stages/user_login",
    "ak-stage-user-login-form",
    "User Login",
    "authentik_stages_user_login.userloginstage",
    [
        exact("geoip_binding"),
        exact("network_binding"),
        exact("remember_device"),
        exact("remember_me_offset"),
        exact("session_duration"),
        crate::kind::filter("stage_uuid", "pk", crate::FilterOp::Exact),
        exact("terminate_other_sessions"),
    ]
);

/// Signs the person out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserLogoutStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
}

impl UserLogoutStage {
    fn check_fields(&self, _: &mut Problems) {}
}

stage_kind!(
    UserLogoutStage,
    "user_logout_stage",
    "logout",
    "UserLogoutStage",
    "stages/user_logout",
    "ak-stage-user-logout-form",
    "User Logout",
    "authentik_stages_user_logout.userlogoutstage",
    [crate::kind::filter("stage_uuid", "pk", crate::FilterOp::Exact)]
);
