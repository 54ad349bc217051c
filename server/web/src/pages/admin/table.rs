//! Lists of things.

use super::{Action, Badge, Empty, Time, Tone};
use askama::{Template, filters::HtmlSafe};

/// What one cell of a table, or one fact, shows.
#[derive(Debug, Clone, Default)]
pub enum Cell {
    /// Nothing is known.
    #[default]
    Nothing,
    /// Words.
    Text(String),
    /// A name that leads to the thing, with a line below it.
    Link {
        /// The name.
        text: String,
        /// Where it leads.
        href: String,
        /// The line below; empty: none.
        below: String,
    },
    /// A person or an application: a picture or initials, a name, a line below it.
    Thing {
        /// The name.
        text: String,
        /// Where it leads.
        href: String,
        /// The line below; empty: none.
        below: String,
        /// Address of a picture.
        picture: Option<String>,
        /// Round, as people are.
        round: bool,
    },
    /// An identifier.
    Code(String),
    /// Words about it.
    Badges(Vec<Badge>),
    /// Names that lead to things.
    Links(Vec<(String, String)>),
    /// A point of time.
    Time(Time),
    /// Yes or no.
    Yes(bool),
    /// A figure.
    Number(i64),
    /// A text to be put in elsewhere, with a button that copies it.
    Copy(String),
    /// Something to do.
    Actions(Vec<Action>),
}

impl Cell {
    /// A name that leads to the thing.
    #[must_use]
    pub fn link(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self::Link { text: text.into(), href: href.into(), below: String::new() }
    }

    /// A word on a state.
    #[must_use]
    pub fn badge(text: impl Into<String>, tone: Tone) -> Self {
        Self::Badges(vec![Badge::new(text, tone)])
    }

    /// A time as the API writes it; nothing when there is none.
    #[must_use]
    pub fn time(text: Option<&str>) -> Self {
        text.and_then(Time::parse).map_or(Self::Nothing, Self::Time)
    }

    /// Address of a picture.
    pub(super) fn picture(&self) -> Option<&str> {
        match self {
            Self::Thing { picture, .. } => picture.as_deref(),
            _ => None,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::Nothing } else { Self::Text(text.to_owned()) }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<bool> for Cell {
    fn from(yes: bool) -> Self {
        Self::Yes(yes)
    }
}

impl From<i64> for Cell {
    fn from(figure: i64) -> Self {
        Self::Number(figure)
    }
}

/// How a column is ordered.
#[derive(Debug, Clone)]
pub struct Sort {
    /// Where the list is in that order, or in the opposite one.
    pub href: String,
    /// `ascending`, `descending`, or empty: by another column.
    pub state: &'static str,
}

/// A column.
#[derive(Debug, Clone, Default)]
pub struct Column {
    /// Its heading.
    pub label: String,
    /// How to order by it.
    pub sort: Option<Sort>,
    /// It holds figures.
    pub numeric: bool,
}

impl Column {
    /// One that nothing is ordered by.
    #[must_use]
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }
}

/// A row.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// What bulk actions name it by; none: it cannot be chosen.
    pub key: Option<String>,
    /// In the order of the columns.
    pub cells: Vec<Cell>,
}

impl Row {
    /// What choosing it is called, for who does not see the row.
    fn label(&self) -> String {
        match self.cells.first() {
            Some(Cell::Text(text) | Cell::Code(text) | Cell::Link { text, .. } | Cell::Thing { text, .. }) => {
                text.clone()
            }
            _ => self.key.clone().unwrap_or_default(),
        }
    }
}

/// Something to do with the chosen rows: the name that the form sends.
#[derive(Debug, Clone)]
pub struct Bulk {
    /// What it does.
    pub label: String,
    /// Value of the field `action`.
    pub value: String,
    /// How it looks.
    pub tone: Tone,
}

/// A field to search by.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Name of the field.
    pub name: String,
    /// What was searched for.
    pub value: String,
    /// What is searched.
    pub label: String,
}

/// A choice that narrows a list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Name of the field.
    pub name: String,
    /// What it is about.
    pub label: String,
    /// Values with their names; empty: a field for text.
    pub options: Vec<(String, String)>,
    /// What is chosen.
    pub value: String,
    /// Type of the field for text: `text`, `date` …
    pub kind: &'static str,
}

/// The way through a long list.
#[derive(Debug, Clone, Default)]
pub struct Pager {
    /// Number of the first row shown.
    pub from: u64,
    /// Number of the last row shown.
    pub to: u64,
    /// How many there are.
    pub count: u64,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
}

/// A list of things, with what is needed to find one in it.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "admin/table.html")]
pub struct Table {
    /// What it lists, for who does not see it.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// In the place of rows.
    pub empty: Empty,
    /// Where the form of search and filters goes; empty: there is neither.
    pub action: String,
    /// Search.
    pub search: Option<Search>,
    /// Filters.
    pub filters: Vec<Filter>,
    /// What else the form keeps: the order.
    pub kept: Vec<(String, String)>,
    /// Where the whole list is, without search and filters, if some are set.
    pub reset: Option<String>,
    /// What can be done with chosen rows.
    pub bulk: Vec<Bulk>,
    /// Where that form goes.
    pub bulk_action: String,
    /// The proof that the form comes from our own page.
    pub csrf: String,
    /// The way through it.
    pub pager: Option<Pager>,
    /// The script asks again every so many seconds; 0: never.
    pub live: u32,
}

impl Table {
    /// Whether there are so many filters that they are folded away where room is scarce.
    fn folds(&self) -> bool {
        self.filters.len() > 4
    }

    fn chooses(&self) -> bool {
        !self.bulk.is_empty() && self.rows.iter().any(|row| row.key.is_some())
    }

    fn column(&self, index: &usize) -> &Column {
        &self.columns[*index]
    }
}

/// A cell as HTML.
#[derive(Template)]
#[template(path = "admin/cell.html")]
pub(super) struct Shown<'a>(pub(super) &'a Cell);

impl HtmlSafe for Shown<'_> {}

impl Cell {
    pub(super) fn shown(&self) -> Shown<'_> {
        Shown(self)
    }
}
