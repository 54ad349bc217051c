//! Policies: conditions with a name, bound wherever they are needed. One file a kind.

mod cedar;
mod dummy;
mod event_matcher;
mod expression;
mod geoip;
mod password;
mod password_expiry;
mod reputation;
mod unique_password;

pub use cedar::CedarPolicy;
pub use dummy::DummyPolicy;
pub use event_matcher::{EventActions, EventMatcherPolicy};
pub use expression::ExpressionPolicy;
pub use geoip::{GeoIPPolicy, countries, country_name};
pub use password::PasswordPolicy;
pub use password_expiry::PasswordExpiryPolicy;
pub use reputation::ReputationPolicy;
pub use unique_password::UniquePasswordPolicy;

use crate::kind::{Family, Filter, FilterOp, Lookup, Meta, exact, filter};

/// What all policies have in common; each kind gives its own names.
const POLICY: Meta = Meta {
    kind: "",
    word: "",
    family: Family::Policy,
    schema: "",
    path: "",
    lookup: Lookup::Uuid("policy_uuid"),
    component: "",
    verbose_name: "",
    verbose_name_plural: "",
    model: "",
    search: &["name"],
    filters: &[],
    ordering: "name",
    bindable: false,
};

/// Filters that all lists of policies have.
const CREATED: Filter = filter("created", "created", FilterOp::Exact);
const LAST_UPDATED: Filter = filter("last_updated", "updated", FilterOp::Exact);
const POLICY_UUID: Filter = filter("policy_uuid", "pk", FilterOp::Exact);
const LOGGED: Filter = exact("execution_logging");
const NAMED: Filter = exact("name");

/// The prompt field, or the key of the context, under which a new password stands.
fn password_field() -> String {
    "password".to_owned()
}
