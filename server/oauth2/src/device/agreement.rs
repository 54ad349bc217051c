//! What lies between the click on "Allow" and the approval of a device: the authorization flow of the
//! application, as before the answer to an authorization request. The browser comes back with a ticket, which
//! only a click on this very code by this very person can have begun.

use super::page::{DeviceRequest, Waiting};
use crate::{guide::permissions, visitor::SignedIn};
use axum::response::Response;
use http::StatusCode;
use lockgate_engine::{ConsentRequest, Context};
use lockgate_identity::runner::Silent;
use lockgate_store::StoreError;

impl DeviceRequest<'_> {
    /// Somebody has clicked on "Allow".
    pub(super) async fn approve(&self, signed_in: &SignedIn, waiting: &Waiting) -> Result<Response, StoreError> {
        // Nobody is led through a flow who is not let in behind it.
        if let Some(denied) = self.denied(signed_in, waiting).await {
            return Ok(denied);
        }
        let client = &waiting.client;
        let Some(flow) = self.snapshot.flow_by_id(client.authorization_flow) else {
            let text = "The application has no authorization flow.";
            return Ok(self.trouble(StatusCode::BAD_REQUEST, "Configuration error", text));
        };
        let [agreed, refused] = tickets(signed_in, waiting);
        let consent = ConsentRequest { permissions: permissions(client, &waiting.scopes), ..ConsentRequest::default() };
        let context = Context {
            application: Some(client.app_context(Some(signed_in.who.principal()))),
            consent: Some(consent),
            ticket: Some(agreed),
            cancel: Some(refused),
            ..Context::default()
        };
        let slug = &flow.flow.slug;
        if !flow.stages.is_empty() {
            return self.lead(slug, context).await;
        }
        // There is nothing to be shown; whether the flow is for this person is a question all the same.
        match self.identity.flows().silently(self.guide().request(slug, ""), context).await? {
            Silent::Passed => self.decide(signed_in, waiting, true).await,
            Silent::Asks(_) | Silent::Refused => Ok(self.not_for_you()),
        }
    }

    /// What somebody who comes back from the authorization flow has decided there; `None` when they do not
    /// come from there.
    pub(super) async fn come_back(&self, signed_in: &SignedIn, waiting: &Waiting) -> Result<Option<bool>, StoreError> {
        let tickets = tickets(signed_in, waiting);
        let found = self.identity.flows().take_first(&signed_in.token, &tickets.each_ref().map(String::as_str)).await?;
        Ok(found.map(|(at, _)| at == 0))
    }
}

/// What the flow leaves when it was gone through, and when somebody gave up.
fn tickets(signed_in: &SignedIn, waiting: &Waiting) -> [String; 2] {
    let (pk, code) = (signed_in.who.principal().user.pk, &waiting.code.device_hash);
    [format!("device:{pk}:{code}"), format!("device-refused:{pk}:{code}")]
}
