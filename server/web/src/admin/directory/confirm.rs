//! Pages that ask before something is done that somebody may not want.

use super::{
    super::desk::{Desk, Paged},
    common::status,
};
use crate::pages::admin::{Crumb, Field, Form, Heading, Note, Panel, Tone};

/// A question.
pub(super) struct Confirm {
    /// Pages above.
    pub(super) crumbs: Vec<Crumb>,
    /// The question itself.
    pub(super) title: String,
    /// What follows from it.
    pub(super) lines: Vec<String>,
    /// What else is asked.
    pub(super) fields: Vec<Field>,
    /// The button.
    pub(super) submit: &'static str,
    /// Where it goes.
    pub(super) action: String,
    /// Where the way out leads.
    pub(super) back: String,
    /// The same as a call of the API.
    pub(super) api: String,
}

impl Confirm {
    /// The page, with what was wrong.
    pub(super) fn page(self, desk: &Desk, problems: Vec<(String, String)>) -> Paged {
        let status = status(&problems);
        let mut form =
            Form::new(self.action, &desk.csrf, self.submit).fields(self.fields).cancel(self.back).wrong(problems);
        form.tone = Tone::Bad;
        form.note = Some(Note { tone: Tone::Warn, lines: self.lines, ..Note::default() });
        let head = Heading { crumbs: self.crumbs, title: self.title, api: Some(self.api), ..Heading::default() };
        Ok(desk.page_with(status, head, vec![Panel::bare(form)]))
    }
}
