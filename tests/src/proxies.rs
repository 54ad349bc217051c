//! Real reverse proxies in front of the services and of the server, set up as
//! the manuals of the reference tell its users to.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::{Container, Docker, Program, workspace_root};

/// Identity headers that the proxies hand on, as the usual labels list them.
const IDENTITY_HEADERS: [&str; 11] = [
    "X-authentik-username",
    "X-authentik-groups",
    "X-authentik-email",
    "X-authentik-name",
    "X-authentik-uid",
    "X-authentik-jwt",
    "X-authentik-meta-jwks",
    "X-authentik-meta-outpost",
    "X-authentik-meta-provider",
    "X-authentik-meta-app",
    "X-authentik-meta-version",
];

/// Which proxy stands in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Traefik with its forwardAuth middleware.
    Traefik,
    /// nginx with `auth_request`.
    Nginx,
    /// Caddy with `forward_auth`.
    Caddy,
}

/// A running proxy.
pub struct Proxy {
    program: Program,
    _folder: TempDir,
    _docker: Option<Docker>,
}

impl Proxy {
    /// Starts a proxy on `port`: the host `auth.lockgate.test` leads to the
    /// server, each of `services` (host label, port) to a protected service.
    pub async fn start(dialect: Dialect, port: u16, server: u16, services: &[(&str, u16)]) -> Self {
        Self::start_with(dialect, port, server, services, &[]).await
    }

    /// Starts a proxy with a mistake: each text of its set-up that is named is
    /// replaced by the other one, everywhere.
    ///
    /// # Panics
    /// When its set-up does not hold such a text.
    pub async fn start_with(
        dialect: Dialect,
        port: u16,
        server: u16,
        services: &[(&str, u16)],
        changes: &[(&str, &str)],
    ) -> Self {
        let folder = TempDir::with_prefix("lockgate-proxy-").expect("the temporary folder is writable");
        let changed = |text: String| {
            changes.iter().fold(text, |text, (from, to)| {
                assert!(text.contains(from), "nothing to change: {from}\n{text}");
                text.replace(from, to)
            })
        };
        let mut command = match dialect {
            Dialect::Traefik => traefik(folder.path(), port, server, services, &changed),
            Dialect::Nginx => nginx(folder.path(), port, server, services, &changed),
            Dialect::Caddy => caddy(folder.path(), port, server, services, &changed),
        };
        let mut program = Program::start(&format!("{dialect:?}"), &mut command);
        let health = format!("http://auth.lockgate.test:{port}/-/health/live/");
        program.answers(&health, Duration::from_secs(20)).await;
        Self { program, _folder: folder, _docker: None }
    }

    /// Starts Traefik on `port` with what the labels of containers say, and waits until `known` answers.
    pub async fn of_containers(port: u16, containers: Vec<Container>, known: &str) -> Self {
        let folder = TempDir::with_prefix("lockgate-proxy-").expect("the temporary folder is writable");
        let docker = Docker::start(containers).await;
        let mut command = traefik_command(folder.path(), port);
        command.arg(format!("--providers.docker.endpoint=tcp://127.0.0.1:{}", docker.port()));
        command.arg("--providers.docker.exposedByDefault=false");
        let mut program = Program::start("Traefik", &mut command);
        program.answers(known, Duration::from_secs(20)).await;
        Self { program, _folder: folder, _docker: Some(docker) }
    }

    /// Output of the proxy, for the message of a failing test.
    pub fn tail(&self) -> String {
        self.program.tail()
    }
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a fresh folder is writable");
    path
}

/// Builds Traefik into the target folder when it is not there yet.
fn traefik_binary() -> PathBuf {
    let root = workspace_root();
    let binary = root.join("target/traefik/traefik");
    let built = Command::new(root.join("tests/traefik/build"))
        .arg(&binary)
        .output()
        .expect("tests/traefik/build can be started");
    assert!(built.status.success(), "cannot build Traefik: {}", String::from_utf8_lossy(&built.stderr));
    binary
}

fn traefik(
    folder: &Path,
    port: u16,
    server: u16,
    services: &[(&str, u16)],
    changed: &dyn Fn(String) -> String,
) -> Command {
    let mut routers = String::new();
    let mut backends = String::new();
    for (label, port) in services {
        let _ = write!(
            routers,
            r#"
    {label}:
      rule: "Host(`{label}.lockgate.test`)"
      middlewares: [authentik]
      service: {label}
    {label}-outpost:
      rule: "Host(`{label}.lockgate.test`) && PathPrefix(`/outpost.goauthentik.io/`)"
      priority: 1000
      service: authentik"#
        );
        let _ = write!(
            backends,
            r#"
    {label}:
      loadBalancer:
        servers: [{{ url: "http://127.0.0.1:{port}" }}]"#
        );
    }
    let headers = IDENTITY_HEADERS.join(", ");
    let dynamic = format!(
        r#"http:
  middlewares:
    authentik:
      forwardAuth:
        address: http://127.0.0.1:{server}/outpost.goauthentik.io/auth/traefik
        trustForwardHeader: true
        authResponseHeaders: [authorization, {headers}]
  routers:
    auth:
      rule: "Host(`auth.lockgate.test`)"
      service: authentik{routers}
  services:
    authentik:
      loadBalancer:
        servers: [{{ url: "http://127.0.0.1:{server}" }}]{backends}
"#
    );
    let file = write(folder, "dynamic.yaml", &changed(dynamic));
    let mut command = traefik_command(folder, port);
    command.arg(format!("--providers.file.filename={}", file.display()));
    command
}

/// Traefik without a provider.
fn traefik_command(folder: &Path, port: u16) -> Command {
    let mut command = Command::new(traefik_binary());
    command.current_dir(folder).env("HOME", folder);
    command.arg(format!("--entryPoints.web.address=127.0.0.1:{port}")).args([
        "--log.level=WARN",
        "--global.checkNewVersion=false",
        "--global.sendAnonymousUsage=false",
    ]);
    command
}

fn nginx(
    folder: &Path,
    port: u16,
    server: u16,
    services: &[(&str, u16)],
    changed: &dyn Fn(String) -> String,
) -> Command {
    let mut hosts = String::new();
    let mut take = String::new();
    let mut hand_on = String::new();
    for header in IDENTITY_HEADERS {
        let variable = header.to_ascii_lowercase().replace('-', "_");
        let _ = writeln!(take, "      auth_request_set ${variable} $upstream_http_{variable};");
        let _ = writeln!(hand_on, "      proxy_set_header {header} ${variable};");
    }
    for (label, service) in services {
        let _ = write!(
            hosts,
            r#"
  server {{
    listen 127.0.0.1:{port};
    server_name {label}.lockgate.test;
    location / {{
      auth_request /outpost.goauthentik.io/auth/nginx;
      error_page 401 = @goauthentik_proxy_signin;
      auth_request_set $auth_cookie $upstream_http_set_cookie;
      add_header Set-Cookie $auth_cookie;
{take}{hand_on}      proxy_set_header Host $http_host;
      proxy_pass http://127.0.0.1:{service};
    }}
    location /outpost.goauthentik.io {{
      proxy_pass http://127.0.0.1:{server}/outpost.goauthentik.io;
      proxy_set_header Host $http_host;
      proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
      proxy_set_header X-Forwarded-Host $http_host;
      add_header Set-Cookie $auth_cookie;
      auth_request_set $auth_cookie $upstream_http_set_cookie;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }}
    location @goauthentik_proxy_signin {{
      internal;
      add_header Set-Cookie $auth_cookie;
      return 302 /outpost.goauthentik.io/start?rd=$scheme://$http_host$request_uri;
    }}
  }}"#
        );
    }
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("  {kind}_temp_path {}/{kind};\n", folder.display()))
        .concat();
    let text = format!(
        r#"daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  access_log off;
  # The identity headers hold a signed token.
  proxy_buffer_size 16k;
  proxy_buffers 8 16k;
{temporary}
  server {{
    listen 127.0.0.1:{port} default_server;
    location / {{ return 404; }}
  }}
  server {{
    listen 127.0.0.1:{port};
    server_name auth.lockgate.test;
    location / {{
      proxy_pass http://127.0.0.1:{server};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}{hosts}
}}
"#,
        folder = folder.display()
    );
    let file = write(folder, "nginx.conf", &changed(text));
    let mut command = Command::new("/usr/sbin/nginx");
    command.arg("-p").arg(folder).arg("-e").arg("stderr").arg("-c").arg(file);
    command
}

fn caddy(
    folder: &Path,
    port: u16,
    server: u16,
    services: &[(&str, u16)],
    changed: &dyn Fn(String) -> String,
) -> Command {
    let headers = IDENTITY_HEADERS.join(" ");
    let mut hosts = String::new();
    for (label, service) in services {
        let _ = write!(
            hosts,
            r"
http://{label}.lockgate.test:{port} {{
	bind 127.0.0.1
	route {{
		reverse_proxy /outpost.goauthentik.io/* 127.0.0.1:{server}
		forward_auth 127.0.0.1:{server} {{
			uri /outpost.goauthentik.io/auth/caddy
			copy_headers {headers}
		}}
		reverse_proxy 127.0.0.1:{service}
	}}
}}
"
        );
    }
    let text = format!(
        r"{{
	admin off
	auto_https off
}}

http://auth.lockgate.test:{port} {{
	bind 127.0.0.1
	reverse_proxy 127.0.0.1:{server}
}}
{hosts}"
    );
    let file = write(folder, "Caddyfile", &changed(text));
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
    command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
    command
}
