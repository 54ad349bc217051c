//! The applications that a person may open.

use super::*;
use askama::Template;

/// An application in the library.
#[derive(Debug, Clone, Default)]
pub struct AppCard {
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Where it opens.
    pub launch_url: String,
    /// Whether it opens in a tab of its own.
    pub new_tab: bool,
    /// Address of an icon; none: initials on a tint.
    pub icon_url: Option<String>,
    /// A sentence on what it is.
    pub description: String,
    /// Who makes it.
    pub publisher: String,
    /// Whether it is one of the favourites.
    pub favourite: bool,
    /// Why it is open, in a few words.
    pub because: String,
    /// The same in sentences.
    pub why: Vec<String>,
    /// Whether all of them are needed.
    pub all: bool,
}

/// Applications under one heading.
#[derive(Debug, Clone, Default)]
pub struct AppGroup {
    /// The heading; empty: none.
    pub name: String,
    /// Whether these are the favourites.
    pub favourites: bool,
    /// In the order shown.
    pub apps: Vec<AppCard>,
}

/// Something that could be asked for.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Its name.
    pub name: String,
    /// A sentence on what it is.
    pub description: String,
}

/// The library. Without JavaScript the search field is sent as `?q=`, and the handler filters.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "portal/library.html")]
pub struct LibraryPage {
    /// Looks.
    pub brand: BrandView,
    /// What is around it.
    pub frame: Frame,
    /// Applications by group, favourites first.
    pub groups: Vec<AppGroup>,
    /// What could be asked for.
    pub wishes: Vec<Wish>,
    /// What was searched for.
    pub query: String,
}

impl LibraryPage {
    /// How many applications are shown.
    #[must_use]
    pub fn count(&self) -> usize {
        self.groups.iter().map(|group| group.apps.len()).sum()
    }
}

page!(LibraryPage, |it| it.groups.iter().flat_map(|group| &group.apps).filter_map(|app| app.icon_url.as_deref()));
