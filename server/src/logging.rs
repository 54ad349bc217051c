//! The log: one line an event, as text for people or JSON for machines, to standard error. What is said while a request is
//! worked on carries its id.

use crate::{
    settings::{LogFormat, Settings},
    traces,
};
use lockgate_identity::journal::with_request_id;
use opentelemetry_sdk::trace::Tracer;
use std::fmt::Result as Written;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{LevelFilter, Targets},
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    layer::SubscriberExt,
    registry,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

/// A format that tells the id of the request besides.
struct WithRequest<F> {
    format: F,
    json: bool,
}

impl<S, N, F> FormatEvent<S, N> for WithRequest<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> Written {
        let Some(id) = with_request_id(str::to_owned) else {
            return self.format.format_event(context, writer, event);
        };
        // What writes colours cannot be handed a text to write into: there the id goes ahead.
        if writer.has_ansi_escapes() {
            write!(writer, "{id} ")?;
            return self.format.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.format.format_event(context, Writer::new(&mut line), event)?;
        writer.write_str(&marked(&line, &id, self.json))
    }
}

/// A line of the log with the id of its request: as its first member in JSON, at its end in text.
fn marked(line: &str, id: &str, json: bool) -> String {
    match line.strip_prefix('{').filter(|_| json) {
        Some(members) => format!("{{\"request_id\":\"{id}\",{members}"),
        None => format!("{} request_id={id}\n", line.trim_end_matches('\n')),
    }
}

/// Starts logging; what is traced goes to `tracer`, and never into the log.
///
/// # Errors
/// When the level is not one.
pub(crate) fn start(settings: &Settings, tracer: Option<Tracer>) -> Result<(), String> {
    let filter = filter(settings)?;
    let Some(tracer) = tracer else {
        // One filter for all: what nobody wants is not even looked at.
        registry().with(filter).with(format(settings)).init();
        return Ok(());
    };
    let traced = Targets::new().with_target(traces::TARGET, LevelFilter::TRACE);
    let layer = tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_threads(false);
    let layer = layer.with_tracked_inactivity(false).with_target(false).with_level(false).with_filter(traced);
    registry().with(format(settings).with_filter(filter)).with(layer).init();
    Ok(())
}

/// What is said, by level and place.
fn filter(settings: &Settings) -> Result<EnvFilter, String> {
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
    let quiet = if level.contains(['=', ',']) { "" } else { ",sqlx=warn,sea_orm=warn" };
    let directives = format!("{level}{quiet},{}=off", traces::TARGET);
    EnvFilter::builder().parse(&directives).map_err(|e| {
        format!(
            "log_level (LOCKGATE_LOG_LEVEL): \"{level}\" is not a level: {e}; use trace, debug, info, warning or error"
        )
    })
}

/// The form of the lines.
fn format<S: Subscriber + for<'a> LookupSpan<'a>>(settings: &Settings) -> Box<dyn Layer<S> + Send + Sync> {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    match settings.log_format {
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false).with_span_list(false);
            lines.map_event_format(|format| WithRequest { format, json: true }).boxed()
        }
        LogFormat::Text => {
            let lines = lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
            lines.map_event_format(|format| WithRequest { format, json: false }).boxed()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::marked;

    #[test]
    fn a_line_carries_the_id_of_its_request() {
        assert_eq!(marked("{\"a\":1}\n", "x", true), "{\"request_id\":\"x\",\"a\":1}\n");
        assert_eq!(marked("INFO it is {so}\n", "x", false), "INFO it is {so} request_id=x\n");
    }
}
