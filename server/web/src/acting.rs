//! The way back from acting as somebody else.

use crate::{
    flow::form::Form,
    visit::{Answer, Visit, redirect},
};
use axum::{extract::Request, http::StatusCode, response::Response};
use lockgate_identity::{runner::SetSession, sessions};

/// Where the form of [`end`] goes.
pub(crate) const END: &str = "/if/user/impersonation/end/";

/// `POST /if/user/impersonation/end/`: gives the session back to who it is in truth.
pub(crate) async fn end(visit: Visit, request: Request) -> Response {
    match Form::read(request).await {
        Ok(form) => {
            let answer = ended(&visit, &form).await;
            visit.answer(answer)
        }
        Err(status) => visit.pages().refused(&visit.client.host, status, "This is not the form of that page."),
    }
}

async fn ended(visit: &Visit, form: &Form) -> Answer {
    let back = redirect(StatusCode::SEE_OTHER, "/if/user/");
    let Some(signed_in) = visit.signed_in().await? else { return Ok(back) };
    if !visit.token.as_deref().is_some_and(|token| sessions::csrf_matches(token, form.csrf())) {
        // The page that is shown again has a form of this session.
        return Ok(back);
    }
    let user = &signed_in.principal().user;
    let new = visit.identity.end_impersonation(&signed_in.session, user, &visit.client).await?;
    let mut response = back;
    if let Some(new) = new {
        visit.set_session(&mut response, &SetSession { token: new.token, max_age: new.max_age });
    }
    Ok(response)
}
