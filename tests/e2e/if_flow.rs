//! `/if/flow/…`: the pages as people see them.

use lockgate_tests::{BOOTSTRAP_PASSWORD, Browser, BrowserOptions, Database, Reply, Server, Site};
use serde_json::Value;

/// Bytes over the wire of the login page with everything it loads.
const HEAVIEST_PAGE: u64 = 20 * 1024;
const LOGIN: &str = "/if/flow/default-authentication-flow/";

on_each_database!(
    the_login_page_is_light_and_loads_nothing_from_elsewhere,
    signing_in_works_without_scripts,
    signing_in_works_with_the_keyboard_alone,
    a_wrong_password_is_shown_beside_its_field,
    pages_forbid_inline_scripts_and_frames,
    what_a_visitor_types_is_shown_as_text,
    the_page_fits_a_phone,
);

async fn the_login_page_is_light_and_loads_nothing_from_elsewhere(database: Database) {
    let server = Server::builder(database).start().await;
    let browser = Browser::start().await;
    browser.open(&server.url(LOGIN)).await;
    browser.find("input[name=uid_field]").await;
    let loaded = browser
        .run(
            "return performance.getEntriesByType('navigation')
                .concat(performance.getEntriesByType('resource'))
                .map(entry => [entry.name, entry.transferSize])",
        )
        .await;
    let mut total = 0;
    for entry in loaded.as_array().into_iter().flatten() {
        let address = entry[0].as_str().unwrap_or_default();
        let own = address.starts_with(&server.base()) || address.starts_with("data:");
        assert!(own, "the page loads {address}");
        total += entry[1].as_f64().unwrap_or_default() as u64;
    }
    assert!(total > 500, "the browser does not tell sizes: {loaded}");
    assert!(total <= HEAVIEST_PAGE, "{total} bytes: {loaded:#}");
    let errors = browser.run("return document.querySelectorAll('script:not([src]), [style], [onclick]').length");
    assert_eq!(errors.await, Value::from(0), "inline scripts or styles");
    browser.close().await;
}

async fn signing_in_works_without_scripts(database: Database) {
    let site = Site::direct(database).await;
    let options = BrowserOptions { javascript: false, ..BrowserOptions::default() };
    let browser = Browser::start_with(options).await;
    let back = site.url("one", "/-/health/live/");
    browser.open(&site.url("one", &format!("/outpost.goauthentik.io/start?rd={back}"))).await;
    browser.sign_in("ada", "not the password").await;
    browser.find("[aria-invalid=true], [role=alert]").await;
    if browser.has("input[name=uid_field]").await {
        browser.fill("input[name=uid_field]", "ada").await;
    }
    browser.fill("input[name=password]", Site::password()).await;
    browser.submit().await;
    browser.arrives_at(&back).await;
    browser.close().await;
}

async fn signing_in_works_with_the_keyboard_alone(database: Database) {
    let server = Server::builder(database).start().await;
    let browser = Browser::start().await;
    browser.open(&server.url(&format!("{LOGIN}?next=/-/health/live/"))).await;
    browser.find("input[name=uid_field]").await;
    // The first field has the focus, and Enter sends the form.
    let enter = "\u{E007}";
    type_blind(&browser, "akadmin").await;
    if browser.has("input[name=password]").await {
        type_blind(&browser, "\u{E004}").await;
        while focused(&browser).await != "password" {
            type_blind(&browser, "\u{E004}").await;
        }
    } else {
        type_blind(&browser, enter).await;
        browser.find("input[name=password]").await;
    }
    assert_eq!(focused(&browser).await, "password");
    type_blind(&browser, BOOTSTRAP_PASSWORD).await;
    type_blind(&browser, enter).await;
    browser.arrives_at(&server.url("/-/health/live/")).await;
    browser.close().await;
}

async fn a_wrong_password_is_shown_beside_its_field(database: Database) {
    let server = Server::builder(database).start().await;
    let browser = Browser::start().await;
    browser.open(&server.url(LOGIN)).await;
    browser.sign_in("akadmin", "not the password").await;
    let field = browser.find("input[name=password][aria-invalid=true]").await;
    let described = field.attr("aria-describedby").await.expect("the page is there").unwrap_or_default();
    let id = described.split(' ').next().unwrap_or_default().to_owned();
    let message = browser.find(&format!("[id='{id}']")).await.text().await.expect("the page is there");
    assert!(message.contains("Invalid password"), "{message}");
    assert_eq!(field.prop("value").await.expect("the page is there").unwrap_or_default(), "");
    browser.close().await;
}

async fn pages_forbid_inline_scripts_and_frames(database: Database) {
    let server = Server::builder(database).start().await;
    let page = server.get(LOGIN).await.expect(200);
    let policy = page.header("Content-Security-Policy");
    for rule in ["default-src 'none'", "frame-ancestors 'none'", "form-action", "base-uri 'none'"] {
        assert!(policy.contains(rule), "{rule} is missing in: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("X-Content-Type-Options"), "nosniff");
    assert_eq!(page.header("X-Frame-Options"), "DENY");
    assert!(!page.header("Referrer-Policy").is_empty());
    assert!(page.header("Cache-Control").contains("no-store"), "{}", page.header("Cache-Control"));
    let cookies: Vec<_> = page.headers.get_all("set-cookie").iter().collect();
    for cookie in cookies {
        let cookie = String::from_utf8_lossy(cookie.as_bytes()).to_ascii_lowercase();
        assert!(cookie.contains("samesite=lax"), "{cookie}");
        assert!(cookie.contains("httponly") || cookie.starts_with("authentik_csrf="), "{cookie}");
    }
}

async fn what_a_visitor_types_is_shown_as_text(database: Database) {
    let server = Server::builder(database).start().await;
    let browser = Browser::start().await;
    browser.open(&server.url(&format!("{LOGIN}?next=%22%3E%3Cb%20id%3Dbroken%3E"))).await;
    browser.sign_in("\"><b id=broken>&amp;", "wrong").await;
    browser.find("[aria-invalid=true], [role=alert]").await;
    assert!(!browser.has("#broken").await, "a visitor's text became markup");
    browser.close().await;
}

async fn the_page_fits_a_phone(database: Database) {
    let site = Site::direct(database).await;
    let name = format!("{database:?}").to_lowercase();
    for (width, dark) in [(390, false), (390, true), (1280, false), (1280, true)] {
        let options = BrowserOptions { window: (width, 844), dark, ..BrowserOptions::default() };
        let browser = Browser::start_with(options).await;
        let shade = if dark { "dark" } else { "light" };
        let picture = async |page: &str| {
            browser.screenshot(&format!("{page}-{width}-{shade}-{name}")).await;
            let is = browser.run("return [window.innerWidth, document.documentElement.scrollWidth]").await;
            assert_eq!(is, serde_json::json!([width, width]), "the {page} page is not as wide as its window");
        };
        browser.open(&site.url("auth", LOGIN)).await;
        browser.find("input[name=uid_field]").await;
        picture("login").await;
        browser.sign_in("bob", "wrong").await;
        browser.find("[aria-invalid=true], [role=alert]").await;
        picture("login-error").await;
        browser.open(&site.url("three", "/outpost.goauthentik.io/start")).await;
        browser.sign_in("bob", Site::password()).await;
        // What is missing is told on no other page.
        browser.find(".lacks").await;
        picture("denied").await;
        browser.driver().delete_all_cookies().await.expect("the browser forgets who is there");
        browser.open(&site.url("auth", "/if/user/")).await;
        browser.sign_in("ada", Site::password()).await;
        browser.arrives_at(&site.url("auth", "/if/user/")).await;
        picture("portal").await;
        browser.close().await;
    }
    let missing = Reply::of(lockgate_tests::Client::new().request(reqwest::Method::GET, &site.url("auth", "/no/such")));
    missing.await.expect(404);
}

/// Types into whatever has the focus.
async fn type_blind(browser: &Browser, keys: &str) {
    let element = browser.driver().active_element().await.expect("something has the focus");
    element.send_keys(keys).await.expect("the focused element takes keys");
}

async fn focused(browser: &Browser) -> String {
    let name = browser.run("return document.activeElement && document.activeElement.name || ''").await;
    name.as_str().unwrap_or_default().to_owned()
}
