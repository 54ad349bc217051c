//! Who is it? Answers about names that exist and names that do not look the same, unless the stage
//! is told otherwise.

use crate::{
    Response,
    challenge::{self, Body, ResponseErrors, Who},
    compiled::Identification,
    context::{Pending, Standing},
    ports::Event,
    run::{Answered, End, Entered, Failure, Run},
    stages::{
        MAX_PASSWORD,
        captcha::{self, Checked as Person},
        passkey,
        password::{self, Attempt, Checked},
    },
};
use lockgate_model::User;

const FAILED: &str = "Failed to authenticate.";
const MAX_IDENTIFIER: usize = 255;

pub(super) async fn enter(run: &mut Run<'_>, compiled: &Identification) -> Result<Entered, Failure> {
    let stage = &compiled.stage;
    let passkey_challenge = match &compiled.passkeys {
        Some((id, stage)) if run.env.passkeys.are_known_here() => {
            Some(passkey::ask(run, *id, None, passkey::terms(stage)).await?)
        }
        _ => None,
    };
    let captcha = compiled.captcha.as_ref().map(|(_, stage)| captcha::asked(stage, Who::default()));
    let page = |slug: &Option<String>| slug.as_deref().map(|slug| run.page_of(slug));
    let context = &run.plan.context;
    let app = context.application.as_ref();
    Ok(Entered::Show(Body::Identification(Box::new(challenge::Identification {
        user_fields: stage.user_fields.clone(),
        pending_user_identifier: context.pending.as_ref().map(|p| p.identifier.clone()),
        password_fields: compiled.password.is_some(),
        allow_show_password: compiled.password.as_ref().is_some_and(|(_, p)| p.allow_show_password),
        application_pre: app.map(|a| a.name.clone()),
        application_pre_launch: app.map(|a| a.launch_url.clone()).filter(|url| !url.is_empty()),
        flow_designation: run.flow.flow.designation,
        captcha_stage: captcha.map(|asked| Box::new(Body::Captcha(asked))),
        enroll_url: page(&compiled.enrollment),
        recovery_url: page(&compiled.recovery),
        passwordless_url: page(&compiled.passwordless),
        primary_action: if compiled.password.is_some() { "Log in" } else { "Continue" }.to_owned(),
        sources: Vec::new(),
        show_source_labels: stage.show_source_labels,
        enable_remember_me: stage.enable_remember_me,
        passkey_challenge,
    }))))
}

pub(super) async fn answer(
    run: &mut Run<'_>,
    compiled: &Identification,
    response: &Response,
) -> Result<Answered, Failure> {
    if let (Some((id, stage)), Some(given)) = (&compiled.passkeys, passkey::answer(response, "passkey")) {
        let shown = passkey::shown(run, *id, None, passkey::terms(stage), &given).await?;
        if let Some(shown) = shown
            && passkey::welcome(run, &shown).await?
        {
            return Ok(Answered::Accepted);
        }
        passkey::refused(run, &compiled.stage.name).await;
        return Ok(Answered::Invalid(ResponseErrors::general("invalid", FAILED)));
    }
    let mut errors = ResponseErrors::default();
    let typed = response.text("uid_field", MAX_IDENTIFIER, true, &mut errors).unwrap_or_default();
    let password = compiled.password.as_ref().and_then(|_| response.text("password", MAX_PASSWORD, true, &mut errors));
    let token = compiled.captcha.as_ref().and_then(|_| captcha::token(response, "captcha_token", &mut errors));
    let typed = typed.trim();
    if typed.is_empty() && errors.is_empty() {
        errors.add("uid_field", "blank", "This field may not be blank.");
    }
    if !errors.is_empty() {
        return Ok(Answered::Invalid(errors));
    }
    // Before anything is looked up: a program learns nothing, and tries no password.
    if let (Some((id, stage)), Some(token)) = (&compiled.captcha, token) {
        match captcha::check(run, *id, stage, &token).await? {
            Person::Passed => {}
            Person::Refused(error) => return Ok(Answered::Invalid(error.under(ResponseErrors::GENERAL))),
            Person::Unknown(error) => return Ok(Answered::Retry(error.under(ResponseErrors::GENERAL))),
        }
    }
    let stage = &compiled.stage;
    let found = match stage.user_fields.as_slice() {
        [] => None,
        fields => run.env.directory.find(fields, typed, stage.case_insensitive_matching).await?,
    };
    // Whoever was known before: this is about somebody new now.
    run.context().set_pending(claimed(compiled, found.as_ref(), typed));
    match password {
        Some(password) => with_password(run, compiled, found, typed, &password).await,
        None => without_password(run, compiled, found, typed).await,
    }
}

fn claimed(compiled: &Identification, found: Option<&User>, typed: &str) -> Pending {
    let stage = &compiled.stage;
    // The matched name would tell that it exists, and more: keep it until the password is accepted.
    let reveal = stage.show_matched_user && !stage.pretend_user_exists;
    let shown = found.filter(|_| reveal).map_or(typed, |u| u.username.as_str());
    Pending {
        pk: found.map(|u| u.pk),
        shown: shown.to_owned(),
        identifier: typed.to_owned(),
        standing: Standing::Claimed,
    }
}

async fn without_password(
    run: &mut Run<'_>,
    compiled: &Identification,
    found: Option<User>,
    typed: &str,
) -> Result<Answered, Failure> {
    if found.is_some() || compiled.stage.pretend_user_exists && !compiled.stage.user_fields.is_empty() {
        return Ok(Answered::Accepted);
    }
    let stage = compiled.stage.name.clone();
    run.record(Event::LoginFailed { identifier: typed.to_owned(), user: None, stage, reason: "unknown_user" }).await;
    Ok(Answered::Invalid(ResponseErrors::general("invalid", FAILED)))
}

async fn with_password(
    run: &mut Run<'_>,
    compiled: &Identification,
    found: Option<User>,
    typed: &str,
    password: &str,
) -> Result<Answered, Failure> {
    let Some((id, stage)) = &compiled.password else { return Err(Failure("the password stage is gone".to_owned())) };
    let attempt = Attempt { id: *id, stage, user: found.as_ref(), identifier: typed, password };
    match (password::check(run, attempt).await?, found) {
        (Checked::Accepted(backend), Some(user)) => {
            let pending = Pending { identifier: typed.to_owned(), ..Pending::of(&user, Standing::Proven) };
            run.context().set_pending(pending);
            password::prove(run, backend);
            Ok(Answered::Accepted)
        }
        (Checked::Overloaded(errors), _) => Ok(Answered::Retry(errors)),
        (Checked::Exhausted, _) => Ok(Answered::End(End::Denied(FAILED.to_owned()))),
        (Checked::Accepted(_) | Checked::Rejected, _) => {
            Ok(Answered::Invalid(ResponseErrors::general("invalid", FAILED)))
        }
    }
}
