//! Lists of codes and tokens, as the API asks for them.

use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, Order, QueryFilter};
use uuid::Uuid;

use super::tokens::TokenKind;
use crate::StoreError;
use crate::entity::{code, oauth_token};
use crate::paging::{self, Page};

/// Which codes or tokens are wanted; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantFilter {
    /// Whose.
    pub user_pk: Option<i64>,
    /// Of which providers.
    pub providers: Option<Vec<Uuid>>,
    /// `expires`, `scope`, `user`, `provider`, each with whether it descends; by key if none.
    pub ordering: Vec<(String, bool)>,
    /// Which page.
    pub page: Page,
}

type Found<M> = Result<(Vec<M>, u64), StoreError>;

pub(super) async fn codes(db: &impl ConnectionTrait, filter: &GrantFilter) -> Found<code::Model> {
    use code::Column;
    let wanted = Condition::all()
        .add_option(filter.user_pk.map(|pk| Column::UserPk.eq(pk)))
        .add_option(filter.providers.as_ref().map(|all| Column::Provider.is_in(all.iter().copied())));
    let column = |field: &str| match field {
        "expires" => Some(Column::Expires),
        "scope" => Some(Column::Scope),
        "user" => Some(Column::UserPk),
        "provider" => Some(Column::Provider),
        _ => None,
    };
    let by_key = (Column::Pk, Order::Asc);
    let order = |select| paging::ordered(select, &filter.ordering, column, by_key.clone(), by_key);
    paging::fetch(db, code::Entity::find().filter(wanted), order, filter.page).await
}

pub(super) async fn tokens(
    db: &impl ConnectionTrait,
    kind: TokenKind,
    filter: &GrantFilter,
) -> Found<oauth_token::Model> {
    use oauth_token::Column;
    let wanted = Condition::all()
        .add(Column::Kind.eq(kind.as_str()))
        .add_option(filter.user_pk.map(|pk| Column::UserPk.eq(pk)))
        .add_option(filter.providers.as_ref().map(|all| Column::Provider.is_in(all.iter().copied())));
    let column = |field: &str| match field {
        "expires" => Some(Column::Expires),
        "scope" => Some(Column::Scope),
        "user" => Some(Column::UserPk),
        "provider" => Some(Column::Provider),
        _ => None,
    };
    let by_key = (Column::Pk, Order::Asc);
    let order = |select| paging::ordered(select, &filter.ordering, column, by_key.clone(), by_key);
    paging::fetch(db, oauth_token::Entity::find().filter(wanted), order, filter.page).await
}
