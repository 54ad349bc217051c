//! Redis behind sentinels, as a cluster, and by TLS: what holds with a single one holds there, and while it is half away.

use std::time::{Duration, Instant};

use lockgate_tests::{Client, RedisCluster, RedisSentinels, RedisTls};

use super::{Nodes, until};

/// The longest until something holds on the other node that a message tells of.
const SOON: Duration = Duration::from_secs(1);

/// Two nodes that ask this Redis.
async fn nodes_at(url: &str) -> Nodes {
    let setting = [("LOCKGATE_REDIS_URL", url)];
    Nodes::with(&setting, &setting, None).await
}

/// Ends all sessions of ada on the first node, and asserts that the second one knows soon; how long that took.
async fn revoked_soon(nodes: &Nodes, ada: &Client) -> Duration {
    nodes.revoke().await;
    nodes.ask_first(ada).await.expect(302);
    until(302, SOON, async || nodes.ask_second(ada).await).await
}

/// Waits until both nodes listen; how long that took.
async fn until_both_listen(mut listeners: impl FnMut() -> usize) -> Duration {
    let started = Instant::now();
    while listeners() < 2 {
        assert!(started.elapsed() < Duration::from_secs(10), "both nodes listen again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    started.elapsed()
}

fn count_in(said: &str) -> usize {
    said.lines().nth(1).and_then(|count| count.trim().parse().ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_go_on_with_the_primary_that_sentinels_elect() {
    let mut redis = RedisSentinels::start().await;
    let nodes = nodes_at(&redis.url()).await;
    let numsub = ["PUBSUB", "NUMSUB", "lockgate:changes"];
    until_both_listen(|| count_in(&redis.cli(&numsub))).await;
    let ada = nodes.site.signed_in("ada").await;
    until(200, SOON, async || nodes.ask_second(&ada).await).await;
    assert_eq!(nodes.guesses("before", 10).await, 10, "20 are free at an address");

    // Nobody waits for the election, and a login needs none.
    let before = redis.primary();
    redis.kill_primary();
    let asked = Instant::now();
    nodes.ask_first(&ada).await.expect(200);
    nodes.ask_second(&ada).await.expect(200);
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    let again = nodes.site.signed_in("ada").await;
    until(200, SOON, async || nodes.ask_second(&again).await).await;
    let took = revoked_soon(&nodes, &ada).await;
    nodes.ask_second(&again).await.expect(302);
    println!("without a primary the other node knew after {took:?}");

    redis.elected_after(before).await;
    let elected = until_both_listen(|| count_in(&redis.cli(&numsub))).await;
    println!("both nodes listened to the new primary after {elected:?}");
    let ada = nodes.site.signed_in("ada").await;
    until(200, SOON, async || nodes.ask_second(&ada).await).await;
    println!("with the new primary the other node knew after {:?}", revoked_soon(&nodes, &ada).await);
    // The replica had the counts: it goes on where its primary was.
    let looked_at = nodes.guesses("after", 20).await;
    assert!((10..=13).contains(&looked_at), "{looked_at} more of 20 were looked at, and 10 were left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_carries_messages_counts_and_copies_and_may_lose_a_part() {
    let mut redis = RedisCluster::start().await;
    let nodes = nodes_at(&redis.url()).await;
    until_both_listen(|| redis.listeners("lockgate:changes")).await;
    let mut visitors = Vec::new();
    for _ in 0..6 {
        let ada = nodes.site.signed_in("ada").await;
        until(200, SOON, async || nodes.ask_second(&ada).await).await;
        visitors.push(ada);
    }
    let me = |port| format!("http://auth.lockgate.test:{port}/api/v3/core/users/me/");
    for ada in &visitors {
        ada.get(&me(nodes.site.port())).await.expect(200);
        ada.get(&me(nodes.second.port())).await.expect(200);
    }
    let parts = redis.keys("lockgate:session:*").iter().filter(|keys| !keys.is_empty()).count();
    assert!(parts >= 2, "copies are in {parts} parts");
    assert!(nodes.figure("lockgate_session_copies_total{outcome=\"taken\"}").await >= 2.0, "copies are taken");
    let ada = visitors.pop().expect("six have signed in");
    println!("by a cluster the other node knew after {:?}", revoked_soon(&nodes, &ada).await);

    // A part of the keys is gone, and with it, by Redis' own rule, the whole: people go on by the database.
    let ada = nodes.site.signed_in("ada").await;
    redis.kill(1);
    redis.becomes("fail").await;
    until(200, SOON, async || nodes.ask_second(&ada).await).await;
    let again = nodes.site.signed_in("ada").await;
    until(200, SOON, async || nodes.ask_second(&again).await).await;
    println!("with a part away the other node knew after {:?}", revoked_soon(&nodes, &ada).await);
    for visitor in visitors.iter().chain([&ada, &again]) {
        nodes.ask_second(visitor).await.expect(302);
        visitor.get(&me(nodes.second.port())).await.expect(403);
    }

    redis.launch(1).await;
    redis.becomes("ok").await;
    let listening = until_both_listen(|| redis.listeners("lockgate:changes")).await;
    println!("both nodes listened to the whole cluster after {listening:?}");
    let ada = nodes.site.signed_in("ada").await;
    until(200, SOON, async || nodes.ask_second(&ada).await).await;
    revoked_soon(&nodes, &ada).await;
    let looked_at = nodes.guesses("nobody", 24).await;
    assert!((20..=21).contains(&looked_at), "{looked_at} of 24 were looked at, and 20 are free at an address");
    let names = redis.keys("lockgate:wrong-passwords:name:*").iter().filter(|keys| !keys.is_empty()).count();
    assert_eq!(names, 3, "counts are in all parts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_by_tls_needs_an_authority_that_is_known() {
    let redis = RedisTls::start().await;
    let (url, authority) = (redis.url(), redis.authority());
    // The second node does not know the authority: to it there is no Redis, and it goes on by the database.
    let first = [("LOCKGATE_REDIS_URL", &*url), ("SSL_CERT_FILE", &*authority)];
    let nodes = Nodes::with(&first, &first[..1], None).await;
    let numsub = ["PUBSUB", "NUMSUB", "lockgate:changes"];
    let started = Instant::now();
    while count_in(&redis.cli(&numsub)) == 0 {
        assert!(started.elapsed() < Duration::from_secs(10), "the first node listens");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    nodes.second.logged(&["Redis is lost"]).await;
    let ada = nodes.site.signed_in("ada").await;
    until(200, SOON, async || nodes.ask_second(&ada).await).await;
    revoked_soon(&nodes, &ada).await;
    assert_eq!(count_in(&redis.cli(&numsub)), 1, "the second one never came in");
}
