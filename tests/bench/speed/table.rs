//! What was measured, as tables in Markdown.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// Rows so far, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    rates: Vec<String>,
    times: Vec<String>,
    process: Vec<String>,
    growth: Vec<Vec<String>>,
}

impl Tables {
    /// So many a second here, and in the floor.
    pub(crate) fn rate(&mut self, what: &str, floor: &str, bare: f64, rate: f64, goal: Option<f64>) {
        let goal = goal.map_or_else(String::new, |goal| format!("{goal:.2}"));
        let row = format!("| {what} | {floor} | {bare:.0} | {rate:.0} | {:.2} | {goal} |", rate / bare);
        add(&mut self.rates, row);
    }

    /// How long half, 99 and 99.9 of 100 answers take at most, here and in the floor.
    pub(crate) fn times(&mut self, what: &str, rate: f64, here: &[Duration; 3], floor: Option<&[Duration; 3]>) {
        let shown = |times: &[Duration; 3]| times.map(|time| format!("{:.2}", millis(time))).join(" | ");
        let floor = floor.map_or_else(|| " | | ".to_owned(), shown);
        add(&mut self.times, format!("| {what} | {rate:.0} | {} | {floor} |", shown(here)));
    }

    /// A figure of the process.
    pub(crate) fn process(&mut self, what: &str, figure: f64, unit: &str, goal: &str) {
        add(&mut self.process, format!("| {what} | {figure:.0} {unit} | {goal} |"));
    }

    /// Figures beside more and more of something; `columns` are how much of it.
    pub(crate) fn growth(&mut self, of: &str, columns: &[usize], rows: Vec<(String, Vec<String>)>) {
        let columns: Vec<String> = columns.iter().map(|much| thousands(*much)).collect();
        let mut lines =
            vec![format!("| {of} | {} |", columns.join(" | ")), format!("|---|{}", "---:|".repeat(columns.len()))];
        lines.extend(rows.into_iter().map(|(what, figures)| format!("| {what} | {} |", figures.join(" | "))));
        eprintln!("{}", lines.join("\n"));
        self.growth.push(lines);
    }
}

fn add(rows: &mut Vec<String>, row: String) {
    // Whoever waits sees how far it is.
    eprintln!("{row}");
    rows.push(row);
}

impl Display for Tables {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let table = |out: &mut Formatter<'_>, head: &str, rows: &[String]| {
            if rows.is_empty() { Ok(()) } else { writeln!(out, "{head}\n{}\n", rows.join("\n")) }
        };
        table(
            out,
            "| what | floor | floor, a second | here, a second | ratio | goal |\n|---|---|---:|---:|---:|---:|",
            &self.rates,
        )?;
        let times = "| at half of that | a second | p50, ms | p99 | p99.9 | floor: p50 | p99 | p99.9 |\n|---|---:|---:|---:|---:|---:|---:|---:|";
        table(out, times, &self.times)?;
        table(out, "| process | measured | goal |\n|---|---:|---:|", &self.process)?;
        self.growth.iter().try_for_each(|lines| writeln!(out, "{}\n", lines.join("\n")))
    }
}

/// A time in milliseconds.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let (mut text, length) = (String::new(), digits.len());
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (length - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
