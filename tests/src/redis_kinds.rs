//! Redis as larger installations have it: sentinels that choose a primary, a cluster that shares the keys out, and TLS.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{Program, free_port};

/// Password of all of them.
const PASSWORD: &str = "a password of redis";

/// The name by which sentinels know what they watch.
const SERVICE: &str = "main";

/// The longest that anything here may take to come about.
const PATIENCE: Duration = Duration::from_secs(20);

/// One process.
struct Member {
    port: u16,
    folder: PathBuf,
    arguments: Vec<String>,
    program: Option<Program>,
}

impl Member {
    async fn start(folder: &Path, arguments: &[&str]) -> Self {
        let port = free_port();
        let folder = folder.join(port.to_string());
        std::fs::create_dir(&folder).expect("a fresh folder is writable");
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut member = Self { port, folder, arguments, program: None };
        member.launch().await;
        member
    }

    async fn launch(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(["--requirepass", PASSWORD, "--masterauth", PASSWORD, "--dir"]).arg(&self.folder);
        self.program = Some(Program::start("Redis", command.args(&self.arguments)));
        eventually("Redis starts", || cli(self.port, &["PING"]).trim() == "PONG").await;
    }
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "{what}: it does not come true");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What `redis-cli` says at a port.
fn cli(port: u16, arguments: &[&str]) -> String {
    let mut command = Command::new("redis-cli");
    command.args(["-h", "127.0.0.1", "-p", &port.to_string(), "--no-auth-warning", "-a", PASSWORD]);
    let output = command.args(arguments).current_dir("/").output();
    let output = output.expect("redis-cli is installed (apt-get install redis-server)");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn credentials() -> String {
    format!(":{}@", PASSWORD.replace(' ', "%20"))
}

fn further(ports: &[u16]) -> String {
    ports.iter().map(|port| format!("node=127.0.0.1:{port}")).collect::<Vec<_>>().join("&")
}

/// A primary, a replica of it, and three sentinels that agree within a second that the primary is gone.
pub struct RedisSentinels {
    _folder: TempDir,
    servers: Vec<Member>,
    sentinels: Vec<(u16, Program)>,
}

impl RedisSentinels {
    /// Starts all of them, and waits until they know each other.
    ///
    /// # Panics
    /// When Redis is not installed, or they do not find together.
    pub async fn start() -> Self {
        let folder = TempDir::with_prefix("lockgate-sentinels-").expect("the temporary folder is writable");
        let primary = Member::start(folder.path(), &[]).await;
        let replica = Member::start(folder.path(), &["--replicaof", "127.0.0.1", &primary.port.to_string()]).await;
        let at_primary = primary.port;
        eventually("the replica follows", || cli(replica.port, &["INFO"]).contains("master_link_status:up")).await;
        let sentinels = (0..3).map(|_| sentinel(folder.path(), at_primary)).collect();
        let all = Self { _folder: folder, servers: vec![primary, replica], sentinels };
        for (port, _) in &all.sentinels {
            let knows = |word: &str| cli_without_password(*port, &["INFO"]).contains(word);
            eventually("sentinels find together", || knows("slaves=1") && knows("sentinels=3")).await;
        }
        all
    }

    /// Its address as a setting.
    pub fn url(&self) -> String {
        let ports: Vec<u16> = self.sentinels.iter().map(|(port, _)| *port).collect();
        let more = further(&ports[1..]);
        format!("redis-sentinel://{}127.0.0.1:{}/0?sentinelServiceName={SERVICE}&{more}", credentials(), ports[0])
    }

    /// The port of who is the primary, as the sentinels say.
    pub fn primary(&self) -> u16 {
        let told = cli_without_password(self.sentinels[0].0, &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE]);
        told.lines().nth(1).and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("no primary: {told}"))
    }

    /// Kills the primary, as a power cut would.
    pub fn kill_primary(&mut self) {
        let port = self.primary();
        for server in self.servers.iter_mut().filter(|server| server.port == port) {
            server.program = None;
        }
    }

    /// Waits until another one than `before` is the primary, and takes writes.
    pub async fn elected_after(&self, before: u16) {
        let is_new = || self.primary() != before && cli(self.primary(), &["ROLE"]).starts_with("master");
        eventually("another one is elected", is_new).await;
    }

    /// What `redis-cli` says at the primary.
    pub fn cli(&self, arguments: &[&str]) -> String {
        cli(self.primary(), arguments)
    }
}

fn sentinel(folder: &Path, primary: u16) -> (u16, Program) {
    let port = free_port();
    let file = folder.join(format!("sentinel-{port}.conf"));
    let text = format!(
        "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor {SERVICE} 127.0.0.1 {primary} 2\n\
         sentinel auth-pass {SERVICE} \"{PASSWORD}\"\nsentinel down-after-milliseconds {SERVICE} 600\n\
         sentinel failover-timeout {SERVICE} 3000\n",
        folder.display()
    );
    std::fs::write(&file, text).expect("a fresh folder is writable");
    (port, Program::start("a sentinel", Command::new("redis-server").arg(&file).arg("--sentinel")))
}

fn cli_without_password(port: u16, arguments: &[&str]) -> String {
    let mut command = Command::new("redis-cli");
    command.args(["-h", "127.0.0.1", "-p", &port.to_string()]).args(arguments);
    let output = command.current_dir("/").output().expect("redis-cli is installed (apt-get install redis-server)");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A cluster of three primaries without replicas, so that one that is lost takes a third of the keys along.
pub struct RedisCluster {
    _folder: TempDir,
    members: Vec<Member>,
}

impl RedisCluster {
    /// Starts three and has them share the slots out.
    ///
    /// # Panics
    /// When Redis is not installed, or they do not find together.
    pub async fn start() -> Self {
        let folder = TempDir::with_prefix("lockgate-cluster-").expect("the temporary folder is writable");
        let mut members = Vec::new();
        for _ in 0..3 {
            let bus = free_port().to_string();
            let arguments = ["--cluster-enabled", "yes", "--cluster-node-timeout", "600", "--cluster-port", &bus];
            members.push(Member::start(folder.path(), &arguments).await);
        }
        let addresses: Vec<String> = members.iter().map(|member| format!("127.0.0.1:{}", member.port)).collect();
        let mut command = vec!["--cluster", "create"];
        command.extend(addresses.iter().map(String::as_str));
        command.extend(["--cluster-replicas", "0", "--cluster-yes"]);
        let said = cli(members[0].port, &command);
        assert!(said.contains("All 16384 slots covered"), "{said}");
        let cluster = Self { _folder: folder, members };
        cluster.becomes("ok").await;
        cluster
    }

    /// Its address as a setting.
    pub fn url(&self) -> String {
        let ports: Vec<u16> = self.members.iter().map(|member| member.port).collect();
        format!("redis-cluster://{}127.0.0.1:{}?{}", credentials(), ports[0], further(&ports[1..]))
    }

    /// Waits until all that run say that the cluster is in this state, `ok` or `fail`.
    pub async fn becomes(&self, state: &str) {
        let state = format!("cluster_state:{state}");
        for member in self.members.iter().filter(|member| member.program.is_some()) {
            eventually(&state, || cli(member.port, &["CLUSTER", "INFO"]).contains(&state)).await;
        }
    }

    /// Kills one of them, as a power cut would.
    pub fn kill(&mut self, which: usize) {
        self.members[which].program = None;
    }

    /// Starts one again that was killed. It knows which slots are its own, and no keys.
    pub async fn launch(&mut self, which: usize) {
        self.members[which].launch().await;
    }

    /// The keys of this sort, for each member.
    pub fn keys(&self, pattern: &str) -> Vec<Vec<String>> {
        let of = |member: &Member| cli(member.port, &["KEYS", pattern]).lines().map(str::to_owned).collect();
        self.members.iter().map(of).collect()
    }

    /// How many clients listen to a channel, at all members together.
    pub fn listeners(&self, channel: &str) -> usize {
        let at = |member: &Member| {
            let said = cli(member.port, &["PUBSUB", "NUMSUB", channel]);
            said.lines().nth(1).and_then(|count| count.trim().parse::<usize>().ok()).unwrap_or_default()
        };
        self.members.iter().map(at).sum()
    }
}

/// A single Redis that speaks TLS alone, with a certificate of an authority that nobody else knows.
pub struct RedisTls {
    folder: TempDir,
    port: u16,
    _program: Program,
}

impl RedisTls {
    /// Starts it.
    ///
    /// # Panics
    /// When Redis or openssl is not installed.
    pub async fn start() -> Self {
        let folder = TempDir::with_prefix("lockgate-redis-tls-").expect("the temporary folder is writable");
        certificates(folder.path());
        let port = free_port();
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--tls-port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--requirepass", PASSWORD, "--tls-auth-clients", "no", "--dir"]).arg(folder.path());
        command.args(["--tls-cert-file", "leaf.pem", "--tls-key-file", "leaf.key", "--tls-ca-cert-file", "ca.pem"]);
        let program = Program::start("Redis", command.current_dir(folder.path()));
        let redis = Self { folder, port, _program: program };
        eventually("Redis starts", || redis.cli(&["PING"]).trim() == "PONG").await;
        redis
    }

    /// Its address as a setting.
    pub fn url(&self) -> String {
        format!("rediss://{}127.0.0.1:{}/0", credentials(), self.port)
    }

    /// The certificate of the authority.
    pub fn authority(&self) -> String {
        self.folder.path().join("ca.pem").display().to_string()
    }

    /// What `redis-cli` says.
    pub fn cli(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "--no-auth-warning", "-a", PASSWORD, "--tls"]);
        command.args(["--cacert", &self.authority()]).args(arguments);
        let output = command.current_dir("/").output().expect("redis-cli is installed (apt-get install redis-server)");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// An authority and a certificate of it for 127.0.0.1: `ca.pem`, `leaf.pem`, `leaf.key`.
fn certificates(folder: &Path) {
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(folder).output();
        let output = output.expect("openssl can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let mut authority = vec!["req", "-x509", "-days", "2", "-subj", "/CN=an authority", "-keyout", "ca.key"];
    authority.extend(["-out", "ca.pem"].iter().chain(&curve));
    openssl(&authority);
    let mut request = vec!["req", "-subj", "/CN=127.0.0.1", "-keyout", "leaf.key", "-out", "leaf.csr"];
    request.extend(curve);
    openssl(&request);
    std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").expect("a fresh folder is writable");
    let mut sign = vec!["x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    sign.extend(["-days", "2", "-extfile", "names", "-out", "leaf.pem"]);
    openssl(&sign);
}
