//! `lockgate doctor forward-auth URL`: one request of a visitor without any cookie, followed through the real proxy to
//! the login page, and the way back. What the proxy said on the way, the server remembers by the request's probe, since
//! proxies hand on the headers of a request with their question.

mod asked;
mod unasked;
mod way;

use super::{
    Case,
    cookies::{self, providers},
    sights,
    web::{Seen, Silence},
};
use lockgate_forward_auth::dialect::PREFIX;
use lockgate_identity::{
    config::{ProxyApp, hosts::FoundBy},
    probes::{Probe, SENT, Sight},
    system::SystemRandom,
};
use std::sync::Arc;
use url::{Position, Url};

const PROVIDER: &str = "provider";
const REQUEST: &str = "request";

/// One answer on the way, and how the request and the proxy's question about it arrived at the server.
struct Hop {
    url: Url,
    seen: Seen,
    sights: Vec<Sight>,
}

impl Hop {
    /// The proxy's question about the request, if it asked one.
    fn question(&self) -> Option<&Sight> {
        let auth = [PREFIX, "/auth/"].concat();
        self.sights.iter().find(|sight| sight.path.starts_with(&auth))
    }
}

/// Follows one request.
pub(super) async fn check(case: &mut Case<'_>, url: &Url) {
    if !matches!(url.scheme(), "http" | "https") {
        return case.report.error(
            REQUEST,
            format!("{url} is no web address"),
            "write it as https://app.example.com/path",
        );
    }
    // Without them, nothing can be told of a request; that they are missing is told already.
    if case.look.is_none() || case.probe.is_none() {
        return;
    }
    let Some(app) = mapped(case, url) else { return };
    let base = case.base();
    cookies::provider(&app, base.as_ref(), &mut case.report);
    let Some(first) = reach(case, url).await else { return };
    match first.question() {
        None => unasked::judge(case, &first),
        Some(question) => {
            if asked::judge(case, &first, question, &app) {
                way::there(case, &first, &app).await;
                way::back(case, &first, &app).await;
                not_seen(case);
            }
        }
    }
}

/// The provider that answers for the host of the address.
fn mapped(case: &mut Case<'_>, url: &Url) -> Option<Arc<ProxyApp>> {
    let look = case.look.as_ref()?;
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let found = look.snapshot.hosts.find(host).map(|found| (found.by, look.snapshot.provider(found.provider).cloned()));
    let origin = url.origin().ascii_serialization();
    let Some((by, Some(app))) = found else {
        let near = |app: &Arc<ProxyApp>| strsim::jaro_winkler(app.external.as_str(), &origin);
        let nearest = providers(case).into_iter().max_by(|a, b| near(a).total_cmp(&near(b)));
        let nearest =
            nearest.map(|app| format!("; the nearest is {} of {}", app.external, app.app_slug)).unwrap_or_default();
        let found = format!("no provider answers for {host}{nearest}");
        let mend =
            format!("declare an app with `url: {origin}` and `forward_auth`, or correct external_host of its provider");
        case.report.error(PROVIDER, found, mend);
        return None;
    };
    let (slug, external) = (&app.app_slug, &app.external);
    match by {
        FoundBy::Only => {
            let found =
                format!("{host} is taken for {slug} only since there is no other provider; its address is {external}");
            case.report.warning(PROVIDER, found, format!("set external_host of {slug} to {origin}"));
        }
        FoundBy::Host => case.report.ok(PROVIDER, format!("{host} is the address of {slug}")),
        FoundBy::Domain => case.report.ok(PROVIDER, format!("{host} lies in the domain of {slug}")),
    }
    if external.scheme() != url.scheme() && by == FoundBy::Host {
        let found = format!("external_host of {slug} is {}, and visitors come by {}", external.scheme(), url.scheme());
        case.report.error(PROVIDER, found, format!("set external_host of {slug} to the address that visitors use"));
    }
    Some(app)
}

/// The first answer, after the proxy has led from http to https where it does.
async fn reach(case: &mut Case<'_>, url: &Url) -> Option<Hop> {
    let first = hop_or_told(case, url).await?;
    let to = first.seen.leads_to(url);
    let Some(secure) = to.filter(|to| first.sights.is_empty() && to.scheme() == "https" && to.host() == url.host())
    else {
        return Some(first);
    };
    case.report.ok(REQUEST, format!("the proxy leads from http to {secure}"));
    hop_or_told(case, &secure).await
}

async fn hop_or_told(case: &mut Case<'_>, url: &Url) -> Option<Hop> {
    match hop(case, url).await {
        Ok(hop) => Some(hop),
        Err(silence) => {
            let mend = silence.mend(url);
            case.report.error(REQUEST, format!("{} does not answer: {}", place(url), silence.text), mend);
            None
        }
    }
}

/// One request as of a browser without cookies, and how it arrived.
async fn hop(case: &Case<'_>, url: &Url) -> Result<Hop, Silence> {
    let Some(key) = case.look.as_ref().map(|look| look.store.seal_key()) else {
        return Err(Silence { sort: super::web::Sort::Other, text: "there is no secret key".to_owned() });
    };
    let probe =
        Probe::new(key, &SystemRandom, lockgate_engine::ports::Clock::now(&lockgate_identity::system::SystemClock));
    let headers = [("accept", "text/html"), (SENT, probe.sent.as_str())];
    let seen = case.web.get(url, &headers).await?;
    let sights = sights::of_probe(case, &probe).await;
    Ok(Hop { url: url.clone(), seen, sights })
}

/// An address without its query, which may be long and hold states of a login.
fn place(url: &Url) -> &str {
    &url[..Position::AfterPath]
}

/// What a request without a session cannot show.
fn not_seen(case: &mut Case<'_>) {
    let found = "not looked at: whether the application gets X-authentik-username and its like, which a request without a \
                 login does not show (Traefik: authResponseHeaders; nginx: auth_request_set and proxy_set_header; Caddy: \
                 copy_headers)";
    case.report.ok("headers", found);
}
