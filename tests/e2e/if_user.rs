//! `/if/user/`: the applications of a person, and the pages on one's own account, as people walk through them.

use fantoccini::key::Key;
use lockgate_tests::{Browser, BrowserOptions, Client, Database, Executor, Server, eventually};
use serde_json::Value;

const PASSWORD: &str = "trellis-mango-orbit-58";
const LOGIN: &str = "default-authentication-flow";

const FOLDER: &str = r#"app: wiki
name: The wiki
url: https://wiki.example.com
description: What we know
oauth2:
  client_id: wiki
  client_type: public
  redirect_uris: [https://wiki.example.com/callback]
  consent: explicit
---
app: grafana
name: Grafana
url: https://grafana.example.com
access:
  any: [{ group: Staff }]
---
app: closed
name: The closed one
url: https://closed.example.com
access:
  any: [{ group: Nobody }]
---
group: Staff
---
group: Nobody
"#;

async fn start() -> Server {
    let server = Server::builder(Database::Sqlite).config("apps.yaml", FOLDER).start().await;
    let ada = server.api().create_user("ada", PASSWORD, &[]).await;
    server.api().join(ada, "Staff").await;
    server
}

async fn signs_in(browser: &Browser, server: &Server) {
    browser.open(&server.url(&format!("/if/flow/{LOGIN}/"))).await;
    browser.sign_in("ada", PASSWORD).await;
    browser.arrives_at(&server.url("/if/user/")).await;
}

async fn click(browser: &Browser, css: &str) {
    browser.find(css).await.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
}

/// Waits until the page says this.
async fn says(browser: &Browser, words: &str) {
    eventually(async || browser.text().await.contains(words)).await;
}

async fn text_of(browser: &Browser, css: &str) -> String {
    browser.find(css).await.text().await.expect("a text")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_library_knows_favourites_reasons_and_a_key_for_the_search() {
    let server = start().await;
    let browser = Browser::start().await;
    signs_in(&browser, &server).await;
    let text = browser.text().await;
    assert!(text.contains("Grafana") && text.contains("The wiki") && !text.contains("The closed one"), "{text}");
    assert!(text.contains("Through Staff") && text.contains("Open to everybody"), "{text}");
    assert!(!text.contains("Administration") && !text.contains("Favourites"), "{text}");
    click(&browser, "#app-grafana .why summary").await;
    says(&browser, "You are in the group “Staff”.").await;

    click(&browser, "#app-wiki .star").await;
    eventually(async || browser.has("#app-wiki .star[aria-pressed=true]").await).await;
    assert_eq!(text_of(&browser, ".shelf:first-child h2").await, "Favourites");
    click(&browser, "#app-wiki .star").await;
    eventually(async || browser.has("#app-wiki .star[aria-pressed=false]").await).await;

    let body = browser.find("body").await;
    body.send_keys("/").await.expect("a key");
    let search = browser.driver().active_element().await.expect("an element");
    assert_eq!(search.attr("name").await.expect("an attribute").as_deref(), Some("q"));
    search.send_keys("graf").await.expect("keys");
    let hidden = async |css: &str| !browser.find(css).await.is_displayed().await.expect("it is there or not");
    assert!(hidden("#app-wiki").await && !hidden("#app-grafana").await);
    let tab = char::from(Key::Tab).to_string();
    search.send_keys(&tab).await.expect("a key");
    let next = browser.driver().active_element().await.expect("an element");
    assert_eq!(next.text().await.expect("a text"), "Grafana", "the keyboard gets to what was found");

    browser.open(&server.url("/if/flow/default-invalidation-flow/")).await;
    browser.open(&server.url(&format!("/if/flow/{LOGIN}/"))).await;
    browser.sign_in("akadmin", lockgate_tests::BOOTSTRAP_PASSWORD).await;
    browser.arrives_at(&server.url("/if/user/")).await;
    assert!(browser.has(".tabs a[href='/if/admin/']").await, "whoever administers gets there");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_set_up_named_and_taken_away() {
    let server = start().await;
    let browser = Browser::start().await;
    signs_in(&browser, &server).await;
    let factors = server.url("/if/user/factors/");
    browser.open(&factors).await;
    says(&browser, "You have none yet").await;
    let link = browser.driver().find(fantoccini::Locator::LinkText("Recovery codes")).await.expect("an offer");
    link.click().await.expect("a link");
    let codes = text_of(&browser, ".codes").await;
    let code = codes.split_whitespace().next().expect("a code").to_owned();
    assert!(browser.has("button[data-print]:not([hidden])").await);
    browser.submit().await;
    browser.arrives_at(&factors).await;

    click(&browser, ".rename summary").await;
    browser.fill(".rename input[name=name]", "Paper in the drawer").await;
    click(&browser, ".rename form button").await;
    says(&browser, "The new name is saved.").await;
    assert_eq!(text_of(&browser, ".thing:has(.rename) h3").await, "Paper in the drawer");

    // Whoever finds the browser open is not rid of its owner's factors.
    click(&browser, ".thing a.danger").await;
    assert_eq!(text_of(&browser, "h1").await, "Remove “Paper in the drawer”?");
    browser.submit().await;
    says(&browser, "Sign in again with a second factor first").await;

    browser.open(&server.url("/if/flow/default-invalidation-flow/")).await;
    browser.open(&server.url(&format!("/if/flow/{LOGIN}/"))).await;
    browser.sign_in("ada", PASSWORD).await;
    browser.fill("input[name=code]", &code).await;
    browser.submit().await;
    browser.arrives_at(&server.url("/if/user/")).await;
    browser.open(&factors).await;
    click(&browser, ".thing a.danger").await;
    browser.submit().await;
    says(&browser, "Removed.").await;
    says(&browser, "You have none yet").await;
    browser.open(&server.url("/if/user/activity/")).await;
    says(&browser, "You removed the second factor Paper in the drawer").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_elsewhere_is_ended_by_its_owner() {
    let server = start().await;
    let browser = Browser::start().await;
    signs_in(&browser, &server).await;
    let (there, base) = (Client::new(), server.base());
    Executor::new(&there, &base, LOGIN, "").login("ada", PASSWORD).await.redirect();
    there.get(&server.url("/if/user/")).await.expect(200);
    browser.open(&server.url("/if/user/sessions/")).await;
    assert!(text_of(&browser, ".thing:first-child").await.contains("This device"));
    click(&browser, ".thing:nth-child(2) button.danger").await;
    says(&browser, "Signed out there.").await;
    there.get(&server.url("/if/user/")).await.expect(302);

    for other in [Client::new(), Client::new()] {
        Executor::new(&other, &base, LOGIN, "").login("ada", PASSWORD).await.redirect();
    }
    browser.open(&server.url("/if/user/sessions/")).await;
    click(&browser, ".head a.danger").await;
    browser.submit().await;
    says(&browser, "Signed out there.").await;
    let things = browser.driver().find_all(fantoccini::Locator::Css(".thing")).await.expect("a list");
    assert_eq!(things.len(), 1, "this one stays");
    browser.close().await;
}

/// The key that the page shows this once.
async fn key_on(browser: &Browser) -> String {
    let key = browser.find("#f-key").await.attr("value").await.expect("an attribute");
    key.expect("a key")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_made_without_scripts_calls_the_api_until_it_is_replaced_or_deleted() {
    let server = start().await;
    let browser = Browser::start_with(BrowserOptions { javascript: false, ..BrowserOptions::default() }).await;
    signs_in(&browser, &server).await;
    let tokens = server.url("/if/user/tokens/");
    browser.open(&tokens).await;
    browser.fill("#f-name", "Backup <script>").await;
    click(&browser, "input[value=api]").await;
    click(&browser, "button.go.fit").await;
    let first = key_on(&browser).await;
    let me = async |key: &str| server.api().with_token(Some(key)).get("core/users/me/").await;
    let told: Value = me(&first).await.expect(200).json();
    assert_eq!(told["user"]["username"], "ada");
    browser.open(&tokens).await;
    assert!(!browser.has("#f-key").await, "it is shown once");
    says(&browser, "Backup <script>").await;

    click(&browser, ".acts a:not(.danger)").await;
    click(&browser, ".ask .go").await;
    let second = key_on(&browser).await;
    assert_ne!(first, second);
    me(&first).await.expect(403);
    me(&second).await.expect(200);
    click(&browser, ".acts a.danger").await;
    click(&browser, ".ask .go").await;
    says(&browser, "Deleted.").await;
    me(&second).await.expect(403);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shared_with_an_application_is_taken_back() {
    let server = start().await;
    let browser = Browser::start().await;
    signs_in(&browser, &server).await;
    let authorize = server.url(
        "/application/o/authorize/?client_id=wiki&redirect_uri=https%3A%2F%2Fwiki.example.com%2Fcallback\
         &response_type=code&scope=openid+email+profile\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
    );
    browser.open(&authorize).await;
    browser.find(".grants").await;
    browser.submit().await;
    let consents = server.url("/if/user/consents/");
    eventually(async || {
        browser.open(&consents).await;
        browser.has(".thing").await
    })
    .await;
    let thing = text_of(&browser, ".thing").await;
    assert!(thing.contains("The wiki") && thing.contains("Email address"), "{thing}");
    click(&browser, ".thing button.danger").await;
    says(&browser, "Taken back.").await;
    says(&browser, "Nothing shared").await;
    browser.open(&authorize).await;
    browser.find(".grants").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn language_and_looks_count_on_every_page() {
    let server = start().await;
    let browser = Browser::start().await;
    signs_in(&browser, &server).await;
    browser.open(&server.url("/if/user/settings/")).await;
    click(&browser, "select[name=locale] option[value=de]").await;
    click(&browser, "input[value=dark]").await;
    click(&browser, "button.go.fit").await;
    says(&browser, "Gespeichert.").await;
    let look = async || {
        let html = browser.find("html").await;
        let attribute = async |name: &str| html.attr(name).await.expect("an attribute").unwrap_or_default();
        (attribute("lang").await, attribute("class").await)
    };
    let chosen = ("de".to_owned(), "dark".to_owned());
    assert_eq!(look().await, chosen);
    for path in ["/if/user/", "/if/flow/default-user-settings-flow/", "/no/such/page"] {
        browser.open(&server.url(path)).await;
        assert_eq!(look().await.1, chosen.1, "{path}");
    }
    // The browser remembers the looks for pages that know nobody.
    browser.open(&server.url("/if/flow/default-invalidation-flow/")).await;
    browser.open(&server.url(&format!("/if/flow/{LOGIN}/"))).await;
    assert_eq!(look().await.1, "dark");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_the_portal_is_large_at_the_first_visit() {
    let server = start().await;
    let (client, base) = (Client::new(), server.base());
    Executor::new(&client, &base, LOGIN, "").login("ada", PASSWORD).await.redirect();
    for page in ["", "settings/", "factors/", "sessions/", "consents/", "tokens/", "activity/"] {
        let html = client.get(&server.url(&format!("/if/user/{page}"))).await.expect(200).text();
        let mut total = html.len();
        for part in html.split('"').filter(|part| part.starts_with("/static/dist/")) {
            total += client.get(&server.url(part)).await.expect(200).text().len();
        }
        println!("/if/user/{page}: {} bytes of HTML, {total} in all before compression", html.len());
        assert!(total < 100 * 1024, "{page}: {total} bytes");
    }
}
