//! Guessing passwords: what it costs, whom it keeps out, and what it tells.

use std::net::IpAddr;
use std::time::Instant;

use lockgate_tests::{Client, Database, Server, Visitor, tells};
use reqwest::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "trellis-mango-orbit-58";
const FLOW: &str = "sign-in";
const FOLDER: &str = "flow: sign-in\ntitle: Welcome\ndesignation: authentication\nstages:\n  \
    - identify: { by: [username], password: inline }\n  - login\n";

on_each_database!(
    an_address_that_guesses_pauses_and_others_do_not,
    a_name_that_all_the_world_guesses_for_is_open_to_its_owner,
    times_do_not_tell_who_exists,
);

async fn start(database: Database, by_address: &str, by_name: &str) -> Server {
    let server = Server::builder(database)
        .set("LOCKGATE_LIMITS__NEW_SESSIONS", "0")
        .config("sign-in.yaml", FOLDER)
        .set("LOCKGATE_LIMITS__WRONG_PASSWORDS_BY_ADDRESS", by_address)
        .set("LOCKGATE_LIMITS__WRONG_PASSWORDS_BY_NAME", by_name)
        .start()
        .await;
    for user in ["ada", "bob"] {
        server.api().create_user(user, PASSWORD, &[]).await;
    }
    server
}

fn address(last: u32) -> IpAddr {
    IpAddr::from([192, 0, (last >> 8) as u8, last as u8])
}

fn typed(name: &str, password: &str) -> Value {
    json!({"component": "ak-stage-identification", "uid_field": name, "password": password})
}

async fn tries(visitor: &mut Visitor, name: &str, password: &str) -> u16 {
    visitor.leaves();
    visitor.challenge(FLOW).await;
    let status = visitor.answers(FLOW, &typed(name, password)).await.status;
    if status == 302 {
        // The login itself.
        visitor.challenge(FLOW).await;
    }
    status
}

async fn an_address_that_guesses_pauses_and_others_do_not(database: Database) {
    let server = start(database, "5", "100").await;
    let mut guesser = Visitor::new(server.port(), address(1));
    for turn in 0..5 {
        assert_eq!(tries(&mut guesser, &format!("name-{turn}"), "wrong").await, 200);
    }
    guesser.leaves();
    guesser.challenge(FLOW).await;
    let answer = guesser.answers(FLOW, &typed("ada", PASSWORD)).await;
    assert_eq!(answer.status, 429, "the right one, too: {}", answer.body);
    assert_eq!(on_the_page(&server, "192.0.0.1").await, 429);
    assert_ne!(on_the_page(&server, "192.0.0.3").await, 429);
    let mut other = Visitor::new(server.port(), address(2));
    assert_eq!(tries(&mut other, "ada", PASSWORD).await, 302);
    // Right ones cost nothing, however many.
    for _ in 0..12 {
        assert_eq!(tries(&mut other, "ada", PASSWORD).await, 302);
    }
    let metrics = server.api().request(reqwest::Method::GET, "").build().expect("a request").url().clone();
    let metrics = reqwest::get(metrics.join("/metrics").expect("an address")).await.expect("an answer");
    let told = metrics.text().await.expect("a text");
    assert!(told.contains("lockgate_logins_total{outcome=\"paused\"} 2"), "{told}");
}

/// Sends a password by the page, from an address; answers the status.
async fn on_the_page(server: &Server, from: &str) -> u16 {
    let (client, url) = (Client::new(), server.url("/if/flow/sign-in/"));
    let page = client.request(Method::GET, &url).header("X-Forwarded-For", from).send().await.expect("an answer");
    let page = page.text().await.expect("a page");
    let start = "name=\"csrf_token\" value=\"";
    let token = page.split(start).nth(1).and_then(|rest| rest.split('"').next()).expect("a form").to_owned();
    let form =
        [("component", "ak-stage-identification"), ("csrf_token", &token), ("uid_field", "ada"), ("password", "x")];
    let reply = client.request(Method::POST, &url).header("X-Forwarded-For", from).form(&form).send().await;
    let reply = reply.expect("an answer");
    let (status, wait) = (reply.status().as_u16(), reply.headers().get("retry-after").cloned());
    let told = reply.text().await.expect("a page");
    assert_eq!(status == 429, told.contains("Too many wrong passwords") && wait.is_some(), "{told}");
    status
}

async fn a_name_that_all_the_world_guesses_for_is_open_to_its_owner(database: Database) {
    let server = start(database, "20", "6").await;
    let mut owner = Visitor::new(server.port(), address(900));
    assert_eq!(tries(&mut owner, "ada", PASSWORD).await, 302);
    for turn in 0..6 {
        let mut guesser = Visitor::new(server.port(), address(turn));
        assert_eq!(tries(&mut guesser, "ada", "wrong").await, 200);
        // Names that are nobody's are counted alike.
        assert_eq!(tries(&mut guesser, "Nobody", "wrong").await, 200);
    }
    let mut guesser = Visitor::new(server.port(), address(50));
    assert_eq!(tries(&mut guesser, "ada", "wrong").await, 429);
    assert_eq!(tries(&mut guesser, "nobody", "wrong").await, 429);
    assert_eq!(tries(&mut guesser, "bob", PASSWORD).await, 302, "other names are not concerned");
    // In the browser in which she has signed in before, and wherever that is now.
    assert_eq!(tries(&mut owner, "ada", PASSWORD).await, 302);
    // A browser in which somebody else has signed in is not known for her.
    assert_eq!(tries(&mut guesser, "ada", PASSWORD).await, 429);
}

/// Answers, in turn, to names that exist and names that do not. The bound is wide, since few are timed here; the
/// benchmark times more.
async fn times_do_not_tell_who_exists(database: Database) {
    let server = start(database, "20", "0").await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for turn in 0..120 {
        let mut visitor = Visitor::new(server.port(), address(turn));
        visitor.challenge(FLOW).await;
        let name = if turn % 2 == 0 { "ada".to_owned() } else { format!("nobody-{turn}") };
        let started = Instant::now();
        let answer = visitor.answers(FLOW, &typed(&name, "wrong")).await;
        let took = started.elapsed();
        assert_eq!(answer.status, 200);
        if turn % 2 == 0 { known.push(took) } else { unknown.push(took) }
    }
    let told = tells(&known[10..], &unknown[10..]);
    println!("a name that exists takes longer in {told:.3} of all pairs");
    assert!((0.3..0.7).contains(&told), "a name that exists takes longer in {told:.3} of all pairs");
}
