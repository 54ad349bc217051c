//! The log of changes: how a node learns that something it keeps in memory is no longer true.
//!
//! Every write appends what it changed in its own transaction, and every node polls. On PostgreSQL
//! numbers are given out before transactions commit, so a smaller number may become visible after a
//! larger one: a [`ChangeCursor`] remembers the numbers it has not seen and asks for them again until
//! no transaction can be left that holds them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::entity::change;
use crate::text::{cut, micros};
use crate::{Store, StoreError, expired, setup};

/// Changes that one poll answers at most; the rest comes with the next.
const BATCH: u64 = 5_000;
/// Missing numbers that are remembered. One transaction may hold tens of thousands of them, such as one that ends the
/// sessions of many people; where there are more, nothing that a node remembers holds until all of them have ended.
const MOST_MISSED: i64 = 100_000;
/// Ranges of missing numbers that one question names.
const RANGES: usize = 500;
/// How many lines a new cursor looks at for numbers that are still on their way.
const LOOK_BACK: u64 = 1_000;
/// Rows of one insert.
const CHUNK: usize = 1_000;

/// The newest lines stay however old they seem: the clock of whoever prunes may be ahead, and others may not have read them.
const KEPT: i64 = 10_000;

/// A missing number belongs to no transaction any more: statements end long before.
const GAP_LIFE: TimeDelta = TimeDelta::seconds(90);
/// A cursor that rested longer may have missed rows that were pruned.
const CURSOR_LIFE: TimeDelta = TimeDelta::minutes(30);

/// What sort of thing changed; the key of a [`Change`] says which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The configuration; the key is the new revision's number.
    Config,
    /// An account, its password or its memberships; the key is the user's number.
    User,
    /// A group or its place among groups, so that the rights of any user may differ; the key is its UUID.
    Groups,
    /// A session; the key is the hash of its identifier.
    Session,
    /// A token, whose UUID is the key, or all of a user, whose primary key is.
    Token,
    /// A derived session; the key is the hash of its identifier.
    ProxySession,
    /// An access or refresh token that was revoked; the key is its hash.
    OAuthToken,
    /// Work was asked for, or is to be done at another time; the key is that of a task or a schedule.
    Task,
    /// The database is as it was at an earlier time: nothing that is remembered holds. It has no key.
    Everything,
}

impl Topic {
    const ALL: [Self; 9] = [
        Self::Config,
        Self::User,
        Self::Groups,
        Self::Session,
        Self::Token,
        Self::ProxySession,
        Self::OAuthToken,
        Self::Task,
        Self::Everything,
    ];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::User => "user",
            Self::Groups => "groups",
            Self::Session => "session",
            Self::Token => "token",
            Self::ProxySession => "proxy_session",
            Self::OAuthToken => "oauth_token",
            Self::Task => "task",
            Self::Everything => "everything",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == word)
    }
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number.
    pub id: i64,
    /// What sort of thing changed.
    pub topic: Topic,
    /// Which one, see [`Topic`].
    pub key: String,
}

/// How far a node has read.
#[derive(Debug, Clone)]
pub struct ChangeCursor {
    high: i64,
    /// Numbers below `high` that were not seen, and since when they are missed.
    gaps: BTreeMap<i64, DateTime<Utc>>,
    polled: DateTime<Utc>,
    /// Until when changes may come that nobody asks for, since too many numbers are missing.
    blind_until: DateTime<Utc>,
}

/// The answer of one poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polled {
    /// What changed, oldest first.
    pub changes: Vec<Change>,
    /// The cursor rested too long, or too many numbers are missing: changes may be, so forget everything.
    pub lost: bool,
    /// There was more than one poll reads: poll again.
    pub more: bool,
}

/// Reading and pruning the log; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Changes<'a> {
    pub(crate) store: &'a Store,
}

impl Changes<'_> {
    /// A cursor at the end of the log. Take it before filling caches.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn cursor(&self, now: DateTime<Utc>) -> Result<ChangeCursor, StoreError> {
        let ids = self.store.bounded_even_away(async {
            let newest = change::Entity::find()
                .select_only()
                .column(change::Column::Id)
                .order_by_desc(change::Column::Id)
                .limit(LOOK_BACK);
            Ok(newest.into_tuple::<i64>().all(self.store.reader()).await?)
        });
        let mut ids = ids.await?;
        ids.reverse();
        let mut cursor = ChangeCursor::at(0, now);
        if let Some(first) = ids.first() {
            cursor.high = first - 1;
        }
        for id in ids {
            cursor.saw(id, now);
        }
        Ok(cursor)
    }

    /// What was committed since the last poll of this cursor.
    ///
    /// # Errors
    /// Whatever the database answers; the cursor then stays where it was.
    pub async fn poll(&self, cursor: &mut ChangeCursor, now: DateTime<Utc>) -> Result<Polled, StoreError> {
        if now - cursor.polled > CURSOR_LIFE {
            *cursor = self.cursor(now).await?;
            return Ok(Polled { changes: Vec::new(), lost: true, more: false });
        }
        let (high, missed) = (cursor.high, ranges(cursor.gaps.keys().copied()));
        let mut asked = missed.chunks(RANGES);
        let mut rows = self.rows(asked.next().unwrap_or_default(), Some(high)).await?;
        let mut more = rows.len() as u64 == BATCH;
        for further in asked {
            let found = self.rows(further, None).await?;
            more |= found.len() as u64 == BATCH;
            rows.extend(found);
        }
        cursor.polled = now;
        cursor.gaps.retain(|_, since| now - *since < GAP_LIFE);
        let mut changes = Vec::with_capacity(rows.len());
        for row in rows {
            cursor.saw(row.id, now);
            // A topic of a newer release means nothing to this one.
            if let Some(topic) = Topic::parse(&row.topic) {
                changes.push(Change { id: row.id, topic, key: row.key });
            }
        }
        Ok(Polled { changes, lost: cursor.blind_until > now, more })
    }

    /// Up to [`BATCH`] lines within these ranges, and behind a number.
    async fn rows(&self, missed: &[(i64, i64)], behind: Option<i64>) -> Result<Vec<change::Model>, StoreError> {
        let within = padded(missed.to_vec()).into_iter().map(|(from, to)| change::Column::Id.between(from, to));
        let fresh = behind.map(|high| change::Column::Id.gt(high));
        let wanted = fresh.into_iter().chain(within).fold(Condition::any(), Condition::add);
        // Said once more, so that no plan can begin with the oldest line that there is.
        let first = missed.first().map(|(from, _)| *from).or(behind).unwrap_or_default();
        self.store
            .bounded_even_away(async {
                let select = change::Entity::find().filter(change::Column::Id.gte(first)).filter(wanted);
                Ok(select.order_by_asc(change::Column::Id).limit(BATCH).all(self.store.reader()).await?)
            })
            .await
    }

    /// Drops up to `limit` lines that every node has long read; an hour is a good age. The newest 10,000 stay. Answers how
    /// many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn prune(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        self.prune_but(KEPT, before, limit).await
    }

    /// As [`Self::prune`], with so many of the newest lines kept.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn prune_but(&self, kept: i64, before: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        let newest = change::Entity::find().select_only().column(change::Column::Id).order_by_desc(change::Column::Id);
        let newest = newest.into_tuple::<i64>();
        let newest = self.store.bounded(async { Ok(newest.one(self.store.reader()).await?) }).await?;
        let old = Condition::all()
            .add(change::Column::Created.lt(micros(before)))
            .add(change::Column::Id.lte(newest.unwrap_or_default() - kept));
        expired::delete::<change::Entity>(self.store, change::Column::Id, old, limit).await
    }
}

impl ChangeCursor {
    /// Every change up to this number has been read.
    #[must_use]
    pub fn read_to(&self) -> i64 {
        self.gaps.keys().next().map_or(self.high, |first| first - 1)
    }

    /// The newest change that was there when it was read.
    #[must_use]
    pub fn newest(&self) -> i64 {
        self.high
    }

    fn at(high: i64, now: DateTime<Utc>) -> Self {
        Self { high, gaps: BTreeMap::new(), polled: now, blind_until: now }
    }

    fn saw(&mut self, id: i64, now: DateTime<Utc>) {
        self.gaps.remove(&id);
        if id <= self.high {
            return;
        }
        let from = (self.high + 1).max(id - MOST_MISSED);
        // Whoever has read no line yet begins anywhere.
        let mut overlooks = from > self.high + 1 && self.high > 0;
        self.gaps.extend((from..id).map(|missing| (missing, now)));
        while self.gaps.len() as u64 > MOST_MISSED.unsigned_abs() {
            self.gaps.pop_first();
            overlooks = true;
        }
        if overlooks {
            self.blind_until = now + GAP_LIFE;
        }
        self.high = id;
    }
}

/// Numbers in ascending order, those that follow each other as one range.
fn ranges(numbers: impl Iterator<Item = i64>) -> Vec<(i64, i64)> {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, to)) if *to + 1 == number => *to = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges
}

/// The last range again and again up to the next power of two: few different statements, which the database knows
/// already.
fn padded(mut ranges: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    if let Some(last) = ranges.last().copied() {
        ranges.resize(ranges.len().next_power_of_two(), last);
    }
    ranges
}

/// Appends to the log within the transaction that makes the change, after it; answers the number of the last one. Where it
/// made somebody an administrator, the set-up is over with it.
pub(crate) async fn append(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    changed: impl IntoIterator<Item = (Topic, String)>,
) -> Result<i64, StoreError> {
    let changed: Vec<_> = changed.into_iter().collect();
    if changed.iter().any(|(topic, _)| matches!(topic, Topic::User | Topic::Groups)) {
        setup::settle(tx, now).await?;
    }
    note(tx, now, changed).await
}

/// [`append`] for what can have made nobody an administrator.
pub(crate) async fn note(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    changed: impl IntoIterator<Item = (Topic, String)>,
) -> Result<i64, StoreError> {
    let row = |(topic, key): (Topic, String)| change::ActiveModel {
        id: NotSet,
        topic: Set(topic.as_str().to_owned()),
        key: Set(cut(&key, 100)),
        created: Set(micros(now)),
    };
    let rows: Vec<_> = changed.into_iter().map(row).collect();
    let mut last = 0;
    for chunk in rows.chunks(CHUNK) {
        last = change::Entity::insert_many(chunk.to_vec()).exec(tx).await?.last_insert_id.unwrap_or(last);
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_skipped_is_asked_for_until_seen() {
        let now = DateTime::UNIX_EPOCH;
        let mut cursor = ChangeCursor::at(4, now);
        cursor.saw(5, now);
        cursor.saw(8, now);
        assert_eq!(cursor.gaps.keys().copied().collect::<Vec<_>>(), [6, 7]);
        cursor.saw(6, now);
        assert_eq!((cursor.high, cursor.gaps.len()), (8, 1));
        cursor.saw(50_000, now);
        assert_eq!(cursor.blind_until, now, "one transaction may hold that many");
        assert_eq!(ranges(cursor.gaps.keys().copied()), [(7, 7), (9, 49_999)]);
        cursor.saw(1_000_000, now);
        assert_eq!(cursor.blind_until, now + GAP_LIFE, "what cannot be remembered is told");
        assert!(cursor.gaps.len() as u64 <= MOST_MISSED.unsigned_abs());
    }
}
