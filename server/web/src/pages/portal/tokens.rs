//! Keys for programs.

use super::*;
use askama::Template;

/// A token or an app password.
#[derive(Debug, Clone, Default)]
pub struct TokenView {
    /// Its identifier.
    pub identifier: String,
    /// What its owner calls it.
    pub name: String,
    /// Whether it is a password for programs that know nothing else.
    pub app_password: bool,
    /// When it ends; none: never.
    pub expires: Option<Moment>,
}

/// A key that is shown this once.
#[derive(Debug, Clone, Default)]
pub struct KeyView {
    /// What its owner calls it.
    pub name: String,
    /// The key.
    pub key: String,
    /// Whether it is a password for programs that know nothing else.
    pub app_password: bool,
}

/// Keys for programs.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "portal/tokens.html")]
pub struct TokensPage {
    /// Looks.
    pub brand: BrandView,
    /// What is around it.
    pub frame: Frame,
    /// By name.
    pub tokens: Vec<TokenView>,
    /// A key that was just made.
    pub made: Option<KeyView>,
    /// What was typed as a name.
    pub typed: String,
    /// A token for the API was wanted, and no password for an application.
    pub api: bool,
    /// What is wrong with the name.
    pub wrong: Option<String>,
    /// Lives to choose from: days, in words, and whether it is chosen.
    pub lives: Vec<(u32, String, bool)>,
}
page!(TokensPage);
