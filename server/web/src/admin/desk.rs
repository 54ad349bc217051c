//! Where somebody administers: who it is, what they may open, and the API as they may use it.

use super::nav;
use crate::{
    Web,
    administers::may_administer,
    flow::form::Form,
    page::respond,
    pages::{
        Denial, Person,
        admin::{AdminPage, Heading, Note, Panel, Shell, Tone},
    },
    rest::{Refusal, Reply, Rest},
    visit::{Failure, SignedIn, Visit, redirect},
};
use axum::{
    extract::{FromRequestParts, Request},
    http::{Method, StatusCode, request::Parts},
    response::Response,
};
use lockgate_identity::sessions;
use lockgate_policies::{Action as Act, Extent, Login};
use serde_json::Value;

/// A request of somebody who may open the admin interface.
pub(crate) struct Desk {
    pub(crate) visit: Visit,
    pub(crate) signed_in: SignedIn,
    pub(crate) rest: Rest,
    /// The proof that forms come from our own page.
    pub(crate) csrf: String,
    login: Login,
    acting: Option<String>,
    unseen: u64,
}

/// Pages of a list that are read at most, of a hundred each.
const MOST_PAGES: u64 = 50;

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The API said no.
    Refused(StatusCode, String),
    /// Something inside failed.
    Failed(Failure),
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Said(status, sentence) => Self::Refused(status, sentence),
            Refusal::Failed(failure) => Self::Failed(failure),
        }
    }
}

impl From<&Reply> for Trouble {
    fn from(reply: &Reply) -> Self {
        Self::Refused(reply.status, reply.told())
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A page, or why there is none.
pub(crate) type Paged = Result<Response, Trouble>;

impl FromRequestParts<Web> for Desk {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let Ok(visit) = Visit::from_request_parts(parts, web).await;
        let Ok(rest) = Rest::from_request_parts(parts, web).await;
        let signed_in = match visit.signed_in().await {
            Ok(Some(signed_in)) => signed_in,
            Ok(None) if visit.method.is_safe() => return Err(visit.to_login()),
            Ok(None) => return Err(redirect(StatusCode::SEE_OTHER, &visit.path)),
            Err(failure) => return Err(visit.answer(Err(failure))),
        };
        let login = signed_in.login();
        let csrf = visit.token.as_deref().map(sessions::csrf_token).unwrap_or_default();
        let acting = match signed_in.session.original_pk {
            Some(pk) => match visit.identity.principals.get(pk).await {
                Ok(who) => who.map(|who| who.principal().user.username.clone()),
                Err(error) => return Err(visit.answer(Err(error.into()))),
            },
            None => None,
        };
        let own = signed_in.principal().user.pk;
        let unseen = match visit.identity.store.notifications().unseen(own).await {
            Ok(unseen) => unseen,
            Err(error) => return Err(visit.answer(Err(error.into()))),
        };
        let desk = Self { visit, signed_in, rest, csrf, login, acting, unseen };
        if may_administer(&desk.visit, &desk.signed_in) { Ok(desk) } else { Err(desk.closed()) }
    }
}

impl Desk {
    /// How far they may do this to what there is of the kind.
    pub(crate) fn extent(&self, act: Act, kind: &str) -> Extent {
        let facts = self.visit.facts(Some(&self.login));
        self.visit.snapshot.policies.extent(Some(&self.signed_in.who), act, kind, &facts)
    }

    /// Whether they may do this to anything of the kind.
    pub(crate) fn may(&self, act: Act, kind: &str) -> bool {
        self.extent(act, kind) > Extent::None
    }

    fn closed(&self) -> Response {
        let denial = Denial {
            reason: Some("There is nothing here that your account may administer.".to_owned()),
            switch_url: Some("/flows/-/default/invalidation/".to_owned()),
            ..Denial::default()
        };
        let user = &self.signed_in.principal().user.username;
        self.visit.pages_for(&self.signed_in).denied(&self.visit.client.host, Some(user), denial)
    }

    /// What stands around a page.
    pub(crate) fn shell(&self) -> Shell {
        Shell {
            brand: self.visit.brand_for(&self.signed_in),
            person: Person { name: self.signed_in.principal().user.username.clone(), avatar_url: None },
            nav: nav::sections(&self.visit.path, |kind| self.may(Act::Read, kind)),
            csrf: self.csrf.clone(),
            flash: self.flash(),
            acting: self.acting.clone(),
            unseen: self.unseen,
        }
    }

    /// A page of panels.
    pub(crate) fn page(&self, head: Heading, panels: Vec<Panel>) -> Response {
        self.page_with(StatusCode::OK, head, panels)
    }

    /// A page of panels, with another status.
    pub(crate) fn page_with(&self, status: StatusCode, head: Heading, panels: Vec<Panel>) -> Response {
        respond(status, &AdminPage { shell: self.shell(), head, panels })
    }

    /// Makes a page of whatever a handler came to.
    pub(crate) fn answer(&self, paged: Paged) -> Response {
        match paged {
            Ok(response) => response,
            Err(Trouble::Failed(failure)) => self.visit.answer(Err(failure)),
            Err(Trouble::Refused(status, sentence)) => {
                let title = match status {
                    StatusCode::NOT_FOUND => "There is no such thing",
                    StatusCode::FORBIDDEN => "Not permitted",
                    _ => "That did not work",
                };
                let note = Note::new(Tone::Warn, sentence);
                let head = Heading { title: title.to_owned(), ..Heading::default() };
                self.page_with(status, head, vec![Panel::bare(note)])
            }
        }
    }

    /// The form that was sent, if it came from our own page.
    pub(crate) async fn form(&self, request: Request) -> Result<Form, Trouble> {
        let form = Form::read(request).await.map_err(|status| {
            Trouble::Refused(status, "This is not the form of that page, or it is too large.".into())
        })?;
        let token = self.visit.token.as_deref().unwrap_or_default();
        if sessions::csrf_matches(token, form.csrf()) {
            return Ok(form);
        }
        let sentence = "This form is from another session. Go back, load the page again and send it once more.";
        Err(Trouble::Refused(StatusCode::FORBIDDEN, sentence.to_owned()))
    }

    /// Everything that a list of the API has, page by page, since it gives a page no more than its settings say. `path` has its
    /// query, if any, and gets more.
    pub(crate) async fn all(&self, path: &str) -> Result<Vec<Value>, Trouble> {
        let join = if path.contains('?') { '&' } else { '?' };
        let mut found = Vec::new();
        for page in 1..=MOST_PAGES {
            let mut list = self.rest.get(&format!("{path}{join}page_size=100&page={page}")).await?;
            if let Some(Value::Array(results)) = list.get_mut("results").map(Value::take) {
                found.extend(results);
            }
            if list["pagination"]["next"].as_u64().unwrap_or_default() == 0 {
                break;
            }
        }
        Ok(found)
    }

    /// Sends JSON to the API.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Reply, Failure> {
        self.rest.send(method, path, &self.csrf, body).await
    }

    /// A field of the query.
    pub(crate) fn asked(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.visit.query.as_bytes());
        pairs.find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.into_owned())
    }

    /// What was done, told once: the words are ours, whatever an address says.
    fn flash(&self) -> Option<Note> {
        let said = match self.asked("done")?.as_str() {
            "saved" => "Saved.",
            "created" => "Created.",
            "deleted" => "Deleted.",
            "sent" => "Sent.",
            "done" => "Done.",
            _ => return None,
        };
        Some(Note::new(Tone::Good, said))
    }
}

/// Back to a page, which says what was done.
pub(crate) fn done(to: &str, what: &str) -> Response {
    let join = if to.contains('?') { '&' } else { '?' };
    redirect(StatusCode::SEE_OTHER, &format!("{to}{join}done={what}"))
}
