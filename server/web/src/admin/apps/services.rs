//! Services that are known by name: what people put behind a login at home, with what is worth knowing about each.

/// How a service asks who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// A proxy in front of it asks us about each request.
    Forward,
    /// It asks us itself.
    OpenId,
}

impl How {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Forward => "Forward auth",
            Self::OpenId => "OpenID Connect",
        }
    }
}

/// A service.
#[derive(Debug)]
pub(super) struct Service {
    /// In addresses; the suggested slug, too.
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) how: How,
    /// What it is.
    pub(super) about: &'static str,
    /// Heading in the portal.
    pub(super) heading: &'static str,
    /// Paths that it protects itself, or that show nothing: regular expressions, one a line.
    pub(super) skip: &'static str,
    /// The port that it usually listens at.
    pub(super) port: u16,
    /// Where it wants people back, below its address.
    pub(super) callback: &'static str,
    /// Groups whose members have a role in it.
    pub(super) groups: &'static [&'static str],
}

const fn forward(
    key: &'static str,
    name: &'static str,
    about: &'static str,
    heading: &'static str,
    skip: &'static str,
    port: u16,
) -> Service {
    Service { key, name, how: How::Forward, about, heading, skip, port, callback: "", groups: &[] }
}

/// The groups that Grafana's roles come from.
pub(super) const GRAFANA_GROUPS: [&str; 2] = ["Grafana Admins", "Grafana Editors"];

/// In the order shown: those without a name first.
pub(super) static SERVICES: &[Service] = &[
    forward(
        "forward-auth",
        "",
        "A web service behind Traefik, nginx or Caddy that knows nothing of sign-ins",
        "",
        "",
        8080,
    ),
    Service {
        key: "openid-connect",
        name: "",
        how: How::OpenId,
        about: "A service that can sign people in by OpenID Connect or OAuth 2.0",
        heading: "",
        skip: "",
        port: 8080,
        callback: "",
        groups: &[],
    },
    Service {
        key: "grafana",
        name: "Grafana",
        how: How::OpenId,
        about: "Dashboards; roles come from groups",
        heading: "Dashboards",
        skip: "",
        port: 3000,
        callback: "/login/generic_oauth",
        groups: &GRAFANA_GROUPS,
    },
    forward("homepage", "Homepage", "Start page", "Dashboards", "^/api/healthcheck$", 3000),
    forward("glances", "Glances", "State of the machine", "Dashboards", "", 61208),
    forward("traefik", "Traefik Dashboard", "Which service is reached how", "Management", "", 8080),
    forward("adguard", "AdGuard Home", "DNS filter; devices ask at /dns-query", "Management", "^/dns-query", 80),
    forward("sonarr", "Sonarr", "Series; its API has a key of its own", "Media", "^/api\n^/feed\n^/ping$", 8989),
    forward("radarr", "Radarr", "Films; its API has a key of its own", "Media", "^/api\n^/feed\n^/ping$", 7878),
    forward("bazarr", "Bazarr", "Subtitles; its API has a key of its own", "Media", "^/api/", 6767),
    forward(
        "prowlarr",
        "Prowlarr",
        "Indexers; its API has a key of its own",
        "Media",
        "^/api\n^/[0-9]+/(api|download)\n^/ping$",
        9696,
    ),
    forward("transmission", "Transmission", "Downloads", "Media", "", 9091),
    forward(
        "calibre-web",
        "Calibre Web",
        "Books; readers sign in at /opds themselves",
        "Media",
        "^/opds\n^/kobo/",
        8083,
    ),
    forward("zigbee2mqtt", "Zigbee2MQTT", "Devices of the house", "Utilities", "", 8080),
    forward("duplicati", "Duplicati", "Backups", "Utilities", "", 8200),
    forward("syncthing", "Syncthing", "Files between machines", "Utilities", "^/rest/noauth/health$", 8384),
    forward("siyuan", "SiYuan", "Notes", "Utilities", "", 6806),
];

/// The service of this key.
pub(super) fn service(key: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_slugs_of_one_service_each() {
        for service in SERVICES {
            assert!(service.key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            assert_eq!(SERVICES.iter().filter(|other| other.key == service.key).count(), 1, "{}", service.key);
        }
    }
}
