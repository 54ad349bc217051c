//! The audit log.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, Order, QueryFilter, Select};
use serde_json::Value;
use uuid::Uuid;

use crate::entity::event;
use crate::paging::{self, Page};
use crate::text::{DATA, TEXT, containing, cut, from_json, micros, to_json};
use crate::user_filter::{DateFilter, text_is, within};
use crate::{Store, StoreError, expired};

const CHUNK: usize = 500;

/// One entry of the audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Primary key; version 7, so that keys rise with time.
    pub pk: Uuid,
    /// What happened, such as `login_failed`.
    pub action: String,
    /// Which part of the program says so.
    pub app: String,
    /// Who did it, if known.
    pub user_pk: Option<i64>,
    /// Who did it, as they were then: `pk`, `username`, `email`.
    pub user: Value,
    /// Particulars; secrets are already blotted out.
    pub context: Value,
    /// Address it was done from.
    pub client_ip: Option<String>,
    /// The brand whose page it was done on.
    pub brand: Value,
    /// When.
    pub created: DateTime<Utc>,
    /// When the entry may be dropped.
    pub expires: DateTime<Utc>,
}

/// Which entries are wanted; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Part of action, app, username, address or context.
    pub search: Option<String>,
    /// One of these actions; empty means any.
    pub actions: Vec<String>,
    /// Exact app.
    pub app: Option<String>,
    /// Exact username.
    pub username: Option<String>,
    /// Who did it.
    pub user_pk: Option<i64>,
    /// Exact address.
    pub client_ip: Option<String>,
    /// When.
    pub created: DateFilter,
    /// `created`, `action`, `app`, `client_ip`, each with whether it descends; newest first if none.
    pub ordering: Vec<(String, bool)>,
    /// Which page.
    pub page: Page,
}

/// The audit log; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Events<'a> {
    pub(crate) store: &'a Store,
}

impl Events<'_> {
    /// Stores entries, all or none.
    ///
    /// # Errors
    /// [`StoreError::TooLong`] for a context beyond 256 KiB, or whatever the database answers.
    pub async fn insert(&self, events: &[Event]) -> Result<(), StoreError> {
        let rows: Result<Vec<_>, StoreError> = events.iter().map(to_row).collect();
        let rows = rows?;
        if rows.is_empty() {
            return Ok(());
        }
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                for chunk in rows.chunks(CHUNK) {
                    let insert = event::Entity::insert_many(chunk.to_vec());
                    insert.exec_without_returning(&tx).await?;
                }
                Ok(tx.commit().await?)
            })
            .await
    }

    /// The entry with this key.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, pk: Uuid) -> Result<Option<Event>, StoreError> {
        self.store
            .bounded(async {
                let row = event::Entity::find_by_id(pk).one(self.store.reader()).await?;
                row.map(Event::try_from).transpose()
            })
            .await
    }

    /// The entries of one page and how many match in all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, filter: &EventFilter) -> Result<(Vec<Event>, u64), StoreError> {
        self.store
            .bounded(async {
                let matching = event::Entity::find().filter(condition(filter));
                let order = |select| ordered(select, &filter.ordering);
                let page = paging::fetch(self.store.reader(), matching, order, filter.page);
                let (rows, total) = page.await?;
                let events: Result<Vec<_>, _> = rows.into_iter().map(Event::try_from).collect();
                Ok((events?, total))
            })
            .await
    }

    /// Removes up to `limit` entries that tell what a user did; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_of_user(&self, user: i64, limit: u64) -> Result<u64, StoreError> {
        use event::Column;
        let theirs = Column::UserPk.eq(user);
        expired::delete::<event::Entity>(self.store, Column::Pk, theirs, limit).await
    }

    /// Removes up to `limit` entries that may be dropped; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_expired(&self, now: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        use event::Column;
        let old = Column::Expires.lte(micros(now));
        expired::delete::<event::Entity>(self.store, Column::Pk, old, limit).await
    }
}

fn to_row(event: &Event) -> Result<event::ActiveModel, StoreError> {
    let username = event.user.get("username").and_then(Value::as_str).unwrap_or_default();
    Ok(event::ActiveModel {
        pk: Set(event.pk),
        action: Set(cut(&event.action, 100)),
        app: Set(cut(&event.app, 255)),
        user_pk: Set(event.user_pk),
        username: Set(cut(username, TEXT)),
        user: Set(to_json("user", &event.user, DATA)?),
        context: Set(to_json("context", &event.context, DATA)?),
        client_ip: Set(event.client_ip.as_deref().map(|ip| cut(ip, 64))),
        brand: Set(to_json("brand", &event.brand, DATA)?),
        created: Set(micros(event.created)),
        expires: Set(micros(event.expires)),
    })
}

fn condition(filter: &EventFilter) -> Condition {
    use event::Column;
    let part = filter.search.as_deref().filter(|search| !search.is_empty()).map(|search| {
        let columns = [Column::Action, Column::App, Column::Username, Column::ClientIp, Column::Context];
        let mut any = Condition::any();
        for column in columns {
            any = any.add(column.like(containing(search)));
        }
        any
    });
    let actions = (!filter.actions.is_empty()).then(|| {
        let mut any = Condition::any();
        for action in &filter.actions {
            any = any.add(text_is(Column::Action, action));
        }
        any
    });
    let text = |column: Column, text: &Option<String>| text.as_deref().map(|text| text_is(column, text));
    Condition::all()
        .add_option(part)
        .add_option(actions)
        .add_option(text(Column::App, &filter.app))
        .add_option(text(Column::Username, &filter.username))
        .add_option(text(Column::ClientIp, &filter.client_ip))
        .add_option(filter.user_pk.map(|pk| Column::UserPk.eq(pk)))
        .add(within(Column::Created, filter.created))
}

fn ordered(select: Select<event::Entity>, by: &[(String, bool)]) -> Select<event::Entity> {
    use event::Column;
    let column = |field: &str| match field {
        "created" => Some(Column::Created),
        "action" => Some(Column::Action),
        "app" => Some(Column::App),
        "client_ip" => Some(Column::ClientIp),
        _ => None,
    };
    paging::ordered(select, by, column, (Column::Created, Order::Desc), (Column::Pk, Order::Desc))
}

impl TryFrom<event::Model> for Event {
    type Error = StoreError;

    fn try_from(row: event::Model) -> Result<Self, StoreError> {
        Ok(Self {
            pk: row.pk,
            action: row.action,
            app: row.app,
            user_pk: row.user_pk,
            user: from_json("events.user", &row.user)?,
            context: from_json("events.context", &row.context)?,
            client_ip: row.client_ip,
            brand: from_json("events.brand", &row.brand)?,
            created: row.created,
            expires: row.expires,
        })
    }
}
