//! Views of objects for one caller, with the people that they name.

use super::{face, reading::Reading};
use crate::{
    caller::Caller,
    error::ApiError,
    people::{self, views},
};
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_model::Object;
use serde_json::Value;
use std::collections::BTreeSet;
use uuid::Uuid;

/// A reading for these objects: groups and users that bindings name are loaded at once.
///
/// # Errors
/// Whatever the database answers.
pub(crate) async fn reading<'a>(
    identity: &Identity,
    snapshot: &'a Snapshot,
    caller: &'a Caller,
    shown: &[&Object],
) -> Result<Reading<'a>, ApiError> {
    let mut reading = Reading::new(snapshot, caller.principal());
    let bindings = || shown.iter().filter(|o| o.kind.meta.kind == "policy_binding").map(|o| &o.document.body);
    let groups: BTreeSet<Uuid> = bindings().filter_map(|b| Uuid::parse_str(b["group"].as_str()?).ok()).collect();
    let users: BTreeSet<i64> = bindings().filter_map(|b| b["user"].as_i64()).collect();
    if !groups.is_empty() {
        let found = identity.store.groups().get_many(&Vec::from_iter(groups)).await?;
        reading.groups = found.into_iter().map(|g| (g.pk, views::value(&views::partial_group(&g)))).collect();
    }
    if !users.is_empty() {
        let found = identity.store.users().get_many(&Vec::from_iter(users)).await?;
        let uids = views::Uids::load(identity).await?;
        reading.users = found.into_iter().map(|u| (u.pk, views::value(&views::partial_user(&u, &uids)))).collect();
    }
    let told = shown.iter().filter(|o| o.kind.meta.kind == "notification_rule");
    let told = told.filter_map(|o| Uuid::parse_str(o.document.body["destination_group"].as_str()?).ok());
    let told: BTreeSet<Uuid> = told.collect();
    if !told.is_empty() {
        reading.whole_groups = people::whole_groups(identity, snapshot, caller, &Vec::from_iter(told)).await?;
    }
    Ok(reading)
}

/// One object for a caller.
///
/// # Errors
/// Whatever the database answers.
pub(crate) async fn one(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    object: &Object,
) -> Result<Value, ApiError> {
    Ok(face::show(object, &reading(identity, snapshot, caller, &[object]).await?))
}
