//! The OpenAPI 3.1 document: made from the registry of kinds and the types that handlers answer with,
//! so that it cannot say anything else than what is served.

pub(crate) mod challenges;
pub(crate) mod components;
pub(crate) mod crud;
pub(crate) mod operation;
pub(crate) mod shapes;
mod takes;

use crate::{
    access, admin, decisions, documents, events, executor, managed, me, objects, overview, people, rbac, replay,
    revisions, root, sights, simulation, tasks,
};
use components::Components;
use operation::Paths;
use serde_json::{Value, json};
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Value> = LazyLock::new(build);
static YAML: LazyLock<String> = LazyLock::new(|| lockgate_flows::yaml::print(&DOCUMENT));
static JSON: LazyLock<String> = LazyLock::new(|| DOCUMENT.to_string());

/// The document.
#[must_use]
pub fn document() -> Value {
    DOCUMENT.clone()
}

/// The document as YAML: the text of `openapi/openapi.yaml`.
#[must_use]
pub fn yaml() -> &'static str {
    &YAML
}

/// The document as JSON.
#[must_use]
pub fn json() -> &'static str {
    &JSON
}

fn build() -> Value {
    let mut components = Components::new();
    let mut paths = Paths::default();
    let _ = (components.reply::<shapes::ValidationError>(), components.reply::<shapes::GenericError>());
    crud::describe(&mut components, &mut paths);
    objects::describe(&mut components, &mut paths);
    people::describe(&mut components, &mut paths);
    me::describe(&mut components, &mut paths);
    rbac::describe(&mut components, &mut paths);
    events::describe(&mut components, &mut paths);
    tasks::describe(&mut components, &mut paths);
    executor::describe(&mut components, &mut paths);
    decisions::describe(&mut components, &mut paths);
    documents::describe(&mut components, &mut paths);
    overview::describe(&mut components, &mut paths);
    access::describe(&mut components, &mut paths);
    revisions::describe(&mut components, &mut paths);
    replay::describe(&mut components, &mut paths);
    simulation::describe(&mut components, &mut paths);
    replay::describe(&mut components, &mut paths);
    simulation::describe(&mut components, &mut paths);
    sights::describe(&mut components, &mut paths);
    admin::describe(&mut components, &mut paths);
    managed::describe(&mut components, &mut paths);
    root::describe(&mut components, &mut paths);
    let (responses, parameters) = operation::shared();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Lockgate",
            "description": "Users, groups, applications, flows and policies of a Lockgate installation.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v3"}],
        "security": [{"authentik": []}],
        "paths": paths.finish(),
        "components": {
            "parameters": parameters,
            "responses": responses,
            "schemas": components.finish(),
            "securitySchemes": {
                "authentik": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The key of a token of intent `api`.",
                },
            },
        },
    })
}
