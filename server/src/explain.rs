//! `lockgate explain`: whether somebody may open an application, and what it depends on.

use crate::{cli::Format, serve::ask, settings::Settings};
use chrono::{DateTime, Utc};
use lockgate_engine::ports::Clock;
use lockgate_flows::{NamedPeople, PeopleNames};
use lockgate_identity::{
    config::{App, Snapshot},
    look::Look,
    names,
    principals::PrincipalEntry,
    system::SystemClock,
};
use lockgate_model::{
    Principal, Source,
    kinds::{PolicyBinding, PolicyEngineMode},
};
use lockgate_policies::{Action, Decision, Facts, Question as Asked, Resource, describe_denial};
use lockgate_store::Case;
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
    /// After a login with a second factor.
    pub(crate) mfa: bool,
}

/// One binding of the application.
struct Row {
    what: String,
    source: Option<Source>,
    /// `None`: it was not looked at.
    passes: Option<bool>,
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
    let (who, app) = found(look, question.user, question.app).await?;
    let now = question.at.unwrap_or_else(|| SystemClock.now());
    let decision =
        decided(&look.snapshot, &who, question.app, &Facts { ip: question.ip, mfa: question.mfa, ..Facts::at(now) });
    let rows = rows(look, app, who.principal(), &decision).await?;
    Ok(match format {
        Format::Json => format!("{:#}", as_json(&decision, &rows)),
        Format::Text => as_text(&decision, &rows, who.principal(), app),
    })
}

/// The user and the application that a question names.
///
/// # Errors
/// A sentence that says which of them there is not.
pub(crate) async fn found<'l>(
    look: &'l Look,
    user: &str,
    app: &str,
) -> Result<(Arc<PrincipalEntry>, &'l Arc<App>), String> {
    let found = look.store.users().by_username(user, Case::Fold).await.map_err(|e| e.to_string())?;
    let found = found.ok_or_else(|| format!("User '{user}' not found."))?;
    let who = look.principals.get(found.pk).await.map_err(|e| e.to_string())?;
    let who = who.ok_or_else(|| format!("User '{user}' cannot be decided about."))?;
    let app = look.snapshot.app(app).ok_or_else(|| format!("Application '{app}' not found."))?;
    Ok((who, app))
}

/// Whether the user may open the application. Nobody will look this decision up by its id.
pub(crate) fn decided(snapshot: &Snapshot, who: &PrincipalEntry, app: &str, facts: &Facts<'_>) -> Decision {
    let (id, action, resource) = (Uuid::nil(), Action::Access, Resource::App(app));
    snapshot.policies.decide(&Asked { id, principal: Some(who), action, resource, facts })
}

async fn rows(look: &Look, app: &App, who: &Principal, decision: &Decision) -> Result<Vec<Row>, String> {
    let objects = &look.snapshot.objects;
    let bound = objects.referrers(app.id).iter().filter_map(|r| {
        Some((objects.get(r.from)?, objects.typed::<PolicyBinding>(r.from)?)).filter(|(_, binding)| binding.enabled)
    });
    let mut bound: Vec<_> = bound.filter(|(_, binding)| binding.target.0 == app.id).collect();
    bound.sort_by_key(|(object, binding)| (binding.order, object.document.id));
    let named = NamedPeople {
        groups: bound.iter().filter_map(|(_, binding)| Some(binding.group?.0)).collect(),
        users: bound.iter().filter_map(|(_, binding)| Some(binding.user?.0)).collect(),
    };
    let PeopleNames { groups, users } = names::of(&look.store, named).await.map_err(|e| e.to_string())?;
    let gone = || "one that is gone".to_owned();
    let row = |(object, binding): (&lockgate_model::Object, &PolicyBinding)| {
        let (what, passes) = if let Some(group) = binding.group {
            let is_there = groups.contains_key(&group.0);
            let name = groups.get(&group.0).cloned().unwrap_or_else(gone);
            (format!("the group {name}"), Some(is_there && who.in_group(group.0) != binding.negate))
        } else if let Some(user) = binding.user {
            let is_there = users.contains_key(&user.0);
            let name = users.get(&user.0).cloned().unwrap_or_else(gone);
            (format!("the user {name}"), Some(is_there && (user.0 == who.user.pk) != binding.negate))
        } else {
            let policy = binding.policy.and_then(|policy| objects.get(policy.0));
            let name = policy.map_or_else(gone, |policy| policy.document.name.clone());
            let checked = &decision.facts_used.get("checks").unwrap_or(&Value::Null);
            (format!("the policy {name}"), checked[format!("binding:{}", object.document.id)].as_bool())
        };
        let what = if binding.negate { format!("not {what}") } else { what };
        Row { what, source: object.document.source.clone(), passes }
    };
    Ok(bound.into_iter().map(row).collect())
}

fn as_text(decision: &Decision, rows: &[Row], who: &Principal, app: &App) -> String {
    let may = if decision.allow { "may" } else { "may not" };
    let mut lines = vec![format!("{} {may} open {}.", who.user.username, app.application.name), String::new()];
    lines.push(match (rows.is_empty(), app.application.policy_engine_mode) {
        (true, _) => "It has no bindings.".to_owned(),
        (false, PolicyEngineMode::Any) => "One of its bindings has to pass:".to_owned(),
        (false, PolicyEngineMode::All) => "All of its bindings have to pass:".to_owned(),
    });
    for row in rows {
        let result = match row.passes {
            Some(true) => "passes",
            Some(false) => "fails",
            None => "not asked",
        };
        let place = row.source.as_ref().map(|s| format!(" ({}:{})", s.file, s.line)).unwrap_or_default();
        lines.push(format!("  {result:9}  {}{place}", row.what));
    }
    let mut section = |title: &str, told: Vec<String>| {
        if !told.is_empty() {
            lines.extend([String::new(), title.to_owned()]);
            lines.extend(told.into_iter().map(|line| format!("  {line}")));
        }
    };
    let in_files = decision.determining.iter().filter_map(|policy| {
        let message = policy.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
        let severity = policy.severity.map(|severity| format!(" [{}]", severity.as_str())).unwrap_or_default();
        Some(format!("{} ({}:{}){severity}{message}", policy.id, policy.file.as_ref()?, policy.line?))
    });
    section("Decided by the Cedar policies:", in_files.collect());
    section("What the user is told:", describe_denial(decision));
    section("What went wrong:", decision.errors.clone());
    let facts = decision.facts_used.iter().filter(|(name, _)| *name != "checks");
    section("Facts that were read:", facts.map(|(name, value)| format!("{name} = {value}")).collect());
    lines.join("\n")
}

fn as_json(decision: &Decision, rows: &[Row]) -> Value {
    let bindings: Vec<Value> = rows
        .iter()
        .map(|row| {
            let (file, line) = row.source.as_ref().map(|s| (s.file.as_str(), s.line)).unzip();
            json!({"what": row.what, "passes": row.passes, "file": file, "line": line})
        })
        .collect();
    json!({"allow": decision.allow, "bindings": bindings, "told": describe_denial(decision), "decision": decision})
}
