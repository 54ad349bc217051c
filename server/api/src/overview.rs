//! `/lockgate/overview/`: figures for the first page of an administrator. What the caller may not read is null.

use crate::{
    caller::Caller,
    decisions::{self, TAG},
    error::ApiError,
    events,
    objects::{certificate, sight::Sight, used_by_of},
    openapi::{
        components::Components,
        operation::{Operation, Paths},
        shapes::UsedBy,
    },
    people,
    query::Query,
    revisions,
};
use axum::{Json, Router, extract::State, routing::get};
use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use lockgate_identity::{
    Identity,
    config::Snapshot,
    figures::{Counted, FURTHEST},
};
use lockgate_model::kinds::CertificateKeyPair;
use lockgate_policies::{Action, USER_KIND};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Days that are looked back unless they are told.
const DAYS: i64 = 7;

/// Name of the kind of jobs in policies.
const TASK: &str = "task";

/// Days before its end from which a certificate is told of.
const ENDING: TimeDelta = TimeDelta::days(30);

/// How many accounts there are.
#[derive(Debug, Serialize, JsonSchema)]
struct OverviewUsers {
    /// All.
    total: u64,
    /// Those that are active.
    active: u64,
    /// Those of programs.
    service_accounts: u64,
    /// Active internal ones without a second factor; null for who may not see second factors.
    without_factor: Option<u64>,
}

/// Second factors of one sort.
#[derive(Debug, Serialize, JsonSchema)]
struct OverviewFactor {
    /// Which sort.
    kind: String,
    /// How many are confirmed.
    count: u64,
}

/// What happened in an hour, or on a day.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
struct OverviewActivity {
    /// When it began, in UTC.
    time: DateTime<Utc>,
    /// Sign-ins; null for who may not read events.
    sign_ins: Option<u64>,
    /// Sign-ins that failed; null for who may not read events.
    failed_sign_ins: Option<u64>,
    /// Denials; null for who may not read decisions.
    denials: Option<u64>,
}

/// An application that was opened often.
#[derive(Debug, Serialize, JsonSchema)]
struct OverviewApplication {
    /// Its primary key.
    pk: Uuid,
    /// Its slug.
    slug: String,
    /// Its name.
    name: String,
    /// How often somebody was let in.
    authorizations: u64,
    /// How many people that were.
    users: u64,
}

/// A job that has failed.
#[derive(Debug, Serialize, JsonSchema)]
struct OverviewJob {
    /// Its primary key.
    pk: Uuid,
    /// What it does.
    name: String,
    /// When it failed last.
    time: DateTime<Utc>,
}

/// Jobs that have failed.
#[derive(Debug, Serialize, JsonSchema)]
struct OverviewJobs {
    /// How many of those that are kept.
    failing: u64,
    /// The last ones.
    last: Vec<OverviewJob>,
}

/// How it stands with the configuration.
#[derive(Debug, Serialize, JsonSchema)]
struct OverviewConfiguration {
    /// The revision in force.
    revision: i64,
    /// What keeps something newer from being in force.
    error: Option<String>,
    /// Whether the folder is held back because somebody rolled back from it.
    held: bool,
    /// The commit that was pulled and is in force; null where nothing is pulled from git.
    commit: Option<String>,
    /// When a pull came to a good end last.
    pulled: Option<DateTime<Utc>>,
}

/// A certificate that has ended, or will soon.
#[derive(Debug, Serialize, JsonSchema)]
struct OverviewCertificate {
    /// Primary key of the pair.
    pk: Uuid,
    /// Its name.
    name: String,
    /// When it ends.
    expires: DateTime<Utc>,
    /// What uses it.
    used_by: Vec<UsedBy>,
}

/// The installation in figures, some seconds old; what the caller may not read is null.
#[derive(Debug, Serialize, JsonSchema)]
struct Overview {
    /// The version that runs.
    version: Option<String>,
    /// When what is told of people, events and jobs was counted.
    counted: Option<DateTime<Utc>>,
    /// Accounts.
    users: Option<OverviewUsers>,
    /// Second factors in use, by sort.
    factors: Option<Vec<OverviewFactor>>,
    /// What happened on each day, or in each hour of the last one, oldest first.
    activity: Option<Vec<OverviewActivity>>,
    /// Applications that were opened most often in that time, as far as the caller sees them.
    applications: Option<Vec<OverviewApplication>>,
    /// Jobs that have failed.
    jobs: Option<OverviewJobs>,
    /// How it stands with the configuration.
    configuration: Option<OverviewConfiguration>,
    /// Certificates that the caller sees and that end within thirty days.
    certificates: Option<Vec<OverviewCertificate>>,
}

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    Router::new().route("/lockgate/overview/", get(overview))
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let days = json!({"type": "integer", "minimum": 1, "maximum": FURTHEST, "default": DAYS});
    paths.add(
        Operation::new(Method::GET, "/lockgate/overview/", "lockgate_overview_retrieve", TAG)
            .says("Shows the installation in figures. What the caller may not read is null.")
            .query("days", days)
            .answers(200, "The figures.", components.reply::<Overview>()),
    );
}

/// What the caller may read of the figures.
struct Rights {
    users: bool,
    factors: bool,
    events: bool,
    decisions: bool,
    tasks: bool,
}

async fn overview(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Json<Overview>, ApiError> {
    let days = query.integer("days")?.unwrap_or(DAYS).clamp(1, FURTHEST.into());
    let days = u16::try_from(days).unwrap_or(FURTHEST);
    let snapshot = identity.config.snapshot();
    let may = |kind: &str| caller.may(&identity, &snapshot, Action::Read, kind);
    let rights = Rights {
        users: may(USER_KIND),
        factors: people::factor_kinds().all(&may),
        events: may(events::KIND),
        decisions: may(decisions::KIND),
        tasks: may(TASK),
    };
    let Rights { users, factors, events, decisions, tasks } = rights;
    let counted = match users || factors || events || decisions || tasks {
        true => Some(identity.figures(days).await?),
        false => None,
    };
    let sight = Sight::of(&identity, &snapshot, &caller);
    let counted = counted.as_deref();
    Ok(Json(Overview {
        version: may("system").then(|| env!("CARGO_PKG_VERSION").to_owned()),
        counted: counted.map(|counted| counted.at),
        users: counted.filter(|_| users).map(|counted| OverviewUsers {
            total: counted.people.total,
            active: counted.people.active,
            service_accounts: counted.people.service_accounts,
            without_factor: factors.then_some(counted.people.without_factor),
        }),
        factors: counted.filter(|_| factors).map(|counted| {
            let one = |(kind, count): &(lockgate_store::AuthenticatorKind, u64)| OverviewFactor {
                kind: kind.as_str().to_owned(),
                count: *count,
            };
            counted.factors.iter().map(one).collect()
        }),
        activity: counted.filter(|_| events || decisions).map(|counted| activity(counted, days, &rights)),
        applications: counted.filter(|_| events).map(|counted| applications(counted, &snapshot, &sight)),
        jobs: counted.filter(|_| tasks).map(jobs),
        configuration: may(revisions::KIND).then(|| configuration(&identity)),
        certificates: certificates(&snapshot, &sight, identity.clock.now()),
    }))
}

/// Every hour or day of the span, whether something happened in it or not.
fn activity(counted: &Counted, days: u16, rights: &Rights) -> Vec<OverviewActivity> {
    let (step, steps) = if days == 1 { (TimeDelta::hours(1), 24) } else { (TimeDelta::days(1), i32::from(days)) };
    let empty = |time| OverviewActivity {
        time,
        sign_ins: rights.events.then_some(0),
        failed_sign_ins: rights.events.then_some(0),
        denials: rights.decisions.then_some(0),
    };
    let mut points: BTreeMap<DateTime<Utc>, OverviewActivity> =
        (0..steps).map(|n| counted.since + step * n).map(|time| (time, empty(time))).collect();
    let mut add = |hour: DateTime<Utc>, count: u64, slot: fn(&mut OverviewActivity) -> &mut Option<u64>| {
        if let Some((_, point)) = points.range_mut(..=hour).next_back() {
            *slot(point) = slot(point).map(|known| known + count);
        }
    };
    for figure in &counted.sign_ins {
        match figure.action.as_str() {
            "login" => add(figure.hour, figure.count, |point| &mut point.sign_ins),
            _ => add(figure.hour, figure.count, |point| &mut point.failed_sign_ins),
        }
    }
    counted.denials.iter().for_each(|(hour, count)| add(*hour, *count, |point| &mut point.denials));
    points.into_values().collect()
}

fn applications(counted: &Counted, snapshot: &Snapshot, sight: &Sight<'_>) -> Vec<OverviewApplication> {
    let of = |figures: &lockgate_store::AppFigures| {
        let id = Uuid::parse_str(&figures.application).ok()?;
        let app = snapshot.app_by_id(id)?;
        sight.has(snapshot.objects.get(app.id)?).then(|| OverviewApplication {
            pk: app.id,
            slug: app.application.slug.clone(),
            name: app.application.name.clone(),
            authorizations: figures.events,
            users: figures.users,
        })
    };
    counted.applications.iter().filter_map(of).collect()
}

fn jobs(counted: &Counted) -> OverviewJobs {
    let (last, failing) = &counted.jobs;
    let job = |task: &lockgate_store::Task| OverviewJob { pk: task.id, name: task.actor.clone(), time: task.changed };
    OverviewJobs { failing: *failing, last: last.iter().map(job).collect() }
}

fn configuration(identity: &Identity) -> OverviewConfiguration {
    let health = identity.config.health();
    let (commit, pulled) = health.pull.map(|pull| (pull.commit, pull.pulled)).unwrap_or_default();
    OverviewConfiguration { revision: health.revision, error: health.error, held: health.held, commit, pulled }
}

/// Those that end soon; `None` where the caller sees no pair at all.
fn certificates(snapshot: &Snapshot, sight: &Sight<'_>, now: DateTime<Utc>) -> Option<Vec<OverviewCertificate>> {
    sight.require(lockgate_model::kind::by_name("key_pair").into_iter()).ok()?;
    let pairs = snapshot.objects.all::<CertificateKeyPair>();
    let seen = pairs.into_iter().map(|(object, _)| object).filter(|object| sight.has(object));
    let ending = seen.filter_map(|object| {
        let expires = certificate::expiry(object).filter(|expires| *expires <= now + ENDING)?;
        let used_by = used_by_of(&snapshot.objects, sight, object.document.id);
        Some(OverviewCertificate { pk: object.document.id, name: object.document.name.clone(), expires, used_by })
    });
    let mut ending: Vec<OverviewCertificate> = ending.collect();
    ending.sort_by(|a, b| (a.expires, &a.name).cmp(&(b.expires, &b.name)));
    Some(ending)
}
