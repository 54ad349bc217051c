//! Ticks in rows and columns.

use super::Choice;
use askama::{Template, filters::HtmlSafe};

/// A row of ticks.
#[derive(Debug, Clone, Default)]
pub struct MatrixRow {
    /// What it is about.
    pub label: String,
    /// In the order of the columns: none, one or several ticks each. Those of the last column are named beside.
    pub cells: Vec<Vec<Choice>>,
}

/// A form of ticks in rows and columns.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "admin/matrix.html")]
pub struct Matrix {
    /// Where it goes.
    pub action: String,
    /// The proof that it comes from our own page.
    pub csrf: String,
    /// What it is, for who does not see it.
    pub caption: String,
    /// What is sent beside the ticks.
    pub hidden: Vec<(String, String)>,
    /// What ticks are sent as.
    pub field: String,
    /// Heading of the rows' names.
    pub first: String,
    /// Headings of the columns.
    pub columns: Vec<String>,
    /// In the order shown.
    pub rows: Vec<MatrixRow>,
    /// The button; none: it is only shown.
    pub submit: Option<String>,
}

impl Matrix {
    fn column(&self, index: &usize) -> &str {
        self.columns.get(*index).map_or("", String::as_str)
    }
}

impl HtmlSafe for Matrix {}
