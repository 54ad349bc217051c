//! `lockgate replay`: decisions that were taken, taken again under a folder.

use super::{CHANGES, Place, folder, local, remote};
use crate::cli::Format;
use chrono::SecondsFormat;
use lockgate_identity::replay::Replayed;
use lockgate_model::Validity;
use std::{path::PathBuf, process::ExitCode};

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
        Ok(texts) if place.remote.server.is_some() => remote::replay(place, &texts, since).await,
        Ok(texts) => local::replay(place, &texts, since).await,
        Err(failure) => Err(failure),
    };
    let replayed = match made {
        Ok(replayed) => replayed,
        Err(failure) => return failure.told(format == Format::Json),
    };
    match format {
        Format::Text => println!("{}", as_text(&replayed)),
        Format::Json => println!("{:#}", serde_json::json!(replayed)),
    }
    Ok(if replayed.differing == 0 { ExitCode::SUCCESS } else { ExitCode::from(CHANGES) })
}

fn as_text(replayed: &Replayed) -> String {
    let Replayed { decided, left_out, differing, otherwise, truncated, stopped_at } = replayed;
    let mut lines = vec![format!("{decided} decisions decided again, {differing} of them otherwise")];
    if *left_out > 0 {
        lines.push(format!("{left_out} left out: their accounts are gone, or were in too many groups"));
    }
    if let Some(at) = stopped_at {
        let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        lines.push(format!("time was up: what was decided after {at} was not looked at"));
    }
    for one in otherwise {
        let when = one.created.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (before, after) = if one.was { ("allowed", "denied") } else { ("denied", "allowed") };
        lines.push(format!("{when}  {} at {}: was {before}, would be {after}", one.username, one.app));
        lines.extend(one.why.iter().map(|line| format!("  {line}")));
    }
    if *truncated {
        lines.push(format!("{} more are not listed", differing.saturating_sub(otherwise.len() as u64)));
    }
    lines.join("\n")
}
