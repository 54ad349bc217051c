//! Accounts that a configuration declares: the users, memberships and tokens that are as it says. Within
//! the transaction that stores the configuration.

use chrono::{DateTime, Utc};
use lockgate_model::UserType;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::entity::{credential, membership, oauth_token, token, user, user_role};
use crate::text::{TEXT, fits, fold, micros};
use crate::users::{self, NewUser, UserPatch};
use crate::{Store, StoreError, TokenIntent, Topic, changes, groups, hash_secret, leavings, sessions, tokens};

/// Rows of one statement; databases limit its parameters.
const CHUNK: usize = 500;

/// Where declared accounts stand in the directory.
const PATH: &str = "lockgate/service-accounts";

/// An account as a configuration declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredAccount {
    /// Of the document that declares it, and of the user.
    pub id: Uuid,
    /// See [`NewUser::username`].
    pub username: String,
    /// See [`NewUser::name`].
    pub name: String,
    /// See [`NewUser::is_active`].
    pub is_active: bool,
    /// All of its direct groups; those that are not there are left out.
    pub groups: Vec<Uuid>,
    /// See [`NewUser::attributes`].
    pub attributes: Map<String, Value>,
    /// Key of its API token; empty for none.
    pub token: String,
}

/// Makes accounts be as declared.
pub(crate) async fn declare(
    store: &Store,
    tx: &DatabaseTransaction,
    declared: &[DeclaredAccount],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for account in declared {
        let there: Vec<Uuid> = groups::found(tx, &account.groups).await?.into_iter().map(|group| group.pk).collect();
        let pk = match present(tx, account).await? {
            Some(row) => {
                // Whoever held the keys to an account of this name is not who the folder means.
                if row.uuid != account.id {
                    strip(tx, row.pk, now).await?;
                }
                change(tx, row, account, there, now).await?
            }
            None => users::insert(tx, new(account, there), now).await?.pk,
        };
        put_token(store, tx, account, pk, now).await?;
        if !account.is_active {
            sessions::delete_where(tx, sessions::of_users([pk]), now).await?;
        }
        changes::append(tx, now, [(Topic::User, pk.to_string())]).await?;
    }
    Ok(())
}

/// What is not declared any more keeps its name and number, and can do nothing.
pub(crate) async fn dismiss(tx: &DatabaseTransaction, deleted: &[Uuid], now: DateTime<Utc>) -> Result<(), StoreError> {
    for chunk in deleted.chunks(CHUNK) {
        let these = user::Column::Uuid.is_in(chunk.iter().copied());
        for row in user::Entity::find().filter(these).all(tx).await? {
            let pk = row.pk;
            let patch = UserPatch { is_active: Some(false), ..UserPatch::default() };
            users::patched(row, patch, now)?.update(tx).await?;
            strip(tx, pk, now).await?;
            changes::append(tx, now, [(Topic::User, pk.to_string())]).await?;
        }
    }
    Ok(())
}

/// Takes from an account all that it may, those memberships with it that are yet to begin, and all by which
/// somebody acts as it.
async fn strip(tx: &DatabaseTransaction, user: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
    membership::Entity::delete_many().filter(membership::Column::UserPk.eq(user)).exec(tx).await?;
    user_role::Entity::delete_many().filter(user_role::Column::UserPk.eq(user)).exec(tx).await?;
    credential::Entity::delete_many().filter(credential::Column::UserPk.eq(user)).exec(tx).await?;
    sessions::delete_where(tx, sessions::of_users([user]), now).await?;
    leavings::oauth_tokens(tx, oauth_token::Column::UserPk.eq(user).into(), now).await?;
    token::Entity::delete_many().filter(token::Column::UserPk.eq(user)).exec(tx).await?;
    changes::append(tx, now, [(Topic::Token, user.to_string())]).await.map(drop)
}

/// The user under this id, or the service account of this name, which is taken over.
async fn present(tx: &DatabaseTransaction, account: &DeclaredAccount) -> Result<Option<user::Model>, StoreError> {
    use user::Column;
    if let Some(row) = user::Entity::find().filter(Column::Uuid.eq(account.id)).one(tx).await? {
        return Ok(Some(row));
    }
    let named = Column::UsernameNorm.eq(fold(&account.username));
    let row = user::Entity::find().filter(named).one(tx).await?;
    match row {
        Some(row) if row.user_type != UserType::ServiceAccount.as_str() => {
            Err(StoreError::Unique { field: "username".to_owned() })
        }
        other => Ok(other),
    }
}

async fn change(
    tx: &DatabaseTransaction,
    row: user::Model,
    account: &DeclaredAccount,
    groups: Vec<Uuid>,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let pk = row.pk;
    let patch = UserPatch {
        username: Some(account.username.clone()),
        name: Some(account.name.clone()),
        is_active: Some(account.is_active),
        user_type: Some(UserType::ServiceAccount),
        attributes: Some(account.attributes.clone()),
        ..UserPatch::default()
    };
    let mut row = users::patched(row, patch, now)?;
    row.uuid = Set(account.id);
    row.update(tx).await?;
    groups::set_memberships(tx, pk, &groups, now).await?;
    Ok(pk)
}

fn new(account: &DeclaredAccount, groups: Vec<Uuid>) -> NewUser {
    NewUser {
        uuid: account.id,
        username: account.username.clone(),
        name: account.name.clone(),
        email: String::new(),
        is_active: account.is_active,
        user_type: UserType::ServiceAccount,
        path: PATH.to_owned(),
        attributes: account.attributes.clone(),
        groups,
        password_hash: None,
    }
}

/// The token has the primary key of the account.
async fn put_token(
    store: &Store,
    tx: &DatabaseTransaction,
    account: &DeclaredAccount,
    user: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let hash = (!account.token.is_empty()).then(|| hash_secret(&account.token));
    let before = token::Entity::find_by_id(account.id).one(tx).await?;
    if before.map(|row| row.key_hash) == hash {
        return Ok(());
    }
    token::Entity::delete_by_id(account.id).exec(tx).await?;
    changes::append(tx, now, [(Topic::Token, account.id.to_string())]).await?;
    let Some(hash) = hash else { return Ok(()) };
    fits("token", &account.token, TEXT)?;
    let row = token::ActiveModel {
        pk: Set(account.id),
        identifier: Set(format!("service-account-{}", account.username)),
        key_hash: Set(hash),
        key_sealed: Set(store.seal_key().seal(&tokens::place(account.id), account.token.as_bytes())?),
        intent: Set(TokenIntent::Api.as_str().to_owned()),
        user_pk: Set(user),
        description: Set("Declared with its service account".to_owned()),
        expires: Set(None),
        expiring: Set(false),
        managed: Set(Some(format!("lockgate/service-accounts/{}", account.id))),
        created: Set(micros(now)),
    };
    token::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}
