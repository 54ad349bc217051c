//! Accounts and their passwords.

use chrono::{DateTime, Utc};
use lockgate_model::{User, UserType};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::entity::{credential, token, user};
use crate::groups::set_memberships;
use crate::text::{DATA, TEXT, comparable, fits, fold, from_json, micros, search_patterns, searchable, to_json};
use crate::{Store, StoreError, Topic, changes, password_history, sessions, setup};

/// Which of the credentials is the password.
pub(crate) const PASSWORD: &str = "password";
/// Accounts answered for one e-mail address.
const SAME_EMAIL: u64 = 10;
/// Paths answered at most.
const PATHS: u64 = 1_000;

/// An account to make.
#[derive(Debug, Clone, PartialEq)]
pub struct NewUser {
    /// Stable identifier, chosen by the caller.
    pub uuid: Uuid,
    /// Unique without regard to case, at most 150 characters.
    pub username: String,
    /// Display name.
    pub name: String,
    /// E-mail address, at most 254 characters.
    pub email: String,
    /// Whether it can do anything.
    pub is_active: bool,
    /// Sort of account.
    pub user_type: UserType,
    /// Place in the directory.
    pub path: String,
    /// Free-form data.
    pub attributes: Map<String, Value>,
    /// Direct groups.
    pub groups: Vec<Uuid>,
    /// Hash of the password, if it has one.
    pub password_hash: Option<String>,
}

/// Fields of an account to change; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UserPatch {
    /// See [`NewUser::username`].
    pub username: Option<String>,
    /// See [`NewUser::name`].
    pub name: Option<String>,
    /// See [`NewUser::email`].
    pub email: Option<String>,
    /// See [`NewUser::is_active`].
    pub is_active: Option<bool>,
    /// See [`NewUser::user_type`].
    pub user_type: Option<UserType>,
    /// See [`NewUser::path`].
    pub path: Option<String>,
    /// Replaces all attributes.
    pub attributes: Option<Map<String, Value>>,
    /// Replaces the direct groups.
    pub groups: Option<Vec<Uuid>>,
}

/// How names are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Character by character.
    Exact,
    /// Without regard to case.
    Fold,
}

/// Accounts; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Users<'a> {
    pub(crate) store: &'a Store,
}

impl Users<'_> {
    /// Makes an account, with its groups and its password, or nothing at all.
    ///
    /// # Errors
    /// [`StoreError::Unique`] with `username` or `uuid`, [`StoreError::Dangling`] for an unknown group,
    /// [`StoreError::TooLong`], or whatever the database answers.
    pub async fn create(&self, new: NewUser, now: DateTime<Utc>) -> Result<User, StoreError> {
        let made = self.create_many(vec![new], now).await?;
        made.into_iter().next().ok_or(StoreError::NotFound { what: "user" })
    }

    /// Makes many accounts in one transaction, all or none.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn create_many(&self, new: Vec<NewUser>, now: DateTime<Utc>) -> Result<Vec<User>, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let mut made = Vec::with_capacity(new.len());
                for new in new {
                    made.push(insert(&tx, new, now).await?);
                }
                let keys = made.iter().map(|user| (Topic::User, user.pk.to_string()));
                changes::append(&tx, now, keys).await?;
                tx.commit().await?;
                Ok(made)
            })
            .await
    }

    /// [`Self::create`] in answer to a question that was asked while nobody administered the installation: if
    /// somebody does meanwhile, from whatever node, nothing is made.
    ///
    /// # Errors
    /// [`StoreError::SetUp`], or as [`Self::create`].
    pub async fn create_first(&self, new: NewUser, now: DateTime<Utc>) -> Result<User, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let user = insert(&tx, new, now).await?;
                // Of two that come together, the second waits here for the end of the first.
                if !setup::settle(&tx, now).await? && setup::is_done(&tx).await? {
                    return Err(StoreError::SetUp);
                }
                changes::append(&tx, now, [(Topic::User, user.pk.to_string())]).await?;
                tx.commit().await?;
                Ok(user)
            })
            .await
    }

    /// The account with this number.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, pk: i64) -> Result<Option<User>, StoreError> {
        self.one(user::Column::Pk.eq(pk)).await
    }

    /// The accounts with these numbers, in no particular order; unknown ones are left out.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get_many(&self, pks: &[i64]) -> Result<Vec<User>, StoreError> {
        let mut found = Vec::with_capacity(pks.len());
        for chunk in pks.chunks(1_000) {
            found.extend(self.several(user::Column::Pk.is_in(chunk.iter().copied()), 1_000).await?);
        }
        Ok(found)
    }

    /// The next accounts after this number, by number, at most so many: a way through all of them that skips none,
    /// whatever is made or deleted meanwhile.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn after(&self, pk: i64, most: u64) -> Result<Vec<User>, StoreError> {
        self.several(user::Column::Pk.gt(pk), most).await
    }

    /// The account with this UUID.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn by_uuid(&self, uuid: Uuid) -> Result<Option<User>, StoreError> {
        self.one(user::Column::Uuid.eq(uuid)).await
    }

    /// The account with this username.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn by_username(&self, name: &str, case: Case) -> Result<Option<User>, StoreError> {
        let Some(name) = comparable(name) else { return Ok(None) };
        self.one(match case {
            Case::Exact => user::Column::Username.eq(name),
            Case::Fold => user::Column::UsernameNorm.eq(fold(name)),
        })
        .await
    }

    /// The accounts with these user names, whatever their case, in no particular order; unknown ones are left out.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn by_usernames(&self, names: &[&str]) -> Result<Vec<User>, StoreError> {
        let mut found = Vec::new();
        for chunk in names.chunks(1_000) {
            let names = chunk.iter().filter_map(|name| comparable(name)).map(fold);
            found.extend(self.several(user::Column::UsernameNorm.is_in(names), 1_000).await?);
        }
        Ok(found)
    }

    /// The accounts with this e-mail address, oldest first, at most ten; none for the empty address.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn by_email(&self, email: &str, case: Case) -> Result<Vec<User>, StoreError> {
        let Some(email) = comparable(email).filter(|email| !email.is_empty()) else {
            return Ok(Vec::new());
        };
        let wanted = match case {
            Case::Exact => user::Column::Email.eq(email),
            Case::Fold => user::Column::EmailNorm.eq(fold(email)),
        };
        self.several(wanted, SAME_EMAIL).await
    }

    /// Changes some fields of an account.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or as [`Self::create`].
    pub async fn update(&self, pk: i64, patch: UserPatch, now: DateTime<Utc>) -> Result<User, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let row = user::Entity::find_by_id(pk).lock_exclusive().one(&tx).await?;
                let row = row.ok_or(StoreError::NotFound { what: "user" })?;
                let groups = patch.groups.clone();
                let row = patched(row, patch, now)?.update(&tx).await?;
                if let Some(groups) = groups {
                    set_memberships(&tx, pk, &groups, now).await?;
                }
                changes::append(&tx, now, [(Topic::User, pk.to_string())]).await?;
                tx.commit().await?;
                User::try_from(row)
            })
            .await
    }

    /// Changes what a person has chosen for oneself, `settings` among the attributes, and nothing beside it: whoever
    /// changes other attributes at the same time loses nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::TooLong`], or whatever the database answers.
    pub async fn change_settings(
        &self,
        pk: i64,
        change: impl FnOnce(&mut Map<String, Value>) + Send,
        now: DateTime<Utc>,
    ) -> Result<User, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let row = user::Entity::find_by_id(pk).lock_exclusive().one(&tx).await?;
                let row = row.ok_or(StoreError::NotFound { what: "user" })?;
                let mut attributes = User::try_from(row.clone())?.attributes;
                let mut settings = match attributes.remove("settings") {
                    Some(Value::Object(settings)) => settings,
                    _ => Map::new(),
                };
                change(&mut settings);
                attributes.insert("settings".to_owned(), Value::Object(settings));
                let patch = UserPatch { attributes: Some(attributes), ..UserPatch::default() };
                let row = patched(row, patch, now)?.update(&tx).await?;
                changes::append(&tx, now, [(Topic::User, pk.to_string())]).await?;
                tx.commit().await?;
                User::try_from(row)
            })
            .await
    }

    /// Deletes an account with everything that is its own: password, memberships, sessions, tokens,
    /// consents. Answers whether it existed.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete(&self, pk: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                // Locked first, so that nobody starts a session in between that no node would hear of.
                user::Entity::find_by_id(pk).lock_exclusive().one(&tx).await?;
                sessions::delete_where(&tx, sessions::of_users([pk]), now).await?;
                let tokens: Vec<Uuid> = token::Entity::find()
                    .select_only()
                    .column(token::Column::Pk)
                    .filter(token::Column::UserPk.eq(pk))
                    .into_tuple()
                    .all(&tx)
                    .await?;
                let gone = user::Entity::delete_by_id(pk).exec(&tx).await?.rows_affected;
                let tokens = tokens.into_iter().map(|token| (Topic::Token, token.to_string()));
                let user = (gone > 0).then(|| (Topic::User, pk.to_string()));
                changes::append(&tx, now, tokens.chain(user)).await?;
                tx.commit().await?;
                Ok(gone > 0)
            })
            .await
    }

    /// The places in the directory that have accounts, sorted; with a search, those that contain it.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn paths(&self, search: Option<&str>) -> Result<Vec<String>, StoreError> {
        self.store
            .bounded(async {
                let mut select = user::Entity::find().select_only().column(user::Column::Path);
                for pattern in search.map(search_patterns).unwrap_or_default() {
                    select = select.filter(user::Column::Path.like(pattern));
                }
                let select = select.distinct().order_by_asc(user::Column::Path).limit(PATHS);
                Ok(select.into_tuple().all(self.store.reader()).await?)
            })
            .await
    }

    /// Sets the hash of the password, or takes the password away. Of the hashes that were replaced the
    /// last `history` stay, to be compared with.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or whatever the database answers.
    pub async fn set_password_hash(
        &self,
        pk: i64,
        hash: Option<&str>,
        history: u32,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let found = user::Entity::update_many()
                    .col_expr(user::Column::PasswordChangeDate, Expr::value(micros(now)))
                    .filter(user::Column::Pk.eq(pk))
                    .exec(&tx)
                    .await?;
                if found.rows_affected == 0 {
                    return Err(StoreError::NotFound { what: "user" });
                }
                password_history::keep(&tx, pk, history, now).await?;
                match hash {
                    Some(hash) => put_password(&tx, pk, hash, now).await?,
                    None => {
                        let key = (pk, PASSWORD.to_owned());
                        credential::Entity::delete_by_id(key).exec(&tx).await?;
                    }
                }
                changes::append(&tx, now, [(Topic::User, pk.to_string())]).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// Replaces a hash by a better one of the same password. Does nothing, and answers false, if the
    /// password was changed in between.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn upgrade_password_hash(&self, pk: i64, old: &str, new: &str) -> Result<bool, StoreError> {
        fits("password", new, TEXT)?;
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let done = credential::Entity::update_many()
                    .col_expr(credential::Column::Hash, Expr::value(new))
                    .filter(credential::Column::UserPk.eq(pk))
                    .filter(credential::Column::Kind.eq(PASSWORD))
                    .filter(credential::Column::Hash.eq(old))
                    .exec(&tx)
                    .await?;
                tx.commit().await?;
                Ok(done.rows_affected > 0)
            })
            .await
    }

    /// The hash of the password; `None` if there is no such account or it has no password.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn password_hash(&self, pk: i64) -> Result<Option<String>, StoreError> {
        self.store
            .bounded(async {
                let key = (pk, PASSWORD.to_owned());
                let row = credential::Entity::find_by_id(key).one(self.store.reader()).await?;
                Ok(row.map(|row| row.hash))
            })
            .await
    }

    async fn one(&self, wanted: Expr) -> Result<Option<User>, StoreError> {
        Ok(self.several(wanted, 1).await?.into_iter().next())
    }

    async fn several(&self, wanted: Expr, limit: u64) -> Result<Vec<User>, StoreError> {
        self.store
            .bounded(async {
                let select = user::Entity::find().filter(wanted).order_by_asc(user::Column::Pk);
                let rows = select.limit(limit).all(self.store.reader()).await?;
                rows.into_iter().map(User::try_from).collect()
            })
            .await
    }
}

pub(crate) async fn insert(tx: &DatabaseTransaction, new: NewUser, now: DateTime<Utc>) -> Result<User, StoreError> {
    check(&new.username, &new.name, &new.email, &new.path)?;
    let at = micros(now);
    let row = user::ActiveModel {
        pk: NotSet,
        uuid: Set(new.uuid),
        username_norm: Set(fold(&new.username)),
        email_norm: Set(fold(&new.email)),
        search: Set(searchable(&[&new.username, &new.name, &new.email])),
        username: Set(new.username),
        name: Set(new.name),
        email: Set(new.email),
        is_active: Set(new.is_active),
        user_type: Set(new.user_type.as_str().to_owned()),
        path: Set(new.path),
        attributes: Set(to_json("attributes", &new.attributes, DATA)?),
        date_joined: Set(at),
        last_login: Set(None),
        last_updated: Set(at),
        password_change_date: Set(at),
    };
    let user = User::try_from(row.insert(tx).await?)?;
    if !new.groups.is_empty() {
        set_memberships(tx, user.pk, &new.groups, now).await?;
    }
    if let Some(hash) = new.password_hash {
        put_password(tx, user.pk, &hash, now).await?;
    }
    Ok(user)
}

pub(crate) fn patched(row: user::Model, patch: UserPatch, now: DateTime<Utc>) -> Result<user::ActiveModel, StoreError> {
    let username = patch.username.unwrap_or_else(|| row.username.clone());
    let name = patch.name.unwrap_or_else(|| row.name.clone());
    let email = patch.email.unwrap_or_else(|| row.email.clone());
    let path = patch.path.unwrap_or_else(|| row.path.clone());
    check(&username, &name, &email, &path)?;
    let mut row = row.into_active_model();
    row.search = Set(searchable(&[&username, &name, &email]));
    row.username_norm = Set(fold(&username));
    row.email_norm = Set(fold(&email));
    row.username = Set(username);
    row.name = Set(name);
    row.email = Set(email);
    row.path = Set(path);
    if let Some(active) = patch.is_active {
        row.is_active = Set(active);
    }
    if let Some(user_type) = patch.user_type {
        row.user_type = Set(user_type.as_str().to_owned());
    }
    if let Some(attributes) = patch.attributes {
        row.attributes = Set(to_json("attributes", &attributes, DATA)?);
    }
    row.last_updated = Set(micros(now));
    Ok(row)
}

fn check(username: &str, name: &str, email: &str, path: &str) -> Result<(), StoreError> {
    fits("username", username, 150)?;
    fits("name", name, TEXT)?;
    fits("email", email, 254)?;
    fits("path", path, TEXT)
}

/// Notes that somebody has just logged in. Whoever calls it tells the other nodes of the user.
pub(crate) async fn note_login(
    tx: &DatabaseTransaction,
    store: &Store,
    pk: i64,
    now: DateTime<Utc>,
) -> Result<User, StoreError> {
    let sql = "UPDATE users SET last_login = $1 WHERE pk = $2 RETURNING *";
    let update = store.statement(sql, [micros(now).into(), pk.into()]);
    let row = user::Entity::find().from_raw_sql(update).one(tx).await?;
    User::try_from(row.ok_or(StoreError::Dangling)?)
}

async fn put_password(tx: &DatabaseTransaction, pk: i64, hash: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
    fits("password", hash, TEXT)?;
    let row = credential::ActiveModel {
        user_pk: Set(pk),
        kind: Set(PASSWORD.to_owned()),
        hash: Set(hash.to_owned()),
        changed: Set(micros(now)),
    };
    let replace = OnConflict::columns([credential::Column::UserPk, credential::Column::Kind])
        .update_columns([credential::Column::Hash, credential::Column::Changed])
        .to_owned();
    credential::Entity::insert(row).on_conflict(replace).exec_without_returning(tx).await?;
    Ok(())
}

impl TryFrom<user::Model> for User {
    type Error = StoreError;

    fn try_from(row: user::Model) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt { what: "users.user_type".to_owned() };
        Ok(Self {
            pk: row.pk,
            uuid: row.uuid,
            username: row.username,
            name: row.name,
            email: row.email,
            is_active: row.is_active,
            user_type: UserType::parse(&row.user_type).ok_or_else(corrupt)?,
            path: row.path,
            attributes: from_json("users.attributes", &row.attributes)?,
            date_joined: row.date_joined,
            last_login: row.last_login,
            last_updated: row.last_updated,
            password_change_date: row.password_change_date,
        })
    }
}
