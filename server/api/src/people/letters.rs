//! Mails that somebody sends through the API: recovery links and invitations.

use crate::{caller::Caller, error::ApiError, objects};
use lockgate_identity::{
    Identity,
    config::Snapshot,
    mail::{Content, Letter, Template, Written},
    people::plausible_email,
    runner::RecoveryLink,
};
use lockgate_model::kinds::EmailStage;
use lockgate_store::Invitation;
use uuid::Uuid;

/// Most mails of one request.
const MOST: usize = 1_000;

/// Whom an invitation is sent to.
#[derive(Debug)]
pub(super) struct Recipients {
    pub(super) to: Vec<String>,
    pub(super) cc: Vec<String>,
    pub(super) bcc: Vec<String>,
}

fn invalid(field: &str, text: impl Into<String>) -> ApiError {
    ApiError::field(field, "invalid", text)
}

/// Where links lead: to the public address, or to the host that the caller, who is known, has asked.
pub(super) fn base(identity: &Identity, snapshot: &Snapshot, caller: &Caller) -> String {
    identity.public_base(snapshot).unwrap_or_else(|| caller.client.base())
}

fn brand(snapshot: &Snapshot, caller: &Caller) -> String {
    snapshot.brand(&caller.client.host).map(|(_, brand)| brand.branding_title.clone()).unwrap_or_default()
}

fn written(content: &Content, template: Template) -> Result<Written, ApiError> {
    content.write(template).map_err(|error| {
        tracing::error!(%error, template = template.name(), "a mail cannot be written");
        ApiError::Internal
    })
}

/// Whether there is a mail server for this, as far as settings tell.
fn has_server(identity: &Identity, snapshot: &Snapshot, stage: Option<Uuid>) -> Result<(), ApiError> {
    identity.mail_server(snapshot, stage).map(drop).map_err(|error| invalid("non_field_errors", error.to_string()))
}

/// Sends a recovery link as a stage says.
pub(super) async fn send_recovery(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    (link, stage): (RecoveryLink<'_>, Uuid),
) -> Result<(), ApiError> {
    let sight = objects::sight::Sight::of(identity, snapshot, caller);
    let found = snapshot.objects.get(stage).filter(|object| sight.has(object));
    let settings = found.and_then(|object| object.typed::<EmailStage>()).ok_or_else(|| {
        let text = format!("Invalid pk \"{stage}\" - object does not exist.");
        ApiError::field("email_stage", "does_not_exist", text)
    })?;
    has_server(identity, snapshot, Some(stage))?;
    let template = Template::with_link(&settings.template);
    let base = base(identity, snapshot, caller);
    let language = snapshot.language(&caller.client.host, Some(link.user), &caller.client.languages);
    let letter = |path: &str, life| {
        let content = Content {
            t: language,
            brand: brand(snapshot, caller),
            name: link.user.name.clone(),
            username: link.user.username.clone(),
            url: format!("{base}{path}"),
            life: Some(life),
            ..Content::default()
        };
        let written = written(&content, template)?;
        Ok::<_, ApiError>(Letter::new(&link.user.email, &content.brand, &language.told(&settings.subject), written))
    };
    identity.flows().mail_recovery_link(link, (template, stage), letter).await
}

/// Sends an invitation to each of these; each recipient has a mail of its own.
pub(super) async fn send_invitation(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    (invitation, recipients, template): (&Invitation, &Recipients, &str),
) -> Result<(), ApiError> {
    if Template::named(template) != Some(Template::Invitation) {
        return Err(invalid("template", "Invitations are sent by the template \"invitation\"."));
    }
    if invitation.expires.is_some_and(|end| end <= identity.clock.now()) {
        return Err(invalid("non_field_errors", "This invitation has ended."));
    }
    check(recipients)?;
    has_server(identity, snapshot, None)?;
    let content = Content {
        // Whom it goes to has no account yet.
        t: snapshot.language(&caller.client.host, None, &caller.client.languages),
        brand: brand(snapshot, caller),
        url: address(identity, snapshot, caller, invitation)?,
        end: invitation.expires,
        ..Content::default()
    };
    let written = written(&content, Template::Invitation)?;
    let subject = content.subject(Template::Invitation);
    let mut tasks = Vec::new();
    for to in &recipients.to {
        let letter = Letter::new(to, &content.brand, &subject, written.clone());
        let letter = Letter { cc: recipients.cc.clone(), ..letter };
        let copies = recipients.cc.iter().chain(&recipients.bcc);
        let copies = copies.map(|copy| Letter { to: copy.clone(), shown_to: Some(to.clone()), ..letter.clone() });
        for one in std::iter::once(letter.clone()).chain(copies) {
            tasks.push(identity.mail_task(Template::Invitation, one, None)?);
        }
    }
    identity.store.tasks().ask(&tasks).await?;
    identity.feed.settle().await;
    Ok(())
}

fn check(recipients: &Recipients) -> Result<(), ApiError> {
    let Recipients { to, cc, bcc } = recipients;
    for (field, addresses) in [("email_addresses", to), ("cc_addresses", cc), ("bcc_addresses", bcc)] {
        if let Some(wrong) = addresses.iter().find(|address| !plausible_email(address)) {
            return Err(invalid(field, format!("\"{wrong}\": Enter a valid email address.")));
        }
    }
    if to.len().saturating_mul(1 + cc.len() + bcc.len()) > MOST {
        return Err(invalid("email_addresses", format!("These would be more than {MOST} mails at once.")));
    }
    Ok(())
}

/// Where whoever is invited enrolls.
fn address(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    invitation: &Invitation,
) -> Result<String, ApiError> {
    use lockgate_model::kinds::FlowDesignation;
    let own = invitation.flow.and_then(|flow| snapshot.flow_by_id(flow)).map(|flow| flow.flow.slug.clone());
    let slug = own.or_else(|| snapshot.default_flow(&caller.client.host, FlowDesignation::Enrollment));
    let slug = slug.ok_or_else(|| {
        invalid("non_field_errors", "The invitation leads to no flow, and there is none for enrollment.")
    })?;
    Ok(format!("{}/if/flow/{slug}/?itoken={}", base(identity, snapshot, caller), invitation.pk))
}
