//! Getting people back in, and passwords that were hashed elsewhere.

use super::{
    deeds::{UserPasswordHashSetRequest, UserRecoveryEmailRequest, UserRecoveryLinkRequest},
    letters, note,
    sight::Sight,
    users::{NOUN, found},
};
use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    openapi::{
        components::{Components, form},
        operation::Paths,
        shapes::Link,
    },
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::post,
};
use http::{Method, StatusCode};
use lockgate_identity::{Identity, config::Snapshot, journal::Action as Noted, runner::RecoveryLink};
use lockgate_model::{User as Account, kinds::FlowDesignation, schema::KindSchema};
use lockgate_policies::Action;
use std::sync::LazyLock;

static LINK_FORM: LazyLock<KindSchema> = LazyLock::new(form::<UserRecoveryLinkRequest>);
static EMAIL_FORM: LazyLock<KindSchema> = LazyLock::new(form::<UserRecoveryEmailRequest>);
static HASH_FORM: LazyLock<KindSchema> = LazyLock::new(form::<UserPasswordHashSetRequest>);

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/core/users/{id}/recovery/", post(link))
        .route("/core/users/{id}/recovery_email/", post(email))
        .route("/core/users/{id}/set_password_hash/", post(set_hash))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    paths.add(
        NOUN.one(Method::POST, "recovery/", "recovery_create")
            .says("Makes a link that leads the user into the brand's recovery flow, once.")
            .body(components.request::<UserRecoveryLinkRequest>(), false)
            .answers(200, "The link.", components.reply::<Link>()),
    );
    paths.add(
        NOUN.one(Method::POST, "recovery_email/", "recovery_email_create")
            .says("Sends such a link to the user, by a task that tries again until the mail server takes it.")
            .body(components.request::<UserRecoveryEmailRequest>(), true)
            .empty(204, "It is on its way."),
    );
    paths.add(
        NOUN.one(Method::POST, "set_password_hash/", "set_password_hash_create")
            .says("Sets the hash of the password and ends the user's sessions.")
            .body(components.request::<UserPasswordHashSetRequest>(), true)
            .empty(204, "Set."),
    );
}

/// Slug of the recovery flow of the host that was asked.
fn recovery_flow(snapshot: &Snapshot, caller: &Caller) -> Result<String, ApiError> {
    let brand = snapshot.brand(&caller.client.host).map(|(_, brand)| brand);
    let flow = brand.and_then(|brand| brand.flow_recovery).and_then(|flow| snapshot.flow_by_id(flow.0));
    let flow = flow.filter(|flow| flow.flow.designation == FlowDesignation::Recovery);
    flow.map(|flow| flow.flow.slug.clone()).ok_or_else(|| ApiError::field("", "invalid", "No recovery flow set."))
}

/// Whoever gets back in chooses a password, so that it takes the same right as to set one.
async fn account(sight: &Sight<'_>, key: &str) -> Result<Account, ApiError> {
    let account = found(sight, Action::SetPassword, key).await?;
    sight.caller.require_oneself()?;
    if account.is_active { Ok(account) } else { Err(ApiError::field("", "invalid", "This account is not active.")) }
}

async fn link(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<Link>, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let account = account(&sight, &key).await?;
    let given: UserRecoveryLinkRequest = body.read(&LINK_FORM, false)?;
    let flow = recovery_flow(&snapshot, &caller)?;
    let life = given.token_duration.map(|life| life.delta());
    let link = RecoveryLink { flow: &flow, user: &account, life, by: caller.user() };
    let path = identity.flows().recovery_link(link).await?;
    // The link is no row that one could look up, and its key is a secret.
    note(&identity, &caller, Noted::ModelCreated, "token", ("", &format!("recovery of {}", account.username)));
    Ok(Json(Link { link: format!("{}{path}", letters::base(&identity, &snapshot, &caller)) }))
}

async fn email(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let account = account(&sight, &key).await?;
    let given: UserRecoveryEmailRequest = body.read(&EMAIL_FORM, false)?;
    let flow = recovery_flow(&snapshot, &caller)?;
    if account.email.is_empty() {
        return Err(ApiError::field("", "invalid", "User does not have an email address set."));
    }
    let life = given.token_duration.map(|life| life.delta());
    let link = RecoveryLink { flow: &flow, user: &account, life, by: caller.user() };
    letters::send_recovery(&identity, &snapshot, &caller, (link, given.email_stage)).await?;
    note(&identity, &caller, Noted::ModelCreated, "token", ("", &format!("recovery of {}", account.username)));
    Ok(StatusCode::NO_CONTENT)
}

async fn set_hash(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let account = found(&sight, Action::SetPassword, &key).await?;
    caller.require_oneself()?;
    let given: UserPasswordHashSetRequest = body.read(&HASH_FORM, false)?;
    let own = caller.session.as_ref().filter(|_| account.pk == caller.user().pk);
    let (keep, history) = (own.map(|session| &***session), snapshot.password_history());
    identity.people.set_password_hash(account.pk, &given.password, history, keep, Some(caller.user())).await?;
    Ok(StatusCode::NO_CONTENT)
}
