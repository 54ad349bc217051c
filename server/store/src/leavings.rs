//! What goes along with a provider or an application: whatever people were given by it, or agreed to.
//!
//! An object of the folder has the same identifier whenever it is declared, so what stayed behind would come
//! back to life with it. It is swept where such an object begins as well: another node may still have given
//! something out between the deletion and the moment at which it learnt of that.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use lockgate_model::{Family, Kind, kind, kinds::Application};
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::entity::{code, consent, device_code, document, login, oauth_token, proxy_session, pushed_request};
use crate::text::micros;
use crate::{ConfigChange, StoreError, Topic, changes, proxy_sessions};

/// Values of one statement; databases limit its parameters.
const CHUNK: usize = 500;

/// Sweeps for a change of the configuration, within its transaction and before it is made.
pub(crate) async fn sweep(
    tx: &DatabaseTransaction,
    change: &ConfigChange,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for owners in owners(tx, change).await?.chunks(CHUNK) {
        let ids = || owners.iter().copied();
        oauth_tokens(tx, oauth_token::Column::Provider.is_in(ids()).into(), now).await?;
        proxy_sessions::end(tx, proxy_session::Column::Provider.is_in(ids()).into(), now).await?;
        code::Entity::delete_many().filter(code::Column::Provider.is_in(ids())).exec(tx).await?;
        device_code::Entity::delete_many().filter(device_code::Column::Provider.is_in(ids())).exec(tx).await?;
        pushed_request::Entity::delete_many().filter(pushed_request::Column::Provider.is_in(ids())).exec(tx).await?;
        login::Entity::delete_many().filter(login::Column::Provider.is_in(ids())).exec(tx).await?;
        consent::Entity::delete_many().filter(consent::Column::Application.is_in(ids())).exec(tx).await?;
    }
    Ok(())
}

/// The providers and applications that a change deletes or makes. Nothing else owns anything, and what is
/// swept has no index by owner, since that would slow down every token.
async fn owners(tx: &DatabaseTransaction, change: &ConfigChange) -> Result<Vec<Uuid>, StoreError> {
    let fresh = change.upserts.iter().filter(|document| owns(&document.kind)).map(|document| document.id);
    let fresh: Vec<Uuid> = fresh.collect();
    let gone = stored(tx, &change.deletes).await?.into_iter().filter(|(_, kind)| owns(kind)).map(|(id, _)| id);
    let known = stored(tx, &fresh).await?;
    Ok(gone.chain(fresh.into_iter().filter(|id| !known.contains_key(id))).collect())
}

fn owns(kind: &str) -> bool {
    kind == Application::META.kind || kind::by_name(kind).is_some_and(|kind| kind.meta.family == Family::Provider)
}

/// Those of these documents that are stored, with their kinds.
async fn stored(tx: &DatabaseTransaction, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, StoreError> {
    use document::Column;
    let mut found = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let select = document::Entity::find().select_only().column(Column::Id).column(Column::Kind);
        let these = select.filter(Column::Id.is_in(chunk.iter().copied()));
        found.extend(these.into_tuple::<(Uuid, String)>().all(tx).await?);
    }
    Ok(found)
}

/// Deletes these tokens, and notes those that are in force for the other nodes.
pub(crate) async fn oauth_tokens(
    tx: &DatabaseTransaction,
    these: Condition,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use oauth_token::Column;
    let in_force = Condition::all().add(Column::Revoked.eq(false)).add(Column::Expires.gt(micros(now)));
    let lasting = in_force.add(these.clone());
    let select = oauth_token::Entity::find().select_only().column(Column::TokenHash).filter(lasting);
    let hashes: Vec<String> = select.order_by_asc(Column::Pk).lock_exclusive().into_tuple().all(tx).await?;
    oauth_token::Entity::delete_many().filter(these).exec(tx).await?;
    changes::append(tx, now, hashes.into_iter().map(|hash| (Topic::OAuthToken, hash))).await.map(drop)
}
