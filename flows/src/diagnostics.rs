//! What is wrong with a configuration, where, what was expected, and which name is nearest.
//!
//! A message is one sentence without a full stop that quotes the offending text; `expected` and
//! `hint` are further such sentences. The excerpt of a line that holds a secret is never kept.

use crate::{lints::silence, read::Folder, span::Span};
use lockgate_policies::PolicyProblem;
use serde::Serialize;
use serde_json::{Value, json};
use std::{collections::HashSet, fmt::Write as _, sync::Arc};

/// Whether a configuration can be used in spite of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The configuration is refused.
    Error,
    /// It can be used, but is hardly meant so.
    Warning,
}

/// Another place that has to do with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// The place.
    #[serde(flatten)]
    pub span: Span,
    /// What is there.
    pub message: String,
}

/// One complaint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Whether it stops the configuration.
    pub severity: Severity,
    /// Stable word for programs: `unknown_key`, `dangling`, `duplicate`, `type`, `yaml` …
    pub code: &'static str,
    /// The place.
    #[serde(flatten)]
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub expected: Option<String>,
    /// The nearest valid name, or another way out.
    pub hint: Option<String>,
    /// For duplicates: the other place.
    pub related: Option<Related>,
    /// The first line of the place.
    pub excerpt: Option<String>,
    #[serde(skip)]
    secret: bool,
}

impl Diagnostic {
    /// A complaint that stops the configuration.
    #[must_use]
    pub fn error(code: &'static str, span: &Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            span: span.clone(),
            message: message.into(),
            expected: None,
            hint: None,
            related: None,
            excerpt: None,
            secret: false,
        }
    }

    /// A complaint that does not.
    #[must_use]
    pub fn warning(code: &'static str, span: &Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// Adds what would be right.
    #[must_use]
    pub fn expected(self, text: impl Into<String>) -> Self {
        Self { expected: Some(text.into()), ..self }
    }

    /// Adds a way out.
    #[must_use]
    pub fn hint(self, text: impl Into<String>) -> Self {
        Self { hint: Some(text.into()), ..self }
    }

    /// Adds the nearest of several names, if one is near.
    #[must_use]
    pub fn near<'a>(self, word: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(word, names) {
            Some(name) => self.hint(format!("did you mean \"{name}\"?")),
            None => self,
        }
    }

    /// Adds the other place.
    #[must_use]
    pub fn related(self, span: &Span, message: impl Into<String>) -> Self {
        Self { related: Some(Related { span: span.clone(), message: message.into() }), ..self }
    }

    /// The line may hold a secret: it is not shown.
    #[must_use]
    pub(crate) fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// Text for people: the complaint, the place, the line with the place marked, the way out.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{word}: {}", self.message);
        if !self.span.file.is_empty() {
            let _ = writeln!(out, "  --> {}", self.span);
        }
        if let Some(line) = &self.excerpt {
            self.render_excerpt(&mut out, line);
        }
        for (label, text) in [("expected", &self.expected), ("help", &self.hint)] {
            if let Some(text) = text {
                let _ = writeln!(out, "   = {label}: {text}");
            }
        }
        if let Some(related) = &self.related {
            let _ = writeln!(out, "   = {}: {}", related.message, related.span);
        }
        out
    }

    fn annotation(&self, folder: &str) -> String {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let folder = folder.trim_start_matches("./").trim_end_matches('/');
        let file = if folder.is_empty() || folder == "." {
            self.span.file.to_string()
        } else {
            format!("{folder}/{}", self.span.file)
        };
        let mut out = format!("::{word} file={}", escaped(&file, true));
        let Span { line, column, end_line, end_column, .. } = self.span;
        if line > 0 {
            // Writing to a String cannot fail. The last column is that of a character here.
            let last = end_column.saturating_sub(1).max(1);
            let _ = write!(out, ",line={line},endLine={end_line},col={column},endColumn={last}");
        }
        let expected = self.expected.as_ref().map(|text| format!("; expected {text}"));
        let help = self.hint.as_ref().map(|text| format!("; {text}"));
        let text = [Some(self.message.clone()), expected, help].into_iter().flatten().collect::<String>();
        let _ = write!(out, ",title=lockgate {}::{}", escaped(self.code, true), escaped(&text, false));
        out
    }

    fn render_excerpt(&self, out: &mut String, line: &str) {
        let number = self.span.line.to_string();
        let gutter = " ".repeat(number.len());
        let (shown, column) = window(line, self.span.column);
        let wide = if self.span.end_line == self.span.line {
            self.span.end_column.saturating_sub(self.span.column)
        } else {
            u32::MAX
        };
        let rest = shown.chars().count().saturating_sub(column).max(1);
        let marks = (wide.max(1) as usize).min(rest);
        let _ = writeln!(out, " {gutter} |");
        let _ = writeln!(out, " {number} | {shown}");
        let _ = writeln!(out, " {gutter} | {}{}", " ".repeat(column), "^".repeat(marks));
    }
}

impl From<PolicyProblem> for Diagnostic {
    fn from(problem: PolicyProblem) -> Self {
        let span = match problem.line {
            0 => Span::whole(&problem.file),
            line => Span::at(&problem.file, line, problem.column.max(1)),
        };
        let excerpt = Some(problem.snippet).filter(|s| !s.is_empty());
        Self { hint: problem.hint, excerpt, ..Self::error("policy", &span, problem.message) }
    }
}

/// At most this many characters of a line are shown.
const WIDTH: usize = 120;

/// The part of a line around a column (from 1), and where the column is in it (from 0). Characters
/// that could steer a terminal are replaced.
fn window(line: &str, column: u32) -> (String, usize) {
    let at = (column as usize).saturating_sub(1);
    let start = if at >= WIDTH { at - WIDTH / 2 } else { 0 };
    let shown: String = line
        .chars()
        .skip(start)
        .take(WIDTH)
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect();
    (shown.trim_end().to_owned(), at - start)
}

/// Sorts by place and adds the lines spoken of.
pub(crate) fn finish(diagnostics: &mut Vec<Diagnostic>, folder: &Folder) {
    silence(diagnostics, folder);
    // What else is wrong with such a line would show the secret just as well.
    let lines = diagnostics.iter().filter(|d| d.secret).map(|d| (Arc::clone(&d.span.file), d.span.line));
    let hidden: HashSet<_> = lines.collect();
    for diagnostic in diagnostics.iter_mut() {
        let Some(file) = folder.files.iter().find(|f| *f.path == *diagnostic.span.file) else { continue };
        if diagnostic.span.line == 0 {
            continue;
        }
        // A text that ends too early is complained of behind its end.
        let last = u32::try_from(file.text.lines().count()).unwrap_or(u32::MAX).max(1);
        if diagnostic.span.line > last {
            let column = file.text.lines().last().map_or(1, |l| l.chars().count() + 1);
            diagnostic.span = Span::at(&file.path, last, u32::try_from(column).unwrap_or(u32::MAX));
        }
        // The line of the file, not that of the script in it: the column is the file's.
        let line = file.text.lines().nth(diagnostic.span.line as usize - 1);
        let line = line.filter(|_| !hidden.contains(&(Arc::clone(&diagnostic.span.file), diagnostic.span.line)));
        diagnostic.excerpt = line.map(|l| l.chars().take(2_000).collect());
    }
    diagnostics.sort_by(|a, b| (&a.span, a.severity, &a.message).cmp(&(&b.span, b.severity, &b.message)));
    diagnostics.dedup();
}

/// All complaints as text for people, with a closing line that counts them.
#[must_use]
pub fn render(diagnostics: &[Diagnostic]) -> String {
    let mut out: String = diagnostics.iter().map(|d| d.render() + "\n").collect();
    let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
    let warnings = diagnostics.len() - errors;
    let counted = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
    let _ = writeln!(out, "{}, {}", counted(errors, "error"), counted(warnings, "warning"));
    out
}

/// All complaints as annotations of a pull request: workflow commands of GitHub. `folder` is the way to the
/// files from the root of the repository.
#[must_use]
pub fn to_annotations(diagnostics: &[Diagnostic], folder: &str) -> String {
    diagnostics.iter().map(|d| d.annotation(folder) + "\n").collect()
}

/// Escapes what would end the command, or start another one.
fn escaped(text: &str, property: bool) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    if property { text.replace(':', "%3A").replace(',', "%2C") } else { text }
}

/// All complaints for programs.
#[must_use]
pub fn to_json(diagnostics: &[Diagnostic]) -> Value {
    json!(diagnostics)
}

/// The name that a misspelt word most likely means; `None` when nothing is near.
#[must_use]
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |s: &str| s.to_lowercase().replace(['-', ' '], "_");
    let word = plain(word);
    let length = word.chars().count();
    let reach = (length / 3).clamp(1, 4);
    names
        .into_iter()
        // Comparing costs the product of the lengths.
        .filter(|n| length <= 200 && n.chars().count() <= length + reach)
        .map(|n| (strsim::damerau_levenshtein(&word, &plain(n)), n))
        .filter(|(distance, _)| *distance <= reach)
        .min_by(|a, b| a.cmp(b))
        .map(|(_, n)| n)
}

#[cfg(test)]
mod tests {
    use super::{Diagnostic, nearest, to_annotations};
    use crate::span::Span;

    #[test]
    fn the_nearest_name_is_near() {
        let names = ["designation", "title", "denied"];
        assert_eq!(nearest("desination", names), Some("designation"));
        assert_eq!(nearest("Title", names), Some("title"));
        assert_eq!(nearest("colour", names), None);
    }

    #[test]
    fn an_annotation_is_one_command_whatever_the_text_says() {
        let d = Diagnostic::error("type", &Span::at("a,b.yaml", 3, 5), "100 %\n::error::x").expected("a list");
        assert_eq!(
            to_annotations(&[d], "./config/"),
            "::error file=config/a%2Cb.yaml,line=3,endLine=3,col=5,endColumn=5,title=lockgate type::100 %25%0A\
             ::error::x; expected a list\n"
        );
        let whole = Diagnostic::warning("yaml", &Span::whole("a.yaml"), "no");
        assert_eq!(to_annotations(&[whole], "."), "::warning file=a.yaml,title=lockgate yaml::no\n");
    }

    #[test]
    fn a_long_line_is_cut_and_control_characters_do_not_reach_the_terminal() {
        let mut d = Diagnostic::error("x", &Span::at("a.yaml", 1, 500), "no");
        d.excerpt = Some(format!("{}\u{1b}[2J{}", "a".repeat(499), "b".repeat(900)));
        let text = d.render();
        assert!(!text.contains('\u{1b}') && text.lines().all(|l| l.chars().count() < 140), "{text}");
    }
}
