//! A whole site as a homelab has it: three services on three hosts behind one
//! proxy, the server on a fourth host, and a few people.

use crate::{Client, Database, Dialect, Proxy, Server, Whoami, free_port};

/// Password of everybody on the site.
const PASSWORD: &str = "a long enough password";

/// What a test may vary about its site.
#[derive(Clone, Default)]
pub struct SiteOptions {
    /// Documents to add to the configuration folder, as one file.
    pub extra: Option<String>,
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
    /// Services `one`, `two` and `three`.
    pub services: Vec<Whoami>,
    /// Number of the user `ada`.
    pub ada: i64,
    /// Number of the user `bob`.
    pub bob: i64,
    proxy: Proxy,
    port: u16,
}

impl Site {
    /// Starts everything and makes the users.
    pub async fn start(dialect: Dialect, database: Database) -> Self {
        Self::start_with(dialect, database, SiteOptions::default()).await
    }

    /// Starts everything with options.
    pub async fn start_with(dialect: Dialect, database: Database, options: SiteOptions) -> Self {
        let port = free_port();
        let mut builder = Server::builder(database)
            .config("site.yaml", &Self::documents(port))
            .set("LOCKGATE_PUBLIC_URL", &format!("http://auth.lockgate.test:{port}"));
        if let Some(extra) = &options.extra {
            builder = builder.config("extra.yaml", extra);
        }
        for (name, value) in &options.settings {
            builder = builder.set(name, value);
        }
        let server = builder.start().await;
        let mut services = Vec::new();
        for label in ["one", "two", "three"] {
            services.push(Whoami::start(label).await);
        }
        let targets = [("one", services[0].port()), ("two", services[1].port()), ("three", services[2].port())];
        let proxy = Proxy::start(dialect, port, server.port(), &targets).await;
        let api = server.api();
        let ada = api.create_user("ada", PASSWORD, &["Media"]).await;
        let bob = api.create_user("bob", PASSWORD, &[]).await;
        Self { server, services, ada, bob, proxy, port }
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

    /// Port of the proxy.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A visitor who has signed in at service `one`.
    ///
    /// # Panics
    /// When the login does not lead back there.
    pub async fn signed_in(&self, username: &str) -> Client {
        let client = Client::new();
        let url = self.url("one", "/");
        let journey = client.open_signing_in(&url, username, PASSWORD).await;
        assert_eq!(journey.url().as_str(), url, "{:#?}\n{}", journey.hops, self.proxy.tail());
        client
    }
}
