//! What is pasted into proxies and services so that they ask us.

use super::services::GRAFANA_GROUPS;
use std::fmt::Write as _;

/// Identity headers that proxies hand on.
const HEADERS: [&str; 12] = [
    "X-authentik-username",
    "X-authentik-groups",
    "X-authentik-email",
    "X-authentik-name",
    "X-authentik-uid",
    "X-authentik-jwt",
    "X-authentik-meta-jwks",
    "X-authentik-meta-outpost",
    "X-authentik-meta-provider",
    "X-authentik-meta-app",
    "X-authentik-meta-version",
    "X-authentik-entitlements",
];

/// How proxies reach this server: name and port inside of their network.
pub(super) const SERVER: &str = "lockgate:9000";

/// A service behind a proxy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Behind<'a> {
    pub(super) slug: &'a str,
    /// `sonarr.example.com`, with a port where there is one.
    pub(super) host: &'a str,
    /// Without TLS, as inside of a house.
    pub(super) is_plain: bool,
    /// Where the proxy finds the service.
    pub(super) port: u16,
}

/// Labels of the container of this server: the middleware, once for all services.
pub(super) fn traefik_middleware() -> String {
    let headers = std::iter::once("authorization").chain(HEADERS[..11].iter().copied()).collect::<Vec<_>>().join(",");
    let name = "traefik.http.middlewares.authentik.forwardauth";
    format!(
        "labels:\n  # Traefik asks about each request\n  - \"{name}.address=http://{SERVER}/outpost.goauthentik.io/auth/traefik\"\n  \
         - \"{name}.trustForwardHeader=true\"\n  - \"{name}.authResponseHeaders={headers}\"\n"
    )
}

/// Labels of the service's container.
pub(super) fn traefik_labels(of: Behind<'_>) -> String {
    let Behind { slug, host, port, .. } = of;
    let host = host.split(':').next().unwrap_or(host);
    format!(
        "labels:\n  - \"traefik.enable=true\"\n  - \"traefik.http.routers.{slug}.rule=Host(`{host}`)\"\n  \
         - \"traefik.http.routers.{slug}.middlewares=authentik@docker\"\n  \
         - \"traefik.http.services.{slug}.loadbalancer.server.port={port}\"\n"
    )
}

/// A block of nginx.
pub(super) fn nginx(of: Behind<'_>) -> String {
    let Behind { slug, host, is_plain, port } = of;
    let host = host.split(':').next().unwrap_or(host);
    let (mut take, mut hand_on) = (String::new(), String::new());
    for header in HEADERS {
        let variable = header.to_ascii_lowercase().replace('-', "_");
        // Writing to a String cannot fail.
        let _ = writeln!(take, "    auth_request_set ${variable} $upstream_http_{variable};");
        let _ = writeln!(hand_on, "    proxy_set_header {header} ${variable};");
    }
    format!(
        r"server {{
  {listen};
  server_name {host};
  # The identity headers hold a signed token.
  proxy_buffer_size 16k;
  proxy_buffers 8 16k;

  location / {{
    auth_request /outpost.goauthentik.io/auth/nginx;
    error_page 401 = @goauthentik_proxy_signin;
    auth_request_set $auth_cookie $upstream_http_set_cookie;
    add_header Set-Cookie $auth_cookie;
{take}{hand_on}    proxy_set_header Host $http_host;
    proxy_pass http://{slug}:{port};
  }}

  location /outpost.goauthentik.io {{
    proxy_pass http://{SERVER}/outpost.goauthentik.io;
    proxy_set_header Host $http_host;
    proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
    proxy_set_header X-Forwarded-Host $http_host;
    add_header Set-Cookie $auth_cookie;
    auth_request_set $auth_cookie $upstream_http_set_cookie;
    proxy_pass_request_body off;
    proxy_set_header Content-Length {empty};
  }}

  location @goauthentik_proxy_signin {{
    internal;
    add_header Set-Cookie $auth_cookie;
    return 302 /outpost.goauthentik.io/start?rd=$scheme://$http_host$request_uri;
  }}
}}
",
        listen = if is_plain { "listen 80" } else { "listen 443 ssl" },
        empty = "\"\""
    )
}

/// A block of a Caddyfile.
pub(super) fn caddy(of: Behind<'_>) -> String {
    let Behind { slug, host, is_plain, port } = of;
    let (scheme, headers) = (if is_plain { "http://" } else { "" }, HEADERS.join(" "));
    format!(
        "{scheme}{host} {{
\troute {{
\t\treverse_proxy /outpost.goauthentik.io/* {SERVER}
\t\tforward_auth {SERVER} {{
\t\t\turi /outpost.goauthentik.io/auth/caddy
\t\t\tcopy_headers {headers}
\t\t}}
\t\treverse_proxy {slug}:{port}
\t}}
}}
"
    )
}

/// A client of ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client<'a> {
    /// Public address of this server, without a slash at its end.
    pub(super) base: &'a str,
    pub(super) slug: &'a str,
    /// Public address of the service.
    pub(super) address: &'a str,
    pub(super) client_id: &'a str,
    pub(super) client_secret: &'a str,
}

/// Variables of Grafana's container.
pub(super) fn grafana(of: Client<'_>) -> String {
    let Client { base, slug, address, client_id, client_secret } = of;
    let [admins, editors] = GRAFANA_GROUPS;
    format!(
        "GF_AUTH_GENERIC_OAUTH_ENABLED=true
GF_AUTH_GENERIC_OAUTH_NAME=Lockgate
GF_AUTH_GENERIC_OAUTH_CLIENT_ID={client_id}
GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET={client_secret}
GF_AUTH_GENERIC_OAUTH_SCOPES=openid profile email
GF_AUTH_GENERIC_OAUTH_AUTH_URL={base}/application/o/authorize/
GF_AUTH_GENERIC_OAUTH_TOKEN_URL={base}/application/o/token/
GF_AUTH_GENERIC_OAUTH_API_URL={base}/application/o/userinfo/
GF_AUTH_SIGNOUT_REDIRECT_URL={base}/application/o/{slug}/end-session/
GF_AUTH_OAUTH_AUTO_LOGIN=true
GF_SERVER_ROOT_URL={address}
GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_PATH=contains(groups[*], '{admins}') && 'Admin' || contains(groups[*], '{editors}') && 'Editor' || 'Viewer'
"
    )
}

/// Settings that most clients ask for, as variables.
pub(super) fn openid(of: Client<'_>) -> String {
    let Client { base, slug, client_id, client_secret, .. } = of;
    format!(
        "OIDC_ISSUER={base}/application/o/{slug}/
OIDC_CLIENT_ID={client_id}
OIDC_CLIENT_SECRET={client_secret}
OIDC_SCOPES=openid profile email
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SONARR: Behind<'_> = Behind { slug: "sonarr", host: "sonarr.example.com", is_plain: false, port: 8989 };

    #[test]
    fn labels_are_those_of_the_operators_guide() {
        let labels = traefik_labels(SONARR);
        assert!(labels.contains("\"traefik.http.routers.sonarr.middlewares=authentik@docker\""), "{labels}");
        let middleware = traefik_middleware();
        assert!(
            middleware.contains("authResponseHeaders=authorization,X-authentik-username,X-authentik-groups,X-authentik-email,X-authentik-name,X-authentik-uid,X-authentik-jwt,X-authentik-meta-jwks,X-authentik-meta-outpost,X-authentik-meta-provider,X-authentik-meta-app,X-authentik-meta-version\""),
            "{middleware}"
        );
    }

    #[test]
    fn blocks_name_the_service() {
        for text in [nginx(SONARR), caddy(SONARR)] {
            assert!(text.contains("sonarr.example.com") && text.contains("sonarr:8989"), "{text}");
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{text}");
        }
    }
}
