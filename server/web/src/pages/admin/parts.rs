//! What panels are made of.

use super::{Action, Cell, Figures, Form, Matrix, Table};
use askama::{Template, filters::HtmlSafe};
use std::fmt;

/// What something means, by its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Nothing in particular.
    #[default]
    Plain,
    /// The main thing to do.
    Main,
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong, or not to be undone.
    Bad,
    /// To know.
    Info,
}

impl Tone {
    /// Its class.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Main => "main",
            Self::Good => "good",
            Self::Warn => "warning",
            Self::Bad => "danger",
            Self::Info => "info",
        }
    }
}

/// A word on the state of something.
#[derive(Debug, Clone)]
pub struct Badge {
    /// The word.
    pub text: String,
    /// What it means.
    pub tone: Tone,
}

impl Badge {
    /// A word.
    #[must_use]
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
}

/// What is known of a thing.
#[derive(Debug, Clone, Default)]
pub struct Fact {
    /// What it is about.
    pub label: String,
    /// What it says.
    pub value: Cell,
}

/// A list of facts.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "admin/facts.html")]
pub struct Facts(pub Vec<Fact>);

impl Facts {
    /// One more.
    #[must_use]
    pub fn with(mut self, label: impl Into<String>, value: impl Into<Cell>) -> Self {
        self.0.push(Fact { label: label.into(), value: value.into() });
        self
    }
}

/// Text to be read by a program: YAML, Cedar, a command.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "admin/code.html")]
pub struct Code {
    /// What it is; empty: told elsewhere.
    pub caption: String,
    /// The text.
    pub text: String,
    /// It is a difference: lines begin with `+`, `-` or a space.
    pub diff: bool,
    /// Whether there is a button that copies it.
    pub copy: bool,
}

impl Code {
    /// Lines with what became of each.
    fn lines(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.text.lines().map(|line| {
            let class = match line.as_bytes() {
                _ if !self.diff => "",
                [b'+', ..] => "added",
                [b'-', ..] => "removed",
                [b'@', ..] => "place",
                _ => "",
            };
            (class, line)
        })
    }
}

/// A sentence that must be seen.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "admin/note.html")]
pub struct Note {
    /// How it is meant.
    pub tone: Tone,
    /// Its heading; empty: none.
    pub title: String,
    /// Lines, each a paragraph.
    pub lines: Vec<String>,
    /// What can be done about it.
    pub actions: Vec<Action>,
}

impl Note {
    /// One line.
    #[must_use]
    pub fn new(tone: Tone, line: impl Into<String>) -> Self {
        Self { tone, lines: vec![line.into()], ..Self::default() }
    }

    /// With a heading.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }
}

/// What is shown in the place of nothing.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "admin/empty.html")]
pub struct Empty {
    /// That there is nothing.
    pub title: String,
    /// What to do about it.
    pub hint: String,
    /// What can be done about it.
    pub action: Option<Action>,
}

/// A bar of a chart: one or two figures, the second on top of the first.
#[derive(Debug, Clone, Default)]
pub struct ChartBar {
    /// What it stands for.
    pub label: String,
    /// The first figure.
    pub value: u64,
    /// The second one, as of what went wrong.
    pub other: u64,
}

/// Figures as bars, and as the table that a program reads aloud.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "admin/chart.html")]
pub struct Chart {
    /// What it shows.
    pub caption: String,
    /// What bars stand for.
    pub axis: String,
    /// What the first figure counts.
    pub first: String,
    /// What the second one counts; empty: there is none.
    pub second: String,
    /// In the order shown.
    pub bars: Vec<ChartBar>,
    /// Lying bars with their labels beside them, instead of standing ones.
    pub lying: bool,
}

impl Chart {
    /// The longest bar.
    fn most(&self) -> u64 {
        self.bars.iter().map(|bar| bar.value + bar.other).max().unwrap_or_default().max(1)
    }

    /// A figure in hundredths of the longest bar.
    fn part(&self, figure: &u64) -> String {
        format!("{:.2}", *figure as f64 * 100.0 / self.most() as f64)
    }

    /// Where the first figure's bar begins, from above.
    fn top(&self, bar: &ChartBar) -> String {
        format!("{:.2}", 100.0 - bar.value as f64 * 100.0 / self.most() as f64)
    }

    /// Where the second one's begins.
    fn top_of_other(&self, bar: &ChartBar) -> String {
        format!("{:.2}", 100.0 - (bar.value + bar.other) as f64 * 100.0 / self.most() as f64)
    }

    fn width(&self) -> usize {
        self.bars.len().max(1) * 10
    }
}

/// A step on the way through something.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// What it is.
    pub title: String,
    /// Its kind, in small letters.
    pub kind: String,
    /// Where it leads, if there is more on it; empty: nowhere.
    pub href: String,
    /// What became of it.
    pub badge: Option<Badge>,
    /// Sentences on it.
    pub lines: Vec<String>,
    /// What is set.
    pub facts: Facts,
    /// What can be done.
    pub actions: Vec<Action>,
}

/// Steps, one after the other.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "admin/steps.html")]
pub struct Steps(pub Vec<Step>);

/// A node of a tree.
#[derive(Debug, Clone, Default)]
pub struct TreeNode {
    /// Its name.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// A word beside it.
    pub aside: String,
    /// Its children.
    pub children: Vec<Self>,
}

/// Things within things.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "admin/tree.html")]
pub struct Tree(pub Vec<TreeNode>);

impl Tree {
    fn below(node: &TreeNode) -> Self {
        Self(node.children.clone())
    }
}

/// A paragraph.
#[derive(Debug, Clone, Default, Template)]
#[template(source = "<p>{{ self.0 }}</p>", ext = "html")]
pub struct Text(pub String);

/// What is wrong with a text while it is typed.
#[derive(Debug, Clone, Default, Template)]
#[template(
    source = r#"{% if self.0.is_empty() %}<p class="ok">No mistakes found.</p>{% else %}<ul class="faults">{% for (place, sentence) in self.0 %}<li>{% if !place.is_empty() %}<b>{{ place }}</b> {% endif %}{{ sentence }}</li>{% endfor %}</ul>{% endif %}"#,
    ext = "html"
)]
pub struct Checked(pub Vec<(String, String)>);

/// What a panel shows.
#[derive(Debug, Clone)]
pub enum Part {
    /// A paragraph.
    Text(Text),
    /// Facts.
    Facts(Facts),
    /// A list of things.
    Table(Box<Table>),
    /// A form.
    Form(Box<Form>),
    /// Text to be read by a program.
    Code(Code),
    /// A sentence that must be seen.
    Note(Note),
    /// In the place of nothing.
    Empty(Empty),
    /// Figures over time, or by what they count.
    Chart(Chart),
    /// Big figures.
    Figures(Figures),
    /// Steps.
    Steps(Steps),
    /// A tree.
    Tree(Tree),
    /// Ticks in rows and columns.
    Matrix(Box<Matrix>),
    /// What is wrong with a text.
    Checked(Checked),
    /// A picture that is made here: SVG without scripts, whose text is escaped by whoever makes it.
    Drawing(String),
}

impl Part {
    /// Addresses of pictures from elsewhere.
    pub(super) fn pictures(&self) -> Vec<&str> {
        match self {
            Self::Table(table) => table.rows.iter().flat_map(|row| &row.cells).filter_map(Cell::picture).collect(),
            Self::Facts(facts) => facts.0.iter().filter_map(|fact| fact.value.picture()).collect(),
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(part) => part.fmt(f),
            Self::Facts(part) => part.fmt(f),
            Self::Table(part) => part.fmt(f),
            Self::Form(part) => part.fmt(f),
            Self::Code(part) => part.fmt(f),
            Self::Note(part) => part.fmt(f),
            Self::Empty(part) => part.fmt(f),
            Self::Chart(part) => part.fmt(f),
            Self::Figures(part) => part.fmt(f),
            Self::Steps(part) => part.fmt(f),
            Self::Tree(part) => part.fmt(f),
            Self::Matrix(part) => part.fmt(f),
            Self::Checked(part) => part.fmt(f),
            Self::Drawing(svg) => f.write_str(svg),
        }
    }
}

/// Marks templates as HTML, so that a page shows them as they are, and makes parts of them.
macro_rules! parts {
    ($($ty:ident),*) => { $(
        impl HtmlSafe for $ty {}
        impl From<$ty> for Part {
            fn from(part: $ty) -> Self {
                Self::$ty(part)
            }
        }
    )* };
}

parts!(Text, Facts, Code, Note, Empty, Chart, Figures, Steps, Tree, Checked);
impl HtmlSafe for Part {}
impl HtmlSafe for Table {}
impl HtmlSafe for Form {}

impl From<Table> for Part {
    fn from(table: Table) -> Self {
        Self::Table(Box::new(table))
    }
}

impl From<Matrix> for Part {
    fn from(matrix: Matrix) -> Self {
        Self::Matrix(Box::new(matrix))
    }
}

impl From<Form> for Part {
    fn from(form: Form) -> Self {
        Self::Form(Box::new(form))
    }
}
