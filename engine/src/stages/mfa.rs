//! Asks for a second factor: which one, the code that proves it, and what follows where there is none.

use super::{enroll_totp::without_spaces, passkey, push};
use crate::{
    CompiledStage, Response, Stage,
    challenge::{AuthenticatorValidation, Body, DeviceChallenge, ResponseErrors, SelectableStage},
    compiled::{Mfa, Setup},
    context::Standing,
    ports::{CodeOutcome, Event, Factor},
    run::{Answered, End, Entered, Failure, Run},
    stages,
    step::Effect,
};
use chrono::{DateTime, Utc};
use lockgate_model::kinds::{AuthenticatorValidateStage, DeviceClass, NotConfiguredAction};
use serde_json::{Value, json};
use uuid::Uuid;

const NOBODY: &str = "Nobody has said who they are yet.";
const NONE: &str = "You need a second factor to go on, and have none. Ask an administrator for help.";
const ELSEWHERE: &str = "Your passkey doesn’t work at this address. Open this site by its name.";
const NOT_IT: &str = "That passkey wasn’t accepted. Try again, or use another way.";
const WRONG: &str = "Invalid Token. Please ensure the time on your device is accurate and try again.";

/// The longest code.
const MAX_CODE: usize = 128;

/// Stands for all passkeys of somebody: the browser chooses among them.
const ANY_PASSKEY: i64 = -1;

pub(super) async fn enter(run: &mut Run<'_>, id: Uuid, mfa: &Mfa) -> Result<Entered, Failure> {
    run.adopt_session();
    let Some(pending) = &run.plan.context.pending else {
        // A passkey tells itself whose it is.
        return match accepts_passkeys(&mfa.stage) && run.env.passkeys.are_known_here() {
            true => show(run, id, mfa, &[any_passkey(None)], &[]).await,
            false => Ok(Entered::End(End::Denied(NOBODY.to_owned()))),
        };
    };
    let user = pending.pk;
    if came_by_passkey(run, &mfa.stage) {
        return Ok(Entered::Pass);
    }
    if let Some(setup) = setup(run, mfa) {
        return Box::pin(set_up(run, setup)).await;
    }
    let usable = usable(run, &mfa.stage).await?;
    if !usable.is_empty() {
        // What is remembered counts as long as there is a factor at all.
        if let Some(user) = user
            && remembered(run, id, &mfa.stage, user).await?
        {
            prove(run, json!({"remembered": true}), false);
            return Ok(Entered::Pass);
        }
        // A factor that cannot be shown at this address is one all the same: without it nobody goes on.
        let shown = shown_here(run, usable);
        if shown.is_empty() {
            return Ok(Entered::End(End::Denied(ELSEWHERE.to_owned())));
        }
        if let Some(end) = super::sent_code::ask(run, &shown).await? {
            return Ok(Entered::End(end));
        }
        return show(run, id, mfa, &shown, &[]).await;
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
            several => show(run, id, mfa, &[], several).await,
        },
    }
}

pub(super) async fn answer(run: &mut Run<'_>, id: Uuid, mfa: &Mfa, response: &Response) -> Result<Answered, Failure> {
    if run.plan.context.pending.is_none() {
        return by_passkey_alone(run, id, &mfa.stage, response).await;
    }
    if let Some(setup) = setup(run, mfa) {
        return finish_setup(run, setup, response).await;
    }
    let usable = usable(run, &mfa.stage).await?;
    if usable.is_empty() {
        return Ok(choose_setup(run, mfa, response));
    }
    if let Some(given) = passkey::answer(response, "webauthn") {
        return by_passkey(run, id, &mfa.stage, &given).await;
    }
    if let Some(pk) = push::asked(response) {
        return by_push(run, id, &mfa.stage, &usable, (pk, response)).await;
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

/// Whoever has just shown a code of the app that was set up, or made a passkey, has shown a second factor.
async fn finish_setup(run: &mut Run<'_>, setup: &Setup, response: &Response) -> Result<Answered, Failure> {
    let answered = Box::pin(stages::answer(run, &place(run, setup)?, response)).await?;
    let class = match (&answered, &setup.stage) {
        (Answered::Accepted, Stage::EnrollTotp(_)) => DeviceClass::Totp,
        (Answered::Accepted, Stage::EnrollWebAuthn(_)) => DeviceClass::Webauthn,
        (Answered::Accepted, Stage::EnrollEmail(_)) => DeviceClass::Email,
        // A number that is only verified is no factor, then or later.
        (Answered::Accepted, Stage::EnrollSms(stage)) if !stage.verify_only => DeviceClass::Sms,
        (Answered::Accepted, Stage::EnrollDuo(_)) => DeviceClass::Duo,
        _ => return Ok(answered),
    };
    prove(run, json!({"name": setup.title, "class": class, "enrolled": true}), false);
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
    factors.retain(|factor| stage.device_classes.contains(&factor.class));
    as_one_passkey(&mut factors);
    if let Some(at) = run.plan.context.chosen_factor.and_then(|pk| factors.iter().position(|one| one.pk == pk)) {
        factors[..=at].rotate_right(1);
    }
    Ok(factors)
}

fn accepts_passkeys(stage: &AuthenticatorValidateStage) -> bool {
    stage.device_classes.contains(&DeviceClass::Webauthn)
}

/// Those that a browser can show where it is.
fn shown_here(run: &Run<'_>, mut factors: Vec<Factor>) -> Vec<Factor> {
    let known = run.env.passkeys.are_known_here();
    factors.retain(|factor| known || factor.class != DeviceClass::Webauthn);
    factors
}

fn any_passkey(last_used: Option<DateTime<Utc>>) -> Factor {
    Factor { pk: ANY_PASSKEY, class: DeviceClass::Webauthn, name: "Passkey".to_owned(), last_used }
}

/// Puts one that stands for all in the place of the first passkey.
fn as_one_passkey(factors: &mut Vec<Factor>) {
    let Some(first) = factors.iter().position(|factor| factor.class == DeviceClass::Webauthn) else { return };
    let last_used = factors[first].last_used;
    factors.retain(|factor| factor.class != DeviceClass::Webauthn);
    factors.insert(first, any_passkey(last_used));
}

/// Whether a passkey that verified the person brought them here: it is a second factor already, unless the stage
/// takes only some models.
fn came_by_passkey(run: &Run<'_>, stage: &AuthenticatorValidateStage) -> bool {
    let context = &run.plan.context;
    let alone = context.auth_method.as_deref() == Some(passkey::ALONE);
    alone && context.second_factor && accepts_passkeys(stage) && stage.webauthn_allowed_device_types.is_empty()
}

async fn show(
    run: &mut Run<'_>,
    id: Uuid,
    mfa: &Mfa,
    factors: &[Factor],
    setups: &[Setup],
) -> Result<Entered, Failure> {
    let mut devices = Vec::new();
    for factor in factors {
        let challenge = match factor.class {
            DeviceClass::Webauthn => {
                let user = run.plan.context.pending.as_ref().and_then(|pending| pending.pk);
                passkey::ask(run, id, user, passkey::terms(&mfa.stage)).await?
            }
            _ => json!({}),
        };
        devices.push(DeviceChallenge {
            device_class: factor.class,
            device_uid: factor.pk.to_string(),
            challenge,
            last_used: factor.last_used,
            name: factor.name.clone(),
        });
    }
    let stage = |setup: &Setup| SelectableStage {
        pk: setup.id,
        name: setup.title.clone(),
        verbose_name: setup.verbose_name.to_owned(),
        meta_model_name: setup.model.to_owned(),
    };
    Ok(Entered::Show(Body::AuthenticatorValidation(AuthenticatorValidation {
        who: run.who(),
        device_challenges: devices,
        configuration_stages: setups.iter().map(stage).collect(),
    })))
}

/// A passkey of the pending user answers.
async fn by_passkey(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &AuthenticatorValidateStage,
    given: &Value,
) -> Result<Answered, Failure> {
    let user = run.plan.context.pending.as_ref().and_then(|pending| pending.pk);
    let shown = passkey::shown(run, id, user, passkey::terms(stage), given).await?;
    let Some(shown) = shown.filter(|shown| accepts_passkeys(stage) && Some(shown.user) == user) else {
        passkey::refused(run, &stage.name).await;
        return Ok(not_it());
    };
    prove(run, passkey::device(&shown), shown.verified);
    remember(run, id, stage);
    Ok(Answered::Accepted)
}

/// A passkey answers, and nobody has said who they are.
async fn by_passkey_alone(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &AuthenticatorValidateStage,
    response: &Response,
) -> Result<Answered, Failure> {
    if !accepts_passkeys(stage) {
        return Ok(Answered::End(End::Denied(NOBODY.to_owned())));
    }
    let Some(given) = passkey::answer(response, "webauthn") else {
        return Ok(Answered::Invalid(ResponseErrors::one("webauthn", "required", "This field is required.")));
    };
    if let Some(shown) = passkey::shown(run, id, None, passkey::terms(stage), &given).await?
        && passkey::welcome(run, &shown).await?
    {
        return Ok(Answered::Accepted);
    }
    passkey::refused(run, &stage.name).await;
    Ok(not_it())
}

/// The phone of the pending user answers, which Duo asks.
async fn by_push(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &AuthenticatorValidateStage,
    usable: &[Factor],
    (pk, response): (i64, &Response),
) -> Result<Answered, Failure> {
    let factor = usable.iter().find(|factor| factor.pk == pk && factor.class == DeviceClass::Duo);
    let Some(factor) = factor else { return Ok(push::complaint("invalid", "Invalid device.")) };
    Ok(match push::ask(run, factor, response).await? {
        push::Said::Yes => {
            prove(run, json!({"pk": factor.pk, "name": factor.name, "class": factor.class}), false);
            remember(run, id, stage);
            Answered::Accepted
        }
        push::Said::No(answered) => {
            failed(run, stage, "push_refused").await;
            answered
        }
        push::Said::NotYet(answered) => answered,
    })
}

fn not_it() -> Answered {
    Answered::Invalid(ResponseErrors::one("webauthn", "invalid", NOT_IT))
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
                prove(run, json!({"pk": factor.pk, "name": factor.name, "class": factor.class}), false);
                remember(run, id, stage);
                return Ok(Answered::Accepted);
            }
            CodeOutcome::Rejected => {}
            CodeOutcome::Paused { retry_after } => {
                paused = Some(paused.map_or(retry_after, |old| old.min(retry_after)))
            }
        }
    }
    failed(run, stage, "wrong_code").await;
    if let Some(retry_after) = paused {
        run.retry_after = Some(retry_after);
        let text = format!("Too many wrong codes. Try again in {retry_after} seconds.");
        return Ok(Answered::Retry(ResponseErrors::one("code", "throttled", text)));
    }
    Ok(Answered::Invalid(ResponseErrors::one("code", "invalid", WRONG)))
}

/// The factors that a code may be of: the chosen one, or all that have codes that look like it.
fn asked<'f>(run: &Run<'_>, usable: &'f [Factor], code: &str, response: &Response) -> Vec<&'f Factor> {
    let coded = || usable.iter().filter(|factor| factor.class != DeviceClass::Webauthn);
    let named = response.fields.get("selected_challenge").and_then(|named| found(usable, named));
    if let Some(pk) = named.or(run.plan.context.chosen_factor) {
        return coded().filter(|factor| factor.pk == pk).collect();
    }
    let figures = code.len() <= 8 && code.bytes().all(|byte| byte.is_ascii_digit());
    // Duo is asked about a code only where it must be one of Duo's.
    let here = || coded().filter(|factor| factor.class != DeviceClass::Duo);
    let fitting: Vec<&Factor> = here().filter(|factor| figures == (factor.class != DeviceClass::Static)).collect();
    let here: Vec<&Factor> = if fitting.is_empty() { here().collect() } else { fitting };
    if here.is_empty() { coded().collect() } else { here }
}

fn throttling(stage: &AuthenticatorValidateStage, class: DeviceClass) -> f64 {
    match class {
        DeviceClass::Static => stage.static_otp_throttling_factor,
        DeviceClass::Email => stage.email_otp_throttling_factor,
        DeviceClass::Sms => stage.sms_otp_throttling_factor,
        DeviceClass::Totp | DeviceClass::Webauthn | DeviceClass::Duo => stage.totp_otp_throttling_factor,
    }
}

async fn failed(run: &Run<'_>, stage: &AuthenticatorValidateStage, reason: &'static str) {
    let pending = run.plan.context.pending.as_ref();
    let event = Event::LoginFailed {
        identifier: pending.map(|pending| pending.identifier.clone()).unwrap_or_default(),
        user: run.user(),
        stage: stage.name.clone(),
        reason,
    };
    run.record(event).await;
}

/// Notes that a factor of the pending user was accepted. It is the second one only beside another proof; alone it is
/// the first, unless it is `both` in one.
fn prove(run: &mut Run<'_>, device: Value, both: bool) {
    let context = run.context();
    let Some(pending) = context.pending.as_mut() else { return };
    let alone = pending.standing == Standing::Claimed;
    // What is two factors in one proves anew who is there, also in a session.
    if alone || both && pending.standing == Standing::Session {
        pending.standing = Standing::Proven;
    }
    let repeated = super::sent_code::repeats(context.auth_method.as_deref(), &device);
    context.second_factor |= both || !alone && !repeated;
    let method =
        if (alone || both) && device["class"] == json!(DeviceClass::Webauthn) { passkey::ALONE } else { "auth_mfa" };
    let devices = context.auth_method_args.entry("mfa_devices").or_insert_with(|| json!([]));
    if let Some(devices) = devices.as_array_mut() {
        devices.push(device);
    }
    context.auth_method.get_or_insert_with(|| method.to_owned());
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
