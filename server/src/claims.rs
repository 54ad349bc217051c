//! `lockgate claims`: what a token would say, and why.

use crate::{
    cli::Format,
    explain::{decided, found},
    serve::ask,
    settings::Settings,
};
use lockgate_engine::ports::Clock;
use lockgate_identity::{
    config::Client,
    look::Look,
    oauth::{Contents, Explanation, Source, preview_facts},
    system::SystemClock,
};
use lockgate_model::Principal;
use lockgate_policies::Facts;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What is asked.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    /// User name.
    pub(crate) user: &'a str,
    /// Slug of the application.
    pub(crate) app: &'a str,
    /// Scopes, separated by spaces.
    pub(crate) scope: Option<&'a str>,
}

/// Prints the answer for the configuration in force, and changes nothing. An application that the user may not open is said so, beside the claims.
///
/// # Errors
/// A sentence for the operator; a mapping that fails is one.
pub(crate) async fn claims(settings: &Settings, question: Question<'_>, format: Format) -> Result<(), String> {
    println!("{}", ask(settings, async |look| answer(look, question, format).await).await?);
    Ok(())
}

async fn answer(look: &Look, question: Question<'_>, format: Format) -> Result<String, String> {
    let snapshot = &look.snapshot;
    let now = SystemClock.now();
    let (who, app) = found(look, question.user, question.app, now).await?;
    let client = app.client.as_ref().ok_or_else(|| format!("Application '{}' has no provider.", question.app))?;
    let scopes = scopes(client, question.scope)?;
    let base = look.public_base().unwrap_or_else(|| "http://localhost:9000".to_owned());
    let facts = preview_facts(client.issuer(&base), now);
    let contents = Contents { client, who: who.principal(), scopes: &scopes, facts: &facts };
    let explanation = contents.explain(snapshot, now).map_err(|e| format!("there would be no token: {e}"))?;
    let allowed = decided(look, &who, question.app, &Facts::at(now)).await.allow;
    Ok(match format {
        Format::Json => format!("{:#}", as_json(&explanation, allowed)),
        Format::Text => as_text(&explanation, who.principal(), client, allowed),
    })
}

fn scopes(client: &Client, asked: Option<&str>) -> Result<Vec<String>, String> {
    let Some(asked) = asked else { return Ok(client.scopes.clone()) };
    let asked: Vec<String> = asked.split_whitespace().map(str::to_owned).collect();
    match asked.iter().find(|scope| !client.scopes.contains(scope)) {
        Some(unknown) => {
            let known = client.scopes.join(", ");
            Err(format!("Application '{}' has no scope '{unknown}'; it has {known}.", client.app_slug))
        }
        None => Ok(asked),
    }
}

fn as_text(explanation: &Explanation, who: &Principal, client: &Arc<Client>, allowed: bool) -> String {
    let mut lines = vec![format!("ID token of {} at {}:", who.user.username, client.app_name), String::new()];
    let width = explanation.claims.iter().map(|claim| claim.name.len()).max().unwrap_or_default();
    for claim in &explanation.claims {
        let why = match &claim.source {
            Source::Protocol => "the protocol".to_owned(),
            Source::Mapping { name, scope, file, line, over } => {
                let over = if over.is_empty() { String::new() } else { format!(", over {}", over.join(", ")) };
                // A mapping that no file declares is its own place.
                let place = if file == name { format!("line {line}") } else { format!("{file}:{line}") };
                format!("scope {scope}: mapping \"{name}\" ({place}){over}")
            }
        };
        lines.push(format!("  {:width$}  {}", claim.name, claim.value));
        lines.push(format!("  {:width$}    from {why}", ""));
    }
    for ignored in &explanation.ignored {
        lines.push(format!(
            "  mapping \"{}\" sets \"{}\", which is the protocol's and stays as it is",
            ignored.mapping, ignored.claim
        ));
    }
    if !allowed {
        lines.push(String::new());
        lines.push(format!("{} may not open {}: no token would be issued.", who.user.username, client.app_name));
    }
    lines.join("\n")
}

fn as_json(explanation: &Explanation, allowed: bool) -> Value {
    let source = |source: &Source| match source {
        Source::Protocol => json!({"protocol": true}),
        Source::Mapping { name, scope, file, line, over } => {
            json!({"mapping": name, "scope": scope, "file": file, "line": line, "over": over})
        }
    };
    let claims: Map<String, Value> = explanation
        .claims
        .iter()
        .map(|claim| (claim.name.clone(), json!({"value": claim.value, "from": source(&claim.source)})))
        .collect();
    let ignored: Vec<Value> =
        explanation.ignored.iter().map(|i| json!({"claim": i.claim, "mapping": i.mapping})).collect();
    json!({"allowed": allowed, "claims": claims, "ignored": ignored})
}
