//! `/stages/invitation/invitations/`: the keys with which people may enroll. Whoever made one may see it; all
//! else takes a permission, since an invitation says what becomes of an account.

use super::{
    Noun,
    letters::{self, Recipients},
    shapes::PartialUser,
    sight::Sight,
    views::{self, value},
};
use crate::{
    body::Body,
    caller::Caller,
    error::{ApiError, NO_PERMISSION},
    objects::{self, face, reading::Reading},
    openapi::{
        components::{Components, form},
        operation::Paths,
    },
    paging::{self, Listed},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use http::{Method, StatusCode};
use lockgate_identity::{Identity, config::Snapshot, journal::Action as Noted, system::random_uuid};
use lockgate_model::schema::KindSchema;
use lockgate_policies::Action;
use lockgate_store::{Invitation as Stored, InvitationFilter, InvitationPatch};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{collections::HashMap, sync::LazyLock};
use uuid::Uuid;

/// Name of the kind in policies.
const KIND: &str = "invitation";

/// Where invitations live.
const NOUN: Noun = Noun {
    path: "stages/invitation/invitations",
    stem: "stages_invitation_invitations",
    schema: "Invitation",
    key: "invite_uuid",
    key_schema: || json!({"type": "string", "format": "uuid"}),
};

/// An invitation.
#[derive(Debug, Serialize, JsonSchema)]
struct Invitation {
    /// Primary key, and the key of whoever is invited: `?itoken=` at the end of the flow's address.
    pk: Uuid,
    /// For people.
    name: String,
    /// When it ends.
    expires: Option<DateTime<Utc>>,
    /// Answers that are given already, by the keys of prompts.
    fixed_data: Map<String, Value>,
    /// Who invites.
    created_by: PartialUser,
    /// It makes one account and no more.
    single_use: bool,
    /// The only flow that it is for.
    flow: Option<Uuid>,
    /// That flow; null where there is none, or the caller may not see it.
    #[schemars(schema_with = "maybe_flow")]
    flow_obj: Option<Value>,
}

fn maybe_flow(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [{"$ref": "#/components/schemas/Flow"}, {"type": "null"}]})
}

/// An invitation to make or change.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct InvitationRequest {
    /// For people.
    #[schemars(required, length(min = 1, max = 255), regex(pattern = "^[-a-zA-Z0-9_]+$"))]
    name: Option<String>,
    /// When it ends; null: never.
    #[serde(default)]
    expires: Option<DateTime<Utc>>,
    /// Answers that are given already, by the keys of prompts.
    #[serde(default)]
    #[schemars(with = "Map<String, Value>")]
    fixed_data: Option<Map<String, Value>>,
    /// It makes one account and no more.
    #[serde(default)]
    #[schemars(with = "bool")]
    single_use: Option<bool>,
    /// The only flow that it is for; null: any.
    #[serde(default)]
    flow: Option<Uuid>,
}

/// Where an invitation is to be sent.
#[derive(Debug, Deserialize, JsonSchema)]
struct InvitationSendEmailRequest {
    /// To whom.
    #[schemars(length(min = 1, max = 1000))]
    email_addresses: Vec<String>,
    /// With a copy to whom.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    cc_addresses: Vec<String>,
    /// With a copy to whom that nobody sees.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    bcc_addresses: Vec<String>,
    /// Its text.
    #[serde(default = "invitation")]
    #[schemars(length(min = 1, max = 255))]
    template: String,
}

fn invitation() -> String {
    "invitation".to_owned()
}

static FORM: LazyLock<KindSchema> = LazyLock::new(form::<InvitationRequest>);
static MAIL_FORM: LazyLock<KindSchema> = LazyLock::new(form::<InvitationSendEmailRequest>);

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/stages/invitation/invitations/", get(list).post(create))
        .route(
            "/stages/invitation/invitations/{invite_uuid}/",
            get(retrieve).put(replace).patch(change).delete(destroy),
        )
        .route("/stages/invitation/invitations/{invite_uuid}/send_email/", post(send_email))
        .route("/stages/invitation/invitations/{invite_uuid}/used_by/", get(used_by))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let invitation = components.reply::<Invitation>();
    let page = components.page_of("Invitation");
    let request = components.request::<InvitationRequest>();
    let patched = components.patched::<InvitationRequest>();
    let text = || json!({"type": "string"});
    let listing = NOUN
        .operation(Method::GET, "", "list")
        .says("Lists every invitation that matches: one's own, or all that policies show.")
        .query("created_by__username", text())
        .query("expires", json!({"type": "string", "format": "date-time"}))
        .query("flow__slug", text())
        .query("name", text());
    paths.add(listing.paged().answers(200, "One page.", page));
    let create = NOUN.operation(Method::POST, "", "create").says("Invites somebody; the primary key is the key.");
    paths.add(create.body(request.clone(), true).answers(201, "Made.", invitation.clone()));
    let retrieve = NOUN.one(Method::GET, "", "retrieve").says("Shows an invitation.");
    paths.add(retrieve.answers(200, "The invitation.", invitation.clone()));
    let replace = NOUN.one(Method::PUT, "", "update").says("Replaces an invitation.").body(request, true);
    paths.add(replace.answers(200, "As it is now.", invitation.clone()));
    let change = NOUN.one(Method::PATCH, "", "partial_update").says("Changes fields of an invitation.");
    paths.add(change.body(patched, false).answers(200, "As it is now.", invitation));
    let destroy = NOUN.one(Method::DELETE, "", "destroy").says("Takes an invitation back.");
    paths.add(destroy.empty(204, "Taken back."));
    let mail = NOUN.one(Method::POST, "send_email/", "send_email_create").says("Sends an invitation by e-mail.");
    let mail = mail.body(components.request::<InvitationSendEmailRequest>(), true);
    paths.add(mail.empty(204, "It is on its way."));
    paths.add(NOUN.used_by(components));
}

/// The views of invitations, with their flows as far as the caller may see these. One whose maker was deleted
/// this moment is left out.
async fn shown(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    invitations: Vec<Stored>,
) -> Result<Vec<Invitation>, ApiError> {
    let makers: Vec<i64> = invitations.iter().map(|invitation| invitation.created_by).collect();
    let uids = views::Uids::load(identity).await?;
    let makers = identity.store.users().get_many(&makers).await?;
    let makers: HashMap<i64, _> = makers.into_iter().map(|user| (user.pk, user)).collect();
    let sight = objects::sight::Sight::of(identity, snapshot, caller);
    let reading = Reading::new(snapshot, caller.principal());
    let show = |invitation: Stored| {
        let flow = invitation.flow.and_then(|flow| snapshot.objects.get(flow)).filter(|flow| sight.has(flow));
        Some(Invitation {
            pk: invitation.pk,
            name: invitation.name,
            expires: invitation.expires,
            fixed_data: invitation.fixed_data,
            created_by: views::partial_user(makers.get(&invitation.created_by)?, &uids),
            single_use: invitation.single_use,
            flow: invitation.flow,
            flow_obj: flow.map(|flow| face::show(flow, &reading)),
        })
    };
    Ok(invitations.into_iter().filter_map(show).collect())
}

async fn one(identity: &Identity, caller: &Caller, invitation: Stored) -> Result<Invitation, ApiError> {
    let snapshot = identity.config.snapshot();
    let shown = shown(identity, &snapshot, caller, vec![invitation]).await?.pop();
    shown.ok_or_else(|| ApiError::no_such(NOUN.schema))
}

async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let page = paging::wanted(&query)?;
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    sight.caller.require_some(&identity, &snapshot, Action::Read, KIND)?;
    let text = |name: &str| query.get(name).map(str::to_owned);
    let flows = query.get("flow__slug").map(|slug| {
        snapshot.objects.by_name("flow", slug).map(|flow| flow.document.id).into_iter().collect::<Vec<Uuid>>()
    });
    let filter = InvitationFilter {
        search: text("search"),
        name: text("name"),
        created_by: None,
        username: text("created_by__username"),
        expires: query.parsed::<DateTime<Utc>>("expires", "Enter a valid date/time.")?,
        flows,
        ordering: query.ordering(),
        page,
    };
    let (store, filter) = (&identity.store, &filter);
    let fetch = |created_by, page| async move {
        Ok(store.invitations().list(&InvitationFilter { created_by, page, ..filter.clone() }).await?)
    };
    let tell = |invitation: &Stored| (invitation.created_by, invitation.name.clone());
    let (invitations, total) = sight.page_of_things(KIND, None, page, fetch, tell).await?;
    let shown = shown(&identity, &snapshot, &caller, invitations).await?;
    Listed::new(page, total, shown.iter().map(value).collect())
}

/// What an invitation may say: no password, since an invitation is kept as it was written.
fn sound_data(data: Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    if data.contains_key("password") {
        let text = "An invitation is kept readable: let the flow ask for a password.";
        return Err(ApiError::field("fixed_data", "invalid", text));
    }
    Ok(data)
}

/// The flow that an invitation is to be for.
fn sound_flow(identity: &Identity, caller: &Caller, flow: Option<Uuid>) -> Result<Option<Uuid>, ApiError> {
    let Some(pk) = flow else { return Ok(None) };
    let snapshot = identity.config.snapshot();
    let sight = objects::sight::Sight::of(identity, &snapshot, caller);
    let found = snapshot.objects.get(pk).filter(|object| object.kind.meta.kind == "flow" && sight.has(object));
    let missing = || ApiError::field("flow", "does_not_exist", format!("Invalid pk \"{pk}\" - object does not exist."));
    found.map(|_| Some(pk)).ok_or_else(missing)
}

async fn permitted(identity: &Identity, caller: &Caller, verb: Action, owner: i64, name: &str) -> Result<(), ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity, snapshot: &snapshot, caller };
    if sight.permits(verb, KIND, owner, name).await? { Ok(()) } else { Err(NO_PERMISSION) }
}

async fn create(
    State(identity): State<Identity>,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<Invitation>), ApiError> {
    caller.require_some(&identity, &identity.config.snapshot(), Action::Create, KIND)?;
    // What is not said is as the settings have it; null is said.
    let says = |field: &str| body.0.contains_key(field);
    let (ends, leads) = (says("expires"), says("flow"));
    let given: InvitationRequest = body.read(&FORM, false)?;
    let settings = identity.tuning.now();
    let now = identity.clock.now();
    let lasts = settings.default_invitation_duration.as_ref().map(|span| now + span.delta());
    let flow = settings.default_invitation_flow.map(|flow| flow.0);
    let invitation = Stored {
        pk: random_uuid(&*identity.random),
        name: given.name.unwrap_or_default(),
        fixed_data: sound_data(given.fixed_data.unwrap_or_default())?,
        single_use: given.single_use.unwrap_or(settings.default_invitation_single_use),
        expires: if ends { given.expires } else { lasts },
        flow: if leads { sound_flow(&identity, &caller, given.flow)? } else { flow },
        created_by: caller.user().pk,
        created: now,
    };
    permitted(&identity, &caller, Action::Create, invitation.created_by, &invitation.name).await?;
    let invitation = identity.store.invitations().create(invitation).await?;
    note(&identity, &caller, Noted::ModelCreated, &invitation);
    Ok((StatusCode::CREATED, Json(one(&identity, &caller, invitation).await?)))
}

/// An invitation that the caller may do this to.
async fn found(identity: &Identity, caller: &Caller, verb: Action, key: &str) -> Result<Stored, ApiError> {
    let pk: Uuid = key.parse().map_err(|_| ApiError::no_such(NOUN.schema))?;
    let invitation = identity.store.invitations().get(pk).await?;
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity, snapshot: &snapshot, caller };
    let invitation = invitation.map(|invitation| (invitation.created_by, invitation.name.clone(), invitation));
    let invitation = sight.owned(Action::Read, KIND, NOUN.schema, invitation).await?;
    if verb != Action::Read {
        permitted(identity, caller, verb, invitation.created_by, &invitation.name).await?;
    }
    Ok(invitation)
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Invitation>, ApiError> {
    let invitation = found(&identity, &caller, Action::Read, &key).await?;
    Ok(Json(one(&identity, &caller, invitation).await?))
}

async fn replace(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<Invitation>, ApiError> {
    store(&identity, &caller, &key, body, false).await
}

async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<Invitation>, ApiError> {
    store(&identity, &caller, &key, body, true).await
}

async fn store(
    identity: &Identity,
    caller: &Caller,
    key: &str,
    body: Body,
    partial: bool,
) -> Result<Json<Invitation>, ApiError> {
    let invitation = found(identity, caller, Action::Update, key).await?;
    let has = |field: &str| body.0.contains_key(field);
    let (expires, flow) = (has("expires"), has("flow"));
    let given: InvitationRequest = body.read(&FORM, partial)?;
    if let Some(name) = &given.name {
        // Who may change only some may not make others of them.
        permitted(identity, caller, Action::Update, invitation.created_by, name).await?;
    }
    let flow = if flow { Some(sound_flow(identity, caller, given.flow)?) } else { None };
    let patch = InvitationPatch {
        name: given.name,
        fixed_data: given.fixed_data.map(sound_data).transpose()?,
        single_use: given.single_use,
        expires: expires.then_some(given.expires),
        flow,
    };
    let invitation = identity.store.invitations().update(invitation.pk, patch).await?;
    note(identity, caller, Noted::ModelUpdated, &invitation);
    Ok(Json(one(identity, caller, invitation).await?))
}

async fn destroy(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    let invitation = found(&identity, &caller, Action::Delete, &key).await?;
    identity.store.invitations().delete(invitation.pk).await?;
    note(&identity, &caller, Noted::ModelDeleted, &invitation);
    Ok(StatusCode::NO_CONTENT)
}

async fn send_email(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let invitation = found(&identity, &caller, Action::Update, &key).await?;
    let given: InvitationSendEmailRequest = body.read(&MAIL_FORM, false)?;
    let recipients = Recipients { to: given.email_addresses, cc: given.cc_addresses, bcc: given.bcc_addresses };
    let snapshot = identity.config.snapshot();
    letters::send_invitation(&identity, &snapshot, &caller, (&invitation, &recipients, &given.template)).await?;
    note(&identity, &caller, Noted::ModelUpdated, &invitation);
    Ok(StatusCode::NO_CONTENT)
}

async fn used_by(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    found(&identity, &caller, Action::Read, &key).await?;
    Ok(Json(json!([])))
}

fn note(identity: &Identity, caller: &Caller, action: Noted, invitation: &Stored) {
    // Its key is a secret.
    super::note(identity, caller, action, KIND, ("", &invitation.name));
}
