//! The database or Redis is away from one node, or from all.

use std::time::{Duration, Instant};

use lockgate_tests::Client;

use super::{Nodes, told_to_come_back, until};

/// What is in memory counts for a second without word from the database.
const FRESH: Duration = Duration::from_millis(1_100);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_the_database_goes_on_with_what_it_knows_while_redis_is_quiet() {
    let nodes = Nodes::start(true).await;
    let ada = nodes.site.signed_in("ada").await;
    until(200, Duration::from_secs(2), async || nodes.ask_second(&ada).await).await;
    let stranger = nodes.site.signed_in("ada").await;
    // The other login was a change of ada that everybody has to have read, and to have looked her up again after.
    tokio::time::sleep(Duration::from_millis(600)).await;
    nodes.ask_second(&ada).await.expect(200);

    nodes.to_database.cut();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        nodes.ask_second(&ada).await.expect(200);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // What it would have to ask for is told to come back, and soon.
    let asked = Instant::now();
    told_to_come_back(&nodes.ask_second(&stranger).await);
    let login = format!("http://auth.lockgate.test:{}/if/flow/default-authentication-flow/", nodes.second.port());
    told_to_come_back(&Client::new().get(&login).await);
    let login = "api/v3/flows/executor/default-authentication-flow/";
    let api = format!("http://auth.lockgate.test:{}/{login}", nodes.second.port());
    told_to_come_back(&Client::new().get(&api).await);
    assert!(asked.elapsed() < Duration::from_secs(1), "nobody waits: {:?}", asked.elapsed());
    nodes.second.get("/-/health/ready/").await.expect(503);
    nodes.second.get("/-/health/live/").await.expect(200);

    // Another node still reaches it, and tells of a change: nothing is believed any more.
    nodes.revoke().await;
    let knew = until(503, Duration::from_secs(1), async || nodes.ask_second(&ada).await).await;
    println!("a node without the database stopped after {knew:?}");
    nodes.to_database.mend();
    until(302, Duration::from_secs(5), async || nodes.ask_second(&ada).await).await;
    nodes.ask_second(&stranger).await.expect(302);
    nodes.second.get("/-/health/ready/").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_the_database_and_redis_lets_nobody_in() {
    let nodes = Nodes::start(true).await;
    let ada = nodes.site.signed_in("ada").await;
    until(200, Duration::from_secs(2), async || nodes.ask_second(&ada).await).await;
    nodes.to_database.silence();
    nodes.to_redis().silence();
    tokio::time::sleep(FRESH * 2).await;
    let asked = Instant::now();
    told_to_come_back(&nodes.ask_second(&ada).await);
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    nodes.to_database.mend();
    nodes.to_redis().mend();
    until(200, Duration::from_secs(10), async || nodes.ask_second(&ada).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_a_node_believes_nothing_after_a_second_without_the_database() {
    let nodes = Nodes::start(false).await;
    let ada = nodes.site.signed_in("ada").await;
    until(200, Duration::from_secs(2), async || nodes.ask_second(&ada).await).await;
    nodes.to_database.cut();
    tokio::time::sleep(FRESH).await;
    told_to_come_back(&nodes.ask_second(&ada).await);
    nodes.revoke().await;
    nodes.to_database.mend();
    let mut passed = 0;
    let begun = Instant::now();
    loop {
        let reply = nodes.ask_second(&ada).await;
        passed += usize::from(reply.status == 200);
        if reply.status == 302 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "it recovers by itself");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(passed, 0, "what was revoked meanwhile let nobody in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_database_makes_things_slow_and_nothing_wrong() {
    let nodes = Nodes::start(true).await;
    nodes.to_database.slow(Duration::from_millis(100));
    let ada = nodes.site.signed_in("ada").await;
    until(200, Duration::from_secs(5), async || nodes.ask_second(&ada).await).await;
    for _ in 0..20 {
        nodes.ask_second(&ada).await.expect(200);
    }
    nodes.revoke().await;
    until(302, Duration::from_secs(2), async || nodes.ask_second(&ada).await).await;
}
