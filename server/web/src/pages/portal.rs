//! The user portal at `/if/user/`: the applications that a person may open.

use super::{BrandView, Person};
use crate::{
    assets,
    page::{Csp, Page},
};
use askama::Template;

/// An application in the library.
#[derive(Debug, Clone, Default)]
pub struct AppCard {
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
}

/// Applications under one heading.
#[derive(Debug, Clone, Default)]
pub struct AppGroup {
    /// The heading; empty: none.
    pub name: String,
    /// In the order shown.
    pub apps: Vec<AppCard>,
}

/// What the portal says before anything else.
#[derive(Debug, Clone)]
pub enum PortalNotice {
    /// Somebody acts as this person.
    Acting {
        /// Who it is in truth.
        original: String,
        /// The form's proof that it is meant.
        csrf: String,
        /// Where the form that ends it goes.
        action_url: &'static str,
    },
    /// They came in by a recovery key, and have no password that they know.
    Recovered,
}

/// The portal. Without JavaScript the search field is sent as `?q=`, and the handler filters.
#[derive(Debug, Clone, Template)]
#[template(path = "portal.html")]
pub struct PortalPage {
    /// Looks.
    pub brand: BrandView,
    /// Who is signed in.
    pub person: Person,
    /// How to greet; the display name, or empty.
    pub display_name: String,
    /// Applications by group.
    pub groups: Vec<AppGroup>,
    /// What is said before anything else.
    pub notice: Option<PortalNotice>,
    /// What was searched for.
    pub query: String,
    /// Address of the user settings flow.
    pub settings_url: Option<String>,
    /// Address of the password change flow.
    pub password_url: Option<String>,
    /// Address of the admin interface, for those who may open it.
    pub admin_url: Option<String>,
    /// Address of the flow that signs out.
    pub sign_out_url: String,
}

impl PortalPage {
    /// How many applications are shown.
    #[must_use]
    pub fn count(&self) -> usize {
        self.groups.iter().map(|group| group.apps.len()).sum()
    }

    fn called(&self) -> &str {
        if self.display_name.is_empty() { &self.person.name } else { &self.display_name }
    }
}

impl Page for PortalPage {
    fn policy(&self) -> Csp {
        let icons = self.groups.iter().flat_map(|group| &group.apps).filter_map(|app| app.icon_url.as_deref());
        icons.chain(self.person.avatar_url.as_deref()).fold(self.brand.policy(), Csp::image)
    }
}
