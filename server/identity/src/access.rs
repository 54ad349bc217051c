//! Decisions about access: asked in one way, counted, and noted with their reasons.

use crate::{
    config::Snapshot,
    decisions::{self, DecisionLog},
    evidence::Fetcher,
    journal::{Action as Noted, Entry, Journal},
    people::People,
    principals::PrincipalEntry,
    remembered::Remembered,
    system::time_uuid,
};
use lockgate_engine::ports::{Clock, Random};
use lockgate_policies::{Action, Administered, Decision, Facts, Question, Resource};
use serde_json::{Value, json};
use std::{net::IpAddr, sync::Arc};
use tracing::Instrument;
use uuid::Uuid;

/// Asks the policies.
#[derive(Clone)]
pub struct Access {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) journal: Journal,
    pub(crate) log: DecisionLog,
    pub(crate) people: People,
    /// Fetches what policies want to know.
    pub fetcher: Fetcher,
    /// Counts the decisions that are remembered somewhere in this process.
    pub remembered: Remembered,
}

impl Access {
    /// May this person open the application? Not noted: see [`Self::record`].
    pub async fn app(
        &self,
        snapshot: &Snapshot,
        who: Option<&PrincipalEntry>,
        slug: &str,
        facts: &Facts<'_>,
    ) -> Decision {
        let decision = self.decide(snapshot, who, Action::Access, Resource::App(slug), facts).await;
        let outcome = if decision.allow { "allowed" } else { "denied" };
        metrics::counter!("lockgate_decisions_total", "outcome" => outcome).increment(1);
        decision
    }

    /// May this person do this administrative act?
    #[must_use]
    pub fn administer(
        &self,
        snapshot: &Snapshot,
        who: &PrincipalEntry,
        verb: Action,
        what: &Administered,
        facts: &Facts<'_>,
    ) -> bool {
        let resource = Resource::Administered(what);
        let question = Question { id: Uuid::nil(), principal: Some(&**who), action: verb, resource, facts };
        snapshot.policies.allows(&question)
    }

    /// Any question. What its policies want to know is fetched before.
    pub async fn decide(
        &self,
        snapshot: &Snapshot,
        who: Option<&PrincipalEntry>,
        action: Action,
        resource: Resource<'_>,
        facts: &Facts<'_>,
    ) -> Decision {
        let span = tracing::trace_span!(target: "lockgate::trace", "decision");
        let wants = snapshot.policies.wants(resource, facts);
        if wants.is_empty() {
            return span.in_scope(|| self.ask(snapshot, who, action, resource, facts));
        }
        let principal = who.map(|entry| &**entry.principal());
        // Boxed: hardly any question has to fetch something.
        let evidence = Box::pin(self.fetcher.fetch(&wants, principal, facts)).instrument(span.clone()).await;
        span.in_scope(|| self.ask(snapshot, who, action, resource, &Facts { evidence: &evidence, ..*facts }))
    }

    fn ask(
        &self,
        snapshot: &Snapshot,
        who: Option<&PrincipalEntry>,
        action: Action,
        resource: Resource<'_>,
        facts: &Facts<'_>,
    ) -> Decision {
        let id = time_uuid(&*self.clock, &*self.random);
        let principal = who.map(|entry| &**entry);
        snapshot.policies.decide(&Question { id, principal, action, resource, facts })
    }

    /// Keeps a decision about an application with the facts that it rested on, so that it can be explained and
    /// decided again; of permissions only some.
    pub fn keep(&self, decision: &Decision, who: Option<&PrincipalEntry>, app: &str, facts: &Facts<'_>) {
        if self.log.keeps(decision) {
            self.journal.keep(decisions::record(decision, who, app, facts));
        }
    }

    /// Which decisions are kept, and for how long.
    #[must_use]
    pub fn log(&self) -> DecisionLog {
        self.log
    }

    /// Makes the password of a person unusable, if a decision found that it has grown too old.
    pub async fn retire(&self, snapshot: &Snapshot, decision: &Decision, who: Option<&PrincipalEntry>) {
        if let Some(who) = who.filter(|_| decision.retires_password) {
            self.people.retire_password(&who.principal().user, snapshot.password_history()).await;
        }
    }

    /// Tells of a decision about an application, with its reasons, under its id.
    pub fn record(
        &self,
        snapshot: &Snapshot,
        decision: &Decision,
        who: Option<&PrincipalEntry>,
        ip: IpAddr,
        app: &str,
    ) {
        let action = if decision.allow { Noted::AuthorizeApplication } else { Noted::PolicyExecution };
        let entry = Entry::new(action, "lockgate.access")
            .from_ip(ip)
            .with("decision", decision.id.to_string())
            .with("authorized_application", named(snapshot, app))
            .with("allow", decision.allow)
            .with("record", serde_json::to_value(decision).unwrap_or(Value::Null));
        let entry = match decision.severity {
            Some(severity) => entry.with("severity", severity.as_str()),
            None => entry,
        };
        self.journal.record(match who {
            Some(entry_of) => entry.by(&entry_of.principal().user),
            None => entry,
        });
        if !decision.errors.is_empty() {
            let failed = Entry::new(Noted::PolicyException, "lockgate.access").from_ip(ip);
            self.journal
                .record(failed.with("decision", decision.id.to_string()).with("errors", decision.errors.clone()));
        }
    }
}

/// An application as events tell it.
fn named(snapshot: &Snapshot, slug: &str) -> Value {
    let app = snapshot.app(slug);
    let (pk, name) = app.map_or((String::new(), slug), |app| (app.id.to_string(), app.application.name.as_str()));
    json!({"pk": pk, "app": "authentik_core", "name": name, "model_name": "application", "slug": slug})
}
