//! The schema of `test:` documents.

use super::{moment, name, object, told};
use crate::{
    language::{
        ACCESS_KEYS, CLAIMS_KEYS, END_STEP_KEYS, SENTENCE_FORM, STAGE_STEP_KEYS, TEST_KEYS, USER_KEYS, USER_TYPES,
        words,
    },
    test_document::{ClaimPlace, Ending},
};
use serde_json::{Map, Value, json};

/// A test.
pub(super) fn test() -> Value {
    let map = fields([
        ("test", name("test")),
        ("groups", texts("Groups that no folder declares.")),
        ("users", json!({"type": "object", "additionalProperties": user(), "description": "Who there is."})),
        ("at", text("When it is, such as 2026-12-24T18:00:00Z.")),
        ("ip", text("Where requests come from.")),
        ("mfa", flag("Whether people have signed in with a second factor.")),
        ("expect", several([sentence(), access(), claims()].into(), "What is to be so.")),
        ("flow", name("flow that is gone through")),
        ("as", text("Who is signed in at the start.")),
        ("app", name("app that the flow leads to")),
        ("next", text("Where the person was going to.")),
        ("invitation", invitation()),
        ("steps", several(steps(), "What is asked and answered on the way, and how the flow ends.")),
    ]);
    debug_assert!(TEST_KEYS.iter().all(|key| map.contains_key(*key)) && map.len() == TEST_KEYS.len());
    let mut schema = object(map, &["test"]);
    schema["anyOf"] = json!([{"required": ["expect"]}, {"required": ["flow", "steps"]}]);
    schema["dependentRequired"] =
        json!({"flow": ["steps"], "steps": ["flow"], "as": ["flow"], "next": ["flow"], "invitation": ["flow"]});
    schema
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(key, schema)| (key.to_owned(), schema)).collect()
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn flag(description: &str) -> Value {
    json!({"type": "boolean", "description": description})
}

fn texts(description: &str) -> Value {
    json!({"type": "array", "items": {"type": "string"}, "description": description})
}

fn several(sorts: Vec<Value>, description: &str) -> Value {
    json!({"type": "array", "minItems": 1, "items": {"anyOf": sorts}, "description": description})
}

fn one_or_several(description: &str) -> Value {
    json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}], "description": description})
}

/// Names of groups, and groups for a time.
fn memberships() -> Value {
    let timed = fields([
        ("group", text("The group.")),
        ("from", moment("They are in it from this moment on; a day is meant from its first moment.")),
        ("until", moment("They are in it until this moment; a day is meant until its end.")),
    ]);
    let one = json!({"anyOf": [{"type": "string"}, object(timed, &["group"])]});
    json!({"type": "array", "items": one, "description": "Groups that they are in."})
}

/// Anything but a password.
fn invitation() -> Value {
    let schema = json!({"type": "object", "propertyNames": {"not": {"const": "password"}}});
    told(schema, "The person comes with an invitation that says this, by the keys of prompts; `{}` says nothing.")
}

fn user() -> Value {
    let map = fields([
        ("groups", memberships()),
        ("name", text("Display name.")),
        ("email", text("E-mail address.")),
        ("attributes", json!({"type": "object", "description": "Their own attributes."})),
        ("superuser", flag("Is a superuser whatever their groups say.")),
        ("active", flag("Whether the account can do anything.")),
        ("type", told(json!({"enum": USER_TYPES, "default": "internal"}), "Sort of account.")),
        ("path", text("Path in the directory.")),
        ("password", text("Their password, in this test.")),
        ("totp", text("The code that their app shows; without it they have none.")),
        ("codes", json!({"type": "array", "items": {"type": "string"}, "description": "Their codes on paper."})),
        ("passkey", flag("Whether they have a passkey.")),
    ]);
    debug_assert!(USER_KEYS.iter().all(|key| map.contains_key(*key)) && map.len() == USER_KEYS.len());
    json!({"anyOf": [object(map, &[]), {"type": "null"}]})
}

fn sentence() -> Value {
    json!({
        "type": "string",
        "pattern": " (can|cannot|can't|can not) access ",
        "description": SENTENCE_FORM,
        "examples": ["ada can access grafana", "nobody can access grafana without mfa"],
    })
}

fn access() -> Value {
    let map = fields([
        ("user", one_or_several("Users of this test.")),
        ("app", one_or_several("Apps.")),
        ("allow", flag("Whether they may open it.")),
        ("message", text("What they are told when they may not contains this.")),
        ("at", text("When.")),
        ("ip", text("From where.")),
        ("mfa", flag("After a login with a second factor.")),
        ("path", text("Path of the request.")),
        ("host", text("Host of the request.")),
        ("method", text("Method of the request.")),
        ("user_agent", text("`User-Agent` of the request.")),
    ]);
    debug_assert!(ACCESS_KEYS.iter().all(|key| map.contains_key(*key)) && map.len() == ACCESS_KEYS.len());
    let access =
        told(object(map, &["user", "app", "allow"]), "Whether somebody may open an app, and what they are told.");
    object(fields([("access", access)]), &["access"])
}

fn claims() -> Value {
    let values = |description: &str| json!({"type": "object", "minProperties": 1, "description": description});
    let map = fields([
        ("user", one_or_several("Users of this test.")),
        ("app", one_or_several("Apps.")),
        ("scopes", texts("Scopes that are asked for; all that the app has.")),
        ("in", told(json!({"enum": ClaimPlace::WORDS.map(|(word, _)| word)}), "Where the claims stand; anywhere.")),
        ("has", values("Lists contain these, maps these entries; anything else is this.")),
        (
            "lacks",
            json!({
                "anyOf": [one_or_several("Claims that are not there."), values("Lists that do not contain these.")],
                "description": "Claims that are not there, or lists that do not contain these.",
            }),
        ),
        ("equals", values("Claims that are exactly this.")),
        ("at", text("When.")),
        ("mfa", flag("After a login with a second factor.")),
    ]);
    debug_assert!(CLAIMS_KEYS.iter().all(|key| map.contains_key(*key)) && map.len() == CLAIMS_KEYS.len());
    let mut schema = object(map, &["user", "app"]);
    schema["anyOf"] = json!([{"required": ["has"]}, {"required": ["lacks"]}, {"required": ["equals"]}]);
    object(fields([("claims", told(schema, "What an app is told of somebody."))]), &["claims"])
}

fn steps() -> Vec<Value> {
    let answers = || json!({"type": ["object", "null"], "description": "What is answered; nothing: it is only there."});
    let beside = fields([
        ("name", name("stage, where its word does not tell")),
        ("fails", text("The answer is refused, with a complaint about this field; `form` for the page as a whole.")),
        ("shows", one_or_several("Texts that the page shows.")),
    ]);
    debug_assert!(STAGE_STEP_KEYS.iter().all(|key| beside.contains_key(*key)));
    let words = words::stage_words();
    let mut steps = vec![json!({"enum": words})];
    steps.extend(words.into_iter().map(|word| {
        let mut map = beside.clone();
        map.insert(word.to_owned(), answers());
        object(map, &[word])
    }));
    let end = fields([
        ("ends", told(json!({"enum": Ending::WORDS.map(|(word, _)| word)}), "How the flow ends.")),
        ("user", text("Who was signed in, or whom it was about.")),
        ("to", text("Where it leads.")),
        ("shows", one_or_several("Texts that the last page shows.")),
        ("wrote", json!({"type": "object", "description": "What the account has that was written last."})),
    ]);
    debug_assert!(END_STEP_KEYS.iter().all(|key| end.contains_key(*key)) && end.len() == END_STEP_KEYS.len());
    steps.push(object(end, &["ends"]));
    steps
}
