//! The user portal at `/if/user/`: the applications that a person may open, and the pages on the person's own account.

mod account;
mod activity;
mod confirm;
mod factors;
mod library;
#[cfg(test)]
pub(super) mod samples;
mod tokens;

pub use account::{ConsentView, ConsentsPage, ProfilePage, Row, SessionView, SessionsPage, ThemeChoice};
pub use activity::{ActivityPage, ActivityView, Mood};
pub use confirm::ConfirmPage;
pub use factors::{FactorKind, FactorView, FactorsPage, Offer};
pub use library::{AppCard, AppGroup, LibraryPage, Wish};
pub use tokens::{KeyView, TokenView, TokensPage};

use super::{BrandView, CSRF_FIELD, Person, href, initials, tint};
use crate::{assets, page::Csp};

/// A page of the portal, as far as its navigation knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Section {
    /// The applications.
    #[default]
    Library,
    /// Name, language and looks.
    Profile,
    /// Password and second factors.
    Factors,
    /// Where one is signed in.
    Sessions,
    /// What applications were permitted.
    Consents,
    /// Keys for programs.
    Tokens,
    /// What happened.
    Activity,
}

impl Section {
    /// The pages on the account, in the order shown.
    pub const SETTINGS: [Self; 6] =
        [Self::Profile, Self::Factors, Self::Sessions, Self::Consents, Self::Tokens, Self::Activity];

    /// Where it is.
    #[must_use]
    pub fn url(self) -> &'static str {
        match self {
            Self::Library => "/if/user/",
            Self::Profile => "/if/user/settings/",
            Self::Factors => "/if/user/factors/",
            Self::Sessions => "/if/user/sessions/",
            Self::Consents => "/if/user/consents/",
            Self::Tokens => "/if/user/tokens/",
            Self::Activity => "/if/user/activity/",
        }
    }

    /// Name of its drawing.
    #[must_use]
    pub fn icon(self) -> &'static str {
        match self {
            Self::Library => "apps",
            Self::Profile => "person",
            Self::Factors => "shield",
            Self::Sessions => "devices",
            Self::Consents => "share",
            Self::Tokens => "key",
            Self::Activity => "clock",
        }
    }
}

/// What the portal says before anything else.
#[derive(Debug, Clone)]
pub enum PortalNotice {
    /// Somebody acts as this person.
    Acting {
        /// Who it is in truth.
        original: String,
        /// Where the form that ends it goes.
        action_url: &'static str,
    },
    /// They came in by a recovery key, and have no password that they know.
    Recovered,
}

/// What every page of the portal has around its content.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// Who is signed in.
    pub person: Person,
    /// How to greet; the display name, or empty.
    pub display_name: String,
    /// Which page it is.
    pub section: Section,
    /// What is said before anything else.
    pub notice: Option<PortalNotice>,
    /// The proof of every form that it is meant.
    pub csrf: String,
    /// What was done just now.
    pub done: Option<String>,
    /// What could not be done.
    pub problem: Option<String>,
    /// Address of the password change flow.
    pub password_url: Option<String>,
    /// Address of the admin interface, for those who may open it.
    pub admin_url: Option<String>,
    /// Address of the flow that signs out.
    pub sign_out_url: String,
}

impl Frame {
    fn called(&self) -> &str {
        if self.display_name.is_empty() { &self.person.name } else { &self.display_name }
    }

    fn picture(&self) -> Option<&str> {
        self.person.avatar_url.as_deref()
    }

    fn policy(&self, brand: &BrandView) -> Csp {
        self.picture().into_iter().fold(brand.policy(), Csp::image)
    }
}

/// A moment as pages show it: in words, and exactly for programs and whoever points at it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moment {
    /// RFC 3339.
    pub exact: String,
    /// To the minute, in UTC; a script tells it in the viewer's own time.
    pub words: String,
}

/// The heading of a section.
fn title(brand: &BrandView, section: &Section) -> std::borrow::Cow<'static, str> {
    match section {
        Section::Library => brand.t.your_applications(),
        Section::Profile => brand.t.profile(),
        Section::Factors => brand.t.signing_in(),
        Section::Sessions => brand.t.devices(),
        Section::Consents => brand.t.permissions_given(),
        Section::Tokens => brand.t.tokens(),
        Section::Activity => brand.t.activity(),
    }
}

/// The line of a drawing, 24 by 24; a point where there is none of this name.
fn drawing(name: &str) -> &'static str {
    match name {
        "person" => "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.8-3.6 3.7-5.5 7.5-5.5s6.7 1.9 7.5 5.5",
        "shield" => "M12 3 4.5 6v5.5c0 4.5 3 8 7.5 9.5 4.5-1.5 7.5-5 7.5-9.5V6zM8.8 12l2.3 2.3 4.2-4.5",
        "devices" => "M3.5 5h13v9M3.5 5v9.5h8M2 18h9.5M15 11h5.5v9H15zM17.2 17.5h1.1",
        "phone" => "M7.5 3h9v18h-9zM11 18h2",
        "desktop" => "M3 5h18v11.5H3zM9 20h6M12 16.5V20",
        "share" => {
            "M8.5 12a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM20.5 6a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM20.5 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM8.2 10.9l7.5-3.7M8.2 13.1l7.5 3.7"
        }
        "key" => {
            "M11.5 15.5a4.5 4.5 0 1 1-7-3.7 4.5 4.5 0 0 1 7 3.7zM10.3 12.3 20 3.5M16.5 6.7l2.7 2.8M13.7 9.2l1.8 1.9"
        }
        "clock" => "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5.3l3.5 2",
        "out" => "M14 4H5v16h9M10 12h11M17.5 8.5 21 12l-3.5 3.5",
        "in" => "M10 4h9v16h-9M3 12h11M10.5 8.5 14 12l-3.5 3.5",
        "tools" => {
            "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4zM9 19.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4z"
        }
        "fingerprint" => {
            "M5 11.5C5 7.6 8 4.5 12 4.5s7 3.1 7 7v1.5M5 15.5v-1M8.5 19c-.6-2-.9-4.5-.9-7A4.4 4.4 0 0 1 12 7.6a4.4 4.4 0 0 1 4.4 4.4c0 2.5.3 4.5.8 6M12 11.5c0 3.5.3 6 1 8.5"
        }
        "paper" => "M6 3h9l4 4v14H6zM14.5 3v4.5H19M9 12h7M9 16h4",
        "mail" => "M3 5.5h18v13H3zM3 6.5l9 7 9-7",
        "chat" => "M4 5h16v11h-9l-4.5 4v-4H4z",
        "lock" => "M5 11h14v9.5H5zM8 11V7.5a4 4 0 0 1 8 0V11M12 15v2",
        "apps" => "M4 4h6.5v6.5H4zM13.5 4H20v6.5h-6.5zM4 13.5h6.5V20H4zM13.5 13.5H20V20h-6.5z",
        "warn" => "M12 4 2.8 20h18.4zM12 10v5M12 17.5v.3",
        "edit" => "M4 20h4L19.5 8.5l-4-4L4 16zM13 7l4 4",
        _ => "M12 12h.01",
    }
}

/// Lets a page tell its policy: that of its frame, and pictures of its own.
macro_rules! page {
    ($page:ty, |$it:ident| $pictures:expr) => {
        impl crate::page::Page for $page {
            fn policy(&self) -> crate::page::Csp {
                let $it = self;
                $pictures.fold(self.frame.policy(&self.brand), crate::page::Csp::image)
            }
        }
    };
    ($page:ty) => {
        page!($page, |_it| std::iter::empty::<&str>());
    };
}
use page;
