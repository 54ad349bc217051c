//! What happened in somebody's name.

use super::*;
use askama::Template;

/// How something that happened is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    /// As usual.
    #[default]
    Plain,
    /// Worth a look.
    Notable,
    /// It was refused, or failed.
    Refused,
}

impl Mood {
    /// The class on its line.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Notable => "notable",
            Self::Refused => "refused",
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, Default)]
pub struct ActivityView {
    /// Name of its drawing.
    pub icon: &'static str,
    /// A sentence, as markup.
    pub sentence_html: String,
    /// Where and by what.
    pub whence: Vec<String>,
    /// When.
    pub at: Moment,
    /// How it is to be taken.
    pub mood: Mood,
}

/// What happened in somebody's name.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "portal/activity.html")]
pub struct ActivityPage {
    /// Looks.
    pub brand: BrandView,
    /// What is around it.
    pub frame: Frame,
    /// Newest first.
    pub entries: Vec<ActivityView>,
    /// Address of what happened later.
    pub newer_url: Option<String>,
    /// Address of what happened earlier.
    pub older_url: Option<String>,
}
page!(ActivityPage);
