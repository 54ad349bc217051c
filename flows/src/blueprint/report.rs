//! What became of a blueprint, for the person who goes on with it.

use crate::{export::Variable, read::TextFile};
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::{self, Write as _};

/// A line of a blueprint.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Something to know about a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Remark {
    /// The line.
    #[serde(flatten)]
    pub place: Place,
    /// What it is about: `flow "login"`.
    pub what: String,
    /// A sentence on it.
    pub why: String,
}

/// A blueprint, or several, in our language.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// The files of a configuration folder.
    pub files: Vec<TextFile>,
    /// Environment variables that they ask for. Those that stood in the blueprint have their values.
    pub variables: Vec<Variable>,
    /// What was not carried over.
    pub leftovers: Vec<Remark>,
    /// What was, but differently from what one might think.
    pub notes: Vec<Remark>,
}

impl Imported {
    /// Whether there is nothing left to do by hand.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.leftovers.is_empty()
    }

    /// The report for people.
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "Written: {}.", count(self.files.len(), "file"));
        for file in &self.files {
            let _ = writeln!(text, "  {}", file.path);
        }
        let mut section = |title: &str, remarks: &[Remark]| {
            if !remarks.is_empty() {
                let _ = writeln!(text, "\n{title}");
            }
            for Remark { place, what, why } in remarks {
                let _ = writeln!(text, "  {place}: {what}: {why}");
            }
        };
        section("Not carried over:", &self.leftovers);
        section("To know:", &self.notes);
        if !self.variables.is_empty() {
            let _ = writeln!(text, "\nEnvironment variables to set:");
        }
        for variable in &self.variables {
            let _ = writeln!(text, "  {}  ({})", variable.name, variable.what);
        }
        let _ = writeln!(text, "\nNext:");
        if !self.leftovers.is_empty() {
            let _ = writeln!(text, "  go through what was not carried over: whatever depends on it denies until then");
        }
        if !self.variables.is_empty() {
            let _ = writeln!(
                text,
                "  set the environment variables (--secrets FILE writes those that the blueprint holds)"
            );
        }
        let _ = writeln!(text, "  lockgate check on the folder, and read it before it goes live");
        text
    }

    /// The report for programs. Secrets are not in it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let files: Vec<&str> = self.files.iter().map(|f| f.path.as_str()).collect();
        let variables: Vec<Value> = self
            .variables
            .iter()
            .map(|v| json!({"name": v.name, "what": v.what, "known": !v.value.is_empty()}))
            .collect();
        json!({"files": files, "leftovers": self.leftovers, "notes": self.notes, "variables": variables})
    }
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Remarks as they are found.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    pub(super) leftovers: Vec<Remark>,
    pub(super) notes: Vec<Remark>,
}

impl Remarks {
    pub(super) fn left(&mut self, place: &Place, what: &str, why: impl Into<String>) {
        self.leftovers.push(Remark { place: place.clone(), what: what.to_owned(), why: why.into() });
    }

    pub(super) fn note(&mut self, place: &Place, what: &str, why: impl Into<String>) {
        self.notes.push(Remark { place: place.clone(), what: what.to_owned(), why: why.into() });
    }
}
