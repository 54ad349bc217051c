//! Forms.

use super::{Action, Note, Tone};
use askama::Template;

/// One of several values.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What it is called.
    pub label: String,
    /// What it means; empty: told by its name.
    pub hint: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// A row of a field that is a list of things.
#[derive(Debug, Clone, Default)]
pub struct Row(pub Vec<Field>);

/// How a field is filled in.
#[derive(Debug, Clone)]
pub enum Control {
    /// A line; `kind` is the input's type.
    Line {
        /// `text`, `password`, `number`, `email`, `url`, `datetime-local` …
        kind: &'static str,
        /// What it holds.
        value: String,
        /// An example.
        placeholder: String,
        /// Values to choose from, and the address that searches for more (`?q=`); empty: none.
        suggestions: Vec<String>,
        /// See there.
        search: String,
    },
    /// Lines.
    Area {
        /// What it holds.
        value: String,
        /// How many lines are shown.
        rows: usize,
        /// It is read by a program.
        code: bool,
        /// Where the text is judged while it is typed (POST `value`); empty: nowhere.
        check: String,
    },
    /// One of several values.
    Select(Vec<Choice>),
    /// Any of several values.
    Many(Vec<Choice>),
    /// One of few values that need a word each.
    Radio(Vec<Choice>),
    /// Yes or no.
    Tick(bool),
    /// A file.
    File {
        /// What it may be.
        accept: &'static str,
    },
    /// A list of things with fields of their own; empty ones at the end are left out.
    Rows(Vec<Row>),
    /// Nothing that is seen.
    Hidden(String),
    /// Shown and not sent.
    Fixed(String),
}

impl Control {
    /// A line of text.
    #[must_use]
    pub fn text(value: impl Into<String>) -> Self {
        Self::line("text", value)
    }

    /// A line of some type.
    #[must_use]
    pub fn line(kind: &'static str, value: impl Into<String>) -> Self {
        let (placeholder, suggestions, search) = Default::default();
        Self::Line { kind, value: value.into(), placeholder, suggestions, search }
    }

    /// Lines of text.
    #[must_use]
    pub fn area(value: impl Into<String>, rows: usize) -> Self {
        Self::Area { value: value.into(), rows, code: false, check: String::new() }
    }

    /// Lines that a program reads.
    #[must_use]
    pub fn code(value: impl Into<String>, rows: usize) -> Self {
        Self::Area { value: value.into(), rows, code: true, check: String::new() }
    }
}

/// A field.
#[derive(Debug, Clone)]
pub struct Field {
    /// What it is sent as; part of its id.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// What it is for.
    pub hint: String,
    /// Whether it has to be filled in.
    pub required: bool,
    /// What is wrong with it.
    pub errors: Vec<String>,
    /// How it is filled in.
    pub control: Control,
    /// What tells it from a field of the same name in another form of the page; empty: there is none.
    pub place: String,
}

impl Field {
    /// One that may stay empty.
    #[must_use]
    pub fn new(name: impl Into<String>, label: impl Into<String>, control: Control) -> Self {
        let (hint, errors, place) = Default::default();
        Self { name: name.into(), label: label.into(), hint, required: false, errors, control, place }
    }

    /// With what it is for.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// One that has to be filled in.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Told from a field of the same name in another form of the page.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        self.place = place.to_owned();
        self
    }

    fn id(&self) -> String {
        crate::pages::dom_id(&format!("{}{}", self.place, self.name))
    }

    /// What ties the input to its hint and its errors.
    fn described(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("h-{}", self.id()));
        let wrong = (!self.errors.is_empty()).then(|| format!("e-{}", self.id()));
        hint.into_iter().chain(wrong).collect::<Vec<_>>().join(" ")
    }
}

/// Fields that belong together.
#[derive(Debug, Clone, Default)]
pub struct FieldSet {
    /// The heading; empty: none.
    pub legend: String,
    /// Folded until somebody looks for it, or something in it is wrong.
    pub folded: bool,
    /// In the order shown.
    pub fields: Vec<Field>,
}

impl FieldSet {
    /// Fields without a heading.
    #[must_use]
    pub fn plain(fields: Vec<Field>) -> Self {
        Self { fields, ..Self::default() }
    }

    fn is_open(&self) -> bool {
        !self.folded || self.fields.iter().any(|field| !field.errors.is_empty())
    }
}

/// A form that goes to our own host, by POST unless it says otherwise.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/form.html")]
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// `post`, or `get` for a form that only asks.
    pub method: &'static str,
    /// The proof that it comes from our own page.
    pub csrf: String,
    /// What is wrong with the whole of it.
    pub errors: Vec<String>,
    /// Its fields.
    pub sets: Vec<FieldSet>,
    /// The main button.
    pub submit: String,
    /// How it looks.
    pub tone: Tone,
    /// Other buttons: name, value and label.
    pub others: Vec<(String, String, String)>,
    /// The way out.
    pub cancel: Option<Action>,
    /// Holds a file.
    pub multipart: bool,
    /// What stands above the buttons.
    pub note: Option<Note>,
    /// Where the script asks what sending it would change, while it is filled in; empty: nowhere.
    pub preview: String,
}

impl Form {
    /// A form with one button.
    #[must_use]
    pub fn new(action: impl Into<String>, csrf: impl Into<String>, submit: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            method: "post",
            csrf: csrf.into(),
            errors: Vec::new(),
            sets: Vec::new(),
            submit: submit.into(),
            tone: Tone::Main,
            others: Vec::new(),
            cancel: None,
            multipart: false,
            note: None,
            preview: String::new(),
        }
    }

    /// With fields.
    #[must_use]
    pub fn fields(mut self, fields: Vec<Field>) -> Self {
        self.sets.push(FieldSet::plain(fields));
        self
    }

    /// With a way out.
    #[must_use]
    pub fn cancel(mut self, href: impl Into<String>) -> Self {
        self.cancel = Some(Action::link("Cancel", href));
        self
    }

    /// What is wrong, at the fields that it is about; the rest stands above all.
    #[must_use]
    pub fn wrong(mut self, problems: Vec<(String, String)>) -> Self {
        for (name, sentence) in problems {
            let field = self.sets.iter_mut().flat_map(|set| &mut set.fields).find(|field| field.name == name);
            match field {
                Some(field) if !matches!(field.control, Control::Hidden(_)) => field.errors.push(sentence),
                _ if name.is_empty() => self.errors.push(sentence),
                _ => self.errors.push(format!("{name}: {sentence}")),
            }
        }
        self
    }

    /// Every field that something is wrong with.
    fn faulty(&self) -> impl Iterator<Item = &Field> {
        self.sets.iter().flat_map(|set| &set.fields).filter(|field| !field.errors.is_empty())
    }
}
