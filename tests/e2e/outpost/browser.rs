//! The main job, with a real browser behind real proxies.

use lockgate_tests::{Browser, Database, Dialect, Echo, Site};

const DEEP: &str = "/library/films?sort=year&page=2";

on_each_database!(
    a_visitor_signs_in_once_behind_traefik,
    a_visitor_signs_in_once_behind_nginx,
    a_visitor_signs_in_once_behind_caddy,
);

async fn a_visitor_signs_in_once_behind_traefik(database: Database) {
    main_job(Dialect::Traefik, database).await;
}

async fn a_visitor_signs_in_once_behind_nginx(database: Database) {
    main_job(Dialect::Nginx, database).await;
}

async fn a_visitor_signs_in_once_behind_caddy(database: Database) {
    main_job(Dialect::Caddy, database).await;
}

async fn main_job(dialect: Dialect, database: Database) {
    let site = Site::start(dialect, database).await;
    let browser = Browser::start().await;
    lands_on_the_deep_link(&site, &browser).await;
    reaches_the_second_service_without_a_login(&site, &browser).await;
    is_told_which_group_is_missing(&site, &browser).await;
    signs_out_everywhere(&site, &browser).await;
    browser.close().await;
}

async fn lands_on_the_deep_link(site: &Site, browser: &Browser) {
    browser.open(&site.url("one", DEEP)).await;
    browser.arrives_at(&site.url("auth", "/if/flow/")).await;
    assert_eq!(site.services[0].served(), 0, "the service was reached without a login");
    browser.sign_in("ada", Site::password()).await;
    browser.arrives_at(&site.url("one", "/library")).await;

    let seen = shown_by_service(browser).await;
    assert_eq!(browser.url().await, site.url("one", DEEP));
    assert_eq!((seen.service(), seen.target().as_str()), ("one", DEEP));
    assert_eq!(seen.header("x-authentik-username"), "ada");
    assert_eq!(seen.header("x-authentik-groups"), "Media");
    assert_eq!(seen.header("x-authentik-email"), "ada@example.org");
    assert_eq!(seen.header("x-authentik-name"), "ada Example");
    assert_eq!(seen.header("x-authentik-meta-app"), "one");
    assert_eq!(seen.header("x-authentik-uid").len(), 64);
    assert_eq!(seen.header("x-authentik-jwt").split('.').count(), 3);
}

async fn reaches_the_second_service_without_a_login(site: &Site, browser: &Browser) {
    browser.open(&site.url("two", "/")).await;
    browser.arrives_at(&site.url("two", "/")).await;
    let seen = shown_by_service(browser).await;
    assert_eq!(seen.service(), "two");
    assert_eq!(seen.header("x-authentik-username"), "ada");
    assert_eq!(seen.header("x-authentik-meta-app"), "two");
}

async fn is_told_which_group_is_missing(site: &Site, browser: &Browser) {
    browser.open(&site.url("three", "/")).await;
    let text = browser.text().await;
    assert!(text.contains("Admin Tools"), "the missing group is not named:\n{text}");
    assert!(text.contains("Third Service"), "the service is not named:\n{text}");
    assert!(super::requests::first_uuid(&text).is_some(), "no decision id:\n{text}");
    assert_eq!(site.services[2].served(), 0, "the denied service was reached");
}

async fn signs_out_everywhere(site: &Site, browser: &Browser) {
    browser.open(&site.url("two", "/outpost.goauthentik.io/sign_out")).await;
    for host in ["two", "one"] {
        browser.open(&site.url(host, "/again")).await;
        browser.arrives_at(&site.url("auth", "/if/flow/")).await;
        browser.find("input[name=uid_field]").await;
    }
    // And whoever signs in next gets in as themselves.
    browser.sign_in("ada", Site::password()).await;
    browser.arrives_at(&site.url("one", "/again")).await;
}

async fn shown_by_service(browser: &Browser) -> Echo {
    browser.find("#whoami").await;
    let text = browser.text().await;
    Echo::read(&text).unwrap_or_else(|| panic!("not the service: {text}"))
}
