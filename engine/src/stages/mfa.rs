//! Asks for a second factor: which one, the code that proves it, and what follows where there is none.

use super::enroll_totp::without_spaces;
use crate::{
    CompiledStage, Response, Stage,
    challenge::{AuthenticatorValidation, Body, Data, DeviceChallenge, ResponseErrors, SelectableStage},
    compiled::{Mfa, Setup},
    context::Standing,
    ports::{CodeOutcome, Event, Factor},
    run::{Answered, End, Entered, Failure, Run},
    stages,
    step::Effect,
};
use lockgate_model::kinds::{AuthenticatorValidateStage, DeviceClass, NotConfiguredAction};
use serde_json::{Value, json};
use uuid::Uuid;

const NOBODY: &str = "Nobody has said who they are yet.";
const NONE: &str = "You need a second factor to go on, and have none. Ask an administrator for help.";
const WRONG: &str = "Invalid Token. Please ensure the time on your device is accurate and try again.";

/// The longest code.
const MAX_CODE: usize = 128;

pub(super) async fn enter(run: &mut Run<'_>, id: Uuid, mfa: &Mfa) -> Result<Entered, Failure> {
    run.adopt_session();
    let Some(pending) = &run.plan.context.pending else {
        return Ok(Entered::End(End::Denied(NOBODY.to_owned())));
    };
    let user = pending.pk;
    if let Some(setup) = setup(run, mfa) {
        return Box::pin(set_up(run, setup)).await;
    }
    let usable = usable(run, &mfa.stage).await?;
    if !usable.is_empty() {
        // What is remembered counts as long as there is a factor at all.
        if let Some(user) = user
            && remembered(run, id, &mfa.stage, user).await?
        {
            prove(run, json!({"remembered": true}));
            return Ok(Entered::Pass);
        }
        if let Some(end) = super::email_code::ask(run, &usable).await? {
            return Ok(Entered::End(end));
        }
        return Ok(show(run, &usable, &[]));
    }
    match mfa.stage.not_configured_action {
        NotConfiguredAction::Skip => Ok(Entered::Pass),
        NotConfiguredAction::Deny => Ok(Entered::End(End::Denied(NONE.to_owned()))),
        // A name alone is not enough to give somebody a factor.
        NotConfiguredAction::Configure if run.trusted_or_session().is_none() => {
            Ok(Entered::End(End::Denied(NONE.to_owned())))
        }
        NotConfiguredAction::Configure => match mfa.setups.as_slice() {
            [] => Ok(Entered::End(End::Denied(NONE.to_owned()))),
            [only] => {
                run.context().chosen_setup = Some(only.id);
                Box::pin(set_up(run, only)).await
            }
            several => Ok(show(run, &[], several)),
        },
    }
}

pub(super) async fn answer(run: &mut Run<'_>, id: Uuid, mfa: &Mfa, response: &Response) -> Result<Answered, Failure> {
    if run.plan.context.pending.is_none() {
        return Ok(Answered::End(End::Denied(NOBODY.to_owned())));
    }
    if let Some(setup) = setup(run, mfa) {
        return finish_setup(run, setup, response).await;
    }
    let usable = usable(run, &mfa.stage).await?;
    if usable.is_empty() {
        return Ok(choose_setup(run, mfa, response));
    }
    if let Some(chosen) = chosen(&usable, response) {
        return Ok(match chosen {
            Some(pk) => {
                run.context().chosen_factor = Some(pk);
                run.context().coded.remove(&pk);
                Answered::Retry(ResponseErrors::default())
            }
            None => Answered::Invalid(ResponseErrors::one("selected_challenge", "invalid", "Invalid device.")),
        });
    }
    check(run, id, &mfa.stage, &usable, response).await
}

/// The setup that somebody is at, because a factor was asked for and there was none.
pub(super) fn setup<'m>(run: &Run<'_>, mfa: &'m Mfa) -> Option<&'m Setup> {
    let chosen = run.plan.context.chosen_setup?;
    mfa.setups.iter().find(|setup| setup.id == chosen)
}

async fn set_up(run: &mut Run<'_>, setup: &Setup) -> Result<Entered, Failure> {
    let place = place(run, setup)?;
    stages::enter(run, &place).await
}

/// Whoever has just shown a code of the app that was set up has shown a second factor.
async fn finish_setup(run: &mut Run<'_>, setup: &Setup, response: &Response) -> Result<Answered, Failure> {
    let answered = Box::pin(stages::answer(run, &place(run, setup)?, response)).await?;
    if matches!((&answered, &setup.stage), (Answered::Accepted, Stage::EnrollTotp(_))) {
        prove(run, json!({"name": setup.title, "class": DeviceClass::Totp, "enrolled": true}));
    }
    if matches!((&answered, &setup.stage), (Answered::Accepted, Stage::EnrollEmail(_))) {
        prove(run, json!({"name": setup.title, "class": DeviceClass::Email, "enrolled": true}));
    }
    Ok(answered)
}

/// A setup at the place of the stage that asks for a factor.
fn place(run: &Run<'_>, setup: &Setup) -> Result<CompiledStage, Failure> {
    let current = run.plan.current().and_then(|planned| run.flow.stage(planned.binding));
    let at = current.ok_or_else(|| Failure("the flow is at no stage".to_owned()))?;
    Ok(CompiledStage { stage_id: setup.id, stage: setup.stage.clone(), ..at.clone() })
}

/// What the pending user can show here; nothing for a name that belongs to nobody.
async fn usable(run: &Run<'_>, stage: &AuthenticatorValidateStage) -> Result<Vec<Factor>, Failure> {
    let Some(user) = run.plan.context.pending.as_ref().and_then(|pending| pending.pk) else { return Ok(Vec::new()) };
    let mut factors = run.env.factors.usable(user).await?;
    factors.retain(|factor| stage.device_classes.contains(&factor.class) && takes_code(factor.class));
    if let Some(at) = run.plan.context.chosen_factor.and_then(|pk| factors.iter().position(|one| one.pk == pk)) {
        factors[..=at].rotate_right(1);
    }
    Ok(factors)
}

/// Whether this version can ask for it.
fn takes_code(class: DeviceClass) -> bool {
    matches!(class, DeviceClass::Totp | DeviceClass::Static | DeviceClass::Email)
}

fn show(run: &Run<'_>, factors: &[Factor], setups: &[Setup]) -> Entered {
    let device = |factor: &Factor| DeviceChallenge {
        device_class: factor.class,
        device_uid: factor.pk.to_string(),
        challenge: Data::new(),
        last_used: factor.last_used,
        name: factor.name.clone(),
    };
    let stage = |setup: &Setup| SelectableStage {
        pk: setup.id,
        name: setup.title.clone(),
        verbose_name: setup.verbose_name.to_owned(),
        meta_model_name: setup.model.to_owned(),
    };
    Entered::Show(Body::AuthenticatorValidation(AuthenticatorValidation {
        who: run.who(),
        device_challenges: factors.iter().map(device).collect(),
        configuration_stages: setups.iter().map(stage).collect(),
    }))
}

fn choose_setup(run: &mut Run<'_>, mfa: &Mfa, response: &Response) -> Answered {
    let mut errors = ResponseErrors::default();
    let Some(word) = response.text("selected_stage", 64, true, &mut errors) else { return Answered::Invalid(errors) };
    let chosen = Uuid::try_parse(&word).ok().filter(|id| mfa.setups.iter().any(|setup| setup.id == *id));
    let Some(chosen) = chosen else {
        return Answered::Invalid(ResponseErrors::one("selected_stage", "invalid", "Invalid stage selected."));
    };
    run.context().chosen_setup = Some(chosen);
    Answered::Retry(ResponseErrors::default())
}

/// The factor that a response chooses, as programs name it or as a form does; the inner `None` for one that is not
/// there, the outer one where the response does not choose.
fn chosen(usable: &[Factor], response: &Response) -> Option<Option<i64>> {
    let named = match response.fields.get("selected_challenge")? {
        Value::Null => return None,
        // Beside a code it says which factor the code is of.
        _ if response.fields.get("code").is_some_and(|code| code.as_str().is_some_and(|code| !code.is_empty())) => {
            return None;
        }
        named => named,
    };
    Some(found(usable, named))
}

fn found(usable: &[Factor], named: &Value) -> Option<i64> {
    let uid = named.as_str().or_else(|| named.get("device_uid").and_then(Value::as_str))?;
    usable.iter().map(|factor| factor.pk).find(|pk| pk.to_string() == uid)
}

async fn check(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &AuthenticatorValidateStage,
    usable: &[Factor],
    response: &Response,
) -> Result<Answered, Failure> {
    let mut errors = ResponseErrors::default();
    let Some(code) = response.text("code", MAX_CODE, true, &mut errors) else { return Ok(Answered::Invalid(errors)) };
    let code = without_spaces(&code);
    let user = run.plan.context.pending.as_ref().and_then(|pending| pending.pk).unwrap_or_default();
    let mut paused: Option<u64> = None;
    for factor in asked(run, usable, &code, response) {
        match run.env.factors.check(user, factor, &code, throttling(stage, factor.class)).await? {
            CodeOutcome::Accepted => {
                prove(run, json!({"pk": factor.pk, "name": factor.name, "class": factor.class}));
                remember(run, id, stage);
                return Ok(Answered::Accepted);
            }
            CodeOutcome::Rejected => {}
            CodeOutcome::Paused { retry_after } => {
                paused = Some(paused.map_or(retry_after, |old| old.min(retry_after)))
            }
        }
    }
    failed(run, stage).await;
    if let Some(retry_after) = paused {
        run.retry_after = Some(retry_after);
        let text = format!("Too many wrong codes. Try again in {retry_after} seconds.");
        return Ok(Answered::Retry(ResponseErrors::one("code", "throttled", text)));
    }
    Ok(Answered::Invalid(ResponseErrors::one("code", "invalid", WRONG)))
}

/// The factors that a code may be of: the chosen one, or all that have codes that look like it.
fn asked<'f>(run: &Run<'_>, usable: &'f [Factor], code: &str, response: &Response) -> Vec<&'f Factor> {
    let named = response.fields.get("selected_challenge").and_then(|named| found(usable, named));
    if let Some(pk) = named.or(run.plan.context.chosen_factor) {
        return usable.iter().filter(|factor| factor.pk == pk).collect();
    }
    let figures = code.len() <= 8 && code.bytes().all(|byte| byte.is_ascii_digit());
    let fitting: Vec<&Factor> =
        usable.iter().filter(|factor| figures == (factor.class != DeviceClass::Static)).collect();
    if fitting.is_empty() { usable.iter().collect() } else { fitting }
}

fn throttling(stage: &AuthenticatorValidateStage, class: DeviceClass) -> f64 {
    match class {
        DeviceClass::Static => stage.static_otp_throttling_factor,
        DeviceClass::Email => stage.email_otp_throttling_factor,
        DeviceClass::Sms => stage.sms_otp_throttling_factor,
        DeviceClass::Totp | DeviceClass::Webauthn | DeviceClass::Duo => stage.totp_otp_throttling_factor,
    }
}

async fn failed(run: &Run<'_>, stage: &AuthenticatorValidateStage) {
    let pending = run.plan.context.pending.as_ref();
    let event = Event::LoginFailed {
        identifier: pending.map(|pending| pending.identifier.clone()).unwrap_or_default(),
        user: run.user(),
        stage: stage.name.clone(),
        reason: "wrong_code",
    };
    run.record(event).await;
}

/// Notes that a factor of the pending user was accepted. It is the second one only beside another proof; alone it is
/// the first.
fn prove(run: &mut Run<'_>, device: Value) {
    let context = run.context();
    let Some(pending) = context.pending.as_mut() else { return };
    if pending.standing == Standing::Claimed {
        pending.standing = Standing::Proven;
    } else if !super::email_code::repeats(context.auth_method.as_deref(), &device) {
        context.second_factor = true;
    }
    let devices = context.auth_method_args.entry("mfa_devices").or_insert_with(|| json!([]));
    if let Some(devices) = devices.as_array_mut() {
        devices.push(device);
    }
    context.auth_method.get_or_insert_with(|| "auth_mfa".to_owned());
}

async fn remembered(run: &Run<'_>, id: Uuid, stage: &AuthenticatorValidateStage, user: i64) -> Result<bool, Failure> {
    let within = stage.last_auth_threshold.delta();
    // Whoever only typed a name must not learn by it what this browser remembers.
    let known = run.trusted_or_session() == Some(user);
    Ok(known && !within.is_zero() && run.env.factors.remembered(user, id, within).await?)
}

fn remember(run: &mut Run<'_>, stage_id: Uuid, stage: &AuthenticatorValidateStage) {
    let lasting = stage.last_auth_threshold.delta();
    if let (false, Some(user)) = (lasting.is_zero(), run.user()) {
        run.effects.push(Effect::Remember { user, stage: stage_id, lasting });
    }
}
