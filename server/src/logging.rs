//! The log: one line an event, as text for people or JSON for machines, to standard error.

use crate::settings::{LogFormat, Settings};
use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging.
///
/// # Errors
/// When the level is not one.
pub(crate) fn start(settings: &Settings) -> Result<(), String> {
    let level = match settings.log_level.to_lowercase().as_str() {
        "warning" => "warn".to_owned(),
        other => other.to_owned(),
    };
    let known = ["trace", "debug", "info", "warn", "error", "off"];
    if !level.contains(['=', ',']) && !known.contains(&level.as_str()) {
        return Err(format!(
            "log_level (LOCKGATE_LOG_LEVEL): \"{level}\" is not a level; use trace, debug, info, warning or error"
        ));
    }
    // The database library reports every statement at debug, far too much for "debug" to be useful.
    let directives = if level.contains(['=', ',']) { level.clone() } else { format!("{level},sqlx=warn,sea_orm=warn") };
    let filter = EnvFilter::builder().parse(&directives).map_err(|e| {
        format!(
            "log_level (LOCKGATE_LOG_LEVEL): \"{level}\" is not a level: {e}; use trace, debug, info, warning or error"
        )
    })?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    match settings.log_format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).init(),
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
    }
    Ok(())
}
