//! The protocol, case by case: what is sent, and what the standards want to
//! come back. The cases are data ([`case`]), a file a topic; one server a
//! database answers them all, and every case that fails is named.
//!
//! `LOCKGATE_CASES=TEXT` runs those alone whose topic, standard or sentence
//! holds the text.

mod ask;
mod case;
mod jwt;
mod perform;
mod verdict;
mod world;

mod client_auth;
mod codes;
mod devices;
mod discovery;
mod dpop;
mod end_session;
mod exchange;
mod introspection;
mod malformed;
mod pkce;
mod prompts;
mod pushed;
mod races;
mod redirect_uris;
mod refresh;
mod request_objects;
mod responses;
mod scopes;
mod services;
mod userinfo;

use std::sync::Arc;

use lockgate_tests::Database;
use tokio::task::JoinSet;

use case::Case;
use perform::{Browsers, perform};
use world::World;

on_each_database!(every_case_is_answered_as_the_standards_say);

/// A topic and its cases.
type Topic = (&'static str, fn() -> Vec<Case>);

const TOPICS: &[Topic] = &[
    ("redirect URIs", redirect_uris::cases),
    ("responses", responses::cases),
    ("scopes", scopes::cases),
    ("prompts", prompts::cases),
    ("PKCE", pkce::cases),
    ("codes", codes::cases),
    ("client authentication", client_auth::cases),
    ("refresh", refresh::cases),
    ("services", services::cases),
    ("token exchange", exchange::cases),
    ("devices", devices::cases),
    ("introspection and revocation", introspection::cases),
    ("userinfo", userinfo::cases),
    ("DPoP", dpop::cases),
    ("pushed requests", pushed::cases),
    ("request objects", request_objects::cases),
    ("end of session", end_session::cases),
    ("discovery", discovery::cases),
    ("malformed requests", malformed::cases),
];

/// Fewer mean that some were lost.
const LEAST: usize = 150;

async fn every_case_is_answered_as_the_standards_say(database: Database) {
    let only = std::env::var("LOCKGATE_CASES").unwrap_or_default();
    let world = Arc::new(World::start(database).await);
    let mut topics = JoinSet::new();
    let mut number = 0;
    for (topic, cases) in TOPICS {
        let mut own = Vec::new();
        for case in cases() {
            number += 1;
            if format!("{topic}: {}: {}", case.rfc, case.what).contains(&only) {
                own.push((number, case));
            }
        }
        topics.spawn(run(topic, own, Arc::clone(&world)));
    }
    let (mut ran, mut failures) = (0, Vec::new());
    while let Some(done) = topics.join_next().await {
        let (count, mut failed) = done.expect("a topic comes to its end");
        ran += count;
        failures.append(&mut failed);
    }
    failures.sort();
    println!("{ran} protocol cases on {database:?}, {} failed", failures.len());
    assert!(number >= LEAST, "there are {number} cases only");
    assert!(failures.is_empty(), "{} of {ran} cases:\n\n{}\n", failures.len(), failures.join("\n\n"));
}

/// Runs the cases of a topic one after the other: how many, and what failed.
async fn run(topic: &'static str, cases: Vec<(usize, Case)>, world: Arc<World>) -> (usize, Vec<String>) {
    let mut browsers = Browsers::new(&world);
    let mut failures = Vec::new();
    let count = cases.len();
    for (number, case) in cases {
        let verdict = match Box::pin(perform(&case, number, &mut browsers)).await {
            Ok((answer, known)) => verdict::judge(&case.expect, &answer, &known),
            Err(why) => Err(why),
        };
        if let Err(why) = verdict {
            let at = case.ask.last().map_or("nowhere", |ask| ask.path.as_str());
            failures.push(format!("{topic}: {}: {} ({at})\n    {why}", case.rfc, case.what));
        }
    }
    (count, failures)
}
