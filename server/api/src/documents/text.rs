//! The document that holds an object, for somebody who may see everything that stands in it.

use crate::{caller::Caller, error::ApiError, objects::sight::Sight, people};
use lockgate_flows::{
    ExportRequest, HeldIn, LeftOut, Loaded, NamedPeople, Nobody, PeopleNames, StoredObjects, builtin, export_document,
    main_of,
};
use lockgate_identity::{Identity, config::Snapshot, names};
use lockgate_model::{Document, Object, ObjectSet, Origin};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// A document, or why there is none.
pub(super) type Text = Result<String, String>;

/// What is said where a document shows more than the caller may see.
const HIDDEN: &str = "the document holds things that you may not see";

/// The document that holds an object among these, which may be other ones than those in force.
///
/// # Errors
/// Whatever the database answers.
pub(super) async fn of(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    objects: &ObjectSet,
    id: Uuid,
) -> Result<Text, ApiError> {
    let Some(object) = objects.get(id) else { return Ok(Err("there is no such object".to_owned())) };
    let below = below(identity, objects, main_of(objects, object).document.origin)?;
    // Which people are named is known when it is known what stands in it.
    let held = match written(objects, object, &below, &PeopleNames::default()) {
        Ok(held) => held,
        Err(left) => return Ok(Err(left.why)),
    };
    let inside = || held.objects.iter().filter_map(|id| objects.get(*id));
    let mut named = NamedPeople::default();
    {
        let sight = Sight::of(identity, snapshot, caller);
        if !inside().all(|object| sight.has(object)) {
            return Ok(Err(HIDDEN.to_owned()));
        }
        inside().for_each(|object| named.add(object));
    }
    if !people::are_seen(identity, snapshot, caller, &named).await? {
        return Ok(Err(HIDDEN.to_owned()));
    }
    let people = names::of(&identity.store, named).await?;
    Ok(written(objects, object, &below, &people).map(|held| held.text).map_err(|left| left.why))
}

/// The layer below: what ships with the server is written whole, everything else as it differs from that.
fn below(identity: &Identity, objects: &ObjectSet, origin: Origin) -> Result<Loaded, ApiError> {
    if origin == Origin::Builtin {
        return Ok(Loaded::default());
    }
    let stored: Vec<Document> = objects.iter().map(|object| object.document.clone()).collect();
    builtin(&StoredObjects::new(&stored), &Nobody, identity.clock.now()).map_err(|_| {
        tracing::error!("the built-in configuration does not load");
        ApiError::Internal
    })
}

/// As it stands among everything of the same origin.
fn written(objects: &ObjectSet, object: &Object, below: &Loaded, people: &PeopleNames) -> Result<HeldIn, LeftOut> {
    let origin = main_of(objects, object).document.origin;
    let request = ExportRequest {
        objects,
        groups: &[],
        people,
        builtin: below,
        wanted: &|document| document.origin == origin,
        stand_ins: HashMap::new(),
        comments: BTreeMap::new(),
    };
    export_document(&request, object.document.id)
}
