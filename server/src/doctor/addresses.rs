//! Public addresses: whether they resolve, answer, show a certificate that lasts, and lead here where they have to.

use super::{Case, cookies::providers, report::Level, web::Seen};
use lockgate_identity::probes::SENT;
use std::collections::BTreeSet;
use url::Url;

const ADDRESS: &str = "address";

/// Days before its end from which a certificate is told of.
const ENDING: i64 = 14;

/// Applications whose own addresses are asked.
const MOST: usize = 200;

/// Looks at each address that visitors use.
pub(super) async fn check(case: &mut Case<'_>) {
    let mut asked: BTreeSet<String> = case.base().map(|base| base.origin().ascii_serialization()).into_iter().collect();
    for app in providers(case) {
        let external = app.external.clone();
        if asked.insert(external.origin().ascii_serialization()) {
            ping(case, &app.app_slug, &external).await;
        }
    }
    for (slug, url) in launched(case) {
        if asked.len() < MOST && asked.insert(url.origin().ascii_serialization()) {
            opened(case, &slug, &url).await;
        }
    }
}

/// Where applications are opened that no proxy asks us about; without those whose address depends on who opens them.
fn launched(case: &Case<'_>) -> Vec<(String, Url)> {
    let Some(look) = &case.look else { return Vec::new() };
    let apps = look.snapshot.all_apps().into_iter().filter(|app| app.proxy.is_none());
    let found = apps.filter_map(|app| Some((app.application.slug.clone(), Url::parse(&app.launch_url(None)).ok()?)));
    found.filter(|(_, url)| matches!(url.scheme(), "http" | "https")).collect()
}

/// Whether the outpost's own addresses below a protected host lead here.
async fn ping(case: &mut Case<'_>, slug: &str, external: &Url) {
    let mut address = external.clone();
    address.set_path("/outpost.goauthentik.io/ping");
    let probe = case.probe.as_ref().map(|probe| (SENT, probe.sent.as_str()));
    let seen = match case.web.get(&address, &Vec::from_iter(probe)).await {
        Ok(seen) => seen,
        Err(silence) => {
            let mend = silence.mend(external);
            return case.report.error(ADDRESS, format!("{slug}: {external}: {}", silence.text), mend);
        }
    };
    certificate(case, external, &seen);
    match seen.status {
        204 => case
            .report
            .ok(ADDRESS, format!("{slug}: {external} answers, and /outpost.goauthentik.io/ there leads here")),
        // Traefik and Caddy ask about it instead, which does as well.
        302 | 401 | 200 => {
            let found = format!(
                "{slug}: /outpost.goauthentik.io/ at {external} does not lead here (it answers {})",
                seen.status
            );
            let mend = "nginx needs `location /outpost.goauthentik.io` with proxy_pass to this server; for Traefik and Caddy look \
                        with `lockgate doctor forward-auth` whether logins come back";
            case.report.warning(ADDRESS, found, mend);
        }
        status => {
            let found = format!("{slug}: {external} answers {status} for /outpost.goauthentik.io/ping");
            let mend = format!("run `lockgate doctor forward-auth {external}`");
            case.report.error(ADDRESS, found, mend);
        }
    }
}

async fn opened(case: &mut Case<'_>, slug: &str, url: &Url) {
    match case.web.get(url, &[]).await {
        Ok(seen) if seen.status >= 500 => {
            let found = format!("{slug}: {url} answers {}", seen.status);
            case.report.warning(ADDRESS, found, "look whether the application runs");
        }
        Ok(seen) => {
            certificate(case, url, &seen);
            case.report.ok(ADDRESS, format!("{slug}: {url} answers"));
        }
        Err(silence) => {
            let mend = silence.mend(url);
            // People may reach it from where this machine does not.
            case.report.warning(ADDRESS, format!("{slug}: {url}: {}", silence.text), mend);
        }
    }
}

/// How long the certificate lasts that was shown at an address. That it fits name and authority, the answer has shown.
pub(super) fn certificate(case: &mut Case<'_>, url: &Url, seen: &Seen) {
    let Some(ends) = seen.ends else { return };
    let (days, host) = ((ends - case.now).num_days(), url.host_str().unwrap_or_default());
    let level = if days < ENDING { Level::Warning } else { Level::Ok };
    let mend = if level == Level::Ok { "" } else { "look why the proxy does not renew it" };
    case.report.note(level, "certificate", format!("that of {host} is valid for {days} more days"), mend);
}
