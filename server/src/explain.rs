//! `lockgate explain`: whether somebody may open an application, and what it depends on.

use crate::{cli::Format, serve::ask, settings::Settings};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use lockgate_engine::ports::Clock;
use lockgate_identity::{config::App, decisions::Kept, look::Look, system::SystemClock};
use lockgate_policies::{
    Action, Decision, EngineMode, Evidence, Facts, Login, PolicyEffect, PolicyTrace, PreparedPrincipal,
    Question as Asked, Resource, Trace, describe_denial,
};
use lockgate_store::{Case, DecisionRecord};
use serde_json::{Value, json};
use std::{net::IpAddr, sync::Arc};
use uuid::Uuid;

/// What is asked.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    /// User name.
    pub(crate) user: &'a str,
    /// Slug of the application.
    pub(crate) app: &'a str,
    /// From where.
    pub(crate) ip: Option<IpAddr>,
    /// When; now.
    pub(crate) at: Option<DateTime<Utc>>,
    /// After which login.
    pub(crate) login: &'a Supposed,
    /// By which program.
    pub(crate) agent: &'a str,
}

/// A login that the question supposes.
pub(crate) struct Supposed {
    /// Whether with a second factor.
    pub(crate) mfa: bool,
    /// By which means.
    pub(crate) methods: Vec<String>,
    /// How long ago.
    pub(crate) age: Option<TimeDelta>,
}

/// Prints the answer for the configuration in force, and changes nothing.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn explain(settings: &Settings, question: Question<'_>, format: Format) -> Result<(), String> {
    println!("{}", ask(settings, async |look| answer(look, question, format).await).await?);
    Ok(())
}

async fn answer(look: &Look, question: Question<'_>, format: Format) -> Result<String, String> {
    let now = question.at.unwrap_or_else(|| SystemClock.now());
    let (who, app) = found(look, question.user, question.app, now).await?;
    let Supposed { mfa, methods, age } = question.login;
    let login = Login::supposed(*mfa, methods.clone(), age.map(|age| now - age));
    let (ip, mfa, user_agent) = (question.ip, login.mfa, question.agent);
    let facts = Facts { ip, mfa, user_agent, login: Some(&login), ..Facts::at(now) };
    let evidence = evidence(look, &who, question.app, &facts).await;
    let facts = Facts { evidence: &evidence, ..facts };
    let (decision, trace) = look.snapshot.policies.explain(&asked(&who, question.app, &facts));
    Ok(match format {
        Format::Json => format!("{:#}", as_json(&decision, &trace)),
        Format::Text => as_text(&decision, &trace, &app.application.name),
    })
}

/// Prints what was decided under this id, which a denied person's page shows, and what the configuration in
/// force makes of the same question.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn recorded(settings: &Settings, id: Uuid, format: Format) -> Result<(), String> {
    println!("{}", ask(settings, async |look| looked_up(look, id, format).await).await?);
    Ok(())
}

async fn looked_up(look: &Look, id: Uuid, format: Format) -> Result<String, String> {
    let record = look.store.decisions().get(id).await.map_err(|e| e.to_string())?;
    let record = record.ok_or_else(|| format!("No decision {id} is kept."))?;
    let kept = Kept::of(&look.store, &look.principals, record.clone()).await.map_err(|e| e.to_string())?;
    let again = match kept {
        Some(kept) => Some(kept.explain(&look.snapshot, &look.fetcher()).await),
        None => None,
    };
    let app = look.snapshot.app(&record.app).map_or(record.app.as_str(), |app| &app.application.name);
    Ok(match (format, again) {
        (Format::Json, again) => {
            let now = again.map(|(decision, trace)| as_json(&decision, &trace));
            format!("{:#}", json!({"recorded": record.record, "now": now}))
        }
        (Format::Text, Some((decision, trace))) => {
            format!("{}\n\n{}", headline(&record, &decision), as_text(&decision, &trace, app))
        }
        (Format::Text, None) => format!("{}\n\n{:#}", happened(&record), record.record["decision"]),
    })
}

fn happened(record: &DecisionRecord) -> String {
    let was = if record.allow { "allowed" } else { "denied" };
    let who = if record.username.is_empty() { "a visitor" } else { &record.username };
    let when = record.created.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!("At {when} {who} was {was} access to {}.", record.app)
}

fn headline(record: &DecisionRecord, now: &Decision) -> String {
    let same = if now.allow == record.allow { "the same" } else { "otherwise" };
    format!("{} The configuration in force decides {same}:", happened(record))
}

/// The user, as at a moment, and the application that a question names.
///
/// # Errors
/// A sentence that says which of them there is not.
pub(crate) async fn found<'l>(
    look: &'l Look,
    user: &str,
    app: &str,
    at: DateTime<Utc>,
) -> Result<(PreparedPrincipal, &'l Arc<App>), String> {
    let found = look.store.users().by_username(user, Case::Fold).await.map_err(|e| e.to_string())?;
    let found = found.ok_or_else(|| format!("User '{user}' not found."))?;
    let who = look.principals.at(found.pk, at).await.map_err(|e| e.to_string())?;
    let who = who.ok_or_else(|| format!("User '{user}' cannot be decided about."))?;
    let app = look.snapshot.app(app).ok_or_else(|| format!("Application '{app}' not found."))?;
    Ok((who, app))
}

/// Whether the user may open the application.
pub(crate) async fn decided(look: &Look, who: &PreparedPrincipal, app: &str, facts: &Facts<'_>) -> Decision {
    let evidence = evidence(look, who, app, facts).await;
    look.snapshot.policies.decide(&asked(who, app, &Facts { evidence: &evidence, ..*facts }))
}

async fn evidence(look: &Look, who: &PreparedPrincipal, app: &str, facts: &Facts<'_>) -> Evidence {
    let wants = look.snapshot.policies.wants(Resource::App(app), facts);
    look.fetcher().fetch(&wants, Some(&**who.principal()), facts).await
}

/// Nobody will look this decision up by its id.
fn asked<'q>(who: &'q PreparedPrincipal, app: &'q str, facts: &'q Facts<'q>) -> Asked<'q> {
    let (id, action, resource) = (Uuid::nil(), Action::Access, Resource::App(app));
    Asked { id, principal: Some(who), action, resource, facts }
}

fn as_text(decision: &Decision, trace: &Trace, app: &str) -> String {
    let may = if decision.allow { "may" } else { "may not" };
    let who = decision.principal.as_deref().unwrap_or("a visitor");
    let mut lines = vec![format!("{who} {may} open {app}."), String::new()];
    lines.push(match (trace.bindings.is_empty(), trace.mode) {
        (true, _) => "It has no bindings.".to_owned(),
        (false, EngineMode::Any) => "One of its bindings has to pass:".to_owned(),
        (false, EngineMode::All) => "All of its bindings have to pass:".to_owned(),
    });
    lines.extend(trace.bindings.iter().map(|binding| format!("  {binding}")));
    let mut section = |title: &str, told: Vec<String>| {
        if !told.is_empty() {
            lines.extend([String::new(), title.to_owned()]);
            lines.extend(told.into_iter().map(|line| format!("  {line}")));
        }
    };
    section("Memberships that have a time:", trace.memberships.iter().map(ToString::to_string).collect());
    let in_files = trace.policies.iter().filter_map(policy);
    section("The policies of Cedar files that speak of it:", in_files.collect());
    section("What the user is told:", describe_denial(decision));
    section("The smallest change that would allow it:", changes(trace));
    section("What went wrong:", decision.errors.clone());
    let facts = decision.facts_used.iter().filter(|(name, _)| *name != "checks");
    section("Facts that were read:", facts.map(|(name, value)| format!("{name} = {value}")).collect());
    lines.join("\n")
}

fn policy(traced: &PolicyTrace) -> Option<String> {
    let place = format!("({}:{})", traced.policy.file.as_ref()?, traced.policy.line?);
    let effect = match traced.effect {
        PolicyEffect::Permit => "permit",
        PolicyEffect::Forbid => "forbid",
    };
    let result = match (traced.applies, traced.determining) {
        (Some(true), true) => "applies and decides".to_owned(),
        (Some(true), false) => "applies".to_owned(),
        (Some(false), _) => "does not apply".to_owned(),
        (None, _) => format!("failed: {}", traced.error.as_deref().unwrap_or_default()),
    };
    let severity = traced.policy.severity.map(|severity| format!(" [{}]", severity.as_str())).unwrap_or_default();
    let message = traced.policy.message.as_ref().filter(|_| traced.determining);
    let message = message.map(|message| format!(": {message}")).unwrap_or_default();
    Some(format!("{effect}  {} {place}{severity} {result}{message}", traced.policy.id))
}

fn changes(trace: &Trace) -> Vec<String> {
    let one =
        |all: &Vec<lockgate_policies::Change>| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", and ");
    trace
        .changes
        .iter()
        .enumerate()
        .map(|(n, all)| if n == 0 { one(all) } else { format!("or {}", one(all)) })
        .collect()
}

fn as_json(decision: &Decision, trace: &Trace) -> Value {
    json!({"allow": decision.allow, "told": describe_denial(decision), "decision": decision, "trace": trace})
}
