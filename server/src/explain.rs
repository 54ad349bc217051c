//! `lockgate explain`: whether somebody may open an application, and what it depends on.

use crate::{cli::Format, serve::ask, settings::Settings};
use chrono::{DateTime, Utc};
use lockgate_engine::ports::Clock;
use lockgate_identity::{
    config::{App, Snapshot},
    explain::{BindingResult, binding_results, people_of_bindings},
    look::Look,
    names,
    principals::PrincipalEntry,
    system::SystemClock,
};
use lockgate_model::{Principal, kinds::PolicyEngineMode};
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

async fn rows(look: &Look, app: &App, who: &Principal, decision: &Decision) -> Result<Vec<BindingResult>, String> {
    let objects = &look.snapshot.objects;
    let names = names::of(&look.store, people_of_bindings(objects, app.id)).await.map_err(|e| e.to_string())?;
    Ok(binding_results(objects, app.id, Some(who), decision, &names))
}

fn as_text(decision: &Decision, rows: &[BindingResult], who: &Principal, app: &App) -> String {
    let may = if decision.allow { "may" } else { "may not" };
    let mut lines = vec![format!("{} {may} open {}.", who.user.username, app.application.name), String::new()];
    lines.push(match (rows.is_empty(), app.application.policy_engine_mode) {
        (true, _) => "It has no bindings.".to_owned(),
        (false, PolicyEngineMode::Any) => "One of its bindings has to pass:".to_owned(),
        (false, PolicyEngineMode::All) => "All of its bindings have to pass:".to_owned(),
    });
    lines.extend(rows.iter().map(|row| format!("  {row}")));
    let mut section = |title: &str, told: Vec<String>| {
        if !told.is_empty() {
            lines.extend([String::new(), title.to_owned()]);
            lines.extend(told.into_iter().map(|line| format!("  {line}")));
        }
    };
    let in_files = decision.determining.iter().filter_map(|policy| {
        let message = policy.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
        Some(format!("{} ({}:{}){message}", policy.id, policy.file.as_ref()?, policy.line?))
    });
    section("Decided by the Cedar policies:", in_files.collect());
    section("What the user is told:", describe_denial(decision));
    section("What went wrong:", decision.errors.clone());
    let facts = decision.facts_used.iter().filter(|(name, _)| *name != "checks");
    section("Facts that were read:", facts.map(|(name, value)| format!("{name} = {value}")).collect());
    lines.join("\n")
}

fn as_json(decision: &Decision, rows: &[BindingResult]) -> Value {
    let bindings: Vec<Value> = rows
        .iter()
        .map(|row| {
            let (file, line) = row.source.as_ref().map(|s| (s.file.as_str(), s.line)).unzip();
            json!({"what": row.what, "passes": row.passes, "file": file, "line": line})
        })
        .collect();
    json!({"allow": decision.allow, "bindings": bindings, "told": describe_denial(decision), "decision": decision})
}
