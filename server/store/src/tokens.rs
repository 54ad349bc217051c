//! Tokens: keys of the API, app passwords, recovery and verification links. A key is found by its hash
//! and kept sealed, because the API may be asked to show it again.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, Order, QueryFilter,
    QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use crate::entity::{token, user};
use crate::paging::{self, Page};
use crate::text::{TEXT, comparable, containing, fits, micros};
use crate::user_filter::text_is;
use crate::{Store, StoreError, Task, Topic, changes, hash_secret, tasks};

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenIntent {
    /// Proves that somebody reads an address.
    Verification,
    /// Bearer of the API.
    Api,
    /// Opens a recovery link.
    Recovery,
    /// Password for programs.
    AppPassword,
}

impl TokenIntent {
    /// The word of the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::Api => "api",
            Self::Recovery => "recovery",
            Self::AppPassword => "app_password",
        }
    }

    /// Reads the word; `None` for any other.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Verification, Self::Api, Self::Recovery, Self::AppPassword]
            .into_iter()
            .find(|intent| intent.as_str() == word)
    }
}

/// A token without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Primary key.
    pub pk: Uuid,
    /// Unique name, at most 255 characters.
    pub identifier: String,
    /// What it is for.
    pub intent: TokenIntent,
    /// Whose it is.
    pub user_pk: i64,
    /// For people.
    pub description: String,
    /// When it ends, if `expiring`; may hold a stale time otherwise.
    pub expires: Option<DateTime<Utc>>,
    /// Whether `expires` counts.
    pub expiring: bool,
    /// Stable identifier of tokens that the program made itself.
    pub managed: Option<String>,
    /// When it was made.
    pub created: DateTime<Utc>,
}

impl Token {
    /// Whether the token has ended.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expiring && self.expires.is_none_or(|end| end <= now)
    }
}

/// Fields of a token to change; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenPatch {
    /// See [`Token::identifier`].
    pub identifier: Option<String>,
    /// See [`Token::intent`].
    pub intent: Option<TokenIntent>,
    /// See [`Token::user_pk`].
    pub user_pk: Option<i64>,
    /// See [`Token::description`].
    pub description: Option<String>,
    /// See [`Token::expires`]; `Some(None)` takes it away.
    pub expires: Option<Option<DateTime<Utc>>>,
    /// See [`Token::expiring`].
    pub expiring: Option<bool>,
}

/// Which tokens are wanted; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenFilter {
    /// Part of identifier or description.
    pub search: Option<String>,
    /// Exact identifier.
    pub identifier: Option<String>,
    /// What it is for.
    pub intent: Option<TokenIntent>,
    /// Whose it is.
    pub user_pk: Option<i64>,
    /// Exact username of whose it is.
    pub username: Option<String>,
    /// Exact description.
    pub description: Option<String>,
    /// Whether it ends.
    pub expiring: Option<bool>,
    /// Exact end.
    pub expires: Option<DateTime<Utc>>,
    /// Exact `managed`.
    pub managed: Option<String>,
    /// `identifier`, `expires`, `created`, each with whether it descends; by identifier if none.
    pub ordering: Vec<(String, bool)>,
    /// Which page.
    pub page: Page,
}

/// Tokens; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a> {
    pub(crate) store: &'a Store,
}

impl Tokens<'_> {
    /// Stores a token with its key.
    ///
    /// # Errors
    /// [`StoreError::Unique`] with `identifier` or `key`, [`StoreError::Dangling`] for an unknown user,
    /// [`StoreError::TooLong`], or whatever the database answers.
    pub async fn create(&self, new: Token, key: &str, now: DateTime<Utc>) -> Result<Token, StoreError> {
        self.create_and_ask(new, key, &[], now).await
    }

    /// As [`Self::create`], with work that is asked for in the same transaction.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn create_and_ask(
        &self,
        new: Token,
        key: &str,
        asked: &[Task],
        now: DateTime<Utc>,
    ) -> Result<Token, StoreError> {
        check(&new.identifier, &new.description, new.managed.as_deref())?;
        fits("key", key, TEXT)?;
        let row = token::ActiveModel {
            pk: Set(new.pk),
            identifier: Set(new.identifier),
            key_hash: Set(hash_secret(key)),
            key_sealed: Set(self.store.seal_key().seal(&place(new.pk), key.as_bytes())?),
            intent: Set(new.intent.as_str().to_owned()),
            user_pk: Set(new.user_pk),
            description: Set(new.description),
            expires: Set(new.expires.map(micros)),
            expiring: Set(new.expiring),
            managed: Set(new.managed),
            created: Set(micros(new.created)),
        };
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let row = row.insert(&tx).await?;
                changes::append(&tx, now, [(Topic::Token, row.pk.to_string())]).await?;
                tasks::insert(&tx, asked).await?;
                tx.commit().await?;
                Token::try_from(row)
            })
            .await
    }

    /// The token with this key, expired or not: ask [`Token::is_expired`].
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn by_key(&self, key: &str) -> Result<Option<Token>, StoreError> {
        self.one(token::Column::KeyHash.eq(hash_secret(key))).await
    }

    /// The token with this identifier.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn by_identifier(&self, identifier: &str) -> Result<Option<Token>, StoreError> {
        self.one(text_is(token::Column::Identifier, identifier)).await
    }

    /// The token with this primary key.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, pk: Uuid) -> Result<Option<Token>, StoreError> {
        self.one(token::Column::Pk.eq(pk)).await
    }

    /// The key of a token.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Seal`], or whatever the database answers.
    pub async fn view_key(&self, pk: Uuid) -> Result<String, StoreError> {
        self.store
            .bounded(async {
                let row = token::Entity::find_by_id(pk).one(self.store.reader()).await?;
                let row = row.ok_or(StoreError::NotFound { what: "token" })?;
                let key = self.store.seal_key().open(&place(pk), &row.key_sealed)?;
                String::from_utf8(key).map_err(|_| StoreError::Seal { what: place(pk) })
            })
            .await
    }

    /// Replaces the key of a token; the old one is void at once.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Unique`] with `key`, or whatever the database answers.
    pub async fn set_key(&self, pk: Uuid, key: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        fits("key", key, TEXT)?;
        let sealed = self.store.seal_key().seal(&place(pk), key.as_bytes())?;
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let done = token::Entity::update_many()
                    .col_expr(token::Column::KeyHash, Expr::value(hash_secret(key)))
                    .col_expr(token::Column::KeySealed, Expr::value(sealed))
                    .filter(token::Column::Pk.eq(pk))
                    .exec(&tx)
                    .await?;
                if done.rows_affected == 0 {
                    return Err(StoreError::NotFound { what: "token" });
                }
                changes::append(&tx, now, [(Topic::Token, pk.to_string())]).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// Changes some fields of a token.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or as [`Self::create`].
    pub async fn update(&self, pk: Uuid, patch: TokenPatch, now: DateTime<Utc>) -> Result<Token, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let row = token::Entity::find_by_id(pk).lock_exclusive().one(&tx).await?;
                let row = row.ok_or(StoreError::NotFound { what: "token" })?;
                let row = patched(row, patch)?.update(&tx).await?;
                changes::append(&tx, now, [(Topic::Token, pk.to_string())]).await?;
                tx.commit().await?;
                Token::try_from(row)
            })
            .await
    }

    /// Deletes a token; answers whether it existed.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete(&self, pk: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let gone = token::Entity::delete_by_id(pk).exec(&tx).await?.rows_affected > 0;
                if gone {
                    changes::append(&tx, now, [(Topic::Token, pk.to_string())]).await?;
                }
                tx.commit().await?;
                Ok(gone)
            })
            .await
    }

    /// The tokens of one page and how many match in all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, filter: &TokenFilter) -> Result<(Vec<Token>, u64), StoreError> {
        self.store
            .bounded(async {
                let matching = token::Entity::find().filter(condition(filter));
                let order = |select| ordered(select, &filter.ordering);
                let page = paging::fetch(self.store.reader(), matching, order, filter.page);
                let (rows, total) = page.await?;
                let tokens: Result<Vec<Token>, _> = rows.into_iter().map(Token::try_from).collect();
                Ok((tokens?, total))
            })
            .await
    }

    /// Tokens that have ended, oldest first: those of the API get a new key, the others go.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn expired(&self, now: DateTime<Utc>, limit: u64) -> Result<Vec<Token>, StoreError> {
        self.store
            .bounded(async {
                let rows = token::Entity::find()
                    .filter(token::Column::Expiring.eq(true))
                    .filter(token::Column::Expires.lte(micros(now)))
                    .order_by_asc(token::Column::Expires)
                    .limit(limit)
                    .all(self.store.reader())
                    .await?;
                rows.into_iter().map(Token::try_from).collect()
            })
            .await
    }

    async fn one(&self, wanted: Expr) -> Result<Option<Token>, StoreError> {
        self.store
            .bounded(async {
                let row = token::Entity::find().filter(wanted).one(self.store.reader()).await?;
                row.map(Token::try_from).transpose()
            })
            .await
    }
}

pub(crate) fn place(pk: Uuid) -> String {
    format!("token {pk}")
}

fn check(identifier: &str, description: &str, managed: Option<&str>) -> Result<(), StoreError> {
    fits("identifier", identifier, 255)?;
    fits("description", description, TEXT)?;
    fits("managed", managed.unwrap_or_default(), 255)
}

fn patched(row: token::Model, patch: TokenPatch) -> Result<token::ActiveModel, StoreError> {
    let mut row = row.into_active_model();
    if let Some(identifier) = patch.identifier {
        fits("identifier", &identifier, 255)?;
        row.identifier = Set(identifier);
    }
    if let Some(description) = patch.description {
        fits("description", &description, TEXT)?;
        row.description = Set(description);
    }
    if let Some(intent) = patch.intent {
        row.intent = Set(intent.as_str().to_owned());
    }
    if let Some(user) = patch.user_pk {
        row.user_pk = Set(user);
    }
    if let Some(expires) = patch.expires {
        row.expires = Set(expires.map(micros));
    }
    if let Some(expiring) = patch.expiring {
        row.expiring = Set(expiring);
    }
    Ok(row)
}

fn condition(filter: &TokenFilter) -> Condition {
    use token::Column;
    let text = |column: Column, text: &Option<String>| text.as_deref().map(|text| text_is(column, text));
    let part = filter.search.as_deref().filter(|search| !search.is_empty()).map(|search| {
        Condition::any()
            .add(Column::Identifier.like(containing(search)))
            .add(Column::Description.like(containing(search)))
    });
    let owner = filter.username.as_deref().map(|name| {
        let users = Query::select()
            .column(user::Column::Pk)
            .from(user::Entity)
            .and_where(user::Column::Username.eq(comparable(name).unwrap_or_default()))
            .to_owned();
        Column::UserPk.in_subquery(users)
    });
    Condition::all()
        .add_option(part)
        .add_option(owner)
        .add_option(text(Column::Identifier, &filter.identifier))
        .add_option(text(Column::Description, &filter.description))
        .add_option(text(Column::Managed, &filter.managed))
        .add_option(filter.intent.map(|intent| Column::Intent.eq(intent.as_str())))
        .add_option(filter.user_pk.map(|pk| Column::UserPk.eq(pk)))
        .add_option(filter.expiring.map(|expiring| Column::Expiring.eq(expiring)))
        .add_option(filter.expires.map(|time| Column::Expires.eq(micros(time))))
}

fn ordered(select: Select<token::Entity>, by: &[(String, bool)]) -> Select<token::Entity> {
    use token::Column;
    let column = |field: &str| match field {
        "identifier" => Some(Column::Identifier),
        "expires" => Some(Column::Expires),
        "created" => Some(Column::Created),
        _ => None,
    };
    paging::ordered(select, by, column, (Column::Identifier, Order::Asc), (Column::Pk, Order::Asc))
}

impl TryFrom<token::Model> for Token {
    type Error = StoreError;

    fn try_from(row: token::Model) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt { what: "tokens.intent".to_owned() };
        Ok(Self {
            pk: row.pk,
            identifier: row.identifier,
            intent: TokenIntent::parse(&row.intent).ok_or_else(corrupt)?,
            user_pk: row.user_pk,
            description: row.description,
            expires: row.expires,
            expiring: row.expiring,
            managed: row.managed,
            created: row.created,
        })
    }
}
