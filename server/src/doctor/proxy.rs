//! What the proxy before the sign-in host makes of a request: asked through it, told by the server.

use super::{
    Case,
    addresses::certificate,
    database,
    sights::{self, Mute, Told},
};
use chrono::{DateTime, TimeDelta};
use lockgate_engine::ports::Clock;
use lockgate_identity::{probes::Sight, system::SystemClock};
use std::net::IpAddr;
use url::Url;

const PROXY: &str = "proxy";
pub(super) const TRUST: &str = "add the proxy's address to LOCKGATE_LISTEN__TRUSTED_PROXY_CIDRS";

/// Asks the server through its public address.
pub(super) async fn check(case: &mut Case<'_>) {
    let Some(base) = case.base() else {
        let found = "the public address of the sign-in host is not known";
        return case.report.warning(PROXY, found, "set LOCKGATE_PUBLIC_URL, such as https://auth.example.com");
    };
    date(case, &base).await;
    let Some(probe) = case.probe.clone() else { return };
    match sights::ask(&case.web, &base, &probe).await {
        Ok(told) => arrived(case, &base, &told),
        Err(Mute::Silent(silence)) => {
            let mend = silence.mend(&base);
            case.report.error(PROXY, format!("{base} does not answer: {}", silence.text), mend);
        }
        Err(Mute::Other(status)) => {
            let found = format!("{base} does not lead to this server: something answers {status}");
            let mend = "let the proxy's router for this host lead to this server, or correct LOCKGATE_PUBLIC_URL";
            case.report.error(PROXY, found, mend);
        }
    }
}

/// The certificate, and the clock of whoever answers.
async fn date(case: &mut Case<'_>, base: &Url) {
    let mut address = base.clone();
    address.set_path("/-/health/live/");
    let Ok(seen) = case.web.get(&address, &[]).await else { return };
    certificate(case, base, &seen);
    if let Some(theirs) = seen.header("date").and_then(|date| DateTime::parse_from_rfc2822(date).ok()) {
        let ahead = theirs.to_utc() + TimeDelta::milliseconds(500) - SystemClock.now();
        let whose = base.host_str().unwrap_or_default().to_owned();
        database::clocks(case, &whose, ahead);
    }
}

/// Judges how a question arrived that was put to the public address.
fn arrived(case: &mut Case<'_>, base: &Url, told: &Told) {
    let (report, this) = (&mut case.report, &told.own);
    let says_something =
        ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-for"].map(|name| this.header(name).is_some());
    if !this.trusted && says_something.contains(&true) {
        let found =
            format!("the proxy at {} is not trusted, so that nothing it says of visitors is believed", this.peer);
        return report.error(PROXY, found, format!("{TRUST} ({})", this.peer));
    }
    let before = report.errors();
    if this.scheme != base.scheme() {
        let said = this.header("x-forwarded-proto").map_or("nothing".to_owned(), |said| format!("\"{said}\""));
        let found = format!("the address is {}, and X-Forwarded-Proto says {said}", base.scheme());
        let mend = "let the proxy set X-Forwarded-Proto (nginx: proxy_set_header X-Forwarded-Proto $scheme; Traefik behind another \
                    proxy: forwardedHeaders.trustedIPs of the entry point); without it cookies are not Secure";
        report.error(PROXY, found, mend);
    }
    let wanted = base.host_str().map(|host| match base.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    });
    let same = |host: &str| {
        wanted.as_deref() == Some(host) || base.host_str() == Some(host.rsplit_once(':').map_or(host, |(name, _)| name))
    };
    if !same(&this.host) {
        let found =
            format!("visitors ask for {}, and the server takes it for \"{}\"", wanted.unwrap_or_default(), this.host);
        let mend =
            "let the proxy hand the name on (nginx: proxy_set_header Host $http_host; and X-Forwarded-Host $http_host)";
        report.error(PROXY, found, mend);
    }
    addressed(this, report);
    if report.errors() == before {
        report.ok(PROXY, format!("{base} leads here: it is asked as {}://{}, by {}", this.scheme, this.host, this.ip));
    }
}

/// Whether visitors have addresses of their own.
fn addressed(this: &Sight, report: &mut super::report::Report) {
    let private = this.peer.parse::<IpAddr>().is_ok_and(|peer| !peer.is_loopback());
    if this.trusted && private && this.header("x-forwarded-for").is_none() {
        let found = format!("the proxy at {} does not say whom it speaks for: everybody has its address", this.peer);
        let mend = "let the proxy set X-Forwarded-For (nginx: $proxy_add_x_forwarded_for); pauses after wrong passwords count addresses";
        report.warning(PROXY, found, mend);
    }
}
