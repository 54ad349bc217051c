//! Signs in. The one door to a session, so it checks for itself that somebody proved who they are,
//! whatever the stages before it were.

use crate::{
    Response,
    challenge::{Body, ResponseErrors, UserLogin},
    run::{Answered, End, Entered, Failure, Run},
    step::{Effect, LoginEffect},
};
use lockgate_model::{
    UserType,
    kinds::{FlowDesignation, UserLoginStage},
};

pub(super) async fn enter(run: &mut Run<'_>, stage: &UserLoginStage) -> Result<Entered, Failure> {
    let user = match permitted(run).await? {
        Ok(user) => user,
        Err(message) => return Ok(Entered::End(End::Denied(message.to_owned()))),
    };
    if !stage.remember_me_offset.is_zero() {
        return Ok(Entered::Show(Body::UserLogin(UserLogin { who: run.who() })));
    }
    login(run, stage, user, false);
    Ok(Entered::Pass)
}

pub(super) async fn answer(
    run: &mut Run<'_>,
    stage: &UserLoginStage,
    response: &Response,
) -> Result<Answered, Failure> {
    let user = match permitted(run).await? {
        Ok(user) => user,
        Err(message) => return Ok(Answered::End(End::Denied(message.to_owned()))),
    };
    let Some(remember) = response.flag("remember_me") else {
        let (code, text) = match response.fields.get("remember_me") {
            None => ("required", "This field is required."),
            Some(_) => ("invalid", "Must be a valid boolean."),
        };
        return Ok(Answered::Invalid(ResponseErrors::one("remember_me", code, text)));
    };
    login(run, stage, user, remember);
    Ok(Answered::Accepted)
}

/// The user who may be signed in now, or why nobody may.
async fn permitted(run: &Run<'_>) -> Result<Result<i64, &'static str>, Failure> {
    if run.plan.context.pending.is_none() {
        return Ok(Err("No pending user to login."));
    }
    let authentication = run.flow.flow.designation == FlowDesignation::Authentication;
    let Some(user) = run.trusted().filter(|_| !authentication || run.plan.context.is_authenticated()) else {
        return Ok(Err("Nobody has proven who they are yet."));
    };
    Ok(match run.env.directory.principal(user).await? {
        Some(p) if p.user.pk != user => return Err(Failure("the directory answered for another user".to_owned())),
        Some(p) if !p.user.is_active => Err("This account is inactive."),
        Some(p) if p.user.user_type == UserType::InternalServiceAccount => Err("This account cannot sign in."),
        Some(_) => Ok(user),
        None => Err("This account does not exist any more."),
    })
}

fn login(run: &mut Run<'_>, stage: &UserLoginStage, user: i64, remember: bool) {
    let offset = if remember { stage.remember_me_offset.delta() } else { chrono::TimeDelta::zero() };
    let duration = stage.session_duration.delta() + offset;
    let context = run.context();
    context.logged_out = false;
    context.passage.signed_in = Some(user);
    let effect = LoginEffect {
        user,
        auth_method: context.auth_method.clone(),
        auth_method_args: context.auth_method_args.clone(),
        mfa: context.second_factor,
        duration: (!duration.is_zero()).then_some(duration),
        remember,
        terminate_others: stage.terminate_other_sessions,
        network_binding: stage.network_binding,
        geoip_binding: stage.geoip_binding,
        remember_device: stage.remember_device.delta(),
    };
    run.effects.push(Effect::Login(Box::new(effect)));
    run.plan.subject = Some(user);
}
