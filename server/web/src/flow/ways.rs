//! Addresses that lead into flows and out of them: `/flows/-/…`.

use crate::visit::{Answer, Failure, Visit, redirect};
use axum::{extract::Path, http::StatusCode, response::Response};
use lockgate_engine::{next::next_in_query, safe_next};
use lockgate_identity::config::Snapshot;
use lockgate_model::kinds::FlowDesignation;
use lockgate_policies::{Action, Facts, Resource};
use serde_json::{Map, json};
use uuid::Uuid;

/// `GET /flows/-/default/{designation}/`: to the host's flow for a purpose, with the query.
pub(crate) async fn default(visit: Visit, Path(purpose): Path<String>) -> Response {
    let Some(designation) = designation(&purpose) else { return visit.not_found() };
    let answer = match default_flow(&visit, designation).await {
        Ok(Some(slug)) => Ok(to_flow(&visit, &slug)),
        Ok(None) => Ok(visit.not_found()),
        Err(failure) => Err(failure),
    };
    visit.answer(answer)
}

fn designation(purpose: &str) -> Option<FlowDesignation> {
    use FlowDesignation as D;
    [D::Authentication, D::Invalidation, D::Recovery, D::Enrollment, D::Unenrollment]
        .into_iter()
        .find(|designation| designation.as_str() == purpose)
}

fn to_flow(visit: &Visit, slug: &str) -> Response {
    let query = carried(&visit.query);
    let query = if query.is_empty() { query } else { format!("?{query}") };
    redirect(StatusCode::FOUND, &format!("/if/flow/{slug}/{query}"))
}

/// The query with a `next` only if it leads nowhere else.
fn carried(query: &str) -> String {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let safe = pairs.filter(|(name, value)| name != "next" || safe_next(value).is_some());
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(safe).finish()
}

/// The brand's flow for a purpose, else the first that its policies open to this visitor.
async fn default_flow(visit: &Visit, designation: FlowDesignation) -> Result<Option<String>, Failure> {
    let snapshot = &visit.snapshot;
    let brand = snapshot.brand(&visit.client.host).map(|(_, brand)| brand);
    let named = brand.and_then(|brand| match designation {
        FlowDesignation::Authentication => brand.flow_authentication,
        FlowDesignation::Invalidation => brand.flow_invalidation,
        FlowDesignation::Recovery => brand.flow_recovery,
        FlowDesignation::Unenrollment => brand.flow_unenrollment,
        _ => None,
    });
    if let Some(flow) = named.and_then(|flow| snapshot.flow_by_id(flow.0)) {
        return Ok(Some(flow.flow.slug.clone()));
    }
    let signed_in = visit.signed_in().await?;
    let who = signed_in.as_ref().map(|it| &*it.who);
    let login = signed_in.as_ref().map(crate::visit::SignedIn::login);
    for flow in snapshot.flows_for(designation) {
        let slug = &flow.flow.slug;
        let offered = json!(snapshot.is_offered(&visit.client.host, flow.id));
        let context = Map::from_iter([("offered".to_owned(), offered)]);
        let facts = Facts { context: &context, ..visit.facts(login.as_ref()) };
        if visit.identity.access.decide(snapshot, who, Action::Run, Resource::Flow(slug), &facts).await.allow {
            return Ok(Some(slug.clone()));
        }
    }
    Ok(None)
}

/// `GET /flows/-/cancel/`: drops the running flow, and leads to `next`, to whoever began the flow and
/// wants to know, or to the front door.
pub(crate) async fn cancel(visit: Visit) -> Response {
    let answer = cancelled(&visit).await;
    visit.answer(answer)
}

async fn cancelled(visit: &Visit) -> Answer {
    let flows = visit.identity.flows();
    let to = match (next_in_query(&visit.query), &visit.token) {
        // Only to begin again, as somebody else.
        (Some(next), Some(token)) => {
            flows.cancel(token).await?;
            Some(next)
        }
        (None, Some(token)) => flows.give_up(token).await?,
        (next, None) => next,
    };
    Ok(redirect(StatusCode::FOUND, to.as_deref().unwrap_or("/")))
}

/// `GET /flows/-/configure/{stage_uuid}/`: to the flow in which people set up what a stage asks for.
pub(crate) async fn configure(visit: Visit, Path(stage): Path<String>) -> Response {
    let answer = configured(&visit, &stage).await;
    visit.answer(answer)
}

async fn configured(visit: &Visit, stage: &str) -> Answer {
    if visit.signed_in().await?.is_none() {
        return Ok(visit.to_login());
    }
    let flow = Uuid::parse_str(stage).ok().and_then(|stage| configure_flow(&visit.snapshot, stage));
    Ok(flow.map_or_else(|| visit.not_found(), |slug| to_flow(visit, &slug)))
}

/// Slug of the flow that a stage of any kind names under `configure_flow`.
pub(crate) fn configure_flow(snapshot: &Snapshot, stage: Uuid) -> Option<String> {
    let object = snapshot.objects.get(stage).filter(|_| snapshot.objects.is_a(stage, "stage"))?;
    let flow = object.document.body.get("configure_flow")?.as_str()?;
    Some(snapshot.flow_by_id(Uuid::parse_str(flow).ok()?)?.flow.slug.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_is_carried_along_without_a_foreign_next() {
        assert_eq!(carried("next=%2Fx%3Fa%3Db%26c&itoken=1"), "next=%2Fx%3Fa%3Db%26c&itoken=1");
        for foreign in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "javascript:x"] {
            assert_eq!(carried(&format!("a=1&next={foreign}")), "a=1");
        }
        assert_eq!(carried(""), "");
    }

    #[test]
    fn only_purposes_that_people_begin_themselves_have_an_address() {
        assert_eq!(designation("recovery"), Some(FlowDesignation::Recovery));
        assert_eq!(designation("authorization"), None);
        assert_eq!(designation("stage_configuration"), None);
    }
}
