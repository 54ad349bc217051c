//! Every operation is asked as somebody who may do exactly what the document says that it takes, and as who lacks one
//! part of that.

use crate::support::{
    Api,
    things::{House, answers},
};
use http::{Method, StatusCode};
use lockgate_model::{Family, kind::KINDS};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// An act as the document names it.
type Act = (String, String);

/// An operation of the document.
#[derive(Debug)]
struct Operation {
    method: Method,
    path: String,
    id: String,
    acts: Vec<Act>,
    body: Option<String>,
}

impl Operation {
    /// Where its thing is one of, and the name of its key.
    fn place(&self) -> Option<(&str, &str)> {
        let (place, rest) = self.path.split_once('{')?;
        Some((place, rest.split_once('}')?.0))
    }

    /// What ends a thing comes after everything else that is tried on it.
    fn rank(&self) -> (String, u8) {
        let place = self.place().map_or(self.path.as_str(), |(place, _)| place);
        (place.to_owned(), u8::from(self.method == Method::DELETE))
    }
}

/// Operations that take acts, each with them.
fn operations() -> Vec<Operation> {
    let document = lockgate_api::openapi::document();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, said) in methods.as_object().expect("methods") {
            let id = said["operationId"].as_str().expect("an id").to_owned();
            let public = said["security"].as_array().is_some_and(|ways| ways.contains(&json!({})));
            let acts = said["x-permissions"].as_array();
            assert!(
                public || acts.is_some(),
                "{id} has no authorization case: say in `openapi/takes.rs` what it takes"
            );
            let word = |act: &Value, name: &str| act[name].as_str().expect("a word").to_owned();
            let acts = acts.into_iter().flatten().map(|act| (word(act, "action"), word(act, "kind")));
            let schema = said["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
            all.push(Operation {
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                id,
                acts: acts.collect(),
                body: schema.and_then(|name| name.rsplit('/').next()).map(str::to_owned),
            });
        }
    }
    all.retain(|operation| !operation.acts.is_empty());
    all.sort_by_key(Operation::rank);
    all
}

/// Resources of a kind, in Cedar.
fn resources(kind: &str) -> Vec<String> {
    let of = |family: Family| {
        let kinds = KINDS.iter().filter(move |known| known.meta.family == family);
        kinds.map(|known| format!("resource in Kind::\"{}\"", known.meta.kind)).collect()
    };
    match kind {
        "user" => vec!["resource is User".to_owned()],
        "group" => vec!["resource is Group".to_owned()],
        "stage" => of(Family::Stage),
        "policy" => of(Family::Policy),
        "provider" => of(Family::Provider),
        "mapping" => of(Family::Mapping),
        "object" => vec!["resource in Kind::\"scope_mapping\"".to_owned()],
        "authenticator" => vec!["resource in Kind::\"totp_device\"".to_owned()],
        _ => vec![format!("resource in Kind::\"{kind}\"")],
    }
}

/// Policies by which the tester may do what the `User-Agent` of the request names, and nothing else: one for each sort of
/// resource, since each is compiled with every change of the configuration.
fn policies(operations: &[Operation]) -> String {
    let acts: BTreeSet<&Act> = operations.iter().flat_map(|operation| &operation.acts).collect();
    let mut conditions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (action, kind) in acts {
        for resource in resources(kind) {
            let when = format!("action == Action::\"{action}\" && context.user_agent like \"*[{action} {kind}]*\"");
            conditions.entry(resource).or_default().push(when);
        }
    }
    let mut text = String::new();
    for (resource, when) in conditions {
        let head = format!("principal == User::\"tester\", action in Action::\"administer\", {resource}");
        let _ = writeln!(text, "permit ({head}) when {{ {} }};", when.join(" || "));
    }
    text
}

fn mark(acts: &[&Act]) -> String {
    acts.iter().map(|(action, kind)| format!("[{action} {kind}]")).collect()
}

#[tokio::test]
async fn every_operation_takes_what_the_document_says_and_no_less() {
    let all = operations();
    let cedar = policies(&all);
    let api = Api::start_with("tester.cedar", &cedar).await;
    api.is_at_rest().await;
    let house = House::around(api.clone(), cedar).await;
    let made = api.post("/core/users/", &json!({"username": "tester", "name": ""})).await.expect(201)["pk"].clone();
    api.post("/core/tokens/", &json!({"identifier": "tester", "user": made})).await.expect(201);
    let key = api.get("/core/tokens/tester/view_key/").await.expect(200)["key"].clone();
    let tester = api.with_token(key.as_str().expect("a key"));

    let mut complaints = Vec::new();
    let mut thing: (String, String) = Default::default();
    for operation in &all {
        if let Some((place, _)) = operation.place()
            && thing.0 != place
        {
            let key = match house.one_below(place).await {
                Ok(key) => key,
                Err(why) => {
                    complaints.push(format!("{place}: {why}"));
                    String::new()
                }
            };
            thing = (place.to_owned(), key);
        }
        let path = match operation.place() {
            Some((_, name)) => operation.path.replace(&format!("{{{name}}}"), &thing.1),
            None => operation.path.clone(),
        };
        let (path, body) = house.asked(&operation.id, &path, &thing.1, operation.body.as_deref());
        let ask = async |acts: &[&Act]| tester.as_agent(&mark(acts)).send(operation.method.clone(), &path, &body).await;
        let needed: Vec<&Act> = operation.acts.iter().collect();
        for missing in &needed {
            let others: Vec<&Act> = needed.iter().copied().filter(|act| act != missing).collect();
            let reply = ask(&others).await;
            // What a body names and the caller may not see does not exist for the caller.
            let named =
                missing.0 == "read" && operation.acts[0] != **missing && reply.status == StatusCode::BAD_REQUEST;
            if !named && !matches!(reply.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) {
                complaints.push(format!("{} without {missing:?}: {} {}", operation.id, reply.status, reply.body));
            }
        }
        let reply = ask(&needed).await;
        if !reply.status.is_success() && !answers(&operation.id).contains(&reply.status.as_u16()) {
            complaints.push(format!("{} with {needed:?}: {} {} {body}", operation.id, reply.status, reply.body));
        }
    }
    assert!(complaints.is_empty(), "{} of {}:\n{}", complaints.len(), all.len(), complaints.join("\n"));
}
