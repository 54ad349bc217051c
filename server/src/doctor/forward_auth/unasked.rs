//! Nobody has asked the server about a request: why, as far as the answer tells.

use super::{Hop, REQUEST, place};
use crate::doctor::Case;

/// Where questions have to be put.
pub(super) const ADDRESS: &str = "let it ask at /outpost.goauthentik.io/auth/traefik (Traefik: forwardAuth.address), /auth/caddy (Caddy: uri of \
                       forward_auth) or /auth/nginx (nginx: auth_request)";

/// What protects a route.
const MIDDLEWARE: &str = "protect the route: Traefik: label traefik.http.routers.NAME.middlewares=lockgate@…, also in front of routers with \
                          a longer rule; nginx: auth_request in this location; Caddy: forward_auth before reverse_proxy";

/// Says why, as far as it can be told.
pub(super) fn judge(case: &mut Case<'_>, hop: &Hop) {
    let at = place(&hop.url).to_owned();
    let status = hop.seen.status;
    let report = &mut case.report;
    if let Some(sight) = hop.sights.first() {
        let asks = ["x-forwarded-uri", "x-original-url", "x-original-uri"]
            .into_iter()
            .any(|name| sight.header(name).is_some());
        return if asks {
            report.error(
                "address",
                format!("the proxy asks at {}, which is no address of forward auth", sight.path),
                ADDRESS,
            );
        } else {
            let found = format!("requests for {at} are led to this server, and not to the application");
            let mend = "let the route's service be the application, and name this server in the middleware alone";
            report.error(REQUEST, found, mend);
        };
    }
    let to = hop.seen.leads_to(&hop.url);
    if to.as_ref().is_some_and(|to| to.path() == "/application/o/authorize/" || to.path().starts_with(super::PREFIX)) {
        let found = format!("a login begins at {at}, and none of the servers that were looked at was asked");
        return report.warning(REQUEST, found, "name each server behind the proxy with --server URL");
    }
    match status {
        500 | 502 | 503 | 504 => {
            let found = format!("the proxy answers {status}, and its question has not arrived here");
            let mend = "correct where it asks: forwardAuth.address (Traefik), proxy_pass of location /outpost.goauthentik.io (nginx), the \
                        upstream of forward_auth (Caddy); the name has to resolve where the proxy runs";
            report.error("address", found, mend);
        }
        404 if hop.seen.text.trim() == "404 page not found" => {
            let found = format!("Traefik has no router for {at}");
            let mend = "look at the router's rule and entry point: traefik.http.routers.NAME.rule=Host(`…`), and at whether the \
                        container is in Traefik's network";
            report.error(REQUEST, found, mend);
        }
        _ => {
            let found = format!("{at} answered {status} without asking this server: nothing protects it");
            report.error("middleware", found, MIDDLEWARE);
        }
    }
}
