//! Several nodes on one database: what one of them does, the others know.

use std::time::{Duration, Instant};

use lockgate_tests::{Client, Executor, Site};
use serde_json::json;

use super::{Nodes, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_revoked_on_one_node_is_out_on_all_with_redis() {
    revoked_everywhere(Nodes::start(true).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_revoked_on_one_node_is_out_on_all_without_redis() {
    revoked_everywhere(Nodes::start(false).await).await;
}

async fn revoked_everywhere(nodes: Nodes) {
    let mut slowest = Duration::ZERO;
    for _ in 0..5 {
        let ada = nodes.site.signed_in("ada").await;
        nodes.ask_first(&ada).await.expect(200);
        until(200, Duration::from_secs(2), async || nodes.ask_second(&ada).await).await;
        nodes.revoke().await;
        nodes.ask_first(&ada).await.expect(302);
        slowest = slowest.max(until(302, Duration::from_secs(2), async || nodes.ask_second(&ada).await).await);
    }
    println!("the other node knew after at most {slowest:?}");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_goes_on_at_another_node() {
    let nodes = Nodes::start(true).await;
    let client = Client::new();
    let base = |port| format!("http://auth.lockgate.test:{port}");
    let (first, second) = (base(nodes.site.port()), base(nodes.second.port()));
    let first = Executor::new(&client, &first, "default-authentication-flow", "");
    let challenge = first.challenge().await.expect(200).json();
    assert_eq!(challenge["component"], "ak-stage-identification", "{challenge}");
    let second = Executor::new(&client, &second, "default-authentication-flow", "");
    let challenge = second.answer(&json!({ "uid_field": "ada" })).await.json();
    assert_eq!(challenge["component"], "ak-stage-password", "{challenge}");
    let challenge = first.answer(&json!({ "password": Site::password() })).await.json();
    assert_eq!(challenge["component"], "xak-flow-redirect", "{challenge}");
    let me = format!("http://auth.lockgate.test:{}/api/v3/core/users/me/", nodes.site.port());
    let me = client.get(&me).await.expect(200).json();
    assert_eq!(me["user"]["username"], "ada");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_count_on_all_nodes_together() {
    let nodes = Nodes::start(true).await;
    let looked_at = nodes.guesses("nobody", 30).await;
    assert!((20..=22).contains(&looked_at), "{looked_at} of 30 were looked at, and 20 are free at an address");
    let keys = nodes.redis().cli(&["KEYS", "lockgate:wrong-passwords:address:*"]);
    assert!(keys.contains("127.0.0.1"), "{keys}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_of_sessions_spare_the_database_and_let_nobody_in() {
    let nodes = Nodes::start(true).await;
    let mut ada = nodes.site.signed_in("ada").await;
    let taken = async || nodes.figure("lockgate_session_copies_total{outcome=\"taken\"}").await;
    // One that a node leaves before it has read of its own change is not taken: on a busy machine the next one is.
    for _ in 0..10 {
        nodes.ask_first(&ada).await.expect(200);
        tokio::time::sleep(Duration::from_secs(1)).await;
        until(200, Duration::from_secs(2), async || nodes.ask_second(&ada).await).await;
        if taken().await >= 1.0 {
            break;
        }
        nodes.redis().cli(&["FLUSHALL"]);
        ada = nodes.site.signed_in("ada").await;
    }
    let me = |port| format!("http://auth.lockgate.test:{port}/api/v3/core/users/me/");
    ada.get(&me(nodes.site.port())).await.expect(200);
    ada.get(&me(nodes.second.port())).await.expect(200);
    assert!(taken().await >= 1.0, "no copy was taken");

    // A person can read whose it is; what counts is sealed.
    let keys = nodes.redis().cli(&["KEYS", "lockgate:session:*"]);
    let key = keys.lines().next().expect("a copy").to_owned();
    let shown: serde_json::Value = serde_json::from_str(&nodes.redis().cli(&["GET", &key])).expect("JSON");
    assert_eq!(shown["user"], nodes.site.ada, "{shown}");
    assert!(shown["until"].is_string() && shown["sealed"].as_str().is_some_and(|text| text.starts_with("sealed:")));

    // Put back after the end of the session, it lets nobody in, on a node that has just begun neither.
    nodes.revoke().await;
    nodes.redis().cli(&["SET", &key, &shown.to_string()]);
    until(403, Duration::from_secs(1), async || ada.get(&me(nodes.second.port())).await).await;
    for _ in 0..20 {
        ada.get(&me(nodes.second.port())).await.expect(403);
        ada.get(&me(nodes.site.port())).await.expect(403);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_may_be_emptied_and_lost_and_come_back() {
    let mut nodes = Nodes::start(true).await;
    let ada = nodes.site.signed_in("ada").await;
    until(200, Duration::from_secs(2), async || nodes.ask_second(&ada).await).await;
    nodes.redis().cli(&["FLUSHALL"]);
    nodes.ask_second(&ada).await.expect(200);

    // Without a word, and then gone: people go on, and revocations arrive as they do where there is no Redis.
    nodes.to_redis().silence();
    let again = nodes.site.signed_in("ada").await;
    until(200, Duration::from_secs(2), async || nodes.ask_second(&again).await).await;
    nodes.to_redis().cut();
    let (redis, _) = nodes.redis.as_mut().expect("these nodes have a Redis");
    redis.kill();
    nodes.revoke().await;
    let took = until(302, Duration::from_secs(1), async || nodes.ask_second(&ada).await).await;
    until(302, Duration::from_secs(1), async || nodes.ask_second(&again).await).await;
    println!("without Redis the other node knew after {took:?}");
    let asked = Instant::now();
    let carol = nodes.site.signed_in("ada").await;
    nodes.ask_second(&carol).await.expect(200);
    println!("a login without Redis took {:?}", asked.elapsed());

    let (redis, wire) = nodes.redis.as_mut().expect("these nodes have a Redis");
    redis.launch().await;
    wire.mend();
    nodes.second.logged(&["Redis is connected"]).await;
    let started = Instant::now();
    while !nodes.redis().cli(&["PUBSUB", "NUMSUB", "lockgate:changes"]).contains('2') {
        assert!(started.elapsed() < Duration::from_secs(10), "both nodes listen again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
