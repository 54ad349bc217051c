//! Apache's `mod_auth_openidc` in front of a service, with a real browser.

use std::time::{Duration, Instant};

use lockgate_tests::{Apache, ApacheOptions, Browser, Database, Echo, Server, Whoami, free_port};

use super::PASSWORD;

const DEEP: &str = "/library/films?sort=year&page=2";
const SECRET: &str = "the-secret-of-the-page-0123456789abcdefghijk";

on_each_database!(apache_lets_a_visitor_in_and_out, apache_forgets_who_signs_out_elsewhere,);

/// A service behind Apache behind the identity provider.
///
/// The provider's name ends in `localhost`, which both Apache's HTTP client and
/// the browser take for loopback by themselves (RFC 6761, section 6.3).
struct Page {
    provider: String,
    page: String,
    server: Server,
    service: Whoami,
    apache: Apache,
}

impl Page {
    async fn start(database: Database) -> Self {
        let (port, apache) = (free_port(), free_port());
        let provider = format!("http://auth.localhost:{port}");
        let page = format!("http://page.lockgate.test:{apache}");
        let builder = Server::builder(database).port(port).config("page.yaml", &document(&page, apache));
        let server = builder.set("PAGE_CLIENT_SECRET", SECRET).start().await;
        server.api().create_user("ada", PASSWORD, &["Readers", "Staff"]).await;
        let service = Whoami::start("page").await;
        let options = ApacheOptions {
            port: apache,
            service: service.port(),
            issuer: &format!("{provider}/application/o/page/"),
            client_id: "page",
            client_secret: SECRET,
        };
        let apache = Apache::start(options).await;
        Self { provider, page, server, service, apache }
    }

    /// Opens the deep link and signs in.
    async fn entered_by(&self, browser: &Browser) -> Echo {
        browser.open(&format!("{}{DEEP}", self.page)).await;
        browser.arrives_at(&format!("{}/if/flow/", self.provider)).await;
        browser.sign_in("ada", PASSWORD).await;
        browser.arrives_at(&self.page).await;
        self.shown(browser).await
    }

    /// Whether the browser has a session with Apache.
    async fn knows(&self, browser: &Browser) -> bool {
        let cookies = browser.driver().get_all_cookies().await.expect("a page is open");
        cookies.iter().any(|cookie| cookie.name() == "mod_auth_openidc_session")
    }

    async fn shown(&self, browser: &Browser) -> Echo {
        let text = browser.text().await;
        Echo::read(&text).unwrap_or_else(|| panic!("not the service: {text}\n{}", self.apache.tail()))
    }
}

fn document(page: &str, apache: u16) -> String {
    let callback = Apache::CALLBACK;
    format!(
        r#"app: page
name: Page
url: {page}
oauth2:
  client_id: page
  client_secret: {{ env: PAGE_CLIENT_SECRET }}
  redirect_uris: ["{page}{callback}"]
  post_logout_redirect_uris: ["{page}/health"]
  logout_uri: http://127.0.0.1:{apache}{callback}?logout=backchannel
access:
  any: [{{ group: Readers }}]
---
group: Readers
---
group: Staff
"#
    )
}

async fn apache_lets_a_visitor_in_and_out(database: Database) {
    let site = Page::start(database).await;
    let browser = Browser::start().await;
    let before = site.service.served();
    browser.open(&format!("{}{DEEP}", site.page)).await;
    browser.arrives_at(&format!("{}/if/flow/", site.provider)).await;
    assert_eq!(site.service.served(), before, "the service was reached without a login");

    let seen = site.entered_by(&browser).await;
    assert_eq!(browser.url().await, format!("{}{DEEP}", site.page));
    assert!(site.knows(&browser).await);
    assert_eq!((seen.service(), seen.target().as_str()), ("page", DEEP));
    assert_eq!(seen.header("oidc_claim_preferred_username"), "ada");
    assert_eq!(seen.header("oidc_claim_email"), "ada@example.org");
    assert_eq!(seen.header("oidc_claim_name"), "ada Example");
    assert_eq!(seen.header("oidc_claim_iss"), format!("{}/application/o/page/", site.provider));
    assert_eq!(seen.header("oidc_claim_sub").len(), 64);
    let groups = seen.header("oidc_claim_groups");
    let mut groups: Vec<&str> = groups.split(',').collect();
    groups.sort_unstable();
    assert_eq!(groups, ["Readers", "Staff"]);

    // RP-initiated logout, which comes back to where the module wants it to.
    let health = format!("{}/health", site.page);
    let encoded: String = url::form_urlencoded::byte_serialize(health.as_bytes()).collect();
    browser.open(&format!("{}{}?logout={encoded}", site.page, Apache::CALLBACK)).await;
    browser.arrives_at(&health).await;
    assert!(!site.knows(&browser).await, "Apache still knows the visitor");
    browser.close().await;
}

/// OpenID Connect Back-Channel Logout 1.0: the provider tells Apache.
async fn apache_forgets_who_signs_out_elsewhere(database: Database) {
    let site = Page::start(database).await;
    let browser = Browser::start().await;
    site.entered_by(&browser).await;
    browser.open(&format!("{}/flows/-/default/invalidation/", site.provider)).await;

    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        browser.open(&format!("{}/again", site.page)).await;
        if browser.url().await.starts_with(&site.provider) {
            break;
        }
        let (apache, server) = (site.apache.tail(), site.server.logs().join("\n"));
        assert!(Instant::now() < deadline, "Apache still knows the visitor\n{apache}\n{server}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    browser.find("input[name=uid_field]").await;
    browser.close().await;
}
