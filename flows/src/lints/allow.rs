//! Warnings that somebody has thought about: a comment `# lockgate: allow(code) reason` on the line, or on
//! the line above it, silences one sort of warning there. Errors are never silenced.

use crate::{
    diagnostics::{Diagnostic, Severity},
    read::{Folder, TextFile},
    span::Span,
};

const MARK: &str = "lockgate: allow(";

/// A comment that silences.
struct Allow<'f> {
    code: &'f str,
    reason: &'f str,
    at: Span,
    /// Lines that it speaks of.
    lines: [u32; 2],
}

/// Takes out warnings that are allowed where they stand, and complains of allowances without a reason.
pub(crate) fn silence(diagnostics: &mut Vec<Diagnostic>, folder: &Folder) {
    let allows: Vec<Allow<'_>> = folder.files.iter().flat_map(allows_of).collect();
    if allows.is_empty() {
        return;
    }
    diagnostics.retain(|d| d.severity == Severity::Error || !allows.iter().any(|a| a.covers(d)));
    for allow in allows.iter().filter(|a| a.reason.is_empty()) {
        let text = format!("why is \"{}\" allowed here?", allow.code);
        let complaint = Diagnostic::warning("allow", &allow.at, text);
        diagnostics.push(complaint.expected(format!("a reason: # lockgate: allow({}) because …", allow.code)));
    }
}

impl Allow<'_> {
    fn covers(&self, d: &Diagnostic) -> bool {
        !self.reason.is_empty()
            && d.code == self.code
            && d.span.file == self.at.file
            && self.lines.contains(&d.span.line)
    }
}

fn allows_of(file: &TextFile) -> Vec<Allow<'_>> {
    let comment = if matches!(file.extension().as_str(), "cedar" | "rhai") { "//" } else { "#" };
    let mut found = Vec::new();
    let lines: Vec<&str> = file.text.lines().collect();
    for (i, line) in lines.iter().enumerate() {
        let Some(at) = line.find(MARK).filter(|at| line[..*at].trim_end().ends_with(comment)) else { continue };
        let Some((code, reason)) = line[at + MARK.len()..].split_once(')') else { continue };
        let number = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
        let alone = line.trim_start().starts_with(comment);
        // Several such comments may stand above one line.
        let below = (i + 1..lines.len()).find(|n| !lines[*n].trim_start().starts_with(comment)).unwrap_or(i);
        let column = u32::try_from(line[..at].chars().count() + 1).unwrap_or(u32::MAX);
        let span = Span {
            end_column: column + u32::try_from(MARK.len() + code.len() + 1).unwrap_or(0),
            ..Span::at(&file.path, number(i), column)
        };
        let lines = [number(i), if alone { number(below) } else { number(i) }];
        found.push(Allow { code: code.trim(), reason: reason.trim(), at: span, lines });
    }
    found
}
