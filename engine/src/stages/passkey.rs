//! What the stages share that have to do with passkeys: the ceremony that a browser is at, kept in the plan until it is
//! answered, so that no challenge is answered twice.

use crate::{
    Response,
    context::{Pending, Standing},
    passkeys::{Ceremony, Shown, Terms},
    ports::Event,
    run::{Failure, Run},
};
use lockgate_model::kinds::AuthenticatorValidateStage;
use serde_json::{Value, json};
use uuid::Uuid;

/// The longest answer of a browser, in bytes; attestations with certificates are the longest.
const MAX_ANSWER: usize = 64 * 1024;

/// What a stage that asks for factors demands of passkeys.
pub(super) fn terms(stage: &AuthenticatorValidateStage) -> Terms<'_> {
    Terms {
        user_verification: stage.webauthn_user_verification,
        hints: &stage.webauthn_hints,
        only: &stage.webauthn_allowed_device_types,
    }
}

/// The ceremony that the stage's browser is at; a page that is loaded again goes on with it.
pub(super) fn running(run: &Run<'_>, id: Uuid) -> Option<Ceremony> {
    let now = run.env.request.now;
    run.plan.context.ceremonies.get(&id).filter(|ceremony| ceremony.lasts(now)).cloned()
}

/// The options by which a browser shows a passkey of this user; `None`: any that it remembers.
pub(super) async fn ask(run: &mut Run<'_>, id: Uuid, user: Option<i64>, terms: Terms<'_>) -> Result<Value, Failure> {
    let ceremony = match running(run, id) {
        Some(ceremony) => ceremony,
        None => {
            let begun = run.env.passkeys.begin_authentication(user, terms).await?;
            run.context().ceremonies.insert(id, begun.clone());
            begun
        }
    };
    Ok(ceremony.options)
}

/// Whose passkey has answered. Whatever comes of it, the challenge is used up.
pub(super) async fn shown(
    run: &mut Run<'_>,
    id: Uuid,
    user: Option<i64>,
    terms: Terms<'_>,
    answer: &Value,
) -> Result<Option<Shown>, Failure> {
    let ceremony = running(run, id);
    run.context().ceremonies.remove(&id);
    let Some(ceremony) = ceremony else { return Ok(None) };
    Ok(run.env.passkeys.authenticate(user, terms, &ceremony, answer).await?)
}

/// What a browser answered under this key: an object, or its text where a form sends it.
pub(super) fn answer(response: &Response, key: &str) -> Option<Value> {
    match response.fields.get(key)? {
        Value::String(text) if text.is_empty() => None,
        // What is no JSON is no passkey's answer either, and is refused as one.
        Value::String(text) if text.len() <= MAX_ANSWER => Some(serde_json::from_str(text).unwrap_or_default()),
        Value::String(_) => Some(Value::Null),
        Value::Null => None,
        given => Some(given.clone()),
    }
}

/// How somebody proved who they are who came with a passkey alone.
pub(super) const ALONE: &str = "auth_webauthn_pwl";

/// What events say of a passkey that was shown.
pub(super) fn device(shown: &Shown) -> Value {
    let Shown { factor, verified, .. } = shown;
    json!({"pk": factor.pk, "name": factor.name, "class": factor.class, "verified": verified})
}

/// Goes on with the owner of a passkey that was shown without a name before; `false` for who may not sign in.
pub(super) async fn welcome(run: &mut Run<'_>, shown: &Shown) -> Result<bool, Failure> {
    let owner = run.env.directory.principal(shown.user).await?.filter(|owner| owner.user.pk == shown.user);
    let Some(owner) = owner.filter(|owner| owner.user.is_active) else { return Ok(false) };
    let context = run.context();
    context.set_pending(Pending::of(&owner.user, Standing::Proven));
    context.second_factor = shown.verified;
    context.auth_method = Some(ALONE.to_owned());
    context.auth_method_args.insert("mfa_devices".to_owned(), json!([device(shown)]));
    Ok(true)
}

/// Notes that no passkey was shown that counts.
pub(super) async fn refused(run: &Run<'_>, stage: &str) {
    let pending = run.plan.context.pending.as_ref();
    let event = Event::LoginFailed {
        identifier: pending.map(|pending| pending.identifier.clone()).unwrap_or_default(),
        user: run.user(),
        stage: stage.to_owned(),
        reason: "wrong_passkey",
    };
    run.record(event).await;
}
