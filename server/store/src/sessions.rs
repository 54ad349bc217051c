//! Browser sessions, found by the hash of the identifier that only the browser has.
//!
//! A session carries a revision; whoever changes it names the revision that was read, so that two tabs
//! cannot overwrite each other's step of a flow.

use chrono::{DateTime, Utc};
use lockgate_model::User;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, UpdateMany,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entity::{proxy_session, session};
use crate::text::{DATA, cut, fits, micros};
use crate::{JsonText, ScoreRules, Store, StoreError, Topic, changes, expired, paging, reputation, users};

const CHUNK: usize = 1_000;

/// A session of a browser, logged in or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// [`crate::hash_secret`] of the identifier in the cookie.
    pub id_hash: String,
    /// Public identifier; stays when the secret one rotates.
    pub uuid: Uuid,
    /// Who is logged in.
    pub user_pk: Option<i64>,
    /// Flow plans and whatever else a flow remembers.
    pub data: JsonText,
    /// Rises by one with every change.
    pub rev: i64,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When a request last came with it, to within the grain of [`Sessions::touch`].
    pub last_used: DateTime<Utc>,
    /// When it ends.
    pub expires: DateTime<Utc>,
    /// Address it was last seen from.
    pub last_ip: String,
    /// Browser it was last seen with.
    pub user_agent: String,
    /// The login as the audit log has it.
    pub login_event: Option<JsonText>,
    /// How the login was proven: method, factors, times.
    pub auth: Option<JsonText>,
    /// Who acts as the user that is logged in, if that is somebody else.
    pub original_pk: Option<i64>,
}

/// What counts a login, see [`crate::Reputations::count`].
#[derive(Debug, Clone, Copy)]
pub struct LoginScore<'a> {
    /// Key of a new row.
    pub key: Uuid,
    /// The address that the login came from.
    pub ip: &'a str,
    /// How scores are counted.
    pub rules: &'a ScoreRules,
}

/// Sessions; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Sessions<'a> {
    pub(crate) store: &'a Store,
}

impl Sessions<'_> {
    /// Stores a new session, with the revision it says. Not a change: nobody can remember what was not there.
    ///
    /// # Errors
    /// [`StoreError::Unique`] if the identifier is taken, [`StoreError::Dangling`] for an unknown user,
    /// [`StoreError::TooLong`], or whatever the database answers.
    pub async fn create(&self, new: &Session) -> Result<(), StoreError> {
        fits("id", &new.id_hash, 64)?;
        let row = to_row(new)?;
        self.store
            .bounded(async {
                session::Entity::insert(row).exec_without_returning(self.store.writer()).await?;
                Ok(())
            })
            .await
    }

    /// The session with this hash, unless it has ended.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn load(&self, id_hash: &str, now: DateTime<Utc>) -> Result<Option<Session>, StoreError> {
        self.one(session::Column::IdHash.eq(id_hash), now).await
    }

    /// The session with this public identifier, unless it has ended.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn by_uuid(&self, uuid: Uuid, now: DateTime<Utc>) -> Result<Option<Session>, StoreError> {
        self.one(session::Column::Uuid.eq(uuid), now).await
    }

    /// Replaces the data of a session if it is still at revision `rev`, which then rises by one.
    /// Answers false, and changes nothing, if it is not or the session is gone.
    ///
    /// # Errors
    /// [`StoreError::TooLong`], or whatever the database answers.
    pub async fn update_data(
        &self,
        id_hash: &str,
        rev: i64,
        data: &JsonText,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let data = data.bounded("session", DATA)?;
        let update = session::Entity::update_many()
            .col_expr(session::Column::Data, Expr::value(data))
            .col_expr(session::Column::Rev, Expr::value(rev + 1));
        self.swap(update, id_hash, rev, &[id_hash], now).await
    }

    /// As [`Self::update_data`], of a session in which nobody is logged in, which lasts until `expires` then; false also
    /// if somebody is. Not a change: whoever remembers such a session only remembers that it is nobody's.
    ///
    /// # Errors
    /// As [`Self::update_data`].
    pub async fn update_anonymous(
        &self,
        id_hash: &str,
        rev: i64,
        data: &JsonText,
        expires: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let update = session::Entity::update_many()
            .col_expr(session::Column::Data, Expr::value(data.bounded("session", DATA)?))
            .col_expr(session::Column::Expires, Expr::value(micros(expires)))
            .col_expr(session::Column::Rev, Expr::value(rev + 1))
            .filter(at(id_hash, rev))
            .filter(session::Column::UserPk.is_null());
        self.store.bounded(async { Ok(update.exec(self.store.writer()).await?.rows_affected > 0) }).await
    }

    /// Replaces a whole session, its secret identifier included, if it is still at revision `rev`;
    /// for login and every other change of privilege. The stored revision becomes `rev + 1`, whatever
    /// `new.rev` says; the public identifier and the time it was made stay.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn replace(
        &self,
        id_hash: &str,
        rev: i64,
        new: &Session,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.swap(replacing(rev, new)?, id_hash, rev, &[id_hash, &new.id_hash], now).await
    }

    /// [`Self::replace`], by a session in which somebody has just logged in, with all that a login leaves behind: when
    /// the user logged in last, and a score for that. Answers the user and the number of the change; `None`, and nothing
    /// has changed, if the session is not at that revision or is gone.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn log_in(
        &self,
        (id_hash, rev): (&str, i64),
        new: &Session,
        score: &LoginScore<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<(User, i64)>, StoreError> {
        let user_pk = new.user_pk.ok_or(StoreError::Dangling)?;
        let update = replacing(rev, new)?.filter(at(id_hash, rev));
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                if update.exec(&tx).await?.rows_affected == 0 {
                    return Ok(None);
                }
                let user = users::note_login(&tx, self.store, user_pk, now).await?;
                let scored = (user.username.as_str(), score.ip);
                tx.execute_raw(reputation::counting(self.store, score.key, scored, 1, score.rules, now)).await?;
                let sessions = [id_hash, &new.id_hash].map(|hash| (Topic::Session, hash.to_owned()));
                let changed = sessions.into_iter().chain([(Topic::User, user_pk.to_string())]);
                let change = changes::note(&tx, now, changed).await?;
                tx.commit().await?;
                Ok(Some((user, change)))
            })
            .await
    }

    /// Ends a session and all that derive from it; answers whether it existed.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete(&self, id_hash: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        Ok(self.end(session::Column::IdHash.eq(id_hash).into(), now).await? > 0)
    }

    /// Ends the session with this public identifier; answers whether it existed.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_by_uuid(&self, uuid: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        Ok(self.end(session::Column::Uuid.eq(uuid).into(), now).await? > 0)
    }

    /// Ends all sessions of these users, those too in which they act as others, except perhaps one; answers how
    /// many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_for_users(
        &self,
        users: &[i64],
        except_id_hash: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut ended = 0;
        for chunk in users.chunks(CHUNK) {
            let theirs = Condition::all()
                .add(of_users(chunk.iter().copied()))
                .add_option(except_id_hash.map(|kept| session::Column::IdHash.ne(kept)));
            ended += self.end(theirs, now).await?;
        }
        Ok(ended)
    }

    /// Notes that requests came with these sessions. Not a change: nothing needs to be forgotten.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn touch(&self, id_hashes: &[String], at: DateTime<Utc>) -> Result<(), StoreError> {
        if id_hashes.is_empty() {
            return Ok(());
        }
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                for chunk in id_hashes.chunks(CHUNK) {
                    session::Entity::update_many()
                        .col_expr(session::Column::LastUsed, Expr::value(micros(at)))
                        .filter(session::Column::IdHash.is_in(chunk))
                        .filter(session::Column::LastUsed.lt(micros(at)))
                        .exec(&tx)
                        .await?;
                }
                Ok(tx.commit().await?)
            })
            .await
    }

    /// Removes up to `limit` sessions that have ended; answers how many. Not a change: whoever caches
    /// a session knows its end.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_expired(&self, now: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        use session::Column;
        let ended = Column::Expires.lte(micros(now));
        expired::delete::<session::Entity>(self.store, Column::IdHash, ended, limit).await
    }

    /// How many sessions of logged-in users have not ended.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn count(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let open = session::Entity::find()
            .filter(session::Column::UserPk.is_not_null())
            .filter(session::Column::Expires.gt(micros(now)));
        self.store.bounded(paging::count(self.store.reader(), open)).await
    }

    async fn one(&self, wanted: Expr, now: DateTime<Utc>) -> Result<Option<Session>, StoreError> {
        self.store
            .bounded(async {
                let row = session::Entity::find()
                    .filter(wanted)
                    .filter(session::Column::Expires.gt(micros(now)))
                    .one(self.store.reader())
                    .await;
                readable(row.map_err(StoreError::from).and_then(|row| row.map(Session::try_from).transpose()))
            })
            .await
    }

    async fn swap(
        &self,
        update: UpdateMany<session::Entity>,
        id_hash: &str,
        rev: i64,
        changed: &[&str],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let done = update.filter(at(id_hash, rev)).exec(&tx).await?;
                if done.rows_affected == 0 {
                    return Ok(false);
                }
                let changed = changed.iter().map(|hash| (Topic::Session, (*hash).to_owned()));
                changes::append(&tx, now, changed).await?;
                tx.commit().await?;
                Ok(true)
            })
            .await
    }

    async fn end(&self, these: Condition, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let ended = delete_where(&tx, these, now).await?;
                tx.commit().await?;
                Ok(ended)
            })
            .await
    }
}

/// What is not readable is no session: its browser is a stranger's, and everybody else's stays as it is.
pub(crate) fn readable<T>(found: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match found {
        Err(StoreError::Corrupt { what }) => {
            tracing::error!(what, "a session cannot be read; it lets nobody in");
            Ok(None)
        }
        found => found,
    }
}

/// The sessions of users, and those in which they act as others.
pub(crate) fn of_users(users: impl IntoIterator<Item = i64> + Clone) -> Condition {
    Condition::any().add(session::Column::UserPk.is_in(users.clone())).add(session::Column::OriginalPk.is_in(users))
}

/// Deletes sessions with all that derive from them, and notes each as a change.
pub(crate) async fn delete_where(
    tx: &DatabaseTransaction,
    these: Condition,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    use session::Column;
    // Locked, so that nobody derives another one from them in between.
    let found: Vec<(String, Uuid)> = session::Entity::find()
        .select_only()
        .columns([Column::IdHash, Column::Uuid])
        .filter(these)
        .order_by_asc(Column::IdHash)
        .lock_exclusive()
        .into_tuple()
        .all(tx)
        .await?;
    for chunk in found.chunks(CHUNK) {
        let derived: Vec<String> = proxy_session::Entity::find()
            .select_only()
            .column(proxy_session::Column::IdHash)
            .filter(proxy_session::Column::Session.is_in(chunk.iter().map(|(_, uuid)| *uuid)))
            .into_tuple()
            .all(tx)
            .await?;
        let hashes: Vec<String> = chunk.iter().map(|(hash, _)| hash.clone()).collect();
        session::Entity::delete_many().filter(Column::IdHash.is_in(&hashes)).exec(tx).await?;
        let derived = derived.into_iter().map(|hash| (Topic::ProxySession, hash));
        let ended = hashes.into_iter().map(|hash| (Topic::Session, hash));
        changes::append(tx, now, ended.chain(derived)).await?;
    }
    Ok(found.len() as u64)
}

/// The session with this hash, if it is still at this revision.
fn at(id_hash: &str, rev: i64) -> Condition {
    Condition::all().add(session::Column::IdHash.eq(id_hash)).add(session::Column::Rev.eq(rev))
}

/// Everything of a session replaced but its public identifier and when it was made.
fn replacing(rev: i64, new: &Session) -> Result<UpdateMany<session::Entity>, StoreError> {
    use session::Column;
    fits("id", &new.id_hash, 64)?;
    Ok(session::Entity::update_many()
        .col_expr(Column::IdHash, Expr::value(new.id_hash.as_str()))
        .col_expr(Column::UserPk, Expr::value(new.user_pk))
        .col_expr(Column::Data, Expr::value(new.data.bounded("session", DATA)?))
        .col_expr(Column::Rev, Expr::value(rev + 1))
        .col_expr(Column::LastUsed, Expr::value(micros(new.last_used)))
        .col_expr(Column::Expires, Expr::value(micros(new.expires)))
        .col_expr(Column::LastIp, Expr::value(cut(&new.last_ip, 64)))
        .col_expr(Column::UserAgent, Expr::value(cut(&new.user_agent, 1024)))
        .col_expr(Column::LoginEvent, Expr::value(json(new.login_event.as_ref())?))
        .col_expr(Column::Auth, Expr::value(json(new.auth.as_ref())?))
        .col_expr(Column::OriginalPk, Expr::value(new.original_pk)))
}

fn to_row(session: &Session) -> Result<session::ActiveModel, StoreError> {
    Ok(session::ActiveModel {
        id_hash: Set(session.id_hash.clone()),
        uuid: Set(session.uuid),
        user_pk: Set(session.user_pk),
        data: Set(session.data.bounded("session", DATA)?),
        rev: Set(session.rev),
        created: Set(micros(session.created)),
        last_used: Set(micros(session.last_used)),
        expires: Set(micros(session.expires)),
        last_ip: Set(cut(&session.last_ip, 64)),
        user_agent: Set(cut(&session.user_agent, 1024)),
        login_event: Set(json(session.login_event.as_ref())?),
        auth: Set(json(session.auth.as_ref())?),
        original_pk: Set(session.original_pk),
    })
}

fn json(value: Option<&JsonText>) -> Result<Option<String>, StoreError> {
    value.map(|value| value.bounded("session", DATA)).transpose()
}

impl TryFrom<session::Model> for Session {
    type Error = StoreError;

    fn try_from(row: session::Model) -> Result<Self, StoreError> {
        let parsed = |what: &str, text: Option<String>| text.map(|text| JsonText::stored(what, text)).transpose();
        Ok(Self {
            id_hash: row.id_hash,
            uuid: row.uuid,
            user_pk: row.user_pk,
            data: JsonText::stored("sessions.data", row.data)?,
            rev: row.rev,
            created: row.created,
            last_used: row.last_used,
            expires: row.expires,
            last_ip: row.last_ip,
            user_agent: row.user_agent,
            login_event: parsed("sessions.login_event", row.login_event)?,
            auth: parsed("sessions.auth", row.auth)?,
            original_pk: row.original_pk,
        })
    }
}
