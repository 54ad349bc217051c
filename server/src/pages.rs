//! The pages of the HTML face, lent to the authorize endpoint: faces do not know each other.

use axum::response::Response;
use lockgate_identity::Identity;
use lockgate_oauth2::pages::{Denied, DevicePage, DeviceStep, FormPost, Pages, SignOutPage, Trouble};
use lockgate_texts::Language;
use lockgate_web::{DeniedPages, denial, pages as views};

/// The authorize endpoint's pages in the brand's looks.
pub(crate) struct BrandedPages(DeniedPages);

impl BrandedPages {
    pub(crate) fn new(identity: Identity) -> Self {
        Self(DeniedPages::new(identity))
    }
}

impl Pages for BrandedPages {
    fn denied(&self, denied: &Denied<'_>) -> Response {
        let denial = denial(denied.app, denied.record, &denied.here, denied.language);
        self.0.speaking(denied.language).denied(denied.host, Some(&denied.who.user.username), denial)
    }

    fn form_post(&self, form: &FormPost<'_>) -> Response {
        self.0.speaking(form.language).form_post(
            form.host,
            &form.language.redirecting_to(form.app),
            form.url,
            form.fields.clone(),
        )
    }

    fn trouble(&self, trouble: &Trouble<'_>) -> Response {
        let t = trouble.language;
        let problem = format!("{}. {}", t.told(trouble.title), t.told(trouble.text));
        self.0.speaking(t).refused(trouble.host, trouble.status, &problem)
    }

    fn device(&self, page: &DevicePage<'_>) -> Response {
        let step = match &page.step {
            DeviceStep::Ask { code, problem } => views::DeviceStep::Ask {
                code: (*code).to_owned(),
                problem: problem.map(|problem| page.language.told(problem).into_owned()),
            },
            DeviceStep::Confirm { app, slug, code, permissions } => views::DeviceStep::Confirm {
                application: (*app).to_owned(),
                icon_url: self.0.icon(slug),
                code: (*code).to_owned(),
                permissions: permissions
                    .iter()
                    .map(|p| views::Permission { id: p.id.clone(), name: page.language.told(&p.name).into_owned() })
                    .collect(),
            },
            DeviceStep::Done { app, allowed } => {
                views::DeviceStep::Done { application: (*app).to_owned(), allowed: *allowed }
            }
        };
        self.0.speaking(page.language).device(page.host, page.status, page.who, page.csrf.clone(), step)
    }

    fn sign_out(&self, page: &SignOutPage<'_>) -> Response {
        let form = (page.csrf.clone(), page.action.clone(), page.fields.clone());
        self.0.speaking(page.language).sign_out(page.host, page.who, page.app, form)
    }

    fn onward(&self, host: &str, language: Language, to: &str) -> Response {
        self.0.speaking(language).onward(host, to)
    }
}
