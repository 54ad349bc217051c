//! Profile, looks, sessions and consents.

use super::*;
use askama::Template;

/// A name and a value.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// What it is.
    pub name: String,
    /// What there is; empty: nothing.
    pub value: String,
}

/// Looks to choose from.
#[derive(Debug, Clone, Default)]
pub struct ThemeChoice {
    /// The API's word.
    pub value: &'static str,
    /// The same for people.
    pub label: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// Name, language and looks.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "portal/profile.html")]
pub struct ProfilePage {
    /// Looks.
    pub brand: BrandView,
    /// What is around it.
    pub frame: Frame,
    /// What is known of the person.
    pub rows: Vec<Row>,
    /// Names of the groups that the person is in.
    pub groups: Vec<String>,
    /// Address of the flow that changes it.
    pub edit_url: Option<String>,
    /// Tag, name, and whether it is chosen; the first one is automatic.
    pub languages: Vec<(String, String, bool)>,
    /// Light and dark.
    pub themes: Vec<ThemeChoice>,
    /// Address of the flow that deletes the account.
    pub leave_url: Option<String>,
}
page!(ProfilePage);

/// Where somebody is signed in.
#[derive(Debug, Clone, Default)]
pub struct SessionView {
    /// Its key.
    pub uuid: String,
    /// Browser and system in words.
    pub device: String,
    /// Whether it is a phone or a tablet.
    pub handheld: bool,
    /// City, country, network, as far as they are known.
    pub place: String,
    /// Address.
    pub ip: String,
    /// Last use.
    pub used: Option<Moment>,
    /// When it ends at the latest.
    pub expires: Option<Moment>,
    /// Whether it is this one.
    pub current: bool,
}

/// Where somebody is signed in.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "portal/sessions.html")]
pub struct SessionsPage {
    /// Looks.
    pub brand: BrandView,
    /// What is around it.
    pub frame: Frame,
    /// This one first.
    pub sessions: Vec<SessionView>,
}
page!(SessionsPage);

/// What an application was permitted.
#[derive(Debug, Clone, Default)]
pub struct ConsentView {
    /// Its key.
    pub pk: i64,
    /// Name of the application.
    pub application: String,
    /// Address of its icon.
    pub icon_url: Option<String>,
    /// What it may see.
    pub permissions: Vec<String>,
    /// When it asks again; none: never.
    pub expires: Option<Moment>,
}

/// What applications were permitted.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "portal/consents.html")]
pub struct ConsentsPage {
    /// Looks.
    pub brand: BrandView,
    /// What is around it.
    pub frame: Frame,
    /// By application.
    pub consents: Vec<ConsentView>,
}
page!(ConsentsPage, |it| it.consents.iter().filter_map(|consent| consent.icon_url.as_deref()));
