//! Whom a rule tells of an event, and how.

use super::{SEND, new_task, summary};
use crate::{Identity, config::Snapshot, system::time_uuid};
use lockgate_model::kinds::{NotificationRule, NotificationTransport, TransportMode};
use lockgate_store::{Event, Notification, StoreError, Task};
use serde_json::{Value, json};
use uuid::Uuid;

/// Most people that one rule tells of one event.
const MOST: usize = 10_000;

/// What comes of one event by one rule.
#[derive(Debug, Default)]
pub struct Told {
    /// What people find where they sign in.
    pub local: Vec<Notification>,
    /// What is to be sent somewhere.
    pub sent: Vec<Task>,
    /// In words, what was not done and why; empty when all was.
    pub remarks: Vec<String>,
}

/// Finds out what a task of [`super::TELL`] wants.
///
/// # Errors
/// Whatever the database answers.
pub async fn told(identity: &Identity, task: &Task) -> Result<Told, StoreError> {
    let key = |name: &str| task.data[name].as_str().and_then(|text| Uuid::parse_str(text).ok()).unwrap_or_default();
    let snapshot = identity.config.snapshot();
    let nothing = |why: &str| Told { remarks: vec![why.to_owned()], ..Told::default() };
    let Some(event) = identity.store.events().get(key("event")).await? else {
        return Ok(nothing("the event is gone"));
    };
    let Some(rule) = snapshot.objects.typed::<NotificationRule>(key("rule")) else {
        return Ok(nothing("the rule is gone"));
    };
    let mut people = people(identity, rule, &event).await?;
    let mut told = match people.len() {
        0 => nothing("nobody is to be told"),
        count if count > MOST => nothing(&format!("{count} people are to be told; {MOST} of them are")),
        _ => Told::default(),
    };
    people.truncate(MOST);
    for transport in &rule.transports {
        let Some(way) = snapshot.objects.typed::<NotificationTransport>(transport.0) else { continue };
        let some = if way.send_once { &people[..people.len().min(1)] } else { &people[..] };
        for pk in some {
            if way.mode == TransportMode::Local {
                told.local.push(notification(identity, &event, rule.severity.as_str(), *pk));
            } else {
                told.sent.push(sending(identity, &snapshot, &event, rule, (transport.0, *pk)));
            }
        }
    }
    Ok(told)
}

/// The active accounts that a rule tells of an event, each once.
async fn people(identity: &Identity, rule: &NotificationRule, event: &Event) -> Result<Vec<i64>, StoreError> {
    let mut people = match &rule.destination_group {
        Some(group) => identity.store.groups().users_in_groups(&[group.0], identity.clock.now()).await?,
        None => Vec::new(),
    };
    let doer = event.user_pk.filter(|pk| rule.destination_event_user && !people.contains(pk));
    people.extend(doer);
    let known = identity.store.users().get_many(&people).await?;
    let active: std::collections::BTreeSet<i64> = known.into_iter().filter(|u| u.is_active).map(|u| u.pk).collect();
    people.retain(|pk| active.contains(pk));
    Ok(people)
}

/// What a person finds where it signs in.
#[must_use]
pub fn notification(identity: &Identity, event: &Event, severity: &str, user_pk: i64) -> Notification {
    let link = |name: &str| event.context.get(name).and_then(Value::as_str).map(str::to_owned);
    Notification {
        pk: time_uuid(&*identity.clock, &*identity.random),
        event_pk: event.pk,
        user_pk,
        severity: severity.to_owned(),
        body: summary(event),
        hyperlink: link("hyperlink"),
        hyperlink_label: link("hyperlink_label"),
        seen: false,
        created: identity.clock.now(),
        expires: event.expires,
    }
}

fn sending(
    identity: &Identity,
    snapshot: &Snapshot,
    event: &Event,
    rule: &NotificationRule,
    (transport, user): (Uuid, i64),
) -> Task {
    let name = snapshot.objects.get(transport).map_or("", |object| object.document.name.as_str());
    let about = ("authentik_events.notificationtransport", transport.to_string());
    let data = json!({"event": event.pk, "transport": transport, "user": user, "severity": rule.severity});
    new_task(identity, SEND, name, about, data, identity.clock.now())
}
