//! The pages of the HTML face, lent to the authorize endpoint: faces do not know each other.

use axum::response::Response;
use lockgate_identity::Identity;
use lockgate_oauth2::pages::{Denied, Pages, Trouble};
use lockgate_web::{DeniedPages, pages::Denial};

/// The authorize endpoint's pages in the brand's looks.
pub(crate) struct BrandedPages(DeniedPages);

impl BrandedPages {
    pub(crate) fn new(identity: Identity) -> Self {
        Self(DeniedPages::new(identity))
    }
}

impl Pages for BrandedPages {
    fn denied(&self, denied: &Denied<'_>) -> Response {
        let denial = Denial {
            application: Some(denied.app.to_owned()),
            reason: None,
            missing: denied.missing.clone(),
            any_of_missing: false,
            decision_id: Some(denied.decision.clone()),
            back_url: Some("/if/user/".to_owned()),
            switch_url: Some("/flows/-/default/invalidation/".to_owned()),
            restart_url: None,
        };
        self.0.denied(denied.host, Some(&denied.who.user.username), denial)
    }

    fn trouble(&self, trouble: &Trouble<'_>) -> Response {
        self.0.refused(trouble.host, trouble.status, &format!("{}. {}", trouble.title, trouble.text))
    }
}
