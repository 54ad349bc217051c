//! Places in long lists of accounts, on PostgreSQL: which account is the 500,000th. Going through an index up to there takes
//! tens of milliseconds, so that every thousandth place is remembered as it was in one snapshot. Since then, triggers have
//! noted what has come and gone (`migrations/src/m20261129_000023_user_moves.rs`): what the present statement sees of that,
//! and the snapshot did not, is what the remembered place has moved by. So the answer is that of counting, always.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use crate::{Backend, StoreError, Users};

/// From one remembered place to the next.
const STEP: i64 = 1_000;
/// How far before the wanted place the remembered one has to lie, so that what came since does not push it behind.
const MARGIN: i64 = 2_000;
/// Places nearer to an end than this are counted.
const NEAR: u64 = 5_000;
/// With more moves than this, the places are looked up again.
const MOVES: i64 = 2_000;
/// How long places are remembered; moves are forgotten later than that.
const LIFE: Duration = Duration::from_mins(30);
/// How often places are looked up at most, which takes half a second in a list of a million.
const PAUSE: Duration = Duration::from_mins(1);

/// What a list is ordered by, and whether it has only those that are active, or that are not.
pub(crate) type List = (&'static str, Option<bool>);

/// What is remembered of each list.
#[derive(Debug, Default)]
pub(crate) struct Places {
    lists: Mutex<HashMap<List, Arc<Remembered>>>,
}

/// Some places of a list as a snapshot had them.
#[derive(Debug)]
struct Remembered {
    at: Instant,
    /// Whether they still count.
    known: Option<Known>,
}

#[derive(Debug)]
struct Known {
    snapshot: String,
    /// Which database this is, and since when it runs: in another one, transactions have other numbers.
    database: String,
    total: i64,
    /// Every [`STEP`]th key, as text, and the account.
    keys: Vec<(String, i64)>,
}

/// Type of an ordered column.
fn sql_type(column: &str) -> &'static str {
    match column {
        "username" => "varchar(150)",
        "email" => "varchar(254)",
        "date_joined" => "timestamptz",
        _ => "text",
    }
}

/// Tells one running database from all others.
const DATABASE: &str =
    "pg_postmaster_start_time()::text || ' ' || (SELECT oid FROM pg_database WHERE datname = current_database())";

fn only(active: Option<bool>) -> &'static str {
    match active {
        None => "true",
        Some(true) => "is_active",
        Some(false) => "NOT is_active",
    }
}

/// How many the list has, of `user_counts`.
fn counted(active: Option<bool>) -> &'static str {
    match active {
        None => "users",
        Some(true) => "active",
        Some(false) => "users - active",
    }
}

/// Whether a page that so many accounts are before and behind of is worth it.
pub(crate) fn is_far(before: u64, behind: u64) -> bool {
    before.min(behind) >= NEAR
}

impl Places {
    /// The keys of up to `limit` accounts from a place of the list, ascending; `None` where it has to be counted.
    async fn keys(
        &self,
        db: &impl ConnectionTrait,
        list: List,
        offset: u64,
        limit: u64,
    ) -> Result<Option<Vec<i64>>, StoreError> {
        let (Ok(offset), Ok(limit)) = (i64::try_from(offset), i64::try_from(limit)) else { return Ok(None) };
        let remembered = self.lists.lock().unwrap_or_else(PoisonError::into_inner).get(&list).cloned();
        let mut can_wait = false;
        if let Some(remembered) = remembered {
            can_wait = remembered.at.elapsed() < PAUSE;
            if let Some(known) = remembered.known.as_ref().filter(|_| remembered.at.elapsed() < LIFE) {
                let (keys, moves) = known.keys(db, list, offset, limit).await?;
                if keys.is_some() && (can_wait || moves <= MOVES) {
                    return Ok(keys);
                }
            }
        }
        if can_wait || !self.claims(list) {
            return Ok(None);
        }
        let known = look_up(db, list).await?;
        let (keys, _) = known.keys(db, list, offset, limit).await?;
        self.remember(list, Some(known));
        Ok(keys)
    }

    /// As [`Self::keys`]. Places only make it faster: where they cannot be told, the list is counted, and the log says why.
    pub(crate) async fn keys_or_count(
        &self,
        db: &impl ConnectionTrait,
        list: List,
        offset: u64,
        limit: u64,
    ) -> Option<Vec<i64>> {
        self.keys(db, list, offset, limit).await.unwrap_or_else(|error| {
            tracing::warn!(%error, ordered_by = list.0, "places in the list of users are not known: it is counted");
            // Not again at once: what has failed may have taken long.
            self.remember(list, None);
            None
        })
    }

    /// Whether the caller is the one to look the places up: nobody else does meanwhile.
    fn claims(&self, list: List) -> bool {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.get(&list).is_some_and(|remembered| remembered.at.elapsed() < PAUSE) {
            return false;
        }
        lists.insert(list, Arc::new(Remembered { at: Instant::now(), known: None }));
        true
    }

    fn remember(&self, list: List, known: Option<Known>) {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        lists.insert(list, Arc::new(Remembered { at: Instant::now(), known }));
    }
}

/// Every [`STEP`]th place, in one statement: of one snapshot.
async fn look_up(db: &impl ConnectionTrait, (column, active): List) -> Result<Known, StoreError> {
    let sql = format!(
        "SELECT pg_current_snapshot()::text, {DATABASE}, coalesce((SELECT sum({counted})::bigint FROM user_counts), 0),
                placed.key::text, placed.user_pk
            FROM (SELECT {column} AS key, user_pk, row_number() OVER (ORDER BY {column}, user_pk) - 1 AS place
                FROM user_search WHERE {only}) placed
            WHERE place % {STEP} = 0 ORDER BY place",
        counted = counted(active),
        only = only(active),
    );
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let mut known = Known { snapshot: String::new(), database: String::new(), total: 0, keys: Vec::new() };
    for row in rows {
        (known.snapshot, known.database) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        known.total = row.try_get_by_index(2)?;
        known.keys.push((row.try_get_by_index(3)?, row.try_get_by_index(4)?));
    }
    Ok(known)
}

impl Known {
    /// The keys from a place, if they can be told, and how much has moved.
    async fn keys(
        &self,
        db: &impl ConnectionTrait,
        (column, active): List,
        offset: i64,
        limit: i64,
    ) -> Result<(Option<Vec<i64>>, i64), StoreError> {
        let step = usize::try_from((offset - MARGIN) / STEP).unwrap_or_default();
        let Some(step) = self.keys.len().checked_sub(1).map(|last| step.min(last)) else { return Ok((None, 0)) };
        let (key, pk) = &self.keys[step];
        let place = i64::try_from(step).unwrap_or(i64::MAX).saturating_mul(STEP);
        // Whoever knows the total of then and the moves knows the total of now. Where it is another one, something was
        // changed behind the triggers' back, and nothing is told from here.
        let sql = format!(
            "WITH moves AS MATERIALIZED (
                SELECT sign, {column} AS key, user_pk FROM user_moves
                    WHERE xid >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)
                        AND (sign = 0 OR {only}) LIMIT 10 * {MOVES} + 1
            ), since AS MATERIALIZED (
                SELECT count(*) AS moves, coalesce(bool_or(sign = 0), false) AS all_moved, coalesce(sum(sign), 0) AS more,
                    $5::bigint + coalesce(sum(sign) FILTER (WHERE (key, user_pk) < ($3::{sql_type}, $4::bigint)), 0) AS place
                    FROM moves
            ), start AS MATERIALIZED (
                SELECT moves, place, $2 = {DATABASE} AND NOT all_moved AND moves <= 10 * {MOVES} AND place <= $6::bigint
                        AND (SELECT sum({counted})::bigint FROM user_counts) = $8::bigint + more AS holds
                    FROM since
            ), page AS MATERIALIZED (
                SELECT {column} AS key, user_pk FROM user_search
                    WHERE ({column}, user_pk) >= ($3::{sql_type}, $4::bigint) AND {only}
                    ORDER BY {column}, user_pk
                    OFFSET (SELECT greatest($6::bigint - place, 0) FROM start)
                    LIMIT (SELECT CASE WHEN holds THEN $7::bigint ELSE 0 END FROM start)
            ) SELECT start.holds, start.moves, page.user_pk FROM start LEFT JOIN page ON true ORDER BY page.key, page.user_pk",
            sql_type = sql_type(column),
            only = only(active),
            counted = counted(active),
        );
        let values: [Value; 8] = [
            self.snapshot.as_str().into(),
            self.database.as_str().into(),
            key.as_str().into(),
            (*pk).into(),
            place.into(),
            offset.into(),
            limit.into(),
            self.total.into(),
        ];
        let rows = db.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
        let (mut keys, mut moved) = (Some(Vec::new()), 0);
        for row in rows {
            moved = row.try_get_by_index(1)?;
            let pk: Option<i64> = row.try_get_by_index(2)?;
            match (keys.as_mut(), row.try_get_by_index::<Option<bool>>(0)?) {
                (Some(keys), Some(true)) => keys.extend(pk),
                _ => keys = None,
            }
        }
        Ok((keys, moved))
    }
}

impl Users<'_> {
    /// Forgets up to so many moves that no places are from before of any more; answers how many. The database's own clock
    /// wrote down when they were, so that it is asked again.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn forget_moves(&self, limit: u64) -> Result<u64, StoreError> {
        if self.store.backend() == Backend::Sqlite {
            return Ok(0);
        }
        let sql = format!(
            "DELETE FROM user_moves WHERE id IN (SELECT id FROM user_moves
                WHERE moved_at < clock_timestamp() - make_interval(secs => {}) LIMIT {limit})",
            4 * LIFE.as_secs(),
        );
        let gone = Statement::from_string(DbBackend::Postgres, sql);
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let gone = tx.execute_raw(gone).await?;
                tx.commit().await?;
                Ok(gone.rows_affected())
            })
            .await
    }
}
