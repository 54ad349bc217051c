//! The password. Names that belong to nobody take the same way and fail like a wrong password.

use crate::{
    Response,
    challenge::{Body, Password, ResponseErrors},
    context::Standing,
    next::flow_page,
    ports::{Event, PasswordAttempt, PasswordOutcome},
    run::{Answered, End, Entered, Failure, Run},
    stages::MAX_PASSWORD,
};
use lockgate_model::{
    User, UserType,
    kinds::{PasswordBackend, PasswordStage},
};
use uuid::Uuid;

const TOO_MANY: &str = "Too many failed attempts. Start again.";

pub(super) fn enter(run: &mut Run<'_>, id: Uuid, stage: &PasswordStage) -> Entered {
    run.adopt_session();
    if run.plan.context.pending.is_none() {
        return Entered::End(End::Denied("Nobody has said who they are yet.".to_owned()));
    }
    if exhausted(run, id, stage) {
        return Entered::End(End::Denied(TOO_MANY.to_owned()));
    }
    let recovery = run.env.brand.recovery_flow.as_deref();
    Entered::Show(Body::Password(Password {
        who: run.who(),
        recovery_url: recovery.map(|slug| flow_page(slug, run.plan.next.as_deref())),
        allow_show_password: stage.allow_show_password,
    }))
}

pub(super) async fn answer(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &PasswordStage,
    response: &Response,
) -> Result<Answered, Failure> {
    let mut errors = ResponseErrors::default();
    let Some(password) = response.text("password", MAX_PASSWORD, true, &mut errors) else {
        return Ok(Answered::Invalid(errors));
    };
    let principal = run.subject().await?;
    let user = principal.as_ref().map(|p| &p.user);
    let identifier = run.plan.context.pending.as_ref().map(|p| p.identifier.clone()).unwrap_or_default();
    let attempt = Attempt { id, stage, user, identifier: &identifier, password: &password };
    match check(run, attempt).await? {
        Checked::Accepted(backend) => {
            if let (Some(pending), Some(user)) = (&mut run.plan.context.pending, user) {
                pending.standing = Standing::Proven;
                pending.shown.clone_from(&user.username);
            }
            prove(run, backend);
            Ok(Answered::Accepted)
        }
        Checked::Rejected => Ok(Answered::Invalid(ResponseErrors::one("password", "invalid", "Invalid password"))),
        Checked::Exhausted => Ok(Answered::End(End::Denied(TOO_MANY.to_owned()))),
        Checked::Overloaded(errors) => Ok(Answered::Retry(errors)),
    }
}

/// Somebody's try.
pub(super) struct Attempt<'a> {
    /// Primary key of the password stage, which counts the tries.
    pub(super) id: Uuid,
    pub(super) stage: &'a PasswordStage,
    /// `None` for a name that belongs to nobody.
    pub(super) user: Option<&'a User>,
    pub(super) identifier: &'a str,
    pub(super) password: &'a str,
}

/// What became of it.
pub(super) enum Checked {
    Accepted(PasswordBackend),
    Rejected,
    /// Rejected, and it was the last one.
    Exhausted,
    Overloaded(ResponseErrors),
}

/// Checks a password and counts the failures. Also used by the identification stage.
pub(super) async fn check(run: &mut Run<'_>, attempt: Attempt<'_>) -> Result<Checked, Failure> {
    let Attempt { id, stage, user, identifier, password } = attempt;
    if exhausted(run, id, stage) {
        return Ok(Checked::Exhausted);
    }
    // Who cannot sign in is treated as if nobody had that name.
    let able = user.filter(|u| u.is_active && u.user_type != UserType::InternalServiceAccount);
    let asked = PasswordAttempt { user: able, identifier, password, backends: &stage.backends };
    let reason = match run.env.credentials.verify(asked).await? {
        PasswordOutcome::Accepted { backend } if able.is_some() && stage.backends.contains(&backend) => {
            return Ok(Checked::Accepted(backend));
        }
        PasswordOutcome::Overloaded { retry_after } => {
            run.retry_after = Some(retry_after);
            let text = format!("Too many people are signing in. Try again in {retry_after} seconds.");
            return Ok(Checked::Overloaded(ResponseErrors::general("throttled", text)));
        }
        PasswordOutcome::Paused { retry_after } => {
            run.retry_after = Some(retry_after);
            let text = format!("Too many wrong passwords. Try again in {retry_after} seconds.");
            return Ok(Checked::Overloaded(ResponseErrors::general("paused", text)));
        }
        _ if able.is_some() => "wrong_password",
        _ if user.is_some() => "inactive",
        _ => "unknown_user",
    };
    let event = Event::LoginFailed {
        identifier: identifier.to_owned(),
        user: user.map(|u| u.pk),
        stage: stage.name.clone(),
        reason,
    };
    run.record(event).await;
    *run.context().failed_attempts.entry(id).or_default() += 1;
    Ok(if exhausted(run, id, stage) { Checked::Exhausted } else { Checked::Rejected })
}

fn exhausted(run: &Run<'_>, id: Uuid, stage: &PasswordStage) -> bool {
    let failures = run.plan.context.failed_attempts.get(&id).copied().unwrap_or(0);
    i64::from(failures) >= i64::from(stage.failed_attempts_before_cancel)
}

/// Notes that the pending user's password was accepted.
pub(super) fn prove(run: &mut Run<'_>, backend: PasswordBackend) {
    let method = match backend {
        PasswordBackend::Inbuilt | PasswordBackend::Kerberos => "password",
        PasswordBackend::Token => "token",
        PasswordBackend::Ldap => "ldap",
    };
    let context = run.context();
    context.auth_method = Some(method.to_owned());
    context.user_backend = Some(backend);
}
