//! What an object would be after a change, and what that would do. Nothing is changed, so that objects of the folder can
//! be tried as well: what comes out is what to write there.

use super::{find, kind_of, kind_parameter, of_one, shapes::ObjectPreview, text};
use crate::{
    body::Body,
    caller::Caller,
    decisions::TAG,
    error::ApiError,
    objects::{face, sight::Sight, write},
    openapi::{
        components::Components,
        operation::{Operation, Paths},
    },
    revisions,
};
use axum::{
    Json,
    extract::{Path, State},
};
use http::Method;
use lockgate_flows::unified;
use lockgate_identity::{
    Identity,
    config::{Snapshot, TrialProblem, draft},
    system::random_uuid,
};
use lockgate_model::{Document, KindDef, Object, Problems};
use lockgate_policies::Action;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let answer = components.reply::<ObjectPreview>();
    let body = || json!({"type": "object", "additionalProperties": {}});
    paths.add(
        of_one(Method::POST, "preview/", "lockgate_objects_preview_create")
            .says("Tells what a change of an object would make of it: its document, what is wrong, who gains or loses what. Changes nothing, and takes the body of a partial update.")
            .body(body(), false)
            .answers(200, "What it would be.", answer.clone()),
    );
    let path = "/lockgate/objects/{kind}/preview/";
    paths.add(
        Operation::new(Method::POST, path, "lockgate_objects_preview_new_create", TAG)
            .path(kind_parameter())
            .says("Tells what a new object would be, as for a change of one. Makes nothing, and takes the body that would make it.")
            .body(body(), false)
            .answers(200, "What it would be.", answer),
    );
}

/// A change of an object.
pub(super) async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    Path((kind, key)): Path<(String, String)>,
    body: Body,
) -> Result<Json<ObjectPreview>, ApiError> {
    let snapshot = identity.config.snapshot();
    let kind = kind_of(&kind)?;
    let object = find(&snapshot.objects, kind, &key)?;
    Sight::of(&identity, &snapshot, &caller).require_on(Action::Read, object)?;
    let existing = object.value.to_value();
    let document = face::accept(kind, &snapshot.objects, &body.0, Some(&existing), false)
        .map(|body| Document { body, ..object.document.clone() });
    Box::pin(tried(&identity, &snapshot, &caller, kind, (Some(object), document), &body.0)).await.map(Json)
}

/// A new object.
pub(super) async fn new(
    State(identity): State<Identity>,
    caller: Caller,
    Path(kind): Path<String>,
    body: Body,
) -> Result<Json<ObjectPreview>, ApiError> {
    let snapshot = identity.config.snapshot();
    let kind = kind_of(&kind)?;
    caller.require_some(&identity, &snapshot, Action::Create, kind.meta.kind)?;
    let document = face::accept(kind, &snapshot.objects, &body.0, None, true)
        .map(|body| draft(kind, random_uuid(&*identity.random), body));
    if let Ok(document) = &document {
        Sight::of(&identity, &snapshot, &caller).require_wish(Action::Create, document)?;
    }
    Box::pin(tried(&identity, &snapshot, &caller, kind, (None, document), &body.0)).await.map(Json)
}

async fn tried(
    identity: &Identity,
    snapshot: &Arc<Snapshot>,
    caller: &Caller,
    kind: &'static KindDef,
    (object, document): (Option<&Object>, Result<Document, Problems>),
    given: &Map<String, Value>,
) -> Result<ObjectPreview, ApiError> {
    let document = match document {
        Ok(document) => document,
        Err(problems) => return Ok(unsound(problems)),
    };
    let id = document.id;
    let sound = write::managed(kind, &snapshot.objects, id, given);
    let sound = match sound {
        Ok(managed) => {
            let managed = managed.or_else(|| document.managed.clone());
            let document = Document { managed, ..document };
            write::sound(identity, snapshot, kind, &document, &[]).await.map(|()| document)
        }
        Err(error) => Err(error),
    };
    let document = match sound {
        Ok(document) => document,
        Err(ApiError::Invalid(problems)) => return Ok(unsound(problems)),
        Err(error) => return Err(error),
    };
    let trial = Box::pin(identity.config.try_document(snapshot, document)).await?;
    let mut preview = ObjectPreview { problems: trial.problems.iter().map(Into::into).collect(), ..Default::default() };
    preview.valid = preview.problems.is_empty();
    if let Some(objects) = &trial.objects {
        let before = match object {
            Some(_) => text::of(identity, snapshot, caller, &snapshot.objects, id).await?,
            None => Ok(String::new()),
        };
        match text::of(identity, snapshot, caller, objects, id).await? {
            Ok(yaml) => {
                // Where there was no document before, all of it is new.
                preview.diff = Some(unified(&before.unwrap_or_default(), &yaml));
                preview.yaml = Some(yaml);
            }
            Err(why) => preview.left_out = Some(why),
        }
    }
    // The text runs here over everybody, as in a plan.
    let may = |verb| caller.may(identity, snapshot, verb, revisions::KIND);
    if may(Action::Read) && may(Action::Test) {
        preview.access = Box::pin(identity.config.access_of(Arc::clone(snapshot), trial)).await?;
    }
    Ok(preview)
}

fn unsound(problems: Problems) -> ObjectPreview {
    let problems = problems.0.into_iter().map(|problem| (&TrialProblem::from(problem)).into());
    ObjectPreview { problems: problems.collect(), ..ObjectPreview::default() }
}
