//! `lockgate rhai`: tries expressions out on a person of the installation.

use crate::{cli::Format, explain::found, serve::ask, settings::Settings};
use chrono::{DateTime, Utc};
use lockgate_engine::ports::Clock;
use lockgate_identity::{look::Look, system::SystemClock};
use lockgate_policies::{AppFact, Env, Expression, Facts, TextOrigin};
use lockgate_store::Case;
use rustyline::{DefaultEditor, error::ReadlineError};
use serde_json::json;
use std::{
    io::{IsTerminal, Read},
    net::IpAddr,
};

/// What expressions are tried on.
#[derive(Clone, Copy)]
pub(crate) struct On<'a> {
    /// User name; nobody.
    pub(crate) user: Option<&'a str>,
    /// Slug of the application.
    pub(crate) app: Option<&'a str>,
    /// From where.
    pub(crate) ip: Option<IpAddr>,
    /// When; now.
    pub(crate) at: Option<DateTime<Utc>>,
    /// After a login with a second factor.
    pub(crate) mfa: bool,
}

/// Prints what an expression comes to; without one asks for one after the other, or reads standard input when
/// that is no terminal. Changes nothing.
///
/// # Errors
/// A sentence for the operator, an expression's complaint among them.
pub(crate) async fn expressions(
    settings: &Settings,
    on: On<'_>,
    expression: Option<&str>,
    format: Format,
) -> Result<(), String> {
    ask(settings, async |look| {
        let bench = Bench::of(look, on).await?;
        match expression {
            Some(text) => println!("{}", bench.answer(text, "", format)?),
            None if std::io::stdin().is_terminal() => converse(&bench)?,
            None => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text).map_err(|e| e.to_string())?;
                println!("{}", bench.answer(&text, "", format)?);
            }
        }
        Ok(())
    })
    .await
}

/// What an expression finds around it.
struct Bench<'l> {
    look: &'l Look,
    who: Option<lockgate_model::Principal>,
    app: Option<AppFact>,
    on: On<'l>,
}

impl<'l> Bench<'l> {
    async fn of(look: &'l Look, on: On<'l>) -> Result<Self, String> {
        let at = on.at.unwrap_or_else(|| SystemClock.now());
        let (who, app) = match (on.user, on.app) {
            (Some(user), Some(app)) => {
                let (who, app) = found(look, user, app, at).await?;
                (Some(who.principal().as_ref().clone()), Some(app))
            }
            (Some(user), None) => {
                let user = look.store.users().by_username(user, Case::Fold).await.map_err(|e| e.to_string())?;
                let user = user.ok_or_else(|| format!("User '{}' not found.", on.user.unwrap_or_default()))?;
                let who = look.principals.at(user.pk, at).await.map_err(|e| e.to_string())?;
                (who.map(|who| who.principal().as_ref().clone()), None)
            }
            (None, Some(app)) => {
                let found = look.snapshot.app(app).ok_or_else(|| format!("Application '{app}' not found."))?;
                (None, Some(found))
            }
            (None, None) => (None, None),
        };
        let facts = Facts::at(at);
        let held = match (&who, app) {
            (Some(who), Some(app)) => look.snapshot.held(&app.application.slug, who, &facts),
            _ => Vec::new(),
        };
        let app = app.map(|app| AppFact {
            slug: app.application.slug.clone(),
            name: app.application.name.clone(),
            group: app.application.group.clone(),
            entitlements: held.iter().map(|e| e.name.clone()).collect(),
            entitlement_attributes: held.iter().flat_map(|e| e.attributes.clone()).collect(),
        });
        Ok(Self { look, who, app, on })
    }

    /// What a text comes to. `before` was said before and goes in front of it.
    fn answer(&self, text: &str, before: &str, format: Format) -> Result<String, String> {
        let source = format!("{before}{text}");
        let expression =
            Expression::compile("expression", &source, &TextOrigin::start("expression")).map_err(|e| e.to_string())?;
        let at = self.on.at.unwrap_or_else(|| SystemClock.now());
        let facts = Facts { ip: self.on.ip, mfa: self.on.mfa, ..Facts::at(at) };
        let mut env = Env::new(self.who.as_ref(), &facts);
        env.app = self.app.as_ref();
        env.stopwatch = Some(self.look.snapshot.stopwatch());
        let (value, outcome) = expression.try_out(&env).map_err(|e| e.to_string())?;
        let told = outcome.messages;
        Ok(match format {
            Format::Json => format!(
                "{:#}",
                json!({"value": value, "passes": outcome.passing, "messages": told, "reads": expression.reads()})
            ),
            Format::Text => {
                let passes = if outcome.passing { "passes" } else { "fails" };
                let told: String = told.iter().map(|message| format!("\ntells: {message}")).collect();
                format!("{value:#}\nas a condition it {passes}{told}")
            }
        })
    }
}

const HELP: &str =
    "Write an expression, such as user.groups. What `let` and `fn` define stays. An end of file (Ctrl-D) ends it.";

fn converse(bench: &Bench<'_>) -> Result<(), String> {
    let mut editor = DefaultEditor::new().map_err(|e| e.to_string())?;
    println!("{HELP}");
    let mut defined = String::new();
    loop {
        let line = match editor.readline("rhai> ") {
            Ok(line) if line.trim().is_empty() => continue,
            Ok(line) => line,
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => return Ok(()),
            Err(error) => return Err(error.to_string()),
        };
        // A history that cannot be kept is no reason to stop.
        let _ = editor.add_history_entry(&line);
        match bench.answer(&line, &defined, Format::Text) {
            Ok(answer) => {
                println!("{answer}");
                let line = line.trim();
                if line.starts_with("let ") || line.starts_with("const ") || line.starts_with("fn ") {
                    defined.push_str(line);
                    defined.push_str(if line.ends_with([';', '}']) { "\n" } else { ";\n" });
                }
            }
            Err(complaint) => println!("{complaint}"),
        }
    }
}
