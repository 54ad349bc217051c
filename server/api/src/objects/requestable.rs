//! What people could request access to: nothing, since nobody requests access here. The lists are there for clients
//! that look.

use super::filters;
use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        components::{Components, reference},
        operation::{Operation, Paths},
    },
    paging::{self, Listed},
    query::Query,
};
use axum::{Router, routing::get};
use http::Method;
use lockgate_identity::Identity;
use lockgate_model::kind::by_name;
use serde_json::json;

/// The lists: path, operationId, kind that lends its parameters, schema of an entry.
const LISTS: [(&str, &str, &str, &str); 2] = [
    ("/core/applications/requestable/", "core_applications_requestable_list", "application", "Application"),
    (
        "/core/application_entitlements/requestable/",
        "core_application_entitlements_requestable_list",
        "application_entitlement",
        "RequestableTarget",
    ),
];

/// Parameters that the lists of the kinds have, and these have not.
const NOT_HERE: [&str; 3] = ["for_user", "only_with_launch_url", "superuser_full_list"];

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    LISTS.into_iter().fold(Router::new(), |router, (path, ..)| router.route(path, get(nothing)))
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let text = || json!({"type": "string", "readOnly": true});
    let parent = json!({"anyOf": [reference("Application"), {"type": "null"}]});
    let target = json!({
        "type": "object",
        "description": "Something that access can be requested to.",
        "properties": {
            "verbose_name": text(), "verbose_name_plural": text(), "meta_model_name": text(),
            "pbm_uuid": text(), "label": text(), "parent": parent,
        },
        "required": ["verbose_name", "verbose_name_plural", "meta_model_name", "pbm_uuid", "label", "parent"],
    });
    components.put("RequestableTarget", target);
    for (path, id, kind, schema) in LISTS {
        let page = components.page_of(schema);
        let mut operation = Operation::new(Method::GET, path, id, "core")
            .says("Lists what access can be requested to: nothing, nobody requests access here.");
        for parameter in by_name(kind).into_iter().flat_map(filters::of) {
            if !NOT_HERE.contains(&parameter.param) {
                operation = operation.query(parameter.param, parameter.schema);
            }
        }
        paths.add(operation.paged().answers(200, "One page.", page));
    }
}

async fn nothing(_: Caller, query: Query) -> Result<Listed, ApiError> {
    Listed::new(paging::wanted(&query)?, 0, Vec::new())
}
