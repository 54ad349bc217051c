//! `lockgate replay`: decisions that were taken, taken again under a folder.

use super::{CHANGES, Failure, Place, folder, local::desk};
use crate::{cli::Format, serve::ask};
use chrono::{DateTime, SecondsFormat, Utc};
use lockgate_engine::ports::Clock;
use lockgate_identity::{
    config::{Desk, Texts},
    decisions::Kept,
    look::Look,
    system::SystemClock,
};
use lockgate_model::Validity;
use lockgate_policies::{Decision, describe_denial};
use serde_json::{Value, json};
use std::{path::PathBuf, process::ExitCode};

/// Decisions read at once.
const PAGE: u64 = 1_000;

/// What came of it.
#[derive(Debug, Default)]
struct Replayed {
    /// Decided again.
    decided: u64,
    /// Not decided again: the account is gone or was in too many groups, or the record is of something else than
    /// access.
    left_out: u64,
    /// Decided otherwise.
    otherwise: Vec<Otherwise>,
}

/// A decision that would have come out differently.
#[derive(Debug)]
struct Otherwise {
    was: Kept,
    now: Decision,
}

/// Prints which of the decisions of the last `since` would have come out differently under a folder. Changes
/// nothing.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn replay(
    place: &Place<'_>,
    dir: Option<PathBuf>,
    since: &Validity,
    format: Format,
) -> Result<ExitCode, String> {
    let made = match folder(place, dir).await {
        Ok(texts) => replayed(place, texts, SystemClock.now() - since.delta()).await,
        Err(failure) => Err(failure),
    };
    let replayed = match made {
        Ok(replayed) => replayed,
        Err(failure) => return failure.told(format == Format::Json),
    };
    match format {
        Format::Text => println!("{}", as_text(&replayed)),
        Format::Json => println!("{:#}", as_json(&replayed)),
    }
    Ok(if replayed.otherwise.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(CHANGES) })
}

async fn replayed(place: &Place<'_>, texts: Texts, since: DateTime<Utc>) -> Result<Replayed, Failure> {
    let made = ask(place.settings, async |look| {
        let desk = desk(place, look.store.clone());
        Ok(under(look, &desk, &texts, since).await)
    });
    made.await?
}

async fn under(look: &Look, desk: &Desk, texts: &Texts, since: DateTime<Utc>) -> Result<Replayed, Failure> {
    let snapshot = desk.compiled(texts).await?;
    let (fetcher, mut replayed, mut last) = (look.fetcher(), Replayed::default(), None);
    loop {
        let page = look.store.decisions().since(since, last, PAGE).await.map_err(|e| e.to_string())?;
        let Some(end) = page.last() else { return Ok(replayed) };
        last = Some(end.id);
        for record in page {
            let kept = Kept::of(&look.store, &look.principals, record).await.map_err(|e| e.to_string())?;
            let Some(was) = kept else {
                replayed.left_out += 1;
                continue;
            };
            let now = was.decide(&snapshot, &fetcher).await;
            replayed.decided += 1;
            if now.allow != was.record.allow {
                replayed.otherwise.push(Otherwise { was, now });
            }
        }
    }
}

fn as_text(replayed: &Replayed) -> String {
    let Replayed { decided, left_out, otherwise } = replayed;
    let mut lines = vec![format!("{decided} decisions decided again, {} of them otherwise", otherwise.len())];
    if *left_out > 0 {
        lines.push(format!("{left_out} left out: their accounts are gone, or were in too many groups"));
    }
    for Otherwise { was, now } in otherwise {
        let when = was.record.created.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (before, after) = if now.allow { ("denied", "allowed") } else { ("allowed", "denied") };
        lines.push(format!("{when}  {} at {}: was {before}, would be {after}", was.record.username, was.record.app));
        lines.extend(describe_denial(now).into_iter().map(|sentence| format!("  {sentence}")));
        lines.extend(now.errors.iter().map(|error| format!("  failed: {error}")));
    }
    lines.join("\n")
}

fn as_json(replayed: &Replayed) -> Value {
    let one = |Otherwise { was, now }: &Otherwise| json!({"id": was.record.id, "created": was.record.created, "username": was.record.username, "app": was.record.app, "was": was.record.allow, "now": now});
    let otherwise: Vec<Value> = replayed.otherwise.iter().map(one).collect();
    json!({"decided": replayed.decided, "left_out": replayed.left_out, "otherwise": otherwise})
}
