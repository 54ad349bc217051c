//! The pages of the HTML face, lent to the authorize endpoint: faces do not know each other.

use axum::response::Response;
use lockgate_identity::Identity;
use lockgate_oauth2::pages::{Denied, FormPost, Pages, Trouble};
use lockgate_web::{DeniedPages, denial};

/// The authorize endpoint's pages in the brand's looks.
pub(crate) struct BrandedPages(DeniedPages);

impl BrandedPages {
    pub(crate) fn new(identity: Identity) -> Self {
        Self(DeniedPages::new(identity))
    }
}

impl Pages for BrandedPages {
    fn denied(&self, denied: &Denied<'_>) -> Response {
        let denial = denial(denied.app, denied.record, &denied.here);
        self.0.denied(denied.host, Some(&denied.who.user.username), denial)
    }

    fn form_post(&self, form: &FormPost<'_>) -> Response {
        self.0.form_post(form.host, &format!("Redirecting to {}", form.app), form.url, form.fields.clone())
    }

    fn trouble(&self, trouble: &Trouble<'_>) -> Response {
        self.0.refused(trouble.host, trouble.status, &format!("{}. {}", trouble.title, trouble.text))
    }
}
