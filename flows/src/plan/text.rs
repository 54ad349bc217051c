//! A report for a terminal.

use super::{AccessReport, ChangeSort, ObjectChange, PlanReport, field_lines, short, summary, thousands, what, who};

/// The report in plain text.
#[must_use]
pub fn text(report: &PlanReport) -> String {
    let mut lines = Vec::new();
    if !report.has_changes() {
        lines.push("No changes.".to_owned());
    }
    report.objects.iter().for_each(|object| lines.extend(object_lines(object)));
    let mut notes = Vec::new();
    if report.moved > 0 {
        notes.push(format!("{} objects only moved in the text.", report.moved));
    }
    for kept in &report.kept {
        notes.push(format!(
            "The builtin {} \"{}\" was edited and stays as it is.",
            kept.kind.replace('_', " "),
            kept.name
        ));
    }
    notes.extend(report.warnings.iter().map(|warning| format!("warning: {warning}")));
    section(&mut lines, notes);
    section(&mut lines, access(&report.access));
    if report.has_changes() {
        section(&mut lines, vec![summary(report)]);
    }
    lines.join("\n") + "\n"
}

fn section(lines: &mut Vec<String>, more: Vec<String>) {
    if !more.is_empty() {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(more);
    }
}

fn object_lines(object: &ObjectChange) -> Vec<String> {
    let sign = match object.change {
        ChangeSort::Created => '+',
        ChangeSort::Changed => '~',
        ChangeSort::Deleted => '-',
    };
    let mut notes = Vec::new();
    notes.extend(object.adopted_from.as_ref().map(|from| format!("taken over from {from}")));
    if object.kind == "group" && object.change == ChangeSort::Deleted {
        notes.push("left the folder; it stays with its members".to_owned());
    }
    notes.extend(object.place.clone());
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
    let fields = object.fields.iter().flat_map(field_lines).map(|line| format!("    {line}"));
    std::iter::once(format!("{sign} {}{notes}", object.name)).chain(fields).collect()
}

fn access(report: &AccessReport) -> Vec<String> {
    let mut lines = Vec::new();
    if report.people == 0 {
        return lines;
    }
    if report.apps.is_empty() {
        lines.push(format!(
            "Access: of {} active accounts nobody gains or loses an application.",
            thousands(report.people)
        ));
    } else {
        lines.push(format!("Access, for {} active accounts:", thousands(report.people)));
    }
    for app in &report.apps {
        lines.push(format!("  {}", app.app));
        for part in &app.parts {
            let sign = if part.shift.is_gain() { '+' } else { '-' };
            lines.push(format!("    {sign} {}: {}", what(part), who(part)));
        }
    }
    for app in &report.claims {
        lines.push(format!("Claims in the tokens of {}:", app.app));
        for claim in &app.claims {
            lines.push(format!("    {} changes for {}", claim.claim, super::people(claim.count)));
            for example in &claim.examples {
                lines.push(format!(
                    "        {}: {} -> {}",
                    example.user,
                    short(&example.before),
                    short(&example.after)
                ));
            }
        }
    }
    lines.extend(report.problems.iter().map(|problem| format!("  failed, and counts as denied: {problem}")));
    lines
}
