//! A report for a pull request.

use super::{AccessReport, ChangeSort, ObjectChange, PlanReport, field_lines, short, summary, thousands, what, who};

/// Rows of one table; a comment of a forge holds about 64,000 characters.
const MOST_ROWS: usize = 200;

/// The report in Markdown, as forges show it.
#[must_use]
pub fn markdown(report: &PlanReport) -> String {
    let mut out = String::from("## Lockgate plan\n\n");
    if !report.has_changes() {
        out.push_str("No changes.\n");
        return out + notes(report).as_str();
    }
    out.push_str(&format!("{}\n", summary(report)));
    out.push_str(&access(&report.access));
    out.push_str("\n<details>\n<summary>Objects</summary>\n\n```diff\n");
    for object in report.objects.iter().take(MOST_ROWS) {
        object_lines(object).iter().for_each(|line| {
            out.push_str(&line.replace("```", "ˋˋˋ"));
            out.push('\n');
        });
    }
    out.push_str("```\n");
    more(&mut out, report.objects.len());
    out.push_str("\n</details>\n");
    out + notes(report).as_str()
}

fn more(out: &mut String, all: usize) {
    if all > MOST_ROWS {
        out.push_str(&format!("\n… and {} more.\n", all - MOST_ROWS));
    }
}

fn object_lines(object: &ObjectChange) -> Vec<String> {
    let sign = match object.change {
        ChangeSort::Created => '+',
        ChangeSort::Changed => '!',
        ChangeSort::Deleted => '-',
    };
    let adopted = object.adopted_from.as_ref().map(|from| format!(" (taken over from {from})")).unwrap_or_default();
    let fields = object.fields.iter().flat_map(field_lines).map(|line| format!("    {line}"));
    std::iter::once(format!("{sign} {}{adopted}", object.name)).chain(fields).collect()
}

fn notes(report: &PlanReport) -> String {
    let kept = report.kept.iter().map(|kept| {
        format!("The builtin {} {} was edited and stays as it is.", kept.kind.replace('_', " "), code(&kept.name))
    });
    let warnings = report.warnings.iter().map(|warning| format!("**Warning:** {}", plain(warning)));
    let failed = report.access.problems.iter().map(|p| format!("**Failed, and counts as denied:** {}", plain(p)));
    let lines: Vec<String> = kept.chain(warnings).chain(failed).map(|line| format!("- {line}\n")).collect();
    if lines.is_empty() { String::new() } else { format!("\n{}", lines.concat()) }
}

fn access(report: &AccessReport) -> String {
    if report.people == 0 {
        return String::new();
    }
    let mut out = format!("\n### Access\n\nOver {} active accounts.\n", thousands(report.people));
    if !report.apps.is_empty() {
        out.push_str("\n| Application | | Who |\n|---|---|---|\n");
        let rows = report.apps.iter().flat_map(|app| app.parts.iter().map(move |part| (app, part)));
        for (app, part) in rows.clone().take(MOST_ROWS) {
            let sign = if part.shift.is_gain() { "🟢" } else { "🔴" };
            out.push_str(&format!("| {} | {sign} {} | {} |\n", cell(&app.app), what(part), cell(&who(part))));
        }
        more(&mut out, rows.count());
    }
    if !report.claims.is_empty() {
        out.push_str("\n### Claims\n\n| Application | Claim | For | Example |\n|---|---|---|---|\n");
        let rows = report.claims.iter().flat_map(|app| app.claims.iter().map(move |claim| (app, claim)));
        for (app, claim) in rows.clone().take(MOST_ROWS) {
            let example = claim
                .examples
                .first()
                .map_or_else(String::new, |e| format!("{}: {} → {}", e.user, short(&e.before), short(&e.after)));
            let (app, name, example) = (cell(&app.app), cell(&claim.claim), cell(&example));
            out.push_str(&format!("| {app} | {name} | {} | {example} |\n", super::people(claim.count)));
        }
        more(&mut out, rows.count());
    }
    out
}

/// A text in a cell: names of people and groups are not markup.
fn cell(text: &str) -> String {
    plain(text).replace('|', "\\|")
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '@' | '!' | '~' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "ˋ"))
}
