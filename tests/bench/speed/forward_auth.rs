//! Forward auth, for somebody with a session and for a stranger.

use lockgate_tests::{Client, Database, Site};

use crate::request::Request;
use crate::table::Tables;

/// What forward auth reaches of a bare handler, at least.
const GOAL: f64 = 0.8;

pub(crate) async fn measure(tables: &mut Tables, database: Database) {
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    let port = site.server.port();
    question(&site, Some(&ada)).compare(tables, "forward auth, with a session", port, Some(GOAL)).await;
    question(&site, None).compare(tables, "forward auth, a stranger", port, Some(GOAL)).await;
}

/// What Traefik asks about a visitor of service `one`.
pub(crate) fn question(site: &Site, visitor: Option<&Client>) -> Request {
    let cookies = visitor.map(|visitor| cookies(site, visitor));
    with_cookie(site, cookies.as_deref())
}

/// The same with these cookies.
pub(crate) fn with_cookie(site: &Site, cookies: Option<&str>) -> Request {
    let host = format!("one.lockgate.test:{}", site.port());
    let headers = [
        ("Host", host.as_str()),
        ("Accept", "text/html,*/*;q=0.8"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Host", &host),
        ("X-Forwarded-Uri", "/library/films?sort=year"),
    ];
    let headers: Vec<_> = headers.into_iter().chain(cookies.map(|cookies| ("Cookie", cookies))).collect();
    let request = Request::get("/outpost.goauthentik.io/auth/traefik", &headers);
    if cookies.is_some() { request } else { request.answered(302) }
}

/// A visitor's cookies at service `one`.
pub(crate) fn cookies(site: &Site, visitor: &Client) -> String {
    let at = site.url("one", "/");
    // What a login remembers of its way is no session.
    let names = visitor.cookie_names(&at).into_iter().filter(|name| !name.ends_with("_state"));
    let pairs = names.filter_map(|name| visitor.cookie(&at, &name).map(|value| format!("{name}={value}")));
    pairs.collect::<Vec<_>>().join("; ")
}
