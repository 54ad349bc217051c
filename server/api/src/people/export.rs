//! All users in one go: nothing is prepared and kept, whoever wants the list gets it as it is, line by line.

use super::{
    deeds::{ContentType, DataExport},
    sight::Sight,
    users::{NOUN, PARAMETERS, filter, has_factor, roles_asked, schema_of},
    views::{self, Include, Uids, partial_user, value},
};
use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths},
    },
    query::Query,
};
use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::stream;
use http::{Method, StatusCode, header};
use lockgate_identity::{Identity, config::Snapshot, system::random_uuid};
use lockgate_policies::{Action, USER_KIND};
use lockgate_store::{Page, UserFilter};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Where the lines are.
const LINES: &str = "/lockgate/users/export/";

/// Users that are read at once.
const CHUNK: u64 = 500;

/// Parameters that choose what is shown of a user, not which users.
const VIEW: [&str; 2] = ["include_groups", "include_roles"];

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new().route("/core/users/export/", post(order)).route(LINES, get(lines))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let parameters = |mut operation: Operation, shared: &[&str]| {
        for (name, kind) in PARAMETERS.iter().filter(|(name, _)| !VIEW.contains(name)) {
            operation = operation.query(name, schema_of(kind));
        }
        operation = operation.query("second_factor", schema_of("boolean"));
        shared.iter().fold(operation, |operation, name| operation.shared_query(name))
    };
    let shared = ["QueryName", "QueryPaginationOrdering", "QuerySearch"];
    let order = NOUN.operation(Method::POST, "export/", "export_create");
    paths.add(parameters(order, &shared).says("Tells where every user that matches can be had in one go.").answers(
        201,
        "Where.",
        components.reply::<DataExport>(),
    ));
    let lines = Operation::new(Method::GET, LINES, "lockgate_users_export_list", "lockgate");
    let line = components.reply::<super::shapes::User>();
    paths.add(
        parameters(lines, &shared)
            .says("Every user that matches, one JSON object a line, as they are while it is read.")
            .answers_as(200, "The users.", json!({"application/x-ndjson": {"schema": line}})),
    );
}

async fn order(
    State(identity): State<Identity>,
    caller: Caller,
    query: Query,
    RawQuery(raw): RawQuery,
) -> Result<(StatusCode, Json<DataExport>), ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require(&identity, &snapshot, Action::Export, USER_KIND)?;
    // Said now, and not when somebody opens it.
    wanted(&identity, &snapshot, &caller, &query)?;
    let raw = raw.unwrap_or_default();
    let tail = if raw.is_empty() { String::new() } else { format!("?{raw}") };
    let export = DataExport {
        id: random_uuid(&*identity.random),
        requested_by: partial_user(caller.user(), &Uids::load(&identity).await?),
        requested_on: identity.clock.now(),
        content_type: ContentType::of("authentik_core.user"),
        query_params: parameters(&raw),
        file_url: format!("/api/v3{LINES}{tail}"),
        completed: true,
    };
    Ok((StatusCode::CREATED, Json(export)))
}

fn parameters(raw: &str) -> Map<String, Value> {
    let mut all: Map<String, Value> = Map::new();
    for (name, given) in url::form_urlencoded::parse(raw.as_bytes()) {
        if let Value::Array(list) = all.entry(name.into_owned()).or_insert_with(|| json!([])) {
            list.push(json!(given));
        }
    }
    all
}

fn wanted(identity: &Identity, snapshot: &Snapshot, caller: &Caller, query: &Query) -> Result<UserFilter, ApiError> {
    let page = Page { number: 1, size: CHUNK };
    let has_factor = has_factor(identity, snapshot, caller, query)?;
    Ok(UserFilter { roles: roles_asked(snapshot, query)?, has_factor, ..filter(query, page)? })
}

/// A list under way.
struct Under {
    identity: Identity,
    snapshot: Arc<Snapshot>,
    caller: Caller,
    filter: UserFilter,
}

impl Under {
    /// The lines of the next page; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let sight = Sight { identity: &self.identity, snapshot: &self.snapshot, caller: &self.caller };
        let (found, _) = self.identity.store.users().list(&self.filter, self.identity.clock.now()).await?;
        if found.is_empty() {
            return Ok(None);
        }
        self.filter.page.number += 1;
        let seen = sight.seen_users(&found).await?;
        let found = found.into_iter().filter(|user| seen.contains(&user.pk)).collect();
        let mut lines = String::new();
        for user in views::users_for(&sight, found, Include { groups: true, roles: true }).await? {
            lines.push_str(&value(&user).to_string());
            lines.push('\n');
        }
        Ok(Some(lines.into()))
    }
}

async fn lines(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Response, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_some(&identity, &snapshot, Action::Read, USER_KIND)?;
    caller.require(&identity, &snapshot, Action::Export, USER_KIND)?;
    let filter = wanted(&identity, &snapshot, &caller, &query)?;
    let under = Under { identity, snapshot, caller, filter };
    let lines = stream::unfold(Some(under), async |under| {
        let mut under = under?;
        match under.next().await {
            Ok(None) => None,
            Ok(Some(lines)) => Some((Ok(lines), Some(under))),
            // The connection breaks off, so that nobody takes a part for the whole.
            Err(error) => Some((Err(std::io::Error::other(error.to_string())), None)),
        }
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}
