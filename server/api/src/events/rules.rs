//! `/events/rules/`: the list of notification rules, which can also be asked for by the name of the group.

use crate::{
    caller::Caller,
    error::ApiError,
    objects::{face, list as objects_list, reading::Reading, sight::Sight, view},
    paging::{self, Listed},
    query::Query,
};
use axum::extract::State;
use lockgate_identity::Identity;
use lockgate_model::kind::by_name;
use serde_json::json;

/// Lists rules.
pub(crate) async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let snapshot = identity.config.snapshot();
    let kind = by_name("notification_rule").ok_or(ApiError::Internal)?;
    let sight = Sight::of(&identity, &snapshot, &caller);
    sight.require([kind].into_iter())?;
    let page = paging::wanted(&query)?;
    let mut found = objects_list::select(&snapshot.objects, kind, &query)?;
    found.retain(|object| sight.has(object));
    if let Some(name) = query.get("destination_group__name") {
        let group = identity.store.groups().by_name(name).await?.map(|group| json!(group.pk));
        found.retain(|object| group.as_ref() == Some(&object.document.body["destination_group"]));
    }
    let (total, shown) = paging::part(page, found)?;
    let reading: Reading<'_> = view::reading(&identity, &snapshot, &caller, &shown).await?;
    Listed::new(page, total, shown.into_iter().map(|object| face::show(object, &reading)).collect())
}
