//! The way to the login page, and whether the way back is open.

use super::{Hop, hop, hop_or_told, place};
use crate::doctor::{Case, report::Report};
use http::header::SET_COOKIE;
use lockgate_forward_auth::dialect::PREFIX;
use lockgate_identity::config::{
    ProxyApp,
    hosts::{in_domain, redirect_uris},
};
use url::Url;

const LOGIN: &str = "login";
const COOKIE: &str = "cookie";
const BACK: &str = "back";
const AUTHORIZE: &str = "/application/o/authorize/";

/// Redirects of the sign-in host that are followed.
const HOPS: usize = 8;

/// From the first answer to the login page.
pub(super) async fn there(case: &mut Case<'_>, first: &Hop, app: &ProxyApp) {
    let started = match start(case, first).await {
        Some(Some(hop)) => Some(hop),
        Some(None) => None,
        None => return,
    };
    let begins = started.as_ref().unwrap_or(first);
    let Some(to) = begins.seen.leads_to(&begins.url).filter(|to| to.path() == AUTHORIZE) else {
        let found = format!("the server answered with the way to the login, and visitors get {}", begins.seen.status);
        let mend = "let the proxy hand the answer on as it is: status, Location and Set-Cookie";
        return case.report.error(LOGIN, found, mend);
    };
    state_cookie(&mut case.report, begins);
    if authorize(case, &to, app) {
        sign_in(case, to).await;
    }
}

/// nginx cannot hand our redirect on and leads to our own address below the application's host first. `None`: nothing
/// more can be told; `Some(None)`: the first answer leads on already.
async fn start(case: &mut Case<'_>, first: &Hop) -> Option<Option<Hop>> {
    let to = first.seen.leads_to(&first.url);
    let Some(to) = to else {
        if first.seen.status == 401 {
            let mend = "nginx: error_page 401 = @goauthentik_proxy_signin; and that location, with return 302 \
                        /outpost.goauthentik.io/start?rd=$scheme://$http_host$request_uri;";
            case.report.error(LOGIN, "visitors get 401, and are not led to the login", mend);
            return None;
        }
        return Some(None);
    };
    if !to.path().starts_with(PREFIX) {
        return Some(None);
    }
    let rd = to.query_pairs().find(|(name, _)| name == "rd").map(|(_, value)| value.into_owned());
    let wanted = first.url.origin().ascii_serialization();
    if !rd.as_deref().is_some_and(|rd| rd.starts_with(&wanted)) {
        let found = format!(
            "the way to the login says that visitors come from \"{}\", and not from {wanted}",
            rd.unwrap_or_default()
        );
        let mend = "nginx: return 302 /outpost.goauthentik.io/start?rd=$scheme://$http_host$request_uri; behind another proxy that ends \
                    TLS, $http_x_forwarded_proto in place of $scheme";
        case.report.error(LOGIN, found, mend);
    }
    let started = hop_or_told(case, &to).await?;
    // A question about it does not do: nginx is only told that it may pass.
    if started.sights.iter().any(|sight| sight.path == to.path()) {
        return Some(Some(started));
    }
    let found = format!("{} does not lead to this server: something answers {}", place(&to), started.seen.status);
    let mend = "nginx: location /outpost.goauthentik.io with proxy_pass to this server's /outpost.goauthentik.io";
    case.report.error(LOGIN, found, mend);
    None
}

/// Whether the browser gets its half of the login's state, and keeps it.
fn state_cookie(report: &mut Report, hop: &Hop) {
    let lines = hop.seen.headers.get_all(SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
    let ours = lines.into_iter().find(|line| line.split('=').next().is_some_and(|name| name.ends_with("_state")));
    let Some(line) = ours else {
        let mend = "nginx: auth_request_set $auth_cookie $upstream_http_set_cookie; and add_header Set-Cookie $auth_cookie; others: let \
                    Set-Cookie of the answer through";
        return report.error(COOKIE, "the cookie that a login needs does not reach the browser", mend);
    };
    let part = |wanted: &str| {
        line.split(';').map(str::trim).find_map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            name.eq_ignore_ascii_case(wanted).then(|| value.to_owned())
        })
    };
    let host = hop.url.host_str().unwrap_or_default();
    match part("domain") {
        Some(domain) if !in_domain(host, &domain) => {
            let found = format!("browsers refuse the cookie of {domain} from {host}");
            return report.error(COOKIE, found, "let cookie_domain of the provider be a domain that the host lies in");
        }
        _ => {}
    }
    if part("secure").is_some() && hop.url.scheme() == "http" {
        let mend = "serve the application over https, or set external_host of the provider to its http address";
        return report.error(COOKIE, "browsers refuse a cookie for https alone (Secure) over http", mend);
    }
    if part("samesite").is_some_and(|same| same.eq_ignore_ascii_case("strict")) {
        let mend =
            "let the proxy leave SameSite as it is: with Strict, the cookie is missing when the login comes back";
        return report.error(COOKIE, "somebody made the cookie SameSite=Strict on its way", mend);
    }
    report.ok(
        COOKIE,
        format!("browsers keep the cookie that a login needs, for {}", part("domain").as_deref().unwrap_or(host)),
    );
}

/// Whether the authorize request is one that will be answered.
fn authorize(case: &mut Case<'_>, to: &Url, app: &ProxyApp) -> bool {
    let before = case.report.errors();
    let parameter = |name: &str| to.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let origin = to.origin().ascii_serialization();
    if let Some(base) = case.base().map(|base| base.origin().ascii_serialization())
        && base != origin
    {
        let found = format!("visitors are sent to {origin} to sign in, and not to {base}");
        case.report.error(LOGIN, found, "set LOCKGATE_PUBLIC_URL of the running server, and start it again");
    }
    let client = parameter("client_id").unwrap_or_default();
    let known = case.look.as_ref().is_some_and(|look| look.snapshot.client(&client).is_some());
    if !known {
        let found = format!("the login is for the client \"{client}\", which the configuration does not know");
        case.report.error(LOGIN, found, "look whether the running server has the database of this command's settings");
    }
    let back = parameter("redirect_uri").unwrap_or_default();
    if !redirect_uris(&app.external).contains(&back) {
        let found = format!("the login would come back to {back}, which is no address of {}", app.app_slug);
        case.report.error(LOGIN, found, "set external_host of the provider to the address that visitors use");
    }
    let is_sound = case.report.errors() == before;
    if is_sound {
        case.report.ok(LOGIN, format!("visitors are sent to {origin}, as {}", app.app_slug));
    }
    is_sound
}

/// From the authorize request to the login page.
async fn sign_in(case: &mut Case<'_>, mut to: Url) {
    let mut passed: Vec<Url> = Vec::new();
    while passed.len() < HOPS {
        let here = match hop(case, &to).await {
            Ok(here) => here,
            Err(silence) => {
                let mend = silence.mend(&to);
                return case.report.error(LOGIN, format!("{} does not answer: {}", place(&to), silence.text), mend);
            }
        };
        if here.sights.is_empty() {
            let found = format!("{} does not lead to this server: something answers {}", place(&to), here.seen.status);
            return case.report.error(LOGIN, found, "let the proxy's router for the sign-in host lead to this server");
        }
        if here.question().is_some() {
            let found = format!("the sign-in host asks for a login itself at {}", place(&to));
            let mend = "take the middleware away from the router of the sign-in host: logins go in circles with it";
            return case.report.error(LOGIN, found, mend);
        }
        passed.push(to.clone());
        match here.seen.leads_to(&to) {
            Some(next) if passed.contains(&next) => break,
            Some(next) => to = next,
            None if here.seen.status == 200 => {
                return case.report.ok(LOGIN, format!("the login page is at {}", place(&to)));
            }
            None => {
                let found = format!("{} answers {}", place(&to), here.seen.status);
                return case.report.error(
                    LOGIN,
                    found,
                    "look at the server's log under the id in the answer's X-authentik-id",
                );
            }
        }
    }
    let found = format!("redirects go in circles at {}", place(&to));
    case.report.error(LOGIN, found, "look at the flows of the brand, and at redirects in the proxy");
}

/// Whether a login that comes back arrives here: by a route of its own, or since the proxy asks about it.
pub(super) async fn back(case: &mut Case<'_>, first: &Hop, app: &ProxyApp) {
    let [to, _] = redirect_uris(&app.external);
    let Ok(to) = Url::parse(&to) else { return };
    // A domain's own address may be the sign-in host, or elsewhere.
    let Some(here) = hop_or_told(case, &to).await else { return };
    if here.sights.is_empty() {
        let found = format!(
            "logins that come back to {} do not arrive here: something answers {}",
            place(&to),
            here.seen.status
        );
        let mend = "let /outpost.goauthentik.io/ of this host lead to this server: Traefik: a router with PathPrefix(`/outpost.goauthentik.io/`); \
                    nginx: location /outpost.goauthentik.io; Caddy: reverse_proxy /outpost.goauthentik.io/*";
        return case.report.error(BACK, found, mend);
    }
    let directly = here.question().is_none();
    let way = if directly { "by a route of its own" } else { "since the proxy asks about it" };
    let asks_in_full = first.question().is_some_and(|question| !question.path.ends_with("/nginx"));
    if !directly && !asks_in_full {
        let mend =
            "nginx: location /outpost.goauthentik.io with proxy_pass to this server, beside the one of the application";
        return case.report.error(BACK, format!("{} does not lead to this server", place(&to)), mend);
    }
    case.report.ok(BACK, format!("logins come back to {}, {way}", place(&to)));
}
