//! The question before something that cannot be undone.

use super::*;
use askama::Template;

/// A question with two answers.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "portal/confirm.html")]
pub struct ConfirmPage {
    /// Looks.
    pub brand: BrandView,
    /// What is around it.
    pub frame: Frame,
    /// The question.
    pub question: String,
    /// What comes of it.
    pub consequence: String,
    /// Where the form goes.
    pub action_url: String,
    /// What the button says.
    pub act: String,
    /// Whether something is lost by it.
    pub danger: bool,
}
page!(ConfirmPage);
