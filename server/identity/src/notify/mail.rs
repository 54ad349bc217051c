//! A notification as a mail.

use super::{sending::Message, summary};
use crate::{
    Identity,
    config::Snapshot,
    journal::{Action, Entry},
    mail::{Content, Letter, Template},
    sent::SendError,
};
use lockgate_model::kinds::NotificationTransport;
use serde_json::Value;

/// Particulars of an event that a mail tells, and characters of each.
const FACTS: (usize, usize) = (25, 1_024);

/// Sends a notification by mail; answers what the mail server said.
pub(super) async fn send(
    identity: &Identity,
    snapshot: &Snapshot,
    transport: &NotificationTransport,
    message: &Message<'_>,
) -> Result<String, SendError> {
    // Not tried again for a day: it is no outage that nobody has set one.
    let unset = |error: SendError| SendError::Never(error.to_string());
    let server = identity.mail_server(snapshot, None).map_err(unset)?;
    let user = &message.user.user;
    if user.email.is_empty() {
        return Err(SendError::Never(format!("{} has no e-mail address", user.username)));
    }
    let content = content(identity, snapshot, message);
    let written = content.write(Template::EventNotification).map_err(|error| SendError::Never(error.to_string()))?;
    let subject: String = format!("{}{}", transport.email_subject_prefix, content.summary).chars().take(200).collect();
    let letter = Letter::new(&user.email, &content.brand, &subject, written);
    // The same whenever this is tried again.
    let id = lockgate_flows::stable_id("mail", &format!("{} {}", message.event.pk, user.pk));
    let said = server.deliver(&letter, id, message.event.created).await?;
    // Nobody is told of it, or a rule about mails would send mails for ever.
    let entry = Entry::new(Action::EmailSent, "lockgate.notifications").quietly();
    let entry = entry.with("message", format!("Email to {} sent", letter.to)).with("to_email", letter.to.as_str());
    identity.journal.record(entry.with("from_email", server.from()).with("subject", subject));
    Ok(said)
}

fn content(identity: &Identity, snapshot: &Snapshot, message: &Message<'_>) -> Content {
    let (most, longest) = FACTS;
    let event = message.event;
    let cut = |text: &str| text.chars().take(longest).collect::<String>();
    let particulars = event.context.as_object().into_iter().flatten();
    let texts = particulars.filter_map(|(name, value)| Some((name, value.as_str()?)));
    let facts = texts.filter(|(name, _)| !matches!(name.as_str(), "message" | "hyperlink" | "hyperlink_label"));
    let mut facts: Vec<(String, String)> = facts.map(|(name, text)| (cut(name), cut(text))).take(most).collect();
    if let Some(name) = event.user.get("username").and_then(Value::as_str) {
        facts.push(("user".to_owned(), cut(name)));
    }
    let link = event.context.get("hyperlink").and_then(Value::as_str).filter(|link| link.starts_with("http"));
    Content {
        t: snapshot.language("", Some(&message.user.user), ""),
        brand: snapshot.brand("").map_or_else(|| "Lockgate".to_owned(), |(_, brand)| brand.branding_title.clone()),
        name: message.user.user.name.clone(),
        username: message.user.user.username.clone(),
        url: link.map(str::to_owned).or_else(|| identity.public_base(snapshot)).unwrap_or_default(),
        summary: cut(&summary(event)),
        severity: message.severity.to_owned(),
        facts,
        ..Content::default()
    }
}
