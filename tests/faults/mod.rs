//! What goes wrong around the server, and what must hold all the same: no acknowledged write is lost, nothing that was
//! revoked lets anybody in, and everything recovers by itself.

mod certificates;
mod clocks;
mod crowds;
mod disks;
mod files;
mod kills;
mod namespaces;
mod nodes;
mod outages;
mod redis_kinds;
mod rows;

use std::time::{Duration, Instant};

use lockgate_tests::{Client, Database, Executor, Redis, Reply, Server, Site, Wire, free_port};
use reqwest::{Method, StatusCode};
use serde_json::json;
use url::Url;

/// Two servers on one PostgreSQL, with or without a Redis, and a line of its own from the second one to each.
struct Nodes {
    site: Site,
    second: Server,
    to_database: Wire,
    redis: Option<(Redis, Wire)>,
}

impl Nodes {
    async fn start(with_redis: bool) -> Self {
        Self::start_with(with_redis, &[]).await
    }

    /// As [`Self::start`], with settings of the second node alone.
    async fn start_with(with_redis: bool, of_second: &[(String, String)]) -> Self {
        let mut of_second: Vec<(&str, &str)> = of_second.iter().map(|(name, value)| (&**name, &**value)).collect();
        if !with_redis {
            return Self::with(&[], &of_second, None).await;
        }
        let redis = Redis::start().await;
        let wire = Wire::to(redis.port()).await;
        let (first, second) = (redis.url(), Redis::url_by(wire.port()));
        of_second.push(("LOCKGATE_REDIS_URL", &second));
        Self::with(&[("LOCKGATE_REDIS_URL", &first)], &of_second, Some((redis, wire))).await
    }

    /// Two servers with these settings each.
    async fn with(first: &[(&str, &str)], second: &[(&str, &str)], redis: Option<(Redis, Wire)>) -> Self {
        let url = Database::Postgres.create().await.expect("PostgreSQL has an address");
        let to_database = Wire::to(port_of(&url)).await;
        let mut settings =
            vec![("LOCKGATE_SECRET_KEY", "one key for all of the nodes"), ("LOCKGATE_DATABASE_URL", &*url)];
        settings.extend(first);
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let options = lockgate_tests::SiteOptions { extra: None, settings };
        let site = Site::direct_with(Database::Sqlite, options).await;
        let mut node = Server::builder(Database::Sqlite)
            .port(free_port())
            .config("site.yaml", &Site::documents(site.port()))
            .set("LOCKGATE_PUBLIC_URL", &format!("http://auth.lockgate.test:{}", site.port()))
            .set("LOCKGATE_SECRET_KEY", "one key for all of the nodes")
            .set("LOCKGATE_DATABASE_URL", &by_port(&url, to_database.port()));
        for (name, value) in second {
            node = node.set(name, value);
        }
        Self { site, second: node.start().await, to_database, redis }
    }

    /// What the second node answers to a proxy's question for the visitor at service `one`.
    async fn ask_second(&self, client: &Client) -> Reply {
        self.ask(client, self.second.port()).await
    }

    /// What the first one does.
    async fn ask_first(&self, client: &Client) -> Reply {
        self.ask(client, self.site.port()).await
    }

    async fn ask(&self, client: &Client, port: u16) -> Reply {
        // Cookies belong to hosts, whatever their port.
        let url = format!("http://one.lockgate.test:{port}/outpost.goauthentik.io/auth/traefik");
        let request = client.request(Method::GET, &url).header("Accept", "text/html");
        let host = format!("one.lockgate.test:{}", self.site.port());
        let request = request.header("X-Forwarded-Proto", "http").header("X-Forwarded-Host", host);
        Reply::of(request.header("X-Forwarded-Uri", "/")).await
    }

    /// Ends all sessions of ada by the first node's API.
    async fn revoke(&self) {
        let api = self.site.server.api();
        let found = api.get("core/authenticated_sessions/?user__username=ada").await.expect(200).json();
        let sessions = found["results"].as_array().cloned().unwrap_or_default();
        assert!(!sessions.is_empty(), "a login makes a session");
        for session in sessions {
            let path = format!("core/authenticated_sessions/{}/", session["uuid"].as_str().unwrap_or_default());
            api.delete(&path).await.expect(204);
        }
    }

    /// Tries so many wrong passwords, at both nodes in turn, each for another name; how many were looked at.
    async fn guesses(&self, names: &str, tries: usize) -> usize {
        let mut looked_at = 0;
        for at in 0..tries {
            let port = if at % 2 == 0 { self.site.port() } else { self.second.port() };
            let (client, base) = (Client::new(), format!("http://auth.lockgate.test:{port}"));
            let executor = Executor::new(&client, &base, "default-authentication-flow", "");
            executor.challenge().await.expect(200);
            executor.answer(&json!({ "uid_field": format!("{names}-{at}") })).await;
            looked_at += usize::from(executor.answer(&json!({ "password": "wrong" })).await.status != 429);
        }
        looked_at
    }

    /// A figure of the second node's metrics; 0 where it has none.
    async fn figure(&self, name: &str) -> f64 {
        let text = self.second.get("/metrics").await.expect(200).text();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().unwrap_or_else(|_| panic!("{name} {value}")))
    }

    fn redis(&self) -> &Redis {
        &self.redis.as_ref().expect("these nodes have a Redis").0
    }

    fn to_redis(&self) -> &Wire {
        &self.redis.as_ref().expect("these nodes have a Redis").1
    }
}

fn port_of(url: &str) -> u16 {
    Url::parse(url).ok().and_then(|url| url.port()).unwrap_or_else(|| panic!("{url} has no port"))
}

fn by_port(url: &str, port: u16) -> String {
    let mut url = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
    url.set_port(Some(port)).expect("such an address has a port");
    url.to_string()
}

/// Asks again and again until the answer has this status; how long that took.
async fn until(status: u16, patience: Duration, mut ask: impl AsyncFnMut() -> Reply) -> Duration {
    let started = Instant::now();
    loop {
        let reply = ask().await;
        if reply.status == status {
            return started.elapsed();
        }
        assert!(started.elapsed() < patience, "still {} and not {status}: {}", reply.status, reply.text());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Asserts that somebody is told to come back.
fn told_to_come_back(reply: &Reply) {
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{}", reply.text());
    let seconds: u64 = reply.header("Retry-After").parse().expect("Retry-After tells seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
}
