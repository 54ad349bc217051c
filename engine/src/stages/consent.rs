//! Asks whether an application may know what it asks for.

use crate::{
    Response,
    challenge::{Body, Consent, Permission, ResponseErrors},
    run::{Answered, End, Entered, Failure, Run},
};
use lockgate_model::kinds::{ConsentMode, ConsentStage};
use subtle::ConstantTimeEq;

pub(super) async fn enter(run: &mut Run<'_>, stage: &ConsentStage) -> Result<Entered, Failure> {
    let Some(app) = run.plan.context.application.clone() else {
        // Nobody asks for anything.
        return Ok(Entered::Pass);
    };
    let Some(user) = run.trusted_or_session() else {
        return Ok(Entered::End(End::Denied("Sign in first.".to_owned())));
    };
    let request = run.plan.context.consent.clone().unwrap_or_default();
    let granted = match stage.mode {
        ConsentMode::AlwaysRequire => None,
        ConsentMode::Permanent | ConsentMode::Expiring => {
            run.env.consents.granted(user, app.pk, run.env.request.now).await?
        }
    };
    let (permissions, additional) = match &granted {
        None => (request.permissions, Vec::new()),
        Some(known) => request.permissions.into_iter().partition(|p| known.contains(&p.id)),
    };
    if granted.is_some() && additional.is_empty() && !request.always {
        return Ok(Entered::Pass);
    }
    let app = &app.name;
    let header = request.header.unwrap_or_else(|| format!("You're about to sign into {app}."));
    Ok(Entered::Show(Body::Consent(challenge(run, header, permissions, additional))))
}

fn challenge(run: &mut Run<'_>, header: String, permissions: Vec<Permission>, additional: Vec<Permission>) -> Consent {
    let token = run.plan.context.consent_token.clone().unwrap_or_else(|| run.token());
    run.context().consent_token = Some(token.clone());
    let application = run.plan.context.application.clone();
    Consent { who: run.who(), header_text: header, permissions, additional_permissions: additional, token, application }
}

pub(super) async fn answer(run: &mut Run<'_>, stage: &ConsentStage, response: &Response) -> Result<Answered, Failure> {
    let mut errors = ResponseErrors::default();
    let Some(token) = response.text("token", 256, true, &mut errors) else {
        return Ok(Answered::Invalid(errors));
    };
    let expected = run.plan.context.consent_token.clone().unwrap_or_default();
    if expected.is_empty() || !bool::from(expected.as_bytes().ct_eq(token.as_bytes())) {
        // Another tab has asked since, or the page was forged.
        let text = "Invalid consent token, re-showing prompt.";
        return Ok(Answered::Retry(ResponseErrors::one("token", "invalid", text)));
    }
    let (Some(app), Some(user)) = (run.plan.context.application.clone(), run.trusted_or_session()) else {
        return Ok(Answered::End(End::Denied("Sign in first.".to_owned())));
    };
    // Only what the page showed: an earlier consent to something else is not renewed unseen.
    let asked = run.plan.context.consent.iter().flat_map(|c| &c.permissions).map(|p| p.id.clone());
    let mut permissions: Vec<String> = asked.collect();
    permissions.sort();
    permissions.dedup();
    let now = run.env.request.now;
    let consents = run.env.consents;
    match stage.mode {
        ConsentMode::AlwaysRequire => {}
        ConsentMode::Permanent => consents.grant(user, app.pk, &permissions, None).await?,
        ConsentMode::Expiring => {
            consents.grant(user, app.pk, &permissions, Some(now + stage.consent_expire_in.delta())).await?;
        }
    }
    run.context().passage.consented = Some(permissions);
    Ok(Answered::Accepted)
}
