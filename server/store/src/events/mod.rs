//! The audit log.

mod figures;
mod filter;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;
use uuid::Uuid;

use crate::entity::event;
use crate::tasks::{self, Task};
use crate::text::{DATA, cut, from_json, micros, to_json};
use crate::{Store, StoreError, expired, paging};

pub use figures::{AppFigures, EventPlace, HourFigures};
pub(crate) use figures::{hour_of, read_hour};
pub use filter::{EventFilter, EventPerson};

const CHUNK: usize = 500;

/// Characters that count of what entries are looked for by.
const NAME: usize = 255;

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

impl Event {
    /// Whether it is short enough to be stored.
    #[must_use]
    pub fn fits(&self) -> bool {
        to_row(self).is_ok()
    }
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
        self.insert_with(events, &[]).await
    }

    /// Stores entries and the work that they cause, all or none.
    ///
    /// # Errors
    /// As [`Self::insert`].
    pub async fn insert_with(&self, events: &[Event], tasks: &[Task]) -> Result<(), StoreError> {
        let rows: Result<Vec<_>, StoreError> = events.iter().map(to_row).collect();
        let rows = rows?;
        if rows.is_empty() {
            return Ok(());
        }
        self.store
            .bounded(async {
                if rows.len() <= CHUNK && tasks.is_empty() {
                    event::Entity::insert_many(rows).exec_without_returning(self.store.writer()).await?;
                    return Ok(());
                }
                let tx = self.store.begin().await?;
                for chunk in rows.chunks(CHUNK) {
                    let insert = event::Entity::insert_many(chunk.to_vec());
                    insert.exec_without_returning(&tx).await?;
                }
                tasks::insert(&tx, tasks).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// Writes an entry over the one with its key; answers whether there was one.
    ///
    /// # Errors
    /// As [`Self::insert`].
    pub async fn update(&self, event: &Event) -> Result<bool, StoreError> {
        let row = to_row(event)?;
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let changed = event::Entity::update_many().set(row).filter(event::Column::Pk.eq(event.pk));
                let changed = changed.exec(&tx).await?;
                tx.commit().await?;
                Ok(changed.rows_affected == 1)
            })
            .await
    }

    /// Removes an entry; answers whether it was there.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete(&self, pk: Uuid) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let gone = event::Entity::delete_by_id(pk).exec(&tx).await?;
                tx.commit().await?;
                Ok(gone.rows_affected == 1)
            })
            .await
    }

    /// The entries with these keys, in no order.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get_many(&self, pks: &[Uuid]) -> Result<Vec<Event>, StoreError> {
        self.store
            .bounded(async {
                let mut found = Vec::with_capacity(pks.len());
                for chunk in pks.chunks(CHUNK) {
                    let these = event::Column::Pk.is_in(chunk.iter().copied());
                    let rows = event::Entity::find().filter(these).all(self.store.reader()).await?;
                    for row in rows {
                        found.push(Event::try_from(row)?);
                    }
                }
                Ok(found)
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
                let matching = event::Entity::find().filter(filter.condition());
                let order = |select| filter.ordered(select);
                let page = paging::fetch_by_key(self.store.reader(), matching, order, event::Column::Pk, filter.page);
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
    let name = |value: &Value| match value {
        Value::String(text) => cut(text, NAME),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    // A thing is told by itself, or by its key alone.
    let key = |value: &Value| if value.is_object() { name(&value["pk"]) } else { name(value) };
    let (context, model) = (&event.context, &event.context["model"]);
    Ok(event::ActiveModel {
        pk: Set(event.pk),
        action: Set(cut(&event.action, 100)),
        app: Set(cut(&event.app, 255)),
        user_pk: Set(event.user_pk),
        username: Set(name(&event.user["username"])),
        user: Set(to_json("user", &event.user, DATA)?),
        context: Set(to_json("context", &event.context, DATA)?),
        client_ip: Set(event.client_ip.as_deref().map(|ip| cut(ip, 64))),
        brand: Set(to_json("brand", &event.brand, DATA)?),
        created: Set(micros(event.created)),
        expires: Set(micros(event.expires)),
        brand_name: Set(name(&event.brand["name"])),
        authorized_app: Set(key(&context["authorized_application"])),
        device: Set(key(&context["device"])),
        model_app: Set(name(&model["app"])),
        model_name: Set(name(&model["model_name"])),
        model_pk: Set(name(&model["pk"])),
        subject_pk: Set(subject(context).filter(|pk| event.user_pk != Some(*pk))),
    })
}

/// Number of the account that an entry is about: itself, whose thing it is, or as whom somebody acts.
fn subject(context: &Value) -> Option<i64> {
    let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let account = Some(&context["model"]).filter(|model| model["model_name"] == "user");
    [Some(&context["owner"]), Some(&context["impersonated"]), account]
        .into_iter()
        .flatten()
        .find_map(|whom| number(&whom["pk"]))
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
