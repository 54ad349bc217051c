//! What is wrong with a policy or an expression, pointed at in the text it was written in.

use serde::Serialize;
use std::fmt;

/// One complaint about one place in a policy file or an expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyProblem {
    /// File, relative to the configuration folder, or the name of the object that holds the text.
    pub file: String,
    /// Line from 1; 0 when the complaint is about the file as a whole.
    pub line: u32,
    /// Column from 1, in characters; 0 when unknown.
    pub column: u32,
    /// A sentence that says what is wrong.
    pub message: String,
    /// What to do about it, such as the nearest valid name.
    pub hint: Option<String>,
    /// The offending line of text, without its end.
    pub snippet: String,
}

impl PolicyProblem {
    /// A complaint about an object that has no text of its own, such as a binding.
    #[must_use]
    pub fn whole(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: file.into(), line: 0, column: 0, message: message.into(), hint: None, snippet: String::new() }
    }

    /// The same complaint with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyProblem {}

/// Line and column, both from 1, of a byte offset.
pub(crate) fn line_column(text: &str, offset: usize) -> (u32, u32) {
    let offset = (0..=offset.min(text.len())).rev().find(|o| text.is_char_boundary(*o)).unwrap_or(0);
    let before = &text[..offset];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

/// The text of a line counted from 1, shortened so that a minified file does not flood the log.
pub(crate) fn line_text(text: &str, line: u32) -> String {
    let index = (line as usize).saturating_sub(1);
    text.lines().nth(index).unwrap_or("").chars().take(160).collect()
}

/// "did you mean …" for the nearest known name, if one is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let folded = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .map(|(_, candidate)| format!("did you mean \"{candidate}\"?"))
}
