//! Turning an installation back to what a backup has of it, while its servers run.
//!
//! All rows are replaced in one transaction, which keeps others from writing until it ends; then the log of changes has
//! every node forget all that it remembers. What must not be undone by it stays: what happened ([`STAYS`]), and which
//! numbers were given out. What was ended since the backup would live again, and is ended once more.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;

use super::{
    ALIVE, MADE, Side, TableReport, TransferError, catalogue, empty, must_be_derived, numbers, pour, snapshot, writing,
};
use crate::entity::revision;
use crate::text::{cut, micros};
use crate::{RevisionOrigin, Store, StoreError, TaskState, TokenIntent, Topic, changes, installation, setup};

/// Of the installation that is turned back, rows of these tables stay beside those of the backup: what was recorded, which
/// identifiers were used up, and at which applications somebody has signed in, who are told that it has ended.
const STAYS: [&str; 4] = ["events", "decisions", "oauth_used", "oauth_logins"];

/// How to turn back.
#[derive(Debug, Clone)]
pub struct TurnBack {
    /// Whether sessions and tokens of the backup live again, also those that were ended since.
    pub keep_sessions: bool,
    /// Who does it, for the history of revisions.
    pub author: String,
    /// The time.
    pub now: DateTime<Utc>,
}

/// An installation is as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Every table, in the order in which they were copied.
    pub tables: Vec<TableReport>,
    /// When the backup was made, where it says so.
    pub made: Option<DateTime<Utc>>,
    /// The revision of the configuration from now on.
    pub revision: i64,
    /// Processes that were running, and have been told to forget what they remember.
    pub running: Vec<String>,
    /// Browser sessions of the backup that were ended.
    pub sessions_ended: i64,
}

/// Replaces everything in a database by what another one has.
///
/// # Errors
/// [`TransferError::Running`], [`TransferError::Outdated`], [`TransferError::Differs`], or whatever either database
/// answers; everything is as it was then.
pub async fn turn_back(from: &Store, into: &Store, wish: &TurnBack) -> Result<Restored, TransferError> {
    from.require_current().await?;
    into.require_current().await?;
    let alive = into.workers().since(wish.now - ALIVE).await?;
    let tables = catalogue::tables().await?;
    let source = snapshot(from).await?;
    let target = writing(into, &tables).await?;
    let before = Before::read(&source, &target).await?;
    if let (false, Some(process)) = (before.is_same, alive.first()) {
        return Err(TransferError::Running { process: process.id.clone(), seconds: ALIVE.num_seconds() });
    }
    let joined: &[&str] = if before.is_same { &STAYS } else { &[] };
    empty(&target, &tables, joined).await?;
    let reports = pour(&source, &target, &tables, joined).await?;
    let sessions_ended = if wish.keep_sessions { 0 } else { end_sessions(&target).await? };
    let made = forget_own_time(&target).await?;
    let revision = before.note_revision(&target, wish, made).await?;
    for table in tables.iter().filter(|table| table.numbered) {
        numbers::advance(&source, &target, table).await?;
    }
    before.keep_counting(&target).await?;
    must_be_derived(&target).await?;
    let told = [(Topic::Everything, String::new()), (Topic::Config, revision.to_string())];
    changes::append(&target.tx, wish.now, told).await?;
    // The log is another one to whoever starts from now on; who runs has been told, and goes on with its numbers.
    installation::rename_log(&target.tx).await?;
    setup::settle(&target.tx, wish.now).await?;
    source.end().await?;
    target.commit().await?;
    let running = alive.into_iter().map(|worker| worker.id).collect();
    Ok(Restored { tables: reports, made, revision, running, sessions_ended })
}

/// What of the target is known before its rows go.
struct Before {
    /// Whether both are the same installation.
    is_same: bool,
    /// The newest revision of either.
    revision: i64,
    counters: Vec<(String, i64)>,
}

impl Before {
    async fn read(source: &Side<'_>, target: &Side<'_>) -> Result<Self, TransferError> {
        let known = installation_of(target).await?;
        let newest = "SELECT max(number) FROM revisions";
        let mut counters = Vec::new();
        let all = target.store.statement("SELECT name, value FROM counters", []);
        for row in super::patiently(sea_orm::ConnectionTrait::query_all_raw(&target.tx, all)).await? {
            counters.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        }
        Ok(Self {
            is_same: known.is_some() && known == installation_of(source).await?,
            revision: target.number(newest, []).await?.max(source.number(newest, []).await?),
            counters,
        })
    }

    /// A revision that changes nothing, above all that ever were: nobody takes the configuration for one that it knows,
    /// and no change that was begun before is made to it.
    async fn note_revision(
        &self,
        target: &Side<'_>,
        wish: &TurnBack,
        made: Option<DateTime<Utc>>,
    ) -> Result<i64, TransferError> {
        let of = made.map_or_else(String::new, |made| format!(" of {}", made.format("%Y-%m-%d %H:%M:%S UTC")));
        let number = self.revision + 1;
        let row = revision::ActiveModel {
            number: Set(number),
            created: Set(micros(wish.now)),
            author: Set(cut(&wish.author, 255)),
            origin: Set(RevisionOrigin::Rollback.as_str().to_owned()),
            summary: Set(format!("everything restored from the backup{of}")),
            git_commit: Set(None),
            git_dirty: Set(false),
            kept: Set(true),
        };
        super::patiently(revision::Entity::insert(row).exec_without_returning(&target.tx)).await?;
        Ok(number)
    }

    /// No number is given out twice, though what had it is gone.
    async fn keep_counting(&self, target: &Side<'_>) -> Result<(), TransferError> {
        for (name, value) in &self.counters {
            let sql = "INSERT INTO counters (name, value) VALUES ($1, $2) ON CONFLICT (name) \
                       DO UPDATE SET value = excluded.value WHERE counters.value < excluded.value";
            target.run(sql, [name.clone().into(), (*value).into()]).await?;
        }
        Ok(())
    }
}

async fn installation_of(side: &Side<'_>) -> Result<Option<String>, TransferError> {
    fact(side, "install_id").await
}

async fn fact(side: &Side<'_>, key: &str) -> Result<Option<String>, TransferError> {
    let sql = "SELECT value FROM installation WHERE \"key\" = $1";
    let asked = side.store.statement(sql, [key.into()]);
    let row = super::patiently(sea_orm::ConnectionTrait::query_one_raw(&side.tx, asked)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// When the backup was made, which is a fact of the backup and not of the installation.
async fn forget_own_time(target: &Side<'_>) -> Result<Option<DateTime<Utc>>, TransferError> {
    let made = fact(target, MADE).await?;
    target.run("DELETE FROM installation WHERE \"key\" = $1", [MADE.into()]).await?;
    let corrupt = |_| StoreError::Corrupt { what: format!("installation.{MADE}") };
    let parsed = made.map(|made| DateTime::parse_from_rfc3339(&made)).transpose().map_err(corrupt)?;
    Ok(parsed.map(|made| made.with_timezone(&Utc)))
}

/// Ends what might have been ended since the backup: sessions and what derives from them, tokens and codes of
/// applications, links in mails; and drops work that was waiting then, which was done since.
async fn end_sessions(target: &Side<'_>) -> Result<i64, TransferError> {
    let sessions = target.number("SELECT count(*) FROM sessions WHERE user_pk IS NOT NULL", []).await?;
    let all = [
        "proxy_sessions",
        "oauth_codes",
        "oauth_tokens",
        "oauth_device_codes",
        "oauth_pushed_requests",
        "flow_tokens",
        "sessions",
    ];
    for table in all {
        target.run(&format!("DELETE FROM {table}"), []).await?;
    }
    let links = [TokenIntent::Recovery, TokenIntent::Verification].map(|intent| intent.as_str().into());
    target.run("DELETE FROM tokens WHERE intent IN ($1, $2)", links).await?;
    let over = [TaskState::Done, TaskState::Rejected].map(|state| state.as_str().into());
    target.run("DELETE FROM tasks WHERE state NOT IN ($1, $2)", over).await?;
    Ok(sessions)
}
