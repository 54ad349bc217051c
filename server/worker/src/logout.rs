//! Tells applications that logins have ended (OpenID Connect Back-Channel Logout, section 2.5 to 2.8).
//!
//! The sign-in's own row is the errand: it is there until the application has answered or a day has
//! passed, and whoever puts it off has it for that while. So nothing is lost when a process ends, and
//! several workers do not tell anybody twice.

use crate::patience::{self, GIVE_UP};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_identity::{
    Identity,
    config::Client,
    journal::{Action, Entry},
};
use lockgate_model::kinds::LogoutMethod;
use lockgate_store::{Login, StoreError};
use reqwest::{StatusCode, redirect::Policy};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// How long an application may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who takes an errand has it for so long.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// Requests at once.
const AT_ONCE: usize = 8;

/// Errands of one round.
const ROUND: u64 = 200;

/// Errands are looked for at least so often: what is put off comes up again by itself.
const NET: Duration = Duration::from_secs(10);

/// Whoever signs out often changes several things: look once they are done.
const GATHER: Duration = Duration::from_millis(300);

/// Delivers until the returned future is dropped.
pub(crate) async fn run(identity: Identity) {
    let http = match client() {
        Ok(http) => http,
        Err(error) => {
            tracing::error!(%error, "applications cannot be told of logouts");
            return;
        }
    };
    loop {
        // Either will do; the net catches what the other misses.
        let _ = tokio::time::timeout(NET, identity.feed.logins_changed()).await;
        tokio::time::sleep(GATHER).await;
        if let Err(error) = deliver_due(&identity, &http).await {
            tracing::warn!(%error, "ended logins cannot be read; they are looked for again");
        }
    }
}

/// What asks applications: no redirects, since the address is the one that was registered.
fn client() -> Result<reqwest::Client, reqwest::Error> {
    let agent = concat!("Lockgate/", env!("CARGO_PKG_VERSION"));
    reqwest::Client::builder()
        .user_agent(agent)
        .redirect(Policy::none())
        .timeout(PATIENCE)
        .connect_timeout(PATIENCE)
        .pool_max_idle_per_host(1)
        .build()
}

/// Delivers whatever is due; answers how many applications were told.
async fn deliver_due(identity: &Identity, http: &reqwest::Client) -> Result<u64, StoreError> {
    let mut told = 0;
    loop {
        let due = identity.store.logins().ended(identity.clock.now(), ROUND).await?;
        let full = due.len() as u64 == ROUND;
        let mut running = JoinSet::new();
        for login in due {
            if running.len() >= AT_ONCE {
                told += count(running.join_next().await)?;
            }
            let (identity, http) = (identity.clone(), http.clone());
            running.spawn(async move { errand(&identity, &http, login).await });
        }
        while let Some(done) = running.join_next().await {
            told += count(Some(done))?;
        }
        if !full {
            return Ok(told);
        }
    }
}

fn count(done: Option<Result<Result<bool, StoreError>, tokio::task::JoinError>>) -> Result<u64, StoreError> {
    match done {
        Some(Ok(told)) => told.map(u64::from),
        // A task that broke leaves its errand to the next turn.
        _ => Ok(0),
    }
}

/// One errand; answers whether the application was told.
async fn errand(identity: &Identity, http: &reqwest::Client, login: Login) -> Result<bool, StoreError> {
    let logins = identity.store.logins();
    let snapshot = identity.config.snapshot();
    let client = snapshot.client_by_provider(login.provider).filter(|c| c.logout_method == LogoutMethod::Backchannel);
    let Some((client, to)) = client.and_then(|client| Some((client, client.logout_uri.clone()?))) else {
        // Nobody wants to know, or the browser has told them.
        logins.remove(login.session, login.provider).await?;
        return Ok(false);
    };
    let now = identity.clock.now();
    let attempt = Attempt::of(&login, now);
    let leased = Login { created: now + LEASE, data: attempt.data(&login), ..login.clone() };
    if !logins.put_off(&login, leased.created, &leased.data).await? {
        return Ok(false);
    }
    let answered = tell(identity, http, client, &login, to).await;
    match answered {
        Ok(()) => {
            logins.remove(login.session, login.provider).await?;
            return Ok(true);
        }
        Err(why) if why.is_final || now - attempt.since >= GIVE_UP => {
            logins.remove(login.session, login.provider).await?;
            give_up(identity, client, &login, &why.text);
        }
        Err(why) => {
            tracing::debug!(application = client.app_slug, error = why.text, "a logout could not be told; tried again");
            logins.put_off(&leased, now + attempt.pause(), &leased.data).await?;
        }
    }
    Ok(false)
}

/// How often an application was told before, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Attempt {
    number: u32,
    since: DateTime<Utc>,
}

impl Attempt {
    fn of(login: &Login, now: DateTime<Utc>) -> Self {
        let since = login.data["ended"].as_i64().and_then(|at| DateTime::from_timestamp(at, 0));
        let before = login.data["attempts"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
        Self { number: before.saturating_add(1), since: since.unwrap_or(now) }
    }

    /// What the row remembers of it.
    fn data(self, login: &Login) -> Value {
        let mut data = login.data.clone();
        if data.is_object() {
            data["attempts"] = json!(self.number);
            data["ended"] = json!(self.since.timestamp());
        }
        data
    }

    fn pause(self) -> TimeDelta {
        patience::pause(self.number)
    }
}

/// Why an application was not told.
struct Untold {
    text: String,
    /// It has said so for good (section 2.8).
    is_final: bool,
}

impl Untold {
    fn now(text: impl ToString) -> Self {
        Self { text: text.to_string(), is_final: false }
    }
}

async fn tell(
    identity: &Identity,
    http: &reqwest::Client,
    client: &Arc<Client>,
    login: &Login,
    to: reqwest::Url,
) -> Result<(), Untold> {
    let token = identity.oauth.logout_token(client, login).map_err(Untold::now)?;
    // The error would name the address, which may hold a secret of the application.
    let sent = http.post(to).form(&[("logout_token", token)]).send().await;
    let status = sent.map_err(|error| Untold::now(error.without_url()))?.status();
    match status {
        StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
        StatusCode::BAD_REQUEST => Err(Untold { is_final: true, ..Untold::now("the application refused it (400)") }),
        other => Err(Untold::now(format!("the application answered {other}"))),
    }
}

fn give_up(identity: &Identity, client: &Client, login: &Login, why: &str) {
    metrics::counter!("lockgate_logout_notices_failed_total").increment(1);
    let entry = Entry::new(Action::SystemException, "lockgate.oauth2")
        .with("message", format!("the application could not be told that a login has ended: {why}"))
        .with("application", client.app_slug.clone())
        .with("user_pk", login.user_pk);
    identity.journal.record(entry);
}

#[cfg(test)]
mod tests;
