//! Telling people of events.
//!
//! When an event is stored, every notification rule is asked about it by its policies; each that says yes becomes a
//! task in the same transaction. The task finds out who is to be told and how ([`telling`]): what is told where
//! people sign in is stored at once, every request to somewhere else is a task of its own ([`sending`]). So nothing
//! is lost when a process ends, and a receiver that does not answer holds nobody up.
//!
//! What happens while people are told makes events of which nobody is told (`Entry::quietly`): else one broken
//! mapping would report itself forever.

mod mail;
pub mod sending;
pub mod telling;

use crate::{
    Identity,
    config::Snapshot,
    journal::{Action as Noted, Consequences, Entry, Seldom},
    principals::PrincipalEntry,
    system::time_uuid,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lockgate_model::kinds::NotificationRule;
use lockgate_policies::{Action, Facts, Resource};
use lockgate_store::{Event, Task, TaskState};
use serde_json::{Map, Value, json};
use std::{net::IpAddr, sync::Arc};
use uuid::Uuid;

/// Does the tasks that say of one event and one rule that somebody is to be told.
pub const TELL: &str = "notify_rule";

/// Does the tasks that say what is to be sent where.
pub const SEND: &str = "notify_send";

/// The queue of both.
pub const QUEUE: &str = "notifications";

/// Asks the rules about events.
pub(crate) struct Rules {
    identity: Identity,
    /// A policy that fails may fail for every event.
    failed: Seldom,
}

impl Rules {
    pub(crate) fn new(identity: Identity) -> Self {
        Self { identity, failed: Seldom::default() }
    }
}

#[async_trait]
impl Consequences for Rules {
    async fn of(&self, events: &[&Event]) -> Vec<Task> {
        let snapshot = self.identity.config.snapshot();
        let mut tasks = Vec::new();
        for event in events {
            if snapshot.notification_rules().is_empty() {
                break;
            }
            let asked = Asked::new(self, &snapshot, event).await;
            for (id, rule) in snapshot.notification_rules() {
                if asked.is_about(*id, rule).await {
                    tasks.push(telling_task(&self.identity, event, *id, rule));
                }
            }
        }
        tasks
    }
}

/// An event, ready to be asked about.
struct Asked<'a> {
    identity: &'a Identity,
    failed: &'a Seldom,
    snapshot: &'a Snapshot,
    event: &'a Event,
    who: Option<Arc<PrincipalEntry>>,
    context: Map<String, Value>,
}

impl<'a> Asked<'a> {
    async fn new(rules: &'a Rules, snapshot: &'a Snapshot, event: &'a Event) -> Self {
        let identity = &rules.identity;
        let who = match event.user_pk {
            Some(pk) => identity.principals.get(pk).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "who caused an event cannot be told; rules are asked about nobody");
                None
            }),
            None => None,
        };
        let context = Map::from_iter([("event".to_owned(), shown(event))]);
        Self { identity, failed: &rules.failed, snapshot, event, who, context }
    }

    /// Whether somebody is to be told of the event by a rule. What fails says no, and is noted.
    async fn is_about(&self, id: Uuid, rule: &NotificationRule) -> bool {
        let facts = Facts {
            ip: self.event.client_ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok()),
            context: &self.context,
            ..Facts::at(self.identity.clock.now())
        };
        let access = &self.identity.access;
        let (who, resource) = (self.who.as_deref(), Resource::Rule(id));
        let decision = access.decide(self.snapshot, who, Action::Notify, resource, &facts).await;
        if !decision.errors.is_empty() {
            self.failed.record(&self.identity.journal, || {
                let entry = Entry::new(Noted::PolicyException, "lockgate.notifications").quietly();
                let entry = entry.about("authentik_events.notificationrule", id.to_string(), &rule.name);
                let message = format!("the rule \"{}\" could not be asked about an event", rule.name);
                entry.with("message", message).with("errors", decision.errors.clone())
            });
        }
        decision.allow
    }
}

/// An event as policies and mappings see it.
fn shown(event: &Event) -> Value {
    json!({
        "pk": event.pk,
        "action": event.action,
        "app": event.app,
        "user": event.user,
        "context": event.context,
        "client_ip": event.client_ip,
        "brand": event.brand,
        "created": event.created,
        "expires": event.expires,
    })
}

fn telling_task(identity: &Identity, event: &Event, id: Uuid, rule: &NotificationRule) -> Task {
    let data = json!({"event": event.pk, "rule": id});
    let about = ("authentik_events.notificationrule", id.to_string());
    new_task(identity, TELL, &rule.name, about, data, identity.clock.now())
}

/// A task that waits for a worker.
fn new_task(
    identity: &Identity,
    actor: &str,
    uid: &str,
    (rel_model, rel_id): (&str, String),
    data: Value,
    now: DateTime<Utc>,
) -> Task {
    Task {
        id: time_uuid(&*identity.clock, &*identity.random),
        actor: actor.to_owned(),
        queue: QUEUE.to_owned(),
        uid: uid.to_owned(),
        state: TaskState::Queued,
        outcome: None,
        due: now,
        retries: 0,
        rel_model: rel_model.to_owned(),
        rel_id: Some(rel_id),
        data,
        logs: Vec::new(),
        previous_logs: Vec::new(),
        created: now,
        changed: now,
    }
}

/// What people read of an event.
#[must_use]
pub fn summary(event: &Event) -> String {
    /// Characters of particulars that nobody has put into words.
    const PARTICULARS: usize = 300;
    let said = event.context.get("message").and_then(Value::as_str).map(str::to_owned);
    let said = said.unwrap_or_else(|| event.context.to_string().chars().take(PARTICULARS).collect());
    format!("{}: {said}", event.action)
}
