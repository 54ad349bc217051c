//! What people are told of events.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, Order, QueryFilter};
use uuid::Uuid;

use crate::entity::notification;
use crate::paging::{self, Page};
use crate::tasks::{Task, TaskEnd, finish, insert};
use crate::text::{TEXT, containing, cut, fits, micros};
use crate::user_filter::text_is;
use crate::{Store, StoreError, expired};

const CHUNK: usize = 500;

/// Something that a person is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Primary key; version 7, so that keys rise with time.
    pub pk: Uuid,
    /// The event that it is about.
    pub event_pk: Uuid,
    /// Who is told.
    pub user_pk: i64,
    /// `notice`, `warning` or `alert`.
    pub severity: String,
    /// What.
    pub body: String,
    /// Where more of it is to be seen.
    pub hyperlink: Option<String>,
    /// What that is called.
    pub hyperlink_label: Option<String>,
    /// Whether the person has seen it.
    pub seen: bool,
    /// When.
    pub created: DateTime<Utc>,
    /// When it may be dropped.
    pub expires: DateTime<Utc>,
}

/// Which notifications are wanted; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotificationFilter {
    /// Part of what is told.
    pub search: Option<String>,
    /// Who is told.
    pub user_pk: Option<i64>,
    /// Exactly what is told.
    pub body: Option<String>,
    /// Exactly when.
    pub created: Option<DateTime<Utc>>,
    /// The event.
    pub event: Option<Uuid>,
    /// Seen or not.
    pub seen: Option<bool>,
    /// How severe.
    pub severity: Option<String>,
    /// `created`, `severity`, `seen`, each with whether it descends; newest first if none.
    pub ordering: Vec<(String, bool)>,
    /// Which page.
    pub page: Page,
}

/// Notifications; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Notifications<'a> {
    pub(crate) store: &'a Store,
}

impl Notifications<'_> {
    /// Stores what a claimed task tells people, the work that comes of it and its end, all or nothing; answers
    /// whether the task was still claimed. Who has no account any more is told nothing.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when an account has gone meanwhile, or whatever the database answers.
    pub async fn tell(
        &self,
        told: &[Notification],
        more: &[Task],
        task: (Uuid, DateTime<Utc>),
        end: &TaskEnd,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let rows: Vec<_> = told.iter().map(to_row).collect();
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                if !finish(&tx, task.0, task.1, end, now).await? {
                    return Ok(false);
                }
                for chunk in rows.chunks(CHUNK) {
                    notification::Entity::insert_many(chunk.to_vec()).exec_without_returning(&tx).await?;
                }
                insert(&tx, more).await?;
                tx.commit().await?;
                Ok(true)
            })
            .await
    }

    /// Stores what people are told.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] for an unknown account, or whatever the database answers.
    pub async fn insert(&self, told: &[Notification]) -> Result<(), StoreError> {
        let rows: Vec<_> = told.iter().map(to_row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                notification::Entity::insert_many(rows).exec_without_returning(&tx).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// The notification with this key.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, pk: Uuid) -> Result<Option<Notification>, StoreError> {
        self.store
            .bounded(async {
                let row = notification::Entity::find_by_id(pk).one(self.store.reader()).await?;
                Ok(row.map(Notification::from))
            })
            .await
    }

    /// The notifications of one page and how many match in all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, filter: &NotificationFilter) -> Result<(Vec<Notification>, u64), StoreError> {
        use notification::Column;
        let column = |field: &str| match field {
            "created" => Some(Column::Created),
            "severity" => Some(Column::Severity),
            "seen" => Some(Column::Seen),
            "body" => Some(Column::Body),
            _ => None,
        };
        self.store
            .bounded(async {
                let matching = notification::Entity::find().filter(condition(filter));
                let (newest, last) = ((Column::Created, Order::Desc), (Column::Pk, Order::Desc));
                let order = |select| paging::ordered(select, &filter.ordering, column, newest, last);
                let (rows, total) = paging::fetch(self.store.reader(), matching, order, filter.page).await?;
                Ok((rows.into_iter().map(Notification::from).collect(), total))
            })
            .await
    }

    /// How much somebody was told and has not seen.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn unseen(&self, user_pk: i64) -> Result<u64, StoreError> {
        use notification::Column;
        let matching = notification::Entity::find().filter(Column::UserPk.eq(user_pk)).filter(Column::Seen.eq(false));
        self.store.bounded(paging::count(self.store.reader(), matching)).await
    }

    /// Changes what may be changed: whether it is seen, and where it leads. Answers whether it is there.
    ///
    /// # Errors
    /// [`StoreError::TooLong`], or whatever the database answers.
    pub async fn update(&self, changed: &Notification) -> Result<bool, StoreError> {
        use notification::Column;
        for (field, text) in [("hyperlink", &changed.hyperlink), ("hyperlink_label", &changed.hyperlink_label)] {
            fits(field, text.as_deref().unwrap_or_default(), TEXT)?;
        }
        let update = notification::Entity::update_many()
            .col_expr(Column::Seen, Expr::value(changed.seen))
            .col_expr(Column::Hyperlink, Expr::value(changed.hyperlink.clone()))
            .col_expr(Column::HyperlinkLabel, Expr::value(changed.hyperlink_label.clone()))
            .filter(Column::Pk.eq(changed.pk));
        self.write(update).await.map(|rows| rows == 1)
    }

    /// Notes that a person has seen everything; answers how much that was.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn mark_all_seen(&self, user_pk: i64) -> Result<u64, StoreError> {
        use notification::Column;
        let update = notification::Entity::update_many()
            .col_expr(Column::Seen, Expr::value(true))
            .filter(Column::UserPk.eq(user_pk))
            .filter(Column::Seen.eq(false));
        self.write(update).await
    }

    async fn write(&self, update: sea_orm::UpdateMany<notification::Entity>) -> Result<u64, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let done = update.exec(&tx).await?;
                tx.commit().await?;
                Ok(done.rows_affected)
            })
            .await
    }

    /// Removes a notification; answers whether it was there.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete(&self, pk: Uuid) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let gone = notification::Entity::delete_by_id(pk).exec(&tx).await?;
                tx.commit().await?;
                Ok(gone.rows_affected == 1)
            })
            .await
    }

    /// Removes up to `limit` notifications that may be dropped; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_expired(&self, now: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        use notification::Column;
        let old = Column::Expires.lte(micros(now));
        expired::delete::<notification::Entity>(self.store, Column::Pk, old, limit).await
    }
}

fn condition(filter: &NotificationFilter) -> Condition {
    use notification::Column;
    let part = filter.search.as_deref().filter(|search| !search.is_empty());
    Condition::all()
        .add_option(part.map(|search| Column::Body.like(containing(search))))
        .add_option(filter.user_pk.map(|pk| Column::UserPk.eq(pk)))
        .add_option(filter.body.as_deref().map(|body| text_is(Column::Body, body)))
        .add_option(filter.created.map(|at| Column::Created.eq(micros(at))))
        .add_option(filter.event.map(|event| Column::EventPk.eq(event)))
        .add_option(filter.seen.map(|seen| Column::Seen.eq(seen)))
        .add_option(filter.severity.as_deref().map(|severity| text_is(Column::Severity, severity)))
}

fn to_row(told: &Notification) -> notification::ActiveModel {
    let short = |text: &Option<String>| text.as_deref().map(|text| cut(text, TEXT));
    notification::ActiveModel {
        pk: Set(told.pk),
        event_pk: Set(told.event_pk),
        user_pk: Set(told.user_pk),
        severity: Set(cut(&told.severity, 16)),
        body: Set(cut(&told.body, TEXT)),
        hyperlink: Set(short(&told.hyperlink)),
        hyperlink_label: Set(short(&told.hyperlink_label)),
        seen: Set(told.seen),
        created: Set(micros(told.created)),
        expires: Set(micros(told.expires)),
    }
}

impl From<notification::Model> for Notification {
    fn from(row: notification::Model) -> Self {
        Self {
            pk: row.pk,
            event_pk: row.event_pk,
            user_pk: row.user_pk,
            severity: row.severity,
            body: row.body,
            hyperlink: row.hyperlink,
            hyperlink_label: row.hyperlink_label,
            seen: row.seen,
            created: row.created,
            expires: row.expires,
        }
    }
}
