//! One operation of the document, and all of them by path.

use super::{
    components::reference,
    takes::{Takes, takes},
};
use crate::compatibility;
use http::Method;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// An operation in the making.
#[derive(Debug)]
pub(crate) struct Operation {
    method: Method,
    path: String,
    id: String,
    tag: String,
    summary: String,
    parameters: Vec<Value>,
    body: Option<Value>,
    responses: Map<String, Value>,
}

/// A parameter.
pub(crate) fn parameter(place: &str, name: &str, schema: Value, description: &str) -> Value {
    let mut parameter = json!({"in": place, "name": name, "schema": schema});
    if !description.is_empty() {
        parameter["description"] = json!(description);
    }
    if place == "path" {
        parameter["required"] = json!(true);
    }
    parameter
}

/// Content of a JSON answer.
pub(crate) fn json_of(schema: Value) -> Value {
    json!({"application/json": {"schema": schema}})
}

impl Operation {
    /// An operation at a path below `/api/v3`.
    pub(crate) fn new(method: Method, path: &str, id: impl Into<String>, tag: &str) -> Self {
        let shared =
            [("400", "ValidationErrorResponse"), ("403", "GenericErrorResponse"), ("429", "ThrottledResponse")];
        let response = |name| json!({"$ref": format!("#/components/responses/{name}")});
        Self {
            method,
            path: path.to_owned(),
            id: id.into(),
            tag: tag.to_owned(),
            summary: String::new(),
            parameters: Vec::new(),
            body: None,
            responses: shared.into_iter().map(|(code, name)| (code.to_owned(), response(name))).collect(),
        }
    }

    /// With one sentence on what it does.
    pub(crate) fn says(mut self, summary: &str) -> Self {
        self.summary = summary.to_owned();
        self
    }

    /// With a parameter in the path.
    pub(crate) fn path(mut self, parameter: Value) -> Self {
        self.parameters.insert(0, parameter);
        if !self.responses.contains_key("404") {
            self.responses.insert("404".to_owned(), json!({"$ref": "#/components/responses/NotFoundResponse"}));
        }
        self
    }

    /// With a parameter in the query.
    pub(crate) fn query(mut self, name: &str, schema: Value) -> Self {
        self.parameters.push(parameter("query", name, schema, ""));
        self
    }

    /// With a parameter in the query that must be given.
    pub(crate) fn query_required(mut self, name: &str, schema: Value) -> Self {
        let mut parameter = parameter("query", name, schema, "");
        parameter["required"] = json!(true);
        self.parameters.push(parameter);
        self
    }

    /// With the parameters that every list has.
    pub(crate) fn paged(mut self) -> Self {
        for name in ["QueryPaginationOrdering", "QueryPaginationPage", "QueryPaginationPageSize", "QuerySearch"] {
            self = self.shared_query(name);
        }
        self
    }

    /// With a parameter that many operations share.
    pub(crate) fn shared_query(mut self, name: &str) -> Self {
        self.parameters.push(json!({"$ref": format!("#/components/parameters/{name}")}));
        // There may be no such page.
        if name == "QueryPaginationPage" { self.may_miss() } else { self }
    }

    /// With a body.
    pub(crate) fn body(mut self, schema: Value, required: bool) -> Self {
        self.body = Some(json!({"required": required, "content": json_of(schema)}));
        self
    }

    /// With a body in these media.
    pub(crate) fn body_as(mut self, content: Value, required: bool) -> Self {
        self.body = Some(json!({"required": required, "content": content}));
        self
    }

    /// That there may be no such thing.
    pub(crate) fn may_miss(mut self) -> Self {
        let missing = json!({"$ref": "#/components/responses/NotFoundResponse"});
        self.responses.entry("404").or_insert(missing);
        self
    }

    /// With a JSON answer.
    pub(crate) fn answers(self, status: u16, description: &str, schema: Value) -> Self {
        self.answers_as(status, description, json_of(schema))
    }

    /// With an answer in these media.
    pub(crate) fn answers_as(mut self, status: u16, description: &str, content: Value) -> Self {
        self.responses.insert(status.to_string(), json!({"description": description, "content": content}));
        self
    }

    /// With an answer without a body.
    pub(crate) fn empty(mut self, status: u16, description: &str) -> Self {
        self.responses.insert(status.to_string(), json!({"description": description}));
        self
    }

    /// That the configuration folder may stand in the way.
    pub(crate) fn may_conflict(mut self) -> Self {
        self.responses.insert("409".to_owned(), json!({"$ref": "#/components/responses/ConflictResponse"}));
        self
    }

    /// That its answers carry the version of the object.
    pub(crate) fn tagged(mut self) -> Self {
        let header = json!({"description": "Version of the object, for If-Match.", "schema": {"type": "string"}});
        for (_, response) in self.responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
            response["headers"] = json!({"ETag": header});
        }
        self
    }

    /// That it can be bound to a version of the object.
    pub(crate) fn conditional(mut self) -> Self {
        self.parameters.push(json!({"$ref": "#/components/parameters/HeaderIfMatch"}));
        self.responses.insert("412".to_owned(), json!({"$ref": "#/components/responses/OutdatedResponse"}));
        self
    }

    fn finish(mut self) -> Value {
        if compatibility::is_refused(&self.id) {
            self.responses.insert("501".to_owned(), json!({"$ref": "#/components/responses/NotHereResponse"}));
        }
        if self.body.is_some() {
            for (status, response) in [("413", "TooLargeResponse"), ("415", "MediaTypeResponse")] {
                self.responses.insert(status.to_owned(), json!({"$ref": format!("#/components/responses/{response}")}));
            }
        }
        self.responses.sort_keys();
        let credentials = json!({"authentik": []});
        let takes = takes(&self.id);
        let public = takes == Some(Takes::Nothing);
        let security = if public { json!([credentials, {}]) } else { json!([credentials]) };
        let mut operation = json!({"operationId": self.id, "tags": [self.tag], "security": security});
        if let Some(takes) = &takes {
            operation["description"] = json!(takes.sentence());
        }
        if let Some(acts) = takes.and_then(|takes| takes.listed()) {
            operation["x-permissions"] = acts;
        }
        if !self.summary.is_empty() {
            operation["summary"] = json!(self.summary);
        }
        if !self.parameters.is_empty() {
            operation["parameters"] = Value::Array(self.parameters);
        }
        if let Some(body) = self.body {
            operation["requestBody"] = body;
        }
        operation["responses"] = Value::Object(self.responses);
        operation
    }
}

/// All operations.
#[derive(Debug, Default)]
pub(crate) struct Paths(BTreeMap<String, BTreeMap<String, Value>>);

impl Paths {
    /// Adds an operation.
    pub(crate) fn add(&mut self, operation: Operation) {
        let method = operation.method.as_str().to_ascii_lowercase();
        self.0.entry(operation.path.clone()).or_default().insert(method, operation.finish());
    }

    /// The document's `paths`.
    pub(crate) fn finish(self) -> Value {
        let path =
            |(path, methods): (String, BTreeMap<String, Value>)| (path, Value::Object(methods.into_iter().collect()));
        Value::Object(self.0.into_iter().map(path).collect())
    }
}

/// Responses and parameters that many operations share.
pub(crate) fn shared() -> (Value, Value) {
    let error =
        |description: &str, schema: &str| json!({"description": description, "content": json_of(reference(schema))});
    let responses = json!({
        "ValidationErrorResponse": error("The body or a parameter is not sound.", "ValidationError"),
        "GenericErrorResponse": error("No credentials, wrong ones, or no right to do this.", "GenericError"),
        "NotFoundResponse": error("There is no such object, or the caller may not know of it.", "GenericError"),
        "NotHereResponse": error("This server does not do this; why, the answer tells.", "GenericError"),
        "TooLargeResponse": error("The body is too large.", "GenericError"),
        "MediaTypeResponse": error("The body is of a media type that is not understood here.", "GenericError"),
        "OutdatedResponse": error("It is another version than If-Match names.", "GenericError"),
        "ThrottledResponse": error("Too many requests; `Retry-After` tells when there may be more.", "GenericError"),
        "ConflictResponse": error("The configuration folder or the server itself owns the object.", "GenericError"),
    });
    let query = |name: &str, kind: &str, text: &str| parameter("query", name, json!({"type": kind}), text);
    let version = "Version that the object must have, as ETag told it; without it, any.";
    let parameters = json!({
        "HeaderIfMatch": parameter("header", "If-Match", json!({"type": "string"}), version),
        "QueryName": query("name", "string", "Exact name."),
        "QueryPaginationOrdering": query("ordering", "string", "Field to order by; with `-` before it, descending."),
        "QueryPaginationPage": query("page", "integer", "Number of the page, from 1."),
        "QueryPaginationPageSize": query("page_size", "integer", "Objects a page; how many unless given, and at most, the settings say."),
        "QuerySearch": query("search", "string", "Words that the objects must mention."),
    });
    (responses, parameters)
}
