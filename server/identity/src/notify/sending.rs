//! Sending a notification somewhere.
//!
//! As everywhere where an address was configured: no redirects are followed, nothing is waited for longer than some
//! seconds, and of the answer only its status counts.

use super::{mail, shown, summary};
pub use crate::sent::SendError;
use crate::{
    Identity,
    config::Snapshot,
    journal::{Action, Entry},
    sent::told,
};
use lockgate_model::{
    Principal,
    kinds::{CertificateKeyPair, NotificationTransport, TransportMode},
};
use lockgate_policies::{Env, Facts};
use lockgate_store::{Event, Task};
use reqwest::{
    Client,
    header::{self, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use serde_json::{Map, Value, json};
use std::{sync::OnceLock, time::Duration};
use uuid::Uuid;

/// How long a receiver may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest body that is sent, in bytes.
const LONGEST: usize = 256 << 10;

/// Fields of a message in Slack's form, and characters of their names and values, as Discord limits them.
const FIELDS: (usize, usize, usize) = (25, 256, 1_024);

/// Headers that a mapping cannot set: they belong to the connection.
static OURS: [HeaderName; 5] =
    [header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION, header::UPGRADE];

/// What is to be told to whom.
pub struct Message<'a> {
    /// The event.
    pub event: &'a Event,
    /// How severe it is.
    pub severity: &'a str,
    /// Whom.
    pub user: &'a Principal,
}

/// Does what a task of [`super::SEND`] wants; answers what the receiver said.
///
/// # Errors
/// [`SendError`].
pub async fn sent(identity: &Identity, task: &Task) -> Result<String, SendError> {
    let key = |name: &str| task.data[name].as_str().and_then(|text| Uuid::parse_str(text).ok()).unwrap_or_default();
    let never = |why: &str| SendError::Never(why.to_owned());
    let event = identity.store.events().get(key("event")).await?.ok_or_else(|| never("the event is gone"))?;
    let who = match task.data["user"].as_i64() {
        Some(pk) => identity.principals.get(pk).await?,
        None => None,
    };
    let who = who.ok_or_else(|| never("who is to be told has no account any more"))?;
    let snapshot = identity.config.snapshot();
    let transport = snapshot.objects.typed::<NotificationTransport>(key("transport"));
    let transport = transport.ok_or_else(|| never("the transport is gone"))?;
    let severity = task.data["severity"].as_str().unwrap_or_default();
    send(identity, &snapshot, transport, &Message { event: &event, severity, user: who.principal() }).await
}

/// Sends a message by a transport to somewhere else; answers what the receiver said.
///
/// # Errors
/// [`SendError`].
pub async fn send(
    identity: &Identity,
    snapshot: &Snapshot,
    transport: &NotificationTransport,
    message: &Message<'_>,
) -> Result<String, SendError> {
    let (body, headers) = match transport.mode {
        TransportMode::Webhook => webhook(identity, snapshot, transport, message)?,
        TransportMode::WebhookSlack => (slack(identity, snapshot, message), HeaderMap::new()),
        TransportMode::Email => return mail::send(identity, snapshot, transport, message).await,
        TransportMode::Local => return Err(SendError::Never("it is told where people sign in".to_owned())),
    };
    let body = body.to_string();
    if body.len() > LONGEST {
        return Err(SendError::Never(format!("the body has more than {LONGEST} bytes")));
    }
    let http = client(snapshot, transport)?;
    let request = http.post(&transport.webhook_url).header(header::CONTENT_TYPE, "application/json");
    // The error would name the address, which may hold a secret.
    let answer = request.headers(headers).body(body).send().await;
    let status = answer.map_err(|error| SendError::NotNow(told(error.without_url())))?.status();
    if status.is_success() {
        return Ok(format!("the receiver answered {status}"));
    }
    Err(SendError::NotNow(format!("the receiver answered {status}")))
}

/// What asks receivers, as far as it is the same for all of them; made when it is first needed.
static USUAL: OnceLock<Option<Client>> = OnceLock::new();

fn client(snapshot: &Snapshot, transport: &NotificationTransport) -> Result<Client, SendError> {
    let unusable = || SendError::Never("no connection can be made with this transport".to_owned());
    let Some(ca) = &transport.webhook_ca else {
        return USUAL.get_or_init(|| builder().build().ok()).clone().ok_or_else(unusable);
    };
    let pair = snapshot.objects.typed::<CertificateKeyPair>(ca.0).ok_or_else(unusable)?;
    let certificates = reqwest::Certificate::from_pem_bundle(pair.certificate_data.as_bytes());
    let certificates = certificates.map_err(|_| SendError::Never("its authority is no certificate".to_owned()))?;
    builder().tls_certs_only(certificates).build().map_err(|_| unusable())
}

fn builder() -> reqwest::ClientBuilder {
    let agent = concat!("Lockgate/", env!("CARGO_PKG_VERSION"));
    let builder = Client::builder().user_agent(agent).redirect(Policy::none());
    builder.timeout(PATIENCE).connect_timeout(PATIENCE).pool_max_idle_per_host(1)
}

/// What a webhook gets: what the mappings make of it, or the usual.
fn webhook(
    identity: &Identity,
    snapshot: &Snapshot,
    transport: &NotificationTransport,
    message: &Message<'_>,
) -> Result<(Value, HeaderMap), SendError> {
    let body = match &transport.webhook_mapping_body {
        Some(mapping) => mapped(identity, snapshot, mapping.0, message)?,
        None => usual(message),
    };
    let Some(mapping) = &transport.webhook_mapping_headers else { return Ok((body, HeaderMap::new())) };
    let made = mapped(identity, snapshot, mapping.0, message)?;
    let made = made.as_object().ok_or_else(|| SendError::Never("the mapping of headers makes no map".to_owned()))?;
    let mut headers = HeaderMap::new();
    for (name, value) in made {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let header = HeaderName::try_from(name.as_str()).ok().zip(HeaderValue::try_from(text).ok());
        let (name, value) = header
            .filter(|(name, _)| !OURS.contains(name))
            .ok_or_else(|| SendError::Never(format!("the mapping makes a header \"{name}\" that cannot be sent")))?;
        headers.insert(name, value);
    }
    Ok((body, headers))
}

/// What a webhook gets when nobody says otherwise.
fn usual(message: &Message<'_>) -> Value {
    let (event, user) = (message.event, &message.user.user);
    let mut body = json!({
        "body": summary(event),
        "severity": message.severity,
        "user_email": user.email,
        "user_username": user.username,
    });
    if event.user.is_object() {
        body["event_user_email"] = event.user["email"].clone();
        body["event_user_username"] = event.user["username"].clone();
    }
    body
}

/// What a mapping makes of a message. One that fails is noted.
fn mapped(identity: &Identity, snapshot: &Snapshot, mapping: Uuid, message: &Message<'_>) -> Result<Value, SendError> {
    let expression = snapshot.mapping_expression(mapping);
    let expression = expression.ok_or_else(|| SendError::Never("its mapping is gone".to_owned()))?;
    let user = &message.user.user;
    let notification = json!({
        "body": summary(message.event),
        "severity": message.severity,
        "event": shown(message.event),
        "user": {"pk": user.pk, "username": user.username, "name": user.name, "email": user.email},
    });
    let context = Map::from_iter([("notification".to_owned(), notification)]);
    let facts = Facts { context: &context, ..Facts::at(identity.clock.now()) };
    let env = Env {
        stopwatch: Some(snapshot.stopwatch()),
        world: Some(snapshot.world()),
        ..Env::new(Some(message.user), &facts)
    };
    expression.eval_value(&env).map_err(|error| {
        let entry = Entry::new(Action::PropertyMappingException, "lockgate.notifications").quietly();
        let entry = entry.about("authentik_events.notificationwebhookmapping", mapping.to_string(), expression.name());
        identity.journal.record(entry.with("message", error.to_string()));
        SendError::Never(error.to_string())
    })
}

/// A message in Slack's form, which others understand too.
fn slack(identity: &Identity, snapshot: &Snapshot, message: &Message<'_>) -> Value {
    let (most, longest_name, longest) = FIELDS;
    let title = snapshot.brand("").map_or("Lockgate", |(_, brand)| brand.branding_title.as_str());
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let short = |title: &str, value: &str| json!({"title": title, "value": cut(value, longest), "short": true});
    let mut fields = vec![short("Severity", message.severity)];
    fields.push(short("Dispatched for user", &message.user.user.username));
    let particulars = message.event.context.as_object();
    let texts = particulars.into_iter().flatten().filter_map(|(name, value)| Some((name, value.as_str()?)));
    fields.extend(texts.map(|(name, text)| json!({"title": cut(name, longest_name), "value": cut(text, longest)})));
    fields.truncate(most);
    let link = identity.public_base(snapshot);
    json!({
        "username": title,
        "attachments": [{
            "author_name": title,
            "author_link": link,
            "title": cut(&summary(message.event), longest),
            "color": color(message.severity),
            "fields": fields,
            "footer": concat!("Lockgate ", env!("CARGO_PKG_VERSION")),
        }],
    })
}

fn color(severity: &str) -> &'static str {
    match severity {
        "alert" => "#c9190b",
        "warning" => "#f0ab00",
        _ => "#2b9af3",
    }
}
