//! Links in mails that lead back into a flow. What is kept for whoever opens one is sealed, and the key of the link is
//! known by its hash alone.
//!
//! A mail that was asked for and not sent is kept as well, without any content: mails about one name are counted
//! whether or not it is somebody's, so that a limit tells nothing of who exists. What goes to phones is counted here
//! too.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait,
    PaginatorTrait, QueryFilter,
};
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::entity::flow_token;
use crate::tasks::{self, Task};
use crate::text::micros;
use crate::{Backend, Store, StoreError, expired, hash_secret};

/// What is sent, to whom.
#[derive(Clone, Copy)]
pub enum FlowTokenContent<'a> {
    /// Nothing, to nobody; it is counted.
    Nothing,
    /// A code, which is kept elsewhere, to this account; it is counted.
    Code(i64),
    /// A link to this account, with what is kept for whoever opens it.
    Link(i64, &'a [u8]),
}

/// A mail to be sent: a link, or a code.
pub struct NewFlowToken<'a> {
    /// The key of the link.
    pub key: &'a str,
    /// The stage that asks for the mail.
    pub stage: Uuid,
    /// By which those about one name are counted; at most 64 characters.
    pub about: &'a str,
    /// What is sent.
    pub content: FlowTokenContent<'a>,
    /// Until when the link leads anywhere.
    pub expires: DateTime<Utc>,
    /// Those made since then count against the limits.
    pub since: DateTime<Utc>,
    /// How many may be made in that time.
    pub most: u64,
    /// Until when it counts itself.
    pub counts_until: DateTime<Utc>,
}

impl std::fmt::Debug for NewFlowToken<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewFlowToken(stage {})", self.stage)
    }
}

/// A limit of what goes to phones.
#[derive(Debug, Clone, Copy)]
pub struct SendLimit<'a> {
    /// By which those about one thing are counted; at most 64 characters.
    pub about: &'a str,
    /// The time in which they are counted.
    pub within: TimeDelta,
    /// How many may go out in it.
    pub most: u64,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowTokenMade {
    /// It is stored, with the task that sends it.
    Sent,
    /// Nothing is to be sent: to nobody, or the account has had enough under other names. It counts all the same.
    Counted,
    /// Too many were made about this name; nothing is stored.
    TooMany,
}

/// A link, as whoever has its key finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowToken {
    /// Whom it was sent to.
    pub user_pk: i64,
    /// The stage that had it sent.
    pub stage: Uuid,
    /// What is kept for whoever opens it.
    pub content: Vec<u8>,
    /// When it was made.
    pub created: DateTime<Utc>,
}

/// Links in mails; see the module.
#[derive(Debug, Clone, Copy)]
pub struct FlowTokens<'a> {
    pub(crate) store: &'a Store,
}

impl FlowTokens<'_> {
    /// Stores a link with the task that sends it, within its limits.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn make(
        &self,
        new: &NewFlowToken<'_>,
        task: &Task,
        now: DateTime<Utc>,
    ) -> Result<FlowTokenMade, StoreError> {
        use flow_token::Column;
        let key_hash = hash_secret(new.key);
        let (user, plain) = match new.content {
            FlowTokenContent::Nothing => (None, None),
            FlowTokenContent::Code(user) => (Some(user), None),
            FlowTokenContent::Link(user, plain) => (Some(user), Some(plain)),
        };
        // For nobody too, so that it takes as long.
        let sealed = self.store.seal_key().seal(&place(&key_hash), plain.unwrap_or_default())?;
        let leads_on = plain.is_some();
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                self.one_at_a_time(&tx, new.about).await?;
                let about = Condition::all().add(Column::About.eq(new.about));
                if recent(&tx, about, new.since).await? >= new.most {
                    return Ok(FlowTokenMade::TooMany);
                }
                // An account is known by several names; saying that it has had enough would tell which are one's.
                let enough = match user {
                    Some(pk) => {
                        self.one_at_a_time(&tx, &format!("{} {pk}", new.stage)).await?;
                        let theirs = of_account(pk, new.stage);
                        recent(&tx, theirs, new.since).await? >= new.most
                    }
                    None => true,
                };
                let row = flow_token::ActiveModel {
                    key_hash: Set(key_hash),
                    stage: Set(new.stage),
                    about: Set(new.about.to_owned()),
                    user_pk: Set(user.filter(|_| !enough)),
                    content: Set(if enough || !leads_on { String::new() } else { sealed }),
                    used: Set(enough || !leads_on),
                    created: Set(micros(now)),
                    expires: Set(micros(new.expires)),
                    kept_until: Set(micros(new.expires.max(new.counts_until))),
                };
                row.insert(&tx).await?;
                if !enough {
                    tasks::insert(&tx, std::slice::from_ref(task)).await?;
                }
                tx.commit().await?;
                Ok(if enough { FlowTokenMade::Counted } else { FlowTokenMade::Sent })
            })
            .await
    }

    /// Counts something that goes to a phone, and stores the task that sends it if there is one; answers the time
    /// of the limit that has no room for it, and stores nothing then.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn count(
        &self,
        (stage, keys): (Uuid, &[String]),
        limits: &[SendLimit<'_>],
        task: Option<&Task>,
        now: DateTime<Utc>,
    ) -> Result<Option<TimeDelta>, StoreError> {
        use flow_token::Column;
        // In the same order everywhere, so that no two wait for each other.
        let mut longest: BTreeMap<&str, TimeDelta> = BTreeMap::new();
        for limit in limits {
            let known = longest.entry(limit.about).or_insert(limit.within);
            *known = limit.within.max(*known);
        }
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                for about in longest.keys() {
                    self.one_at_a_time(&tx, about).await?;
                }
                for limit in limits {
                    let about = Condition::all().add(Column::About.eq(limit.about));
                    if recent(&tx, about, now - limit.within).await? >= limit.most {
                        return Ok(Some(limit.within));
                    }
                }
                for ((about, within), key) in longest.iter().zip(keys) {
                    let row = flow_token::ActiveModel {
                        key_hash: Set(hash_secret(key)),
                        stage: Set(stage),
                        about: Set((*about).to_owned()),
                        user_pk: Set(None),
                        content: Set(String::new()),
                        used: Set(true),
                        created: Set(micros(now)),
                        expires: Set(micros(now)),
                        kept_until: Set(micros(now + *within)),
                    };
                    row.insert(&tx).await?;
                }
                if let Some(task) = task {
                    tasks::insert(&tx, std::slice::from_ref(task)).await?;
                }
                tx.commit().await?;
                Ok(None)
            })
            .await
    }

    /// The link of this key, unless it was used or has ended.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn find(&self, key: &str, now: DateTime<Utc>) -> Result<Option<FlowToken>, StoreError> {
        let good = good(key, now);
        self.store
            .bounded(async {
                let row = flow_token::Entity::find().filter(good).one(self.store.reader()).await?;
                row.map(|row| self.opened(row)).transpose().map(Option::flatten)
            })
            .await
    }

    /// Uses a link up, and with it the others of the same stage that went to the same account; answers whether it was
    /// good until then. Of several at once one hears yes.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn take(&self, key: &str, of: &FlowToken, now: DateTime<Utc>) -> Result<bool, StoreError> {
        use flow_token::Column;
        let used = || flow_token::Entity::update_many().col_expr(Column::Used, Expr::value(true));
        let others = of_account(of.user_pk, of.stage).add(Column::Used.eq(false));
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let taken = used().filter(good(key, now)).exec(&tx).await?.rows_affected == 1;
                if taken {
                    used().filter(others).exec(&tx).await?;
                }
                tx.commit().await?;
                Ok(taken)
            })
            .await
    }

    /// Removes up to `limit` links that have ended and count no longer; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_expired(&self, now: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        let ended = flow_token::Column::KeptUntil.lte(micros(now));
        expired::delete::<flow_token::Entity>(self.store, flow_token::Column::KeyHash, ended, limit).await
    }

    /// SQLite's transactions that write run one at a time anyway; in PostgreSQL those about one name take turns, or
    /// many at once would all find room.
    async fn one_at_a_time(&self, tx: &DatabaseTransaction, what: &str) -> Result<(), StoreError> {
        if self.store.backend() == Backend::Postgres {
            let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
            tx.execute_raw(self.store.statement(sql, [what.into()])).await?;
        }
        Ok(())
    }

    fn opened(&self, row: flow_token::Model) -> Result<Option<FlowToken>, StoreError> {
        let Some(user_pk) = row.user_pk else { return Ok(None) };
        let content = self.store.seal_key().open(&place(&row.key_hash), &row.content)?;
        Ok(Some(FlowToken { user_pk, stage: row.stage, content, created: row.created }))
    }
}

pub(crate) fn place(key_hash: &str) -> String {
    format!("flow token {key_hash}")
}

fn good(key: &str, now: DateTime<Utc>) -> Condition {
    use flow_token::Column;
    let key = Condition::all().add(Column::KeyHash.eq(hash_secret(key)));
    key.add(Column::Used.eq(false)).add(Column::Expires.gt(micros(now)))
}

fn of_account(user: i64, stage: Uuid) -> Condition {
    use flow_token::Column;
    Condition::all().add(Column::UserPk.eq(user)).add(Column::Stage.eq(stage))
}

async fn recent(tx: &DatabaseTransaction, which: Condition, since: DateTime<Utc>) -> Result<u64, StoreError> {
    let these = flow_token::Entity::find().filter(which).filter(flow_token::Column::Created.gt(micros(since)));
    Ok(these.count(tx).await?)
}
