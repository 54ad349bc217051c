//! Invitations: whoever knows the key of one may enroll, with the data that it says.

use chrono::{DateTime, Utc};
use lockgate_model::User;
use sea_orm::sea_query::Query;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel,
    Order, QueryFilter, Select,
};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::entity::{invitation, user};
use crate::paging::{self, Page};
use crate::text::{DATA, comparable, fits, from_json, micros, search_patterns, searchable, to_json};
use crate::user_filter::text_is;
use crate::{NewUser, Store, StoreError, Topic, changes, expired, users};

/// An invitation.
#[derive(Debug, Clone, PartialEq)]
pub struct Invitation {
    /// Primary key, and the key of whoever is invited.
    pub pk: Uuid,
    /// For people, at most 255 characters.
    pub name: String,
    /// Answers that are given already, by the keys of prompts.
    pub fixed_data: Map<String, Value>,
    /// It makes one account and no more.
    pub single_use: bool,
    /// When it ends; `None` means never.
    pub expires: Option<DateTime<Utc>>,
    /// The only flow that it is for; `None`: any.
    pub flow: Option<Uuid>,
    /// Who invites.
    pub created_by: i64,
    /// When it was made.
    pub created: DateTime<Utc>,
}

/// Fields of an invitation to change; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InvitationPatch {
    /// See [`Invitation::name`].
    pub name: Option<String>,
    /// See [`Invitation::fixed_data`].
    pub fixed_data: Option<Map<String, Value>>,
    /// See [`Invitation::single_use`].
    pub single_use: Option<bool>,
    /// See [`Invitation::expires`]; `Some(None)` takes it away.
    pub expires: Option<Option<DateTime<Utc>>>,
    /// See [`Invitation::flow`]; `Some(None)` takes it away.
    pub flow: Option<Option<Uuid>>,
}

/// Which invitations are wanted; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InvitationFilter {
    /// Words of the name, or of the name of who invites.
    pub search: Option<String>,
    /// Exact name.
    pub name: Option<String>,
    /// Who invites.
    pub created_by: Option<i64>,
    /// Exact username of who invites.
    pub username: Option<String>,
    /// Exact end.
    pub expires: Option<DateTime<Utc>>,
    /// For one of these flows alone.
    pub flows: Option<Vec<Uuid>>,
    /// `name`, `expires`, `created`, `single_use`, each with whether it descends; the last to end first if none.
    pub ordering: Vec<(String, bool)>,
    /// Which page.
    pub page: Page,
}

/// Invitations; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Invitations<'a> {
    pub(crate) store: &'a Store,
}

impl Invitations<'_> {
    /// Stores an invitation.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] for an unknown user or flow, [`StoreError::TooLong`], or whatever the database
    /// answers.
    pub async fn create(&self, new: Invitation) -> Result<Invitation, StoreError> {
        fits("name", &new.name, 255)?;
        let row = invitation::ActiveModel {
            pk: Set(new.pk),
            search: Set(searchable(&[&new.name])),
            name: Set(new.name),
            fixed_data: Set(to_json("fixed_data", &new.fixed_data, DATA)?),
            single_use: Set(new.single_use),
            expires: Set(new.expires.map(micros)),
            flow_id: Set(new.flow),
            created_by: Set(new.created_by),
            created: Set(micros(new.created)),
        };
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let row = row.insert(&tx).await?;
                tx.commit().await?;
                Invitation::try_from(row)
            })
            .await
    }

    /// The invitation with this primary key, ended or not.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, pk: Uuid) -> Result<Option<Invitation>, StoreError> {
        self.store
            .bounded(async {
                let row = invitation::Entity::find_by_id(pk).one(self.store.reader()).await?;
                row.map(Invitation::try_from).transpose()
            })
            .await
    }

    /// The invitations of one page and how many match in all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, filter: &InvitationFilter) -> Result<(Vec<Invitation>, u64), StoreError> {
        self.store
            .bounded(async {
                let matching = invitation::Entity::find().filter(condition(filter));
                let order = |select| ordered(select, &filter.ordering);
                let (rows, total) = paging::fetch(self.store.reader(), matching, order, filter.page).await?;
                let found: Result<Vec<Invitation>, _> = rows.into_iter().map(Invitation::try_from).collect();
                Ok((found?, total))
            })
            .await
    }

    /// Changes some fields of an invitation.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or as [`Self::create`].
    pub async fn update(&self, pk: Uuid, patch: InvitationPatch) -> Result<Invitation, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let row = invitation::Entity::find_by_id(pk).one(&tx).await?;
                let row = row.ok_or(StoreError::NotFound { what: "invitation" })?;
                let row = patched(row, patch)?.update(&tx).await?;
                tx.commit().await?;
                Invitation::try_from(row)
            })
            .await
    }

    /// Deletes an invitation; answers whether it existed. Of several who use one up at once, one hears yes.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete(&self, pk: Uuid) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let gone = take(&tx, pk).await?;
                tx.commit().await?;
                Ok(gone)
            })
            .await
    }

    /// Makes an account and uses the invitation up, or does neither.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where somebody else has used it up, or as [`crate::Users::create`].
    pub async fn enroll(&self, pk: Uuid, new: NewUser, now: DateTime<Utc>) -> Result<User, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                if !take(&tx, pk).await? {
                    return Err(StoreError::NotFound { what: "invitation" });
                }
                let user = users::insert(&tx, new, now).await?;
                changes::append(&tx, now, [(Topic::User, user.pk.to_string())]).await?;
                tx.commit().await?;
                Ok(user)
            })
            .await
    }

    /// Removes up to `limit` invitations that have ended; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_expired(&self, now: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        let ended = invitation::Column::Expires.lte(micros(now));
        expired::delete::<invitation::Entity>(self.store, invitation::Column::Pk, ended, limit).await
    }
}

async fn take(tx: &DatabaseTransaction, pk: Uuid) -> Result<bool, StoreError> {
    Ok(invitation::Entity::delete_by_id(pk).exec(tx).await?.rows_affected > 0)
}

fn patched(row: invitation::Model, patch: InvitationPatch) -> Result<invitation::ActiveModel, StoreError> {
    let mut row = row.into_active_model();
    if let Some(name) = patch.name {
        fits("name", &name, 255)?;
        row.search = Set(searchable(&[&name]));
        row.name = Set(name);
    }
    if let Some(data) = patch.fixed_data {
        row.fixed_data = Set(to_json("fixed_data", &data, DATA)?);
    }
    if let Some(single_use) = patch.single_use {
        row.single_use = Set(single_use);
    }
    if let Some(expires) = patch.expires {
        row.expires = Set(expires.map(micros));
    }
    if let Some(flow) = patch.flow {
        row.flow_id = Set(flow);
    }
    Ok(row)
}

fn condition(filter: &InvitationFilter) -> Condition {
    use invitation::Column;
    let users =
        |wanted: Condition| Query::select().column(user::Column::Pk).from(user::Entity).cond_where(wanted).to_owned();
    let mut all = Condition::all()
        .add_option(filter.name.as_deref().map(|name| text_is(Column::Name, name)))
        .add_option(filter.created_by.map(|pk| Column::CreatedBy.eq(pk)))
        .add_option(filter.expires.map(|time| Column::Expires.eq(micros(time))))
        .add_option(filter.flows.as_ref().map(|flows| Column::FlowId.is_in(flows.iter().copied())));
    if let Some(name) = &filter.username {
        let named = user::Column::Username.eq(comparable(name).unwrap_or_default());
        all = all.add(Column::CreatedBy.in_subquery(users(named.into())));
    }
    for pattern in filter.search.as_deref().map(search_patterns).unwrap_or_default() {
        let theirs = users(user::Column::Search.like(pattern.clone()).into());
        let either = Condition::any().add(Column::Search.like(pattern)).add(Column::CreatedBy.in_subquery(theirs));
        all = all.add(either);
    }
    all
}

fn ordered(select: Select<invitation::Entity>, by: &[(String, bool)]) -> Select<invitation::Entity> {
    use invitation::Column;
    let column = |field: &str| match field {
        "name" => Some(Column::Name),
        "expires" => Some(Column::Expires),
        "created" => Some(Column::Created),
        "single_use" => Some(Column::SingleUse),
        _ => None,
    };
    paging::ordered(select, by, column, (Column::Expires, Order::Desc), (Column::Pk, Order::Asc))
}

impl TryFrom<invitation::Model> for Invitation {
    type Error = StoreError;

    fn try_from(row: invitation::Model) -> Result<Self, StoreError> {
        Ok(Self {
            pk: row.pk,
            name: row.name,
            fixed_data: from_json("invitations.fixed_data", &row.fixed_data)?,
            single_use: row.single_use,
            expires: row.expires,
            flow: row.flow_id,
            created_by: row.created_by,
            created: row.created,
        })
    }
}
