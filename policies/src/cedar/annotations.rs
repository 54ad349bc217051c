//! The annotations that mean something here: `@id`, `@message` and `@severity`.

use crate::{
    decision::Severity,
    problem::{PolicyProblem, line_column, line_text, nearest},
};

const KNOWN: [&str; 3] = ["id", "message", "severity"];

/// A policy or a template in its file.
pub(super) struct Statement<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    /// Where it begins, in bytes.
    pub(super) start: usize,
}

impl Statement<'_> {
    /// A complaint about one of its annotations.
    fn complain(&self, name: &str, message: String) -> PolicyProblem {
        let rest = self.text.get(self.start..).unwrap_or_default();
        let offset = rest.find(&format!("@{name}")).map_or(self.start, |found| self.start + found);
        let (line, column) = line_column(self.text, offset);
        PolicyProblem { line, column, snippet: line_text(self.text, line), ..PolicyProblem::whole(self.file, message) }
    }
}

/// Warns about annotations that mean nothing, and refuses a severity that is none.
pub(super) fn check<'a>(
    of: &Statement<'_>,
    annotations: impl Iterator<Item = (&'a str, &'a str)>,
    warnings: &mut Vec<PolicyProblem>,
    problems: &mut Vec<PolicyProblem>,
) {
    for (name, value) in annotations {
        if !KNOWN.contains(&name) {
            let message = format!("the annotation @{name} means nothing here");
            let hint = nearest(name, KNOWN).unwrap_or_else(|| "there are @id, @message and @severity".to_owned());
            warnings.push(of.complain(name, message).with_hint(Some(hint)));
        }
        if name == "severity" && Severity::parse(value).is_none() {
            let message = format!("\"{value}\" is no severity");
            let hint = Some("info, warning or critical".to_owned());
            problems.push(of.complain(name, message).with_hint(hint));
        }
    }
}
