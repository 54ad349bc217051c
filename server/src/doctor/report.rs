//! What was found, as lines for people and as JSON for programs.

use crate::cli::Format;
use serde::Serialize;
use std::fmt::Write;

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// As it should be.
    Ok,
    /// It works, and something should be looked at.
    Warning,
    /// Something does not work.
    Error,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// How it stands.
    pub(crate) level: Level,
    /// What it is about, one word.
    pub(crate) about: &'static str,
    /// What was found, one line.
    pub(crate) found: String,
    /// How to mend it, one line; empty where nothing has to be.
    pub(crate) mend: String,
}

/// All findings of one look.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Finding>);

impl Report {
    /// Notes what is as it should be.
    pub(crate) fn ok(&mut self, about: &'static str, found: impl Into<String>) {
        self.note(Level::Ok, about, found, "");
    }

    /// Notes what should be looked at.
    pub(crate) fn warning(&mut self, about: &'static str, found: impl Into<String>, mend: impl Into<String>) {
        self.note(Level::Warning, about, found, mend);
    }

    /// Notes what does not work.
    pub(crate) fn error(&mut self, about: &'static str, found: impl Into<String>, mend: impl Into<String>) {
        self.note(Level::Error, about, found, mend);
    }

    /// Notes anything. Line breaks and whatever could steer a terminal are spaces: parts of it come from other machines.
    pub(crate) fn note(
        &mut self,
        level: Level,
        about: &'static str,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) {
        self.0.push(Finding { level, about, found: line(&found.into()), mend: line(&mend.into()) });
    }

    /// Whether nothing is broken.
    pub(crate) fn is_sound(&self) -> bool {
        self.errors() == 0
    }

    /// How much is broken.
    pub(crate) fn errors(&self) -> usize {
        self.count(Level::Error)
    }

    fn count(&self, level: Level) -> usize {
        self.0.iter().filter(|finding| finding.level == level).count()
    }

    /// The findings in a form.
    pub(crate) fn render(&self, format: Format) -> String {
        match format {
            Format::Json => {
                let whole = serde_json::json!({"sound": self.is_sound(), "findings": self.0});
                format!("{whole:#}\n")
            }
            Format::Text => self.text(),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for Finding { level, about, found, mend } in &self.0 {
            let word = match level {
                Level::Ok => "ok",
                Level::Warning => "warning",
                Level::Error => "ERROR",
            };
            let _ = writeln!(text, "{word:<8} {about:<12} {found}");
            if !mend.is_empty() {
                let _ = writeln!(text, "{:22}-> {mend}", "");
            }
        }
        let count = |level| self.count(level);
        let _ = writeln!(
            text,
            "{} errors, {} warnings, {} ok",
            count(Level::Error),
            count(Level::Warning),
            count(Level::Ok)
        );
        text
    }
}

fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_sound_while_nothing_is_broken() {
        let mut report = Report::default();
        report.ok("a", "fine");
        report.warning("b", "hm", "look");
        assert!(report.is_sound());
        report.error("c", "bad\u{1b}[31m\nnews", "mend it");
        assert!(!report.is_sound());
        let text = report.render(Format::Text);
        assert!(text.contains("ERROR    c            bad [31m news\n                      -> mend it\n"), "{text}");
        assert!(text.ends_with("1 errors, 1 warnings, 1 ok\n"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&report.render(Format::Json)).expect("JSON");
        assert_eq!((&json["sound"], &json["findings"][1]["level"]), (&false.into(), &"warning".into()));
    }
}
