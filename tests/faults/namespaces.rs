//! Two nodes in network namespaces of their own, with a line of the kernel between them that goes down and up again:
//! connections are not closed then, packets vanish, and only timeouts tell.

use std::process::Command;
use std::time::{Duration, Instant};

use lockgate_tests::{Client, Database, Program, Redis, Server, Site, SiteOptions, Wire, binary, free_port};

use super::{by_port, port_of, until};

/// A namespace with one line to ours. Both are gone with the value.
struct Namespace {
    holder: Program,
    near: String,
    here: [u8; 4],
    there: [u8; 4],
}

fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed = || format!("{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.status.success().then_some(said).ok_or_else(failed)
}

impl Namespace {
    /// Needs root, and a kernel that permits it.
    async fn new() -> Result<Self, String> {
        run("unshare", &["-n", "true"])?;
        let holder = Program::start("unshare", Command::new("unshare").args(["-n", "sh", "-c", "echo in; read -r _"]));
        while holder.lines().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let [_, _, third, fourth] = uuid::Uuid::new_v4().as_fields().0.to_be_bytes();
        let (near, base) = (format!("lg{third:02x}{fourth:02x}"), fourth & 0xfc);
        let this = Self { holder, near, here: [198, 19, third, base | 1], there: [198, 19, third, base | 2] };
        let (far, pid) = (format!("{}n", this.near), this.holder.pid().to_string());
        run("ip", &["link", "add", &this.near, "type", "veth", "peer", "name", &far, "netns", &pid])?;
        run("ip", &["address", "add", &format!("{}/30", address(this.here)), "dev", &this.near])?;
        run("ip", &["link", "set", &this.near, "up"])?;
        this.inside(&["ip", "address", "add", &format!("{}/30", address(this.there)), "dev", &far])?;
        this.inside(&["ip", "link", "set", &far, "up"])?;
        this.inside(&["ip", "link", "set", "lo", "up"])?;
        Ok(this)
    }

    fn inside(&self, arguments: &[&str]) -> Result<String, String> {
        let pid = self.holder.pid().to_string();
        run("nsenter", &[&["-t", &pid, "-n", "--"], arguments].concat())
    }

    fn line(&self, state: &str) {
        run("ip", &["link", "set", &self.near, state]).expect("the line is ours");
    }
}

fn address(parts: [u8; 4]) -> String {
    std::net::Ipv4Addr::from(parts).to_string()
}

/// A node in a namespace, and what it is told of.
struct Far<'n> {
    namespace: &'n Namespace,
    server: Server,
    _program: Program,
    public: u16,
}

impl<'n> Far<'n> {
    async fn start(namespace: &'n Namespace, site: &Site, settings: &[(&str, String)]) -> Self {
        let port = free_port();
        let mut builder =
            Server::builder(Database::Sqlite).port(port).config("site.yaml", &Site::documents(site.port()));
        for (name, value) in settings {
            builder = builder.set(name, value);
        }
        // Once where everybody reaches it, so that its folder is there; then in the namespace.
        let mut server = builder.set("LOCKGATE_PUBLIC_URL", &site.url("auth", "")).start().await;
        assert!(server.terminate().await);
        let mut command = Command::new("nsenter");
        command.args(["-t", &namespace.holder.pid().to_string(), "-n", "--"]).arg(binary()).arg("server");
        let program = Program::start("the far node", server.like_itself(&mut command));
        let far = Self { namespace, server, _program: program, public: site.port() };
        let started = Instant::now();
        while far.ask("").0 != 302 {
            assert!(started.elapsed() < Duration::from_secs(20), "{}", far._program.tail());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        far
    }

    /// What it answers to a proxy beside it that asks for somebody at service `one`; with how long that took.
    fn ask(&self, cookies: &str) -> (u16, Duration) {
        let url = format!("http://127.0.0.1:{}/outpost.goauthentik.io/auth/traefik", self.server.port());
        let host = format!("one.lockgate.test:{}", self.public);
        let headers = [
            format!("Host: {host}"),
            "Accept: text/html".to_owned(),
            "X-Forwarded-Proto: http".to_owned(),
            format!("X-Forwarded-Host: {host}"),
            "X-Forwarded-Uri: /".to_owned(),
            format!("Cookie: {cookies}"),
        ];
        let mut arguments = vec!["curl", "-s", "-o", "/dev/null", "--max-time", "20", "-w", "%{http_code}", &url];
        arguments.extend(headers.iter().flat_map(|header| ["-H", header.as_str()]));
        let asked = Instant::now();
        let said = self.namespace.inside(&arguments).unwrap_or_default();
        (said.trim().parse().unwrap_or(0), asked.elapsed())
    }

    async fn until(&self, status: u16, patience: Duration, cookies: &str) -> Duration {
        let started = Instant::now();
        loop {
            let (told, _) = self.ask(cookies);
            if told == status {
                return started.elapsed();
            }
            assert!(started.elapsed() < patience, "still {told} and not {status}\n{}", self._program.tail());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn cookies_of(site: &Site, browser: &Client) -> String {
    let url = site.url("one", "/");
    let named = |name: String| Some(format!("{name}={}", browser.cookie(&url, &name)?));
    browser.cookie_names(&url).into_iter().filter_map(named).collect::<Vec<_>>().join("; ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_line_goes_down_lets_nobody_in_who_was_shut_out_meanwhile() {
    let namespace = match Namespace::new().await {
        Ok(namespace) => namespace,
        Err(why) => {
            eprintln!("network namespaces are not permitted here, so that lines in the test alone are cut: {why}");
            return;
        }
    };
    let url = Database::Postgres.create().await.expect("PostgreSQL has an address");
    let redis = Redis::start().await;
    // Both listen on loopback; their doors on the line are forwarders.
    let doors = (Wire::between(namespace.here, port_of(&url)).await, Wire::between(namespace.here, redis.port()).await);
    let key = ("LOCKGATE_SECRET_KEY", "one key for all of the nodes".to_owned());
    let near = [key.clone(), ("LOCKGATE_DATABASE_URL", url.clone()), ("LOCKGATE_REDIS_URL", redis.url())];
    let settings = near.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let site = Site::direct_with(Database::Sqlite, SiteOptions { settings, ..SiteOptions::default() }).await;
    let at_the_line = |url: String| url.replacen("127.0.0.1", &address(namespace.here), 1);
    let far = [
        key,
        ("LOCKGATE_DATABASE_URL", at_the_line(by_port(&url, doors.0.port()))),
        ("LOCKGATE_REDIS_URL", at_the_line(Redis::url_by(doors.1.port()))),
    ];
    let far = Far::start(&namespace, &site, &far).await;
    let ada = site.signed_in("ada").await;
    let cookies = cookies_of(&site, &ada);
    far.until(200, Duration::from_secs(3), &cookies).await;

    namespace.line("down");
    let api = site.server.api();
    let list = api.get("core/authenticated_sessions/?user__username=ada").await.expect(200).json();
    let uuid = list["results"][0]["uuid"].as_str().expect("a session").to_owned();
    // Whoever cannot hear of a revocation believes for a second at most.
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    api.delete(&format!("core/authenticated_sessions/{uuid}/")).await.expect(204);
    for _ in 0..5 {
        let (told, took) = far.ask(&cookies);
        assert_eq!(told, 503, "{}", far._program.tail());
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
    namespace.line("up");
    let took = far.until(302, Duration::from_secs(20), &cookies).await;
    println!("it knew {took:?} after the line was back");
    let again = site.signed_in("ada").await;
    let cookies = cookies_of(&site, &again);
    far.until(200, Duration::from_secs(5), &cookies).await;
    until(200, Duration::from_secs(5), async || site.server.get("/-/health/ready/").await).await;
}
