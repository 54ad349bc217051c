//! Removing rows that have ended, so many at a time that no statement takes long.

use sea_orm::sea_query::{IntoCondition, Query};
use sea_orm::{Condition, EntityTrait, QueryFilter};

use crate::{Store, StoreError};

/// Deletes up to `limit` rows of those that `which` names, found by `key`, in one statement; answers how
/// many.
pub(crate) async fn delete<E: EntityTrait>(
    store: &Store,
    key: E::Column,
    which: impl IntoCondition,
    limit: u64,
) -> Result<u64, StoreError> {
    let which: Condition = which.into_condition();
    let mut some = Query::select();
    some.column(key).from(E::default()).cond_where(which.clone()).limit(limit);
    let some = sea_orm::ColumnTrait::in_subquery(&key, some);
    store
        .bounded(async {
            let tx = store.begin().await?;
            // Asked again of each row: one that somebody has renewed meanwhile stays.
            let gone = E::delete_many().filter(some).filter(which).exec(&tx).await?;
            tx.commit().await?;
            Ok(gone.rows_affected)
        })
        .await
}
