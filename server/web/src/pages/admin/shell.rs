//! What stands around every page of the admin interface.

use super::{Badge, Note, Part, Tone};
use crate::{
    assets,
    page::{Csp, Page},
    pages::{BrandView, Person},
};
use askama::Template;

/// A place in the navigation.
#[derive(Debug, Clone)]
pub struct NavItem {
    /// What it is called.
    pub label: &'static str,
    /// Where it is.
    pub href: String,
    /// Whether the page belongs to it.
    pub here: bool,
    /// The letter after `g` that goes there.
    pub shortcut: Option<char>,
}

/// Places under one heading.
#[derive(Debug, Clone)]
pub struct NavSection {
    /// The heading; empty: none.
    pub label: &'static str,
    /// The heading that it stands under, as a part of what comes before; empty: none.
    pub within: &'static str,
    /// In the order shown; empty only above a section that stands within this one.
    pub items: Vec<NavItem>,
}

/// Beyond this many the exact number tells nobody more.
const MOST_COUNTED: u64 = 99;

/// What every page has.
#[derive(Debug, Clone)]
pub struct Shell {
    /// Looks.
    pub brand: BrandView,
    /// Who is signed in.
    pub person: Person,
    /// What they may open.
    pub nav: Vec<NavSection>,
    /// The proof that forms come from our own page.
    pub csrf: String,
    /// What is told once, after something was done.
    pub flash: Option<Note>,
    /// In whose name somebody else acts.
    pub acting: Option<String>,
    /// How many notifications there are that they have not seen.
    pub unseen: u64,
}

impl Shell {
    /// The same in few letters.
    fn unseen_shown(&self) -> String {
        if self.unseen > MOST_COUNTED { format!("{MOST_COUNTED}+") } else { self.unseen.to_string() }
    }
}

/// A page above this one.
#[derive(Debug, Clone)]
pub struct Crumb {
    /// Its name.
    pub label: String,
    /// Its address.
    pub href: String,
}

/// A view of the same thing.
#[derive(Debug, Clone)]
pub struct Tab {
    /// What it shows.
    pub label: String,
    /// Its address.
    pub href: String,
    /// Whether it is shown.
    pub here: bool,
}

/// Something to do.
#[derive(Debug, Clone)]
pub struct Action {
    /// What it does.
    pub label: String,
    /// Where it leads, or where its form goes.
    pub href: String,
    /// How it looks.
    pub tone: Tone,
    /// Sent by POST, with these fields; a link without.
    pub post: Option<Vec<(String, String)>>,
}

impl Action {
    /// A link.
    #[must_use]
    pub fn link(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into(), tone: Tone::Plain, post: None }
    }

    /// A form with one button.
    #[must_use]
    pub fn post<const N: usize>(
        label: impl Into<String>,
        href: impl Into<String>,
        fields: [(&str, String); N],
    ) -> Self {
        let fields = fields.map(|(name, value)| (name.to_owned(), value)).into();
        Self { label: label.into(), href: href.into(), tone: Tone::Plain, post: Some(fields) }
    }

    /// In another tone.
    #[must_use]
    pub fn toned(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// The heading of a page.
#[derive(Debug, Clone, Default)]
pub struct Heading {
    /// Pages above this one.
    pub crumbs: Vec<Crumb>,
    /// Its name.
    pub title: String,
    /// A sentence below it.
    pub lead: String,
    /// What state the thing is in.
    pub badges: Vec<Badge>,
    /// What can be done.
    pub actions: Vec<Action>,
    /// Other views of the same thing.
    pub tabs: Vec<Tab>,
    /// The same as a call of the API: method and path.
    pub api: Option<String>,
    /// The same as YAML: an address.
    pub yaml: Option<String>,
}

/// How much of a row a panel takes where there is room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Width {
    /// All of it.
    #[default]
    Full,
    /// A half.
    Half,
    /// A third.
    Third,
    /// Two thirds.
    TwoThirds,
}

impl Width {
    /// Its class.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Half => "half",
            Self::Third => "third",
            Self::TwoThirds => "two-thirds",
        }
    }
}

/// Parts that belong together.
#[derive(Debug, Clone, Default)]
pub struct Panel {
    /// For links to it; empty: none.
    pub id: String,
    /// Its heading; empty: none.
    pub title: String,
    /// A sentence below it.
    pub lead: String,
    /// What can be done.
    pub actions: Vec<Action>,
    /// How wide it is.
    pub width: Width,
    /// What it shows.
    pub parts: Vec<Part>,
}

impl Panel {
    /// One with a heading.
    #[must_use]
    pub fn new(title: impl Into<String>, parts: Vec<Part>) -> Self {
        Self { title: title.into(), parts, ..Self::default() }
    }

    /// One without.
    #[must_use]
    pub fn bare(part: impl Into<Part>) -> Self {
        Self { parts: vec![part.into()], ..Self::default() }
    }

    /// With a sentence below its heading.
    #[must_use]
    pub fn lead(mut self, lead: impl Into<String>) -> Self {
        self.lead = lead.into();
        self
    }

    /// As wide as that.
    #[must_use]
    pub fn wide(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// With something to do.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }

    /// What tables without frame of their own need.
    fn class(&self) -> &'static str {
        match self.parts.as_slice() {
            [Part::Table(_) | Part::Matrix(_)] => "flush",
            [Part::Figures(_)] => "row-of-figures",
            _ => "",
        }
    }
}

/// A page of the admin interface.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/page.html")]
pub struct AdminPage {
    /// What every page has.
    pub shell: Shell,
    /// Its heading.
    pub head: Heading,
    /// What it shows.
    pub panels: Vec<Panel>,
}

impl AdminPage {
    fn brand(&self) -> &BrandView {
        &self.shell.brand
    }
}

impl Page for AdminPage {
    fn policy(&self) -> Csp {
        self.panels.iter().flat_map(|panel| &panel.parts).fold(self.shell.brand.policy().own_requests(), |csp, part| {
            part.pictures().into_iter().fold(csp, Csp::image)
        })
    }
}
