//! `/api/v3/docs/`: the page on which people read and try the API.

use lockgate_tests::{BOOTSTRAP_PASSWORD, Browser, Database, Server, eventually};
use serde_json::json;

on_each_database!(a_signed_in_administrator_reads_and_tries_an_operation);

async fn a_signed_in_administrator_reads_and_tries_an_operation(database: Database) {
    let server = Server::builder(database).start().await;
    let browser = Browser::start().await;
    browser.open(&server.url("/if/flow/default-authentication-flow/")).await;
    browser.sign_in("akadmin", BOOTSTRAP_PASSWORD).await;
    browser.arrives_at(&server.url("/if/user/")).await;

    browser.open(&server.url("/api/v3/docs/#/core/core_groups_create")).await;
    browser.find("#operations-core-core_groups_create.is-open").await;
    browser.screenshot("api-docs").await;
    browser.find("#operations-core-core_groups_create .try-out__btn").await.click().await.expect("a button");
    // React only notices what is set by the property of the element's own class.
    let typed = "const area = document.querySelector('#operations-core-core_groups_create textarea');
        const set = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set;
        set.call(area, '{\"name\": \"Tried\"}');
        area.dispatchEvent(new Event('input', {bubbles: true}));
        return area.value";
    browser.find("#operations-core-core_groups_create textarea").await;
    assert_eq!(browser.run(typed).await, json!("{\"name\": \"Tried\"}"));
    browser.find("#operations-core-core_groups_create .execute").await.click().await.expect("a button");
    let answer = "#operations-core-core_groups_create .live-responses-table .response-col_status";
    browser.find(answer).await;
    let made = async || {
        let found = server.api().get("core/groups/?name=Tried").await.expect(200).json();
        found["pagination"]["count"] == 1
    };
    eventually(made).await;
    let text = browser.text().await;
    assert!(text.contains("201"), "{text}");

    let loaded = "return performance.getEntriesByType('resource').map(entry => entry.name)";
    for entry in browser.run(loaded).await.as_array().into_iter().flatten() {
        let address = entry.as_str().unwrap_or_default();
        assert!(address.starts_with(&server.base()) || address.starts_with("data:"), "the page loads {address}");
    }
    browser.close().await;

    let page = server.get("/api/v3/docs/").await.expect(200);
    let policy = page.header("Content-Security-Policy");
    assert!(policy.contains("script-src 'self';") && policy.contains("style-src 'self';"), "{policy}");
    // Swagger UI brings a page of its own, which starts with what its address says.
    for other in ["index.html", "swagger-initializer.js", "oauth2-redirect.html", "..%2fx"] {
        server.get(&format!("/api/v3/docs/{other}")).await.expect(404);
    }
}
