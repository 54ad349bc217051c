//! `lockgate doctor`: looks at a set-up from outside, as its visitors see it, and says what is wrong and how to mend
//! it. It changes nothing, sends no mail, and shows no secret.
//!
//! One file a subject. What is found out about requests (which proxy brought them, what it said) comes from the server
//! itself: it remembers requests that carry a probe, for whoever has its secret key (`lockgate_identity::probes`).

mod addresses;
mod cookies;
mod database;
mod forward_auth;
mod host;
mod mail;
mod proxy;
mod redis;
mod report;
mod running;
mod sights;
mod web;

use crate::{
    cli::Format,
    settings::{Read, Settings, SettingsError},
};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use lockgate_engine::ports::Clock;
use lockgate_identity::{look::Look, probes::Probe, system::SystemClock};
use report::Report;
use std::{net::IpAddr, path::PathBuf, process::ExitCode};
use url::Url;
use web::Web;

/// What is looked at, and how.
#[derive(Debug, Clone, Args)]
pub(crate) struct Doctor {
    /// One subject alone; everything without one.
    #[command(subcommand)]
    what: Option<What>,
    /// Address of the running server itself, behind the proxy, such as http://10.0.0.5:9000; several times where there
    /// are several. Where the settings say that it listens, unless given.
    #[arg(long = "server", value_name = "URL", global = true)]
    servers: Vec<Url>,
    /// Connect to this address whatever names resolve to: to look at a proxy before DNS leads there.
    #[arg(long, value_name = "ADDRESS", global = true)]
    via: Option<IpAddr>,
    /// File of certificates (PEM) that are trusted beside those of this machine.
    #[arg(long, value_name = "FILE", global = true)]
    ca: Option<PathBuf>,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t = Format::Text, global = true)]
    format: Format,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Follow one request for a protected application through its proxy, and name the label, header or cookie that is
    /// wrong.
    ForwardAuth {
        /// Address of the application as its visitors write it, such as https://app.example.com/path.
        url: Url,
    },
}

/// Everything that checks look at.
pub(crate) struct Case<'a> {
    settings: &'a Settings,
    web: Web,
    servers: Vec<Url>,
    now: DateTime<Utc>,
    /// What is stored, where it could be read.
    look: Option<Look>,
    /// Where the secret key is known: both halves of what marks our requests.
    probe: Option<Probe>,
    report: Report,
}

impl Case<'_> {
    /// Public address of the sign-in host.
    fn base(&self) -> Option<Url> {
        let stored = self.look.as_ref().and_then(Look::public_base);
        Url::parse(&stored.or_else(|| self.settings.public_url.clone())?).ok()
    }
}

/// Runs the command: success when nothing is broken.
///
/// # Errors
/// When it could not look at all.
pub(crate) async fn doctor(asked: Doctor, read: Result<Read, SettingsError>) -> Result<ExitCode, String> {
    let web = Web::new(asked.via, asked.ca.as_deref())?;
    let mut report = Report::default();
    let sound = match host::settings(read, &mut report) {
        None => false,
        Some(settings) => {
            let servers = if asked.servers.is_empty() { running::own(&settings) } else { asked.servers };
            let now = SystemClock.now();
            let mut case = Case { settings: &settings, web, servers, now, look: None, probe: None, report };
            match &asked.what {
                None => everything(&mut case).await,
                Some(What::ForwardAuth { url }) => {
                    database::check(&mut case).await;
                    forward_auth::check(&mut case, url).await;
                }
            }
            if let Some(look) = &case.look {
                look.store.close().await.map_err(|e| e.to_string())?;
            }
            report = case.report;
            report.is_sound()
        }
    };
    print!("{}", report.render(asked.format));
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// From the inside to the outside: what is broken further in explains what is broken further out.
async fn everything(case: &mut Case<'_>) {
    host::data(case);
    database::check(case).await;
    redis::check(case).await;
    mail::check(case).await;
    running::check(case).await;
    cookies::check(case);
    proxy::check(case).await;
    addresses::check(case).await;
}
