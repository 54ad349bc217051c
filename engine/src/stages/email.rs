//! Sends a link to the address of the pending user; whoever opens it has shown that they read there, and goes on with
//! the plan, in whatever browser.

use crate::{
    challenge::{Body, Email, ResponseErrors},
    context::Standing,
    mail::{MailLink, Posted},
    ports::{Event, UserChanges, WriteError},
    run::{Answered, End, Entered, Failure, Run},
};
use lockgate_model::kinds::{EmailStage, FlowDesignation};
use uuid::Uuid;

/// What events and expressions read of how somebody proved who they are.
pub(super) const METHOD: &str = "email";

pub(super) async fn enter(run: &mut Run<'_>, id: Uuid, stage: &EmailStage) -> Result<Entered, Failure> {
    run.adopt_session();
    if run.plan.context.pending.is_none() {
        return Ok(Entered::End(End::Denied("No pending user.".to_owned())));
    }
    if !run.plan.context.mailed.contains(&id) {
        match send(run, id, stage).await? {
            Posted::Sent => {}
            Posted::TooMany { minutes } => return Ok(Entered::End(End::Denied(too_many(minutes)))),
            Posted::Unable(why) => return Ok(Entered::End(End::Denied(why))),
        }
    }
    Ok(Entered::Show(Body::Email(Email::default())))
}

/// Whoever answers wants it sent again.
pub(super) async fn answer(run: &mut Run<'_>, id: Uuid, stage: &EmailStage) -> Result<Answered, Failure> {
    Ok(match send(run, id, stage).await? {
        Posted::Sent => Answered::Retry(ResponseErrors::general(Email::SENT_AGAIN, "Email sent.")),
        Posted::TooMany { minutes } => Answered::Retry(ResponseErrors::general("email-limit", too_many(minutes))),
        Posted::Unable(why) => Answered::End(End::Denied(why)),
    })
}

pub(super) fn too_many(minutes: i64) -> String {
    match minutes {
        1 => "Too many emails were asked for. Please try again after 1 minute.".to_owned(),
        _ => format!("Too many emails were asked for. Please try again after {minutes} minutes."),
    }
}

async fn send(run: &mut Run<'_>, id: Uuid, stage: &EmailStage) -> Result<Posted, Failure> {
    run.context().mailed.insert(id);
    let subject = run.subject().await?;
    let Some(pending) = &run.plan.context.pending else { return Ok(Posted::Sent) };
    // An account that somebody has shut stays shut: only one that this very plan has made is opened by its mail.
    let made_here = pending.standing == Standing::Created;
    let may_open = |active: bool| active || made_here && stage.activate_user_on_success;
    let to = subject.as_ref().map(|s| &s.user).filter(|user| !user.email.is_empty() && may_open(user.is_active));
    let mut plan = run.plan.clone();
    plan.shown = true;
    let link = MailLink { stage: id, settings: stage, identifier: &pending.identifier, to, plan: &plan };
    Ok(run.env.mail.send_link(link, run.env.request).await?)
}

/// Somebody whose link was opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader {
    pk: i64,
    /// The plan has made the account itself.
    made_here: bool,
}

/// The link was opened: whoever did reads the mail of the pending user, and is believed to be them.
pub(crate) fn vouch(run: &mut Run<'_>) -> Option<Reader> {
    let recovery = run.flow.flow.designation == FlowDesignation::Recovery;
    let context = run.context();
    let pending = context.pending.as_mut()?;
    let reader = Reader { pk: pending.pk?, made_here: pending.standing == Standing::Created };
    if pending.standing != Standing::Proven {
        pending.standing = Standing::Vouched;
    }
    context.auth_method.get_or_insert_with(|| METHOD.to_owned());
    if recovery {
        // It was typed by somebody who only knew a name, and would be written by who reads the mail.
        context.prompt_data.clear();
        context.new_password = None;
    }
    Some(reader)
}

/// Opens the account, where the stage says so.
pub(crate) async fn activate(run: &mut Run<'_>, stage: &EmailStage, reader: Reader) -> Result<Option<End>, Failure> {
    if !(reader.made_here && stage.activate_user_on_success) {
        return Ok(None);
    }
    let changes = UserChanges { active: Some(true), ..UserChanges::default() };
    match run.env.directory.update(reader.pk, changes).await {
        Ok(_) => {}
        Err(WriteError::Failed(error)) => return Err(error.into()),
        Err(error) => return Ok(Some(End::Denied(error.to_string()))),
    }
    let fields = vec!["is_active".to_owned()];
    run.record(Event::UserWritten { user: reader.pk, created: false, fields }).await;
    Ok(None)
}
