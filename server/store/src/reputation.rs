//! Scores that sign-ins leave behind: one up for each that succeeds, one down for each that fails, by the
//! name that was typed and the address it came from.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use uuid::Uuid;

use crate::entity::reputation;
use crate::paging::{self, Page};
use crate::text::{comparable, containing, cut, micros};
use crate::{Store, StoreError, expired};

/// Characters of a name that count.
const NAME: usize = 255;

/// One score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reputation {
    /// Primary key.
    pub pk: Uuid,
    /// The name that was typed.
    pub identifier: String,
    /// The address it came from.
    pub ip: String,
    /// The score.
    pub score: i32,
    /// When it last changed.
    pub updated: DateTime<Utc>,
}

/// How scores are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoreRules {
    /// No score falls below.
    pub lowest: i32,
    /// No score rises above.
    pub highest: i32,
    /// How long a score stays after its last change.
    pub life: TimeDelta,
}

/// Sums of scores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReputationSums {
    /// Of everything that came from the address.
    pub ip: i64,
    /// Of everything under the name.
    pub identifier: i64,
    /// Of the name at the address.
    pub both: i64,
}

/// Which scores are wanted; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReputationFilter {
    /// Part of the name or the address.
    pub search: Option<String>,
    /// One of these names.
    pub identifiers: Option<Vec<String>>,
    /// Exact address.
    pub ip: Option<String>,
    /// Exact score.
    pub score: Option<i64>,
    /// `identifier`, `ip`, `score`, `updated`, each with whether it descends; newest first if none.
    pub ordering: Vec<(String, bool)>,
    /// Which page.
    pub page: Page,
}

/// Scores; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Reputations<'a> {
    pub(crate) store: &'a Store,
}

impl Reputations<'_> {
    /// Counts a sign-in. A score that has ended counts from nothing again. `pk` is the key of a new row.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn count(
        &self,
        pk: Uuid,
        (identifier, ip): (&str, &str),
        by: i32,
        rules: &ScoreRules,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let statement = counting(self.store, pk, (identifier, ip), by, rules, now);
        self.store
            .bounded(async {
                self.store.writer().execute_raw(statement).await?;
                Ok(())
            })
            .await
    }

    /// The sums for an address and a name; without one its sum is zero.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn sums(
        &self,
        ip: Option<&str>,
        identifier: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<ReputationSums, StoreError> {
        use reputation::Column;
        let at = ip.map(|ip| Column::Ip.eq(ip));
        let under = identifier.map(|name| Column::Identifier.eq(cut(name, NAME)));
        let sum = async |wanted: Option<Condition>| match wanted {
            Some(wanted) => self.sum(wanted, now).await,
            None => Ok(0),
        };
        let both = at.clone().zip(under.clone()).map(|(at, under)| Condition::all().add(at).add(under));
        Ok(ReputationSums {
            ip: sum(at.map(Into::into)).await?,
            identifier: sum(under.map(Into::into)).await?,
            both: sum(both).await?,
        })
    }

    async fn sum(&self, wanted: Condition, now: DateTime<Utc>) -> Result<i64, StoreError> {
        use reputation::Column;
        self.store
            .bounded(async {
                let rows = reputation::Entity::find().filter(wanted).filter(Column::Expires.gt(micros(now)));
                let sum = rows.select_only().column_as(Column::Score.sum(), "total");
                let total: Option<Option<i64>> = sum.into_tuple().one(self.store.reader()).await?;
                Ok(total.flatten().unwrap_or_default())
            })
            .await
    }

    /// The scores of one page and how many match in all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(
        &self,
        filter: &ReputationFilter,
        now: DateTime<Utc>,
    ) -> Result<(Vec<Reputation>, u64), StoreError> {
        use reputation::Column;
        let search = filter.search.as_deref().map(|text| cut(text, NAME));
        let search = search.map(|text| {
            Condition::any().add(Column::Identifier.like(containing(&text))).add(Column::Ip.like(containing(&text)))
        });
        let names = filter.identifiers.as_ref().map(|names| names.iter().filter_map(|name| comparable(name)));
        let wanted = Condition::all()
            .add(Column::Expires.gt(micros(now)))
            .add_option(search)
            .add_option(names.map(|names| Column::Identifier.is_in(names)))
            .add_option(filter.ip.as_deref().map(|ip| Column::Ip.eq(cut(ip, 64))))
            .add_option(filter.score.map(|score| Column::Score.eq(score)));
        self.store
            .bounded(async {
                let column = |field: &str| match field {
                    "identifier" => Some(Column::Identifier),
                    "ip" => Some(Column::Ip),
                    "score" => Some(Column::Score),
                    "updated" => Some(Column::Updated),
                    _ => None,
                };
                let (newest, last) = ((Column::Updated, Order::Desc), (Column::Pk, Order::Asc));
                let order = |select| paging::ordered(select, &filter.ordering, column, newest, last);
                let matching = reputation::Entity::find().filter(wanted);
                let (rows, total) = paging::fetch(self.store.reader(), matching, order, filter.page).await?;
                Ok((rows.into_iter().map(Reputation::from).collect(), total))
            })
            .await
    }

    /// The score with this key, unless it has ended.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, pk: Uuid, now: DateTime<Utc>) -> Result<Option<Reputation>, StoreError> {
        use reputation::Column;
        self.store
            .bounded(async {
                let row = reputation::Entity::find_by_id(pk).filter(Column::Expires.gt(micros(now)));
                Ok(row.one(self.store.reader()).await?.map(Reputation::from))
            })
            .await
    }

    /// Removes a score; answers whether it existed.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete(&self, pk: Uuid) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let gone = reputation::Entity::delete_by_id(pk).exec(&tx).await?;
                tx.commit().await?;
                Ok(gone.rows_affected > 0)
            })
            .await
    }

    /// Removes up to `limit` scores that have ended; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_expired(&self, now: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        let ended = reputation::Column::Expires.lte(micros(now));
        expired::delete::<reputation::Entity>(self.store, reputation::Column::Pk, ended, limit).await
    }

    /// Removes the oldest scores beyond so many; answers how many. Strangers can make any number of them.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn trim(&self, keep: u64) -> Result<u64, StoreError> {
        use reputation::Column;
        let oldest_kept: Option<DateTime<Utc>> = self
            .store
            .bounded(async {
                let expires = reputation::Entity::find().select_only().column(Column::Expires);
                let kept = expires.order_by_desc(Column::Expires).offset(keep).limit(1);
                Ok(kept.into_tuple().one(self.store.reader()).await?)
            })
            .await?;
        match oldest_kept {
            Some(end) => self.delete_expired(end, u64::MAX >> 1).await,
            None => Ok(0),
        }
    }
}

impl From<reputation::Model> for Reputation {
    fn from(row: reputation::Model) -> Self {
        Self { pk: row.pk, identifier: row.identifier, ip: row.ip, score: row.score, updated: row.updated }
    }
}

/// Counts a sign-in; see [`Reputations::count`].
pub(crate) fn counting(
    store: &Store,
    pk: Uuid,
    (identifier, ip): (&str, &str),
    by: i32,
    rules: &ScoreRules,
    now: DateTime<Utc>,
) -> Statement {
    let sql = "INSERT INTO reputation (pk, identifier, ip, score, updated, expires) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (identifier, ip) DO UPDATE SET updated = excluded.updated, expires = excluded.expires,
        score = CASE
            WHEN reputation.expires <= $5 THEN excluded.score
            WHEN reputation.score + excluded.score < $7 THEN $7
            WHEN reputation.score + excluded.score > $8 THEN $8
            ELSE reputation.score + excluded.score END";
    let now = micros(now);
    let first = by.clamp(rules.lowest, rules.highest);
    let values: [sea_orm::Value; 8] = [
        pk.into(),
        cut(identifier, NAME).into(),
        cut(ip, 64).into(),
        first.into(),
        now.into(),
        micros(now + rules.life).into(),
        rules.lowest.into(),
        rules.highest.into(),
    ];
    store.statement(sql, values)
}
