//! The log of decisions: who asked for what, the answer, and the facts it rested on.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde_json::Value;
use uuid::Uuid;

use crate::entity::decision;
use crate::paging::{self, Page};
use crate::text::{DATA, cut, from_json, micros, to_json};
use crate::user_filter::{DateFilter, text_is, within};
use crate::{Store, StoreError, expired};

const CHUNK: usize = 500;

/// One decision, as it was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionRecord {
    /// Its id; version 7, so that ids rise with time.
    pub id: Uuid,
    /// When.
    pub created: DateTime<Utc>,
    /// Who asked; `None` for a visitor.
    pub user_pk: Option<i64>,
    /// Name of the account, as it was then; empty for a visitor.
    pub username: String,
    /// What for, such as `access`.
    pub action: String,
    /// To what, in words: `app grafana`.
    pub resource: String,
    /// Slug of the application that it was about.
    pub app: String,
    /// The answer.
    pub allow: bool,
    /// Address the request came from.
    pub client_ip: Option<String>,
    /// The decision and the facts; no secret is in it.
    pub record: Value,
}

/// Which decisions are wanted; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Who asked.
    pub user_pk: Option<i64>,
    /// Exact username, as it was.
    pub username: Option<String>,
    /// Exact slug of the application.
    pub app: Option<String>,
    /// Only permissions, or only denials.
    pub allow: Option<bool>,
    /// Exact address.
    pub client_ip: Option<String>,
    /// When.
    pub created: DateFilter,
    /// `created`, `username`, `app`, each with whether it descends; newest first if none.
    pub ordering: Vec<(String, bool)>,
    /// Which page.
    pub page: Page,
}

/// The log of decisions; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Decisions<'a> {
    pub(crate) store: &'a Store,
}

impl Decisions<'_> {
    /// Stores decisions, all or none.
    ///
    /// # Errors
    /// [`StoreError::TooLong`] for a record beyond 256 KiB, or whatever the database answers.
    pub async fn insert(&self, decisions: &[DecisionRecord]) -> Result<(), StoreError> {
        let rows: Vec<_> = decisions.iter().map(to_row).collect::<Result<_, StoreError>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                for chunk in rows.chunks(CHUNK) {
                    decision::Entity::insert_many(chunk.to_vec()).exec_without_returning(&tx).await?;
                }
                Ok(tx.commit().await?)
            })
            .await
    }

    /// The decision with this id.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, id: Uuid) -> Result<Option<DecisionRecord>, StoreError> {
        self.store
            .bounded(async {
                let row = decision::Entity::find_by_id(id).one(self.store.reader()).await?;
                row.map(DecisionRecord::try_from).transpose()
            })
            .await
    }

    /// The decisions of one page and how many match in all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, filter: &DecisionFilter) -> Result<(Vec<DecisionRecord>, u64), StoreError> {
        self.store
            .bounded(async {
                let matching = decision::Entity::find().filter(condition(filter));
                let order = |select| ordered(select, &filter.ordering);
                let (rows, total) = paging::fetch(self.store.reader(), matching, order, filter.page).await?;
                let decisions: Result<Vec<_>, _> = rows.into_iter().map(DecisionRecord::try_from).collect();
                Ok((decisions?, total))
            })
            .await
    }

    /// Up to `limit` decisions after the one with the id `after`, in the order of their ids, from `since` on:
    /// for whoever reads them all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn since(
        &self,
        since: DateTime<Utc>,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<DecisionRecord>, StoreError> {
        use decision::Column;
        self.store
            .bounded(async {
                let rows = decision::Entity::find()
                    .filter(Column::Created.gte(micros(since)))
                    .filter(Condition::all().add_option(after.map(|id| Column::Id.gt(id))))
                    .order_by_asc(Column::Id)
                    .limit(limit)
                    .all(self.store.reader())
                    .await?;
                rows.into_iter().map(DecisionRecord::try_from).collect()
            })
            .await
    }

    /// Removes up to `limit` decisions from before a moment; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_before(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        use decision::Column;
        expired::delete::<decision::Entity>(self.store, Column::Id, Column::Created.lt(micros(before)), limit).await
    }

    /// Removes up to `limit` of the decisions that are older than the newest `keep`; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_beyond(&self, keep: u64, limit: u64) -> Result<u64, StoreError> {
        use decision::Column;
        let newest = decision::Entity::find().select_only().column(Column::Id).order_by_desc(Column::Id);
        let first_too_many: Option<Uuid> = self
            .store
            .bounded(async { Ok(newest.offset(keep).limit(1).into_tuple().one(self.store.reader()).await?) })
            .await?;
        let Some(id) = first_too_many else { return Ok(0) };
        expired::delete::<decision::Entity>(self.store, Column::Id, Column::Id.lte(id), limit).await
    }
}

fn to_row(decision: &DecisionRecord) -> Result<decision::ActiveModel, StoreError> {
    Ok(decision::ActiveModel {
        id: Set(decision.id),
        created: Set(micros(decision.created)),
        user_pk: Set(decision.user_pk),
        username: Set(cut(&decision.username, 255)),
        action: Set(cut(&decision.action, 64)),
        resource: Set(cut(&decision.resource, 255)),
        app: Set(cut(&decision.app, 255)),
        allow: Set(decision.allow),
        client_ip: Set(decision.client_ip.as_deref().map(|ip| cut(ip, 64))),
        record: Set(to_json("record", &decision.record, DATA)?),
    })
}

fn condition(filter: &DecisionFilter) -> Condition {
    use decision::Column;
    let text = |column: Column, text: &Option<String>| text.as_deref().map(|text| text_is(column, text));
    Condition::all()
        .add_option(filter.user_pk.map(|pk| Column::UserPk.eq(pk)))
        .add_option(text(Column::Username, &filter.username))
        .add_option(text(Column::App, &filter.app))
        .add_option(text(Column::ClientIp, &filter.client_ip))
        .add_option(filter.allow.map(|allow| Column::Allow.eq(allow)))
        .add(within(Column::Created, filter.created))
}

fn ordered(select: Select<decision::Entity>, by: &[(String, bool)]) -> Select<decision::Entity> {
    use decision::Column;
    let column = |field: &str| match field {
        "created" => Some(Column::Created),
        "username" => Some(Column::Username),
        "app" => Some(Column::App),
        _ => None,
    };
    paging::ordered(select, by, column, (Column::Created, Order::Desc), (Column::Id, Order::Desc))
}

impl TryFrom<decision::Model> for DecisionRecord {
    type Error = StoreError;

    fn try_from(row: decision::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            created: row.created,
            user_pk: row.user_pk,
            username: row.username,
            action: row.action,
            resource: row.resource,
            app: row.app,
            allow: row.allow,
            client_ip: row.client_ip,
            record: from_json("decisions.record", &row.record)?,
        })
    }
}
