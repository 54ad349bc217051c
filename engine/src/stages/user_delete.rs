//! Deletes the account that the flow is about, and with it the login of whoever it belongs to.

use crate::{
    ports::WriteError,
    run::{End, Entered, Failure, Run},
    step::Effect,
};

pub(super) async fn enter(run: &mut Run<'_>) -> Result<Entered, Failure> {
    // A name that was only typed is nobody's right to delete what it names.
    let Some(user) = run.trusted_or_session() else {
        return Ok(denied("Nobody has proven who they are yet."));
    };
    match run.env.directory.delete(user).await {
        Ok(()) => {}
        Err(WriteError::Failed(error)) => return Err(error.into()),
        Err(error) => return Ok(denied(&error.to_string())),
    }
    // A sign-in of a moment ago has not been carried out yet, and nobody is there for it any more.
    run.effects.retain(|effect| !matches!(effect, Effect::Login(login) if login.user == user));
    if run.env.session.is_some_and(|session| session.user.pk == user) {
        run.effects.push(Effect::Logout);
        run.context().logged_out = true;
    }
    run.plan.subject = run.session().map(|session| session.user.pk);
    run.context().forget_pending();
    Ok(Entered::Pass)
}

fn denied(message: &str) -> Entered {
    Entered::End(End::Denied(message.to_owned()))
}
