//! Redis, as the guide looks at it from its own command line.

use std::time::{Duration, Instant};

use lockgate_tests::{Client, Database, Executor, Redis, Server};
use reqwest::Method;
use serde_json::json;

/// A server with the reference's settings for Redis.
async fn server(redis: &Redis, password: &str) -> Server {
    Server::builder(Database::Sqlite)
        .set("AUTHENTIK_REDIS__HOST", "127.0.0.1")
        .set("AUTHENTIK_REDIS__PORT", &redis.port().to_string())
        .set("AUTHENTIK_REDIS__PASSWORD", password)
        .start()
        .await
}

/// What readiness says of Redis, when it says this.
async fn told(server: &Server, word: &str) {
    let started = Instant::now();
    loop {
        let ready = server.get("/-/health/ready/").await.expect(200).json();
        if ready["redis"] == word {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(5), "{ready}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_looked_at_and_emptied() {
    let redis = Redis::start().await;
    let server = server(&redis, Redis::password()).await;
    told(&server, "ok").await;
    let client = Client::new();
    let login = Executor::new(&client, &server.base(), "default-authentication-flow", "");
    login.challenge().await.expect(200);
    login.answer(&json!({ "uid_field": "nobody" })).await;
    login.answer(&json!({ "password": "wrong" })).await;

    assert_eq!(redis.cli(&["ping"]).trim(), "PONG");
    assert!(redis.cli(&["INFO", "memory"]).contains("used_memory_human:"));
    assert!(redis.cli(&["CLIENT", "LIST"]).lines().count() >= 3, "the server, what it listens with, and we");
    let keys: usize = redis.cli(&["DBSIZE"]).trim().parse().expect("a number");
    assert!(keys >= 1, "what is counted is there");
    let names = redis.cli(&["KEYS", "*"]);
    assert!(names.lines().all(|name| name.starts_with("lockgate:")), "{names}");

    assert_eq!(redis.cli(&["FLUSHALL"]).trim(), "OK");
    let user = json!({ "username": "ada", "name": "Ada", "groups": [] });
    server.api().post("core/users/", &user).await.expect(201);
    told(&server, "ok").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_told_and_costs_nothing_but_redis() {
    let redis = Redis::start().await;
    let server = server(&redis, "another password").await;
    let line = server.logged(&["Redis is lost"]).await;
    assert!(line.contains("WRONGPASS") || line.contains("invalid") || line.contains("NOAUTH"), "{line}");
    assert!(!line.contains("another password"), "{line}");
    told(&server, "failing").await;
    let request = server.api().request(Method::GET, "core/users/");
    assert_eq!(request.send().await.expect("an answer").status(), 200);
}
