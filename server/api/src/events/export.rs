//! Taking the audit log away, as a table in CSV (RFC 4180): written while it is fetched, so that it may be long.

use super::{KIND, NOUN, choosing, chosen, shapes};
use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths},
    },
    people::views,
    query::Query,
};
use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::stream;
use http::{Method, StatusCode, header};
use lockgate_identity::{Identity, roster::cells, system::random_uuid};
use lockgate_model::permission;
use lockgate_policies::Action;
use lockgate_store::{Event, EventFilter, EventPlace};
use serde_json::{Map, Value, json};
use url::form_urlencoded::Serializer;

/// Entries that are read at once.
const CHUNK: u64 = 500;

/// The parameter that tells until when.
const UNTIL: &str = "until";

const COLUMNS: [&str; 9] = ["pk", "created", "action", "app", "user", "client_ip", "brand", "context", "expires"];

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new().route("/events/events/export/", get(fetch).post(prepare))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let says = "Prepares entries of the audit log to be taken away: tells where they can be fetched.";
    let prepare = choosing(NOUN.operation(Method::POST, "export/", "export_create").says(says));
    let prepare = prepare.shared_query("QueryPaginationOrdering").shared_query("QuerySearch");
    paths.add(prepare.answers(201, "Where they are.", components.reply::<shapes::DataExport>()));
    let path = "/events/events/export/";
    let fetch = Operation::new(Method::GET, path, "lockgate_events_export_retrieve", "lockgate")
        .says("Gives entries of the audit log as a table, newest first.");
    let csv = json!({"text/csv": {"schema": {"type": "string"}}});
    let until = json!({"type": "string", "format": "date-time"});
    paths.add(choosing(fetch).shared_query("QuerySearch").query(UNTIL, until).answers_as(200, "CSV.", csv));
}

async fn prepare(
    State(identity): State<Identity>,
    caller: Caller,
    query: Query,
) -> Result<(StatusCode, Json<shapes::DataExport>), ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Export, KIND)?;
    chosen(&identity, &query).await?;
    let now = identity.clock.now();
    let given = query.pairs().filter(|(name, _)| *name != UNTIL);
    let until = now.to_rfc3339_opts(SecondsFormat::Micros, true);
    let text = Serializer::new(String::new()).extend_pairs(given.clone()).append_pair(UNTIL, &until).finish();
    let mut query_params: Map<String, Value> = Map::new();
    for (name, value) in given {
        let values = query_params.entry(name).or_insert_with(|| json!([]));
        values.as_array_mut().into_iter().for_each(|list| list.push(json!(value)));
    }
    let uids = views::Uids::load(&identity).await?;
    let prepared = shapes::DataExport {
        id: random_uuid(&*identity.random),
        requested_by: views::partial_user(caller.user(), &uids),
        requested_on: now,
        content_type: shapes::ContentType {
            id: permission::number("authentik_events.event"),
            app_label: "authentik_events".to_owned(),
            model: "event".to_owned(),
            verbose_name_plural: "Events".to_owned(),
            fully_qualified_model: "authentik_events.event".to_owned(),
        },
        query_params,
        file_url: format!("/api/v3/events/events/export/?{text}"),
        completed: true,
    };
    Ok((StatusCode::CREATED, Json(prepared)))
}

async fn fetch(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Response, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Export, KIND)?;
    let until: Option<DateTime<Utc>> = query.parsed(UNTIL, "Enter a valid date/time.")?;
    let mut filter = chosen(&identity, &query).await?;
    filter.created.before = filter.created.before.into_iter().chain(until).min();
    let reading = Reading { identity, filter, place: None, state: Progress::Head };
    let rows = stream::unfold(reading, |reading| Box::pin(reading.next()));
    let disposition = "attachment; filename=\"events.csv\"";
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, Body::from_stream(rows)).into_response())
}

/// How far an export is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Head,
    Rows,
    End,
}

struct Reading {
    identity: Identity,
    filter: EventFilter,
    place: Option<EventPlace>,
    state: Progress,
}

type Part = Result<Bytes, std::io::Error>;

impl Reading {
    /// The next part of the table. A failure ends it in the middle, which tells the client that it is not whole.
    async fn next(mut self) -> Option<(Part, Self)> {
        match self.state {
            Progress::Head => {
                self.state = Progress::Rows;
                Some((table([COLUMNS.map(str::to_owned)]), self))
            }
            Progress::End => None,
            Progress::Rows => {
                let events = match self.identity.store.events().behind(&self.filter, self.place, CHUNK).await {
                    Ok(events) => events,
                    Err(error) => {
                        tracing::warn!(%error, "an export of events ends in the middle");
                        self.state = Progress::End;
                        return Some((Err(std::io::Error::other("the export could not be read to its end")), self));
                    }
                };
                let last = events.last()?;
                self.place = Some(EventPlace { created: last.created, pk: last.pk });
                if (events.len() as u64) < CHUNK {
                    self.state = Progress::End;
                }
                Some((table(events.iter().map(row)), self))
            }
        }
    }
}

fn row(event: &Event) -> [String; 9] {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
    [
        event.pk.to_string(),
        time(event.created),
        event.action.clone(),
        event.app.clone(),
        event.user.to_string(),
        event.client_ip.clone().unwrap_or_default(),
        event.brand.to_string(),
        event.context.to_string(),
        time(event.expires),
    ]
}

fn table(rows: impl IntoIterator<Item = [String; 9]>) -> Part {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|cell| cells::written(cell).into_owned()))?;
    }
    writer.into_inner().map(Bytes::from).map_err(|error| std::io::Error::other(error.to_string()))
}
