//! An application with its provider and who may open it, made in one go: all of it or nothing.

use super::{
    face,
    sight::Sight,
    write::{self, Fault},
};
use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    openapi::{
        components::{Components, reference},
        operation::{Operation, Paths},
    },
    rbac,
};
use axum::{Json, Router, extract::State, routing::put};
use http::Method;
use lockgate_identity::{
    Identity,
    config::{Change, Snapshot, draft},
    system::random_uuid,
};
use lockgate_model::{
    Document, Family, KindDef, Problems,
    kind::{KINDS, by_name},
};
use lockgate_policies::Action;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use uuid::Uuid;

const PATH: &str = "/core/transactional/applications/";

/// Bindings that can come along.
const MOST: usize = 100;

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    Router::new().route(PATH, put(make))
}

/// The kinds of providers.
fn providers() -> impl Iterator<Item = &'static KindDef> {
    KINDS.iter().filter(|kind| kind.meta.family == Family::Provider)
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let any: Vec<Value> = providers().map(|kind| reference(&format!("{}Request", kind.meta.schema))).collect();
    let models: Vec<&str> = providers().map(|kind| kind.meta.model).collect();
    let fields = by_name("policy_binding").map(|kind| &kind.schema().fields).into_iter().flatten();
    let fields = fields.filter(|field| field.name != "target");
    let binding: Map<String, Value> = fields.map(|field| (field.name.clone(), field.schema.clone())).collect();
    let binding = json!({
        "type": "object", "description": "Who may open the application.",
        "properties": binding, "required": ["order"],
    });
    let binding = components.put("TransactionPolicyBindingRequest", binding);
    let provider =
        components.put("modelRequest", json!({"description": "A provider of the kind named.", "anyOf": any}));
    let model = components.put("ProviderModelEnum", json!({"type": "string", "enum": models}));
    let request = json!({
        "type": "object",
        "description": "An application with its provider and who may open it.",
        "properties": {
            "app": reference("ApplicationRequest"),
            "provider_model": model,
            "provider": provider,
            "policy_bindings": {"type": "array", "items": binding, "maxItems": MOST},
        },
        "required": ["app", "provider_model", "provider"],
    });
    let response = json!({
        "type": "object",
        "description": "What became of it.",
        "properties": {
            "applied": {"type": "boolean"},
            "logs": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["applied", "logs"],
    });
    let request = components.put("TransactionApplicationRequest", request);
    let response = components.put("TransactionApplicationResponse", response);
    paths.add(
        Operation::new(Method::PUT, PATH, "core_transactional_applications_update", "core")
            .says("Makes an application, its provider and its bindings, all of it or nothing.")
            .body(request, true)
            .answers(200, "Made.", response)
            .may_conflict(),
    );
}

async fn make(State(identity): State<Identity>, caller: Caller, body: Body) -> Result<Json<Value>, ApiError> {
    let (identity, caller, body) = (&identity, &caller, &body);
    write::settled(identity, |snapshot| async move {
        caller.require_some(identity, &snapshot, Action::Create, "application")?;
        let asked = Asked::read(&body.0)?;
        let mut parts =
            Parts { identity, snapshot: &snapshot, caller, made: Vec::new(), problems: Problems::default() };
        asked.draft(&mut parts).await?;
        parts.store().await
    })
    .await?;
    Ok(Json(json!({"applied": true, "logs": []})))
}

/// What is to be made.
struct Asked<'b> {
    app: Map<String, Value>,
    kind: &'static KindDef,
    provider: &'b Map<String, Value>,
    bindings: Vec<Map<String, Value>>,
}

impl<'b> Asked<'b> {
    fn read(body: &'b Map<String, Value>) -> Result<Self, ApiError> {
        let mut problems = Problems::default();
        let mut object = |field: &str| match body.get(field) {
            Some(Value::Object(map)) => Some(map),
            Some(_) => {
                problems.add(&format!("/{field}"), "invalid", "Invalid data. Expected a dictionary.");
                None
            }
            None => {
                problems.add(&format!("/{field}"), "required", "This field is required.");
                None
            }
        };
        let (app, provider) = (object("app"), object("provider"));
        let kind = match body.get("provider_model") {
            None => {
                problems.add("/provider_model", "required", "This field is required.");
                None
            }
            Some(model) => {
                let kind = providers().find(|kind| *model == kind.meta.model);
                if kind.is_none() {
                    let text = format!("{model} is not a provider of this server.");
                    problems.add("/provider_model", "invalid_choice", text);
                }
                kind
            }
        };
        let bindings = bindings(body.get("policy_bindings"), &mut problems);
        match (app, provider, kind) {
            (Some(app), Some(provider), Some(kind)) if problems.is_empty() => {
                // Which provider it gets is settled here.
                let app = app.iter().filter(|(name, _)| *name != "provider");
                let app = app.map(|(name, value)| (name.clone(), value.clone())).collect();
                Ok(Self { app, kind, provider, bindings })
            }
            _ => Err(problems.into()),
        }
    }

    async fn draft(self, parts: &mut Parts<'_>) -> Result<(), ApiError> {
        let provider = parts.draft("/provider", self.kind, self.provider).await?;
        let application = by_name("application").ok_or(ApiError::Internal)?;
        let app = parts.draft("/app", application, &self.app).await?;
        if let Some(document) = app.and_then(|app| parts.made.iter_mut().find(|(_, d)| d.id == app)) {
            document.1.body["provider"] = json!(provider);
        }
        let binding = by_name("policy_binding").ok_or(ApiError::Internal)?;
        let mut seen = Vec::new();
        for (number, mut given) in self.bindings.into_iter().enumerate() {
            // Something has to stand there, so that the rest can be checked where the application is not sound.
            given.insert("target".to_owned(), json!(app.unwrap_or_default()));
            let at = format!("/policy_bindings/{number}");
            let before = parts.made.len();
            parts.draft(&at, binding, &given).await?;
            let identifier = parts.made.get(before).and_then(|(_, d)| Some(binding.parse(&d.body).ok()?.identifier()));
            if identifier.is_some() && seen.contains(&identifier) {
                parts.problems.add(&at, "unique", "There is one already with the same subject and order.");
            }
            seen.push(identifier);
        }
        Ok(())
    }
}

fn bindings(given: Option<&Value>, problems: &mut Problems) -> Vec<Map<String, Value>> {
    let Some(Value::Array(list)) = given else {
        if given.is_some_and(|given| !given.is_null()) {
            problems.add("/policy_bindings", "invalid", "Expected a list of items.");
        }
        return Vec::new();
    };
    if list.len() > MOST {
        problems.add("/policy_bindings", "max_length", format!("Ensure this list has at most {MOST} items."));
    }
    let mut maps = Vec::new();
    for (number, item) in list.iter().take(MOST).enumerate() {
        match item {
            Value::Object(map) => maps.push(map.clone()),
            _ => problems.add(&format!("/policy_bindings/{number}"), "invalid", "Expected a dictionary."),
        }
    }
    maps
}

/// The documents so far, each with its place in the body, and what is wrong with them.
struct Parts<'a> {
    identity: &'a Identity,
    snapshot: &'a Snapshot,
    caller: &'a Caller,
    made: Vec<(String, Document)>,
    problems: Problems,
}

impl Parts<'_> {
    /// Drafts one part; its primary key, when it is sound.
    async fn draft(
        &mut self,
        at: &str,
        kind: &'static KindDef,
        given: &Map<String, Value>,
    ) -> Result<Option<Uuid>, ApiError> {
        let drafted = match face::accept(kind, &self.snapshot.objects, given, None, true) {
            Ok(body) => self.check(kind, body).await,
            Err(problems) => Err(problems.into()),
        };
        match drafted {
            Ok(document) => {
                let id = document.id;
                self.made.push((at.to_owned(), document));
                Ok(Some(id))
            }
            Err(ApiError::Invalid(problems)) => {
                self.complain(at, problems);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    async fn check(&self, kind: &'static KindDef, body: Value) -> Result<Document, ApiError> {
        let document = draft(kind, random_uuid(&*self.identity.random), body);
        Sight::of(self.identity, self.snapshot, self.caller).require_wish(Action::Create, &document)?;
        let made: Vec<Uuid> = self.made.iter().map(|(_, document)| document.id).chain([Uuid::nil()]).collect();
        write::sound(self.identity, self.snapshot, kind, &document, &made).await?;
        Ok(document)
    }

    fn complain(&mut self, at: &str, problems: Problems) {
        for problem in problems.0 {
            self.problems.add(&format!("{at}{}", problem.pointer), problem.code, problem.message);
        }
    }

    /// Puts everything into force, or says of each part what is wrong with it.
    async fn store(mut self) -> Result<(), ApiError> {
        if !self.problems.is_empty() {
            return Err(self.problems.into());
        }
        let keys: Vec<(String, String)> =
            self.made.iter().map(|(_, document)| (document.kind.clone(), document.id.to_string())).collect();
        let promised = rbac::initial::documents(self.snapshot, self.caller, &keys);
        let places: HashMap<Uuid, String> = self.made.iter().map(|(at, document)| (document.id, at.clone())).collect();
        let made = std::mem::take(&mut self.made).into_iter().map(|(_, document)| document);
        let change = Change { upserts: made.chain(promised).collect(), deletes: Vec::new() };
        match write::attempt(self.identity, self.caller, change).await {
            Ok(_) => Ok(()),
            Err(Fault::Unsound(id, problems)) => {
                let at = places.get(&id).map(String::as_str).unwrap_or_default();
                self.complain(at, problems);
                Err(self.problems.into())
            }
            Err(Fault::Other(error)) => Err(error),
        }
    }
}
