//! A whole site as a homelab has it: three services on three hosts behind one
//! proxy, the server on a fourth host, and a few people.

use reqwest::{Method, RequestBuilder};

use crate::{Client, Database, Dialect, Proxy, Server, Whoami, free_port};

/// Password of everybody on the site.
const PASSWORD: &str = "a long enough password";

/// What a test may vary about its site.
#[derive(Clone, Default)]
pub struct SiteOptions {
    /// Documents to add to the configuration folder, as one file, for a public
    /// port.
    pub extra: Option<fn(u16) -> String>,
    /// More environment variables of the server.
    pub settings: Vec<(String, String)>,
}

/// A running site.
///
/// The services `one` and `two` want a member of the group `Media`, `three`
/// one of `Admin Tools`. `ada` is in `Media`, `bob` in no group.
pub struct Site {
    /// The identity provider.
    pub server: Server,
    /// Services `one`, `two` and `three`; none on a site without a proxy.
    pub services: Vec<Whoami>,
    /// Number of the user `ada`.
    pub ada: i64,
    /// Number of the user `bob`.
    pub bob: i64,
    proxy: Option<Proxy>,
    port: u16,
}

impl Site {
    /// Starts everything behind a proxy and makes the users.
    pub async fn start(dialect: Dialect, database: Database) -> Self {
        Self::start_with(dialect, database, SiteOptions::default()).await
    }

    /// Starts everything behind a proxy, with options.
    pub async fn start_with(dialect: Dialect, database: Database, options: SiteOptions) -> Self {
        let (server, port) = (free_port(), free_port());
        let mut site = Self::server(database, server, port, options).await;
        for label in ["one", "two", "three"] {
            site.services.push(Whoami::start(label).await);
        }
        site.behind(dialect, &[]).await;
        site
    }

    /// Puts another proxy before everything, with these changes of its set-up
    /// (see [`Proxy::start_with`]).
    pub async fn behind(&mut self, dialect: Dialect, changes: &[(&str, &str)]) {
        self.proxy = None;
        let targets: Vec<_> = ["one", "two", "three"].into_iter().zip(self.services.iter().map(Whoami::port)).collect();
        self.proxy = Some(Proxy::start_with(dialect, self.port, self.server.port(), &targets, changes).await);
    }

    /// Starts the server alone; it answers at all hosts itself, and the test
    /// plays the proxy with [`Site::ask`].
    pub async fn direct(database: Database) -> Self {
        Self::direct_with(database, SiteOptions::default()).await
    }

    /// Starts the server alone, with options.
    pub async fn direct_with(database: Database, options: SiteOptions) -> Self {
        let port = free_port();
        Self::server(database, port, port, options).await
    }

    async fn server(database: Database, own: u16, public: u16, options: SiteOptions) -> Self {
        let mut builder = Server::builder(database)
            .port(own)
            .config("site.yaml", &Self::documents(public))
            .set("LOCKGATE_PUBLIC_URL", &format!("http://auth.lockgate.test:{public}"));
        if let Some(extra) = options.extra {
            builder = builder.config("extra.yaml", &extra(public));
        }
        for (name, value) in &options.settings {
            builder = builder.set(name, value);
        }
        let server = builder.start().await;
        let api = server.api();
        let ada = api.create_user("ada", PASSWORD, &["Media"]).await;
        let bob = api.create_user("bob", PASSWORD, &[]).await;
        Self { server, services: Vec::new(), ada, bob, proxy: None, port: public }
    }

    /// The configuration of the three apps, with their hosts on this port.
    pub fn documents(port: u16) -> String {
        format!(
            r#"app: one
name: First Service
url: http://one.lockgate.test:{port}
forward_auth: {{ mode: single, skip: ["^/public/"] }}
access:
  any: [{{ group: Media }}]
---
app: two
name: Second Service
url: http://two.lockgate.test:{port}
forward_auth: {{ mode: single }}
access:
  any: [{{ group: Media }}]
---
app: three
name: Third Service
url: http://three.lockgate.test:{port}
forward_auth: {{ mode: single }}
access:
  any: [{{ group: Admin Tools }}]
---
group: Media
---
group: Admin Tools
"#
        )
    }

    /// Password of `ada` and `bob`.
    pub fn password() -> &'static str {
        PASSWORD
    }

    /// Address of a path at one of the hosts `auth`, `one`, `two`, `three`.
    pub fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}.lockgate.test:{}{path}", self.port)
    }

    /// Port of the proxy, or of the server where there is none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The question that a proxy asks for a visitor's GET of `uri` at a host:
    /// `dialect` is `traefik`, `caddy`, `nginx` or `envoy`. For a site without
    /// a proxy.
    pub fn ask(&self, client: &Client, dialect: &str, host: &str, uri: &str) -> RequestBuilder {
        let host_and_port = format!("{host}.lockgate.test:{}", self.port);
        let tail = if dialect == "envoy" { uri } else { "" };
        let url = self.url(host, &format!("/outpost.goauthentik.io/auth/{dialect}{tail}"));
        let request = client.request(Method::GET, &url).header("Accept", "text/html,*/*;q=0.8");
        match dialect {
            "nginx" => request.header("X-Original-URL", format!("http://{host_and_port}{uri}")),
            "envoy" => request,
            _ => request
                .header("X-Forwarded-Proto", "http")
                .header("X-Forwarded-Host", host_and_port)
                .header("X-Forwarded-Uri", uri),
        }
    }

    /// A visitor who has signed in and has a session at service `one`.
    ///
    /// # Panics
    /// When the login does not lead back there.
    pub async fn signed_in(&self, username: &str) -> Client {
        let client = Client::new();
        self.enter(&client, "one", username).await;
        client
    }

    /// Lets a visitor in at one of the services, signing in where asked to.
    ///
    /// # Panics
    /// When that does not lead back to the service.
    pub async fn enter(&self, client: &Client, host: &str, username: &str) {
        // Without a proxy the server itself answers at the service's address;
        // its health page is there on every host.
        let (first, last) = match self.proxy {
            Some(_) => (self.url(host, "/"), self.url(host, "/")),
            None => {
                let back = self.url(host, "/-/health/live/");
                let encoded: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
                (self.url(host, &format!("/outpost.goauthentik.io/start?rd={encoded}")), back)
            }
        };
        let journey = client.open_signing_in(&first, username, PASSWORD).await;
        let output = self.proxy.as_ref().map(Proxy::tail).unwrap_or_default();
        assert_eq!(journey.url().as_str(), last, "{:#?}\n{}\n{output}", journey.hops, journey.reply.text());
    }
}
