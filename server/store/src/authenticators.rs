//! Authenticators: the second factors of users, of every sort.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, Order, QueryFilter, Select,
};
use serde_json::{Map, Value};

use crate::entity::authenticator;
use crate::paging::{self, Page};
use crate::text::{DATA, fits, from_json, micros, search_patterns, searchable, to_json};
use crate::user_filter::text_is;
use crate::{Store, StoreError};

/// A sort of second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthenticatorKind {
    /// Duo.
    Duo,
    /// Codes by e-mail.
    Email,
    /// Codes by SMS.
    Sms,
    /// Codes on paper.
    Static,
    /// An app that shows codes.
    Totp,
    /// A passkey or security key.
    WebAuthn,
}

impl AuthenticatorKind {
    /// Every sort.
    pub const ALL: [Self; 6] = [Self::Duo, Self::Email, Self::Sms, Self::Static, Self::Totp, Self::WebAuthn];

    /// The word of the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Duo => "duo",
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Static => "static",
            Self::Totp => "totp",
            Self::WebAuthn => "webauthn",
        }
    }
}

/// An authenticator, without whatever is secret about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Authenticator {
    /// Primary key, among those of every sort.
    pub pk: i64,
    /// Its sort.
    pub kind: AuthenticatorKind,
    /// Whose it is.
    pub user_pk: i64,
    /// What its owner calls it, at most 200 characters.
    pub name: String,
    /// Whether it was proven to work; without that it is no factor.
    pub confirmed: bool,
    /// What may be shown of it: `email`, `phone_number`, `aaguid`.
    pub details: Map<String, Value>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it was changed last.
    pub last_updated: DateTime<Utc>,
    /// When it was used last.
    pub last_used: Option<DateTime<Utc>>,
}

/// An authenticator to make.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAuthenticator {
    /// See [`Authenticator::kind`].
    pub kind: AuthenticatorKind,
    /// See [`Authenticator::user_pk`].
    pub user_pk: i64,
    /// See [`Authenticator::name`].
    pub name: String,
    /// See [`Authenticator::confirmed`].
    pub confirmed: bool,
    /// See [`Authenticator::details`].
    pub details: Map<String, Value>,
    /// What proves it.
    pub proof: NewProof,
}

/// What proves a new authenticator.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum NewProof {
    /// Nothing: whoever made it still has to set it up.
    #[default]
    None,
    /// The secret of an app, or a number or address that codes are sent to.
    Secret(String),
    /// A passkey: its credential id in base64url, and all that a verifier has to know of it.
    Passkey {
        /// Its credential id; unique.
        id: String,
        /// What a verifier keeps.
        credential: String,
    },
    /// Something that only one authenticator can be about, and a secret.
    Unique {
        /// By which it is known; no credential id can look so.
        id: String,
        /// The secret.
        secret: String,
    },
    /// Codes that each work once.
    Codes(Vec<String>),
}

impl std::fmt::Debug for NewProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Secret(_) => "Secret(..)",
            Self::Passkey { .. } => "Passkey(..)",
            Self::Unique { .. } => "Unique(..)",
            Self::Codes(_) => "Codes(..)",
        })
    }
}

/// Which authenticators are wanted; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AuthenticatorFilter {
    /// Of which sort.
    pub kind: Option<AuthenticatorKind>,
    /// Whose.
    pub user_pk: Option<i64>,
    /// Exact name.
    pub name: Option<String>,
    /// Words of the name.
    pub search: Option<String>,
    /// `name`, `pk`, `created`, `last_used`, each with whether it descends; by name if none.
    pub ordering: Vec<(String, bool)>,
    /// Which page.
    pub page: Page,
}

/// Authenticators; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Authenticators<'a> {
    pub(crate) store: &'a Store,
}

impl Authenticators<'_> {
    /// Stores an authenticator.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] for an unknown user, [`StoreError::Unique`] for a proof that there is already,
    /// [`StoreError::TooLong`], or whatever the database answers.
    pub async fn create(&self, new: NewAuthenticator, now: DateTime<Utc>) -> Result<Authenticator, StoreError> {
        fits("name", &new.name, 200)?;
        let (secret, external_id, codes) = match new.proof {
            NewProof::None => (String::new(), None, Vec::new()),
            NewProof::Secret(secret) => (self.sealed(new.user_pk, new.kind, &secret)?, None, Vec::new()),
            NewProof::Passkey { id, credential: secret } | NewProof::Unique { id, secret } => {
                fits("external_id", &id, 1400)?;
                (self.sealed(new.user_pk, new.kind, &secret)?, Some(id), Vec::new())
            }
            NewProof::Codes(codes) => (String::new(), None, codes),
        };
        let row = authenticator::ActiveModel {
            pk: NotSet,
            kind: Set(new.kind.as_str().to_owned()),
            user_pk: Set(new.user_pk),
            search: Set(searchable(&[&new.name])),
            name: Set(new.name),
            confirmed: Set(new.confirmed),
            details: Set(to_json("details", &new.details, DATA)?),
            created: Set(micros(now)),
            last_updated: Set(micros(now)),
            last_used: Set(None),
            secret: Set(secret),
            external_id: Set(external_id),
            last_step: Set(0),
            failures: Set(0),
            failed_at: Set(None),
        };
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let row = row.insert(&tx).await?;
                self.put_codes(&tx, row.pk, &codes).await?;
                tx.commit().await?;
                Authenticator::try_from(row)
            })
            .await
    }

    /// The authenticator of this sort with this primary key.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, kind: AuthenticatorKind, pk: i64) -> Result<Option<Authenticator>, StoreError> {
        self.store
            .bounded(async {
                let found = authenticator::Entity::find_by_id(pk).filter(authenticator::Column::Kind.eq(kind.as_str()));
                found.one(self.store.reader()).await?.map(Authenticator::try_from).transpose()
            })
            .await
    }

    /// The authenticators of one page and how many match in all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, filter: &AuthenticatorFilter) -> Result<(Vec<Authenticator>, u64), StoreError> {
        self.store
            .bounded(async {
                let matching = authenticator::Entity::find().filter(condition(filter));
                let order = |select| ordered(select, &filter.ordering);
                let (rows, total) = paging::fetch(self.store.reader(), matching, order, filter.page).await?;
                let found: Result<Vec<Authenticator>, _> = rows.into_iter().map(Authenticator::try_from).collect();
                Ok((found?, total))
            })
            .await
    }

    /// Gives an authenticator another name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::TooLong`], or whatever the database answers.
    pub async fn rename(&self, pk: i64, name: &str, now: DateTime<Utc>) -> Result<Authenticator, StoreError> {
        fits("name", name, 200)?;
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let row = authenticator::Entity::find_by_id(pk).one(&tx).await?;
                let mut row = row.ok_or(StoreError::NotFound { what: "authenticator" })?.into_active_model();
                row.name = Set(name.to_owned());
                row.search = Set(searchable(&[name]));
                row.last_updated = Set(micros(now));
                let row = row.update(&tx).await?;
                tx.commit().await?;
                Authenticator::try_from(row)
            })
            .await
    }

    /// Deletes an authenticator; answers whether it existed.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete(&self, pk: i64) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let gone = authenticator::Entity::delete_by_id(pk).exec(&tx).await?.rows_affected > 0;
                tx.commit().await?;
                Ok(gone)
            })
            .await
    }
}

fn condition(filter: &AuthenticatorFilter) -> Condition {
    use authenticator::Column;
    let mut all = Condition::all()
        .add_option(filter.kind.map(|kind| Column::Kind.eq(kind.as_str())))
        .add_option(filter.user_pk.map(|pk| Column::UserPk.eq(pk)))
        .add_option(filter.name.as_deref().map(|name| text_is(Column::Name, name)));
    for pattern in filter.search.as_deref().map(search_patterns).unwrap_or_default() {
        all = all.add(Column::Search.like(pattern));
    }
    all
}

fn ordered(select: Select<authenticator::Entity>, by: &[(String, bool)]) -> Select<authenticator::Entity> {
    use authenticator::Column;
    let column = |field: &str| match field {
        "name" => Some(Column::Name),
        "pk" => Some(Column::Pk),
        "created" | "created_on" => Some(Column::Created),
        "last_used" => Some(Column::LastUsed),
        _ => None,
    };
    paging::ordered(select, by, column, (Column::Name, Order::Asc), (Column::Pk, Order::Asc))
}

impl TryFrom<authenticator::Model> for Authenticator {
    type Error = StoreError;

    fn try_from(row: authenticator::Model) -> Result<Self, StoreError> {
        let kind = AuthenticatorKind::ALL.into_iter().find(|kind| kind.as_str() == row.kind);
        Ok(Self {
            pk: row.pk,
            kind: kind.ok_or_else(|| StoreError::Corrupt { what: "authenticators.kind".to_owned() })?,
            user_pk: row.user_pk,
            name: row.name,
            confirmed: row.confirmed,
            details: from_json("authenticators.details", &row.details)?,
            created: row.created,
            last_updated: row.last_updated,
            last_used: row.last_used,
        })
    }
}
