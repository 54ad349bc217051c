//! Groups, how they nest, and who is a member of which.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use lockgate_model::{Group, Origin, Period, Source, User};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait,
    IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::document_row::{origin, source, source_columns};
use crate::entity::{group, group_parent, membership};
use crate::installation::{self, Counter};
use crate::membership::in_force;
use crate::text::{DATA, comparable, fits, from_json, micros, searchable, to_json};
use crate::{Store, StoreError, Topic, changes};

/// Keys of one statement.
const CHUNK: usize = 1_000;

/// A group to make.
#[derive(Debug, Clone, PartialEq)]
pub struct NewGroup {
    /// Primary key, chosen by the caller.
    pub pk: Uuid,
    /// Unique, at most 255 characters.
    pub name: String,
    /// Whether members are superusers.
    pub is_superuser: bool,
    /// Direct parents; cycles are allowed and harmless.
    pub parents: Vec<Uuid>,
    /// Merged under the members' own attributes.
    pub attributes: Map<String, Value>,
    /// Who its declaration belongs to.
    pub origin: Origin,
    /// Where it is declared, for origin `folder`.
    pub source: Option<Source>,
}

/// Fields of a group to change; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupPatch {
    /// See [`NewGroup::name`].
    pub name: Option<String>,
    /// See [`NewGroup::is_superuser`].
    pub is_superuser: Option<bool>,
    /// Replaces all parents.
    pub parents: Option<Vec<Uuid>>,
    /// Replaces all attributes.
    pub attributes: Option<Map<String, Value>>,
    /// Replaces all direct members.
    pub members: Option<Vec<i64>>,
    /// New owner of the declaration, with its place in the folder.
    pub origin: Option<(Origin, Option<Source>)>,
}

/// Groups; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Groups<'a> {
    pub(crate) store: &'a Store,
}

impl Groups<'_> {
    /// Makes a group.
    ///
    /// # Errors
    /// [`StoreError::Unique`] with `name` or `pk`, [`StoreError::Dangling`] for an unknown parent,
    /// [`StoreError::TooLong`], or whatever the database answers.
    pub async fn create(&self, new: NewGroup, now: DateTime<Utc>) -> Result<Group, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let group = insert(self.store, &tx, new, now).await?;
                tx.commit().await?;
                Ok(group)
            })
            .await
    }

    /// The group with this key.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, pk: Uuid) -> Result<Option<Group>, StoreError> {
        Ok(self.get_many(&[pk]).await?.into_iter().next())
    }

    /// The groups with these keys, in no particular order; unknown ones are left out.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get_many(&self, pks: &[Uuid]) -> Result<Vec<Group>, StoreError> {
        self.store
            .bounded(async {
                let mut rows = Vec::with_capacity(pks.len());
                for chunk in pks.chunks(CHUNK) {
                    let wanted = group::Column::Pk.is_in(chunk.iter().copied());
                    let select = group::Entity::find().filter(wanted);
                    rows.extend(select.all(self.store.reader()).await?);
                }
                with_parents(self.store.reader(), rows).await
            })
            .await
    }

    /// The group with exactly this name.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn by_name(&self, name: &str) -> Result<Option<Group>, StoreError> {
        let Some(name) = comparable(name) else { return Ok(None) };
        self.store
            .bounded(async {
                let wanted = group::Entity::find().filter(group::Column::Name.eq(name));
                let rows = wanted.all(self.store.reader()).await?;
                Ok(with_parents(self.store.reader(), rows).await?.into_iter().next())
            })
            .await
    }

    /// Every group, sorted by name.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn all(&self) -> Result<Vec<Group>, StoreError> {
        self.store
            .bounded(async {
                let select = group::Entity::find().order_by_asc(group::Column::Name);
                let rows = select.all(self.store.reader()).await?;
                with_parents(self.store.reader(), rows).await
            })
            .await
    }

    /// Changes some fields of a group.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Dangling`] for an unknown member, or as
    /// [`Self::create`].
    pub async fn update(&self, pk: Uuid, patch: GroupPatch, now: DateTime<Utc>) -> Result<Group, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let group = change(&tx, pk, patch, now).await?;
                tx.commit().await?;
                Ok(group)
            })
            .await
    }

    /// Deletes a group with its memberships; members stay. Answers whether it existed.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete(&self, pk: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let gone = group::Entity::delete_by_id(pk).exec(&tx).await?.rows_affected > 0;
                if gone {
                    changes::append(&tx, now, [(Topic::Groups, pk.to_string())]).await?;
                }
                tx.commit().await?;
                Ok(gone)
            })
            .await
    }

    /// Adds a member, for a time if one is given; answers false if it already was one. Without a time, whoever
    /// is a member stays one as long as before, and whoever was or will be one is one from now on.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] if user or group does not exist, or whatever the database answers.
    pub async fn add_user(
        &self,
        group: Uuid,
        user: i64,
        period: Option<Period>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let added = join(&tx, [(user, group)], period, now).await? > 0;
                if added {
                    changes::append(&tx, now, [(Topic::User, user.to_string())]).await?;
                }
                tx.commit().await?;
                Ok(added)
            })
            .await
    }

    /// Removes a direct member; answers false if it was none.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn remove_user(&self, group: Uuid, user: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let gone = membership::Entity::delete_by_id((user, group)).exec(&tx).await?;
                let gone = gone.rows_affected > 0;
                if gone {
                    changes::append(&tx, now, [(Topic::User, user.to_string())]).await?;
                }
                tx.commit().await?;
                Ok(gone)
            })
            .await
    }

    /// The direct members of a group at a moment, sorted by username.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn members(&self, pk: Uuid, now: DateTime<Utc>) -> Result<Vec<User>, StoreError> {
        let pks = self.member_pks(&[pk], now).await?.remove(&pk).unwrap_or_default();
        let mut members = self.store.users().get_many(&pks).await?;
        members.sort_by(|a, b| a.username.cmp(&b.username));
        Ok(members)
    }

    /// The numbers of the direct members of each of these groups at a moment, ascending.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn member_pks(&self, groups: &[Uuid], now: DateTime<Utc>) -> Result<HashMap<Uuid, Vec<i64>>, StoreError> {
        use membership::Column;
        self.store
            .bounded(async {
                let mut members: HashMap<Uuid, Vec<i64>> = HashMap::new();
                for chunk in groups.chunks(CHUNK) {
                    let wanted = Column::GroupPk.is_in(chunk.iter().copied());
                    let rows = membership::Entity::find().filter(wanted).filter(in_force(now));
                    // Of large groups whole rows take several times as long.
                    let rows = rows.select_only().column(Column::GroupPk).column(Column::UserPk);
                    let rows = rows.order_by_asc(Column::UserPk).into_tuple::<(Uuid, i64)>();
                    for (group, user) in rows.all(self.store.reader()).await? {
                        members.entry(group).or_default().push(user);
                    }
                }
                Ok(members)
            })
            .await
    }

    /// The direct groups of each of these users at a moment, sorted by name.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn of_users(&self, users: &[i64], now: DateTime<Utc>) -> Result<HashMap<i64, Vec<Group>>, StoreError> {
        let mut pairs = Vec::new();
        self.store
            .bounded(async {
                for chunk in users.chunks(CHUNK) {
                    let wanted = membership::Column::UserPk.is_in(chunk.iter().copied());
                    let rows = membership::Entity::find().filter(wanted).filter(in_force(now));
                    pairs.extend(rows.all(self.store.reader()).await?);
                }
                Ok(())
            })
            .await?;
        let wanted: HashSet<Uuid> = pairs.iter().map(|row| row.group_pk).collect();
        let wanted: Vec<Uuid> = wanted.into_iter().collect();
        let found = self.get_many(&wanted).await?;
        let groups: HashMap<Uuid, Group> = found.into_iter().map(|g| (g.pk, g)).collect();
        let mut answer: HashMap<i64, Vec<Group>> = HashMap::new();
        for row in pairs {
            if let Some(group) = groups.get(&row.group_pk) {
                answer.entry(row.user_pk).or_default().push(group.clone());
            }
        }
        for groups in answer.values_mut() {
            groups.sort_by(|a, b| a.name.cmp(&b.name));
        }
        Ok(answer)
    }

    /// The direct groups of one user at a moment, sorted by name.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn of_user(&self, user: i64, now: DateTime<Utc>) -> Result<Vec<Group>, StoreError> {
        Ok(self.of_users(&[user], now).await?.remove(&user).unwrap_or_default())
    }

    /// The direct children of each of these groups.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn children(&self, groups: &[Uuid]) -> Result<HashMap<Uuid, Vec<Uuid>>, StoreError> {
        use group_parent::Column;
        self.store
            .bounded(async {
                let mut children: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
                for chunk in groups.chunks(CHUNK) {
                    let wanted = Column::ParentPk.is_in(chunk.iter().copied());
                    let rows = group_parent::Entity::find().filter(wanted);
                    let rows = rows.order_by_asc(Column::ChildPk).all(self.store.reader()).await?;
                    for row in rows {
                        children.entry(row.parent_pk).or_default().push(row.child_pk);
                    }
                }
                Ok(children)
            })
            .await
    }
}

/// Makes a group within a transaction.
pub(crate) async fn insert(
    store: &Store,
    tx: &DatabaseTransaction,
    new: NewGroup,
    now: DateTime<Utc>,
) -> Result<Group, StoreError> {
    fits("name", &new.name, 255)?;
    let (source_file, source_line) = source_columns(new.source)?;
    let row = group::ActiveModel {
        pk: Set(new.pk),
        num_pk: Set(installation::next(store, tx, Counter::Group).await?),
        search: Set(searchable(&[&new.name])),
        name: Set(new.name),
        is_superuser: Set(new.is_superuser),
        attributes: Set(to_json("attributes", &new.attributes, DATA)?),
        origin: Set(new.origin.as_str().to_owned()),
        source_file: Set(source_file),
        source_line: Set(source_line),
    };
    let row = row.insert(tx).await?;
    let parents = set_parents(tx, row.pk, &new.parents).await?;
    changes::append(tx, now, [(Topic::Groups, row.pk.to_string())]).await?;
    build(row, parents)
}

/// Changes a group within a transaction.
pub(crate) async fn change(
    tx: &DatabaseTransaction,
    pk: Uuid,
    patch: GroupPatch,
    now: DateTime<Utc>,
) -> Result<Group, StoreError> {
    let row = group::Entity::find_by_id(pk).lock_exclusive().one(tx).await?;
    let row = row.ok_or(StoreError::NotFound { what: "group" })?;
    let (parents, members) = (patch.parents.clone(), patch.members.clone());
    let row = patched(row, patch)?.update(tx).await?;
    let parents = match parents {
        Some(parents) => set_parents(tx, pk, &parents).await?,
        None => parents_of(tx, &[pk]).await?.remove(&pk).unwrap_or_default(),
    };
    let moved = match members {
        Some(members) => set_members(tx, pk, &members, now).await?,
        None => Vec::new(),
    };
    let moved = moved.into_iter().map(|user| (Topic::User, user.to_string()));
    changes::append(tx, now, moved.chain([(Topic::Groups, pk.to_string())])).await?;
    build(row, parents)
}

/// Groups with their parents, as a transaction sees them.
pub(crate) async fn found(tx: &DatabaseTransaction, pks: &[Uuid]) -> Result<Vec<Group>, StoreError> {
    let mut rows = Vec::with_capacity(pks.len());
    for chunk in pks.chunks(CHUNK) {
        let wanted = group::Column::Pk.is_in(chunk.iter().copied());
        rows.extend(group::Entity::find().filter(wanted).all(tx).await?);
    }
    with_parents(tx, rows).await
}

fn patched(row: group::Model, patch: GroupPatch) -> Result<group::ActiveModel, StoreError> {
    let mut row = row.into_active_model();
    if let Some(name) = patch.name {
        fits("name", &name, 255)?;
        row.search = Set(searchable(&[&name]));
        row.name = Set(name);
    }
    if let Some(superuser) = patch.is_superuser {
        row.is_superuser = Set(superuser);
    }
    if let Some(attributes) = patch.attributes {
        row.attributes = Set(to_json("attributes", &attributes, DATA)?);
    }
    if let Some((origin, source)) = patch.origin {
        let (file, line) = source_columns(source)?;
        row.origin = Set(origin.as_str().to_owned());
        row.source_file = Set(file);
        row.source_line = Set(line);
    }
    Ok(row)
}

pub(crate) fn build(row: group::Model, parents: Vec<Uuid>) -> Result<Group, StoreError> {
    Ok(Group {
        pk: row.pk,
        num_pk: row.num_pk,
        name: row.name,
        is_superuser: row.is_superuser,
        parents,
        attributes: from_json("groups.attributes", &row.attributes)?,
        origin: origin("groups.origin", &row.origin)?,
        source: source(row.source_file, row.source_line),
    })
}

/// Completes rows with their parents.
pub(crate) async fn with_parents(db: &impl ConnectionTrait, rows: Vec<group::Model>) -> Result<Vec<Group>, StoreError> {
    let pks: Vec<Uuid> = rows.iter().map(|row| row.pk).collect();
    let mut parents = parents_of(db, &pks).await?;
    let complete = |row: group::Model| {
        let parents = parents.remove(&row.pk).unwrap_or_default();
        build(row, parents)
    };
    rows.into_iter().map(complete).collect()
}

async fn parents_of(db: &impl ConnectionTrait, groups: &[Uuid]) -> Result<HashMap<Uuid, Vec<Uuid>>, StoreError> {
    use group_parent::Column;
    let mut parents: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for chunk in groups.chunks(CHUNK) {
        let wanted = Column::ChildPk.is_in(chunk.iter().copied());
        let rows = group_parent::Entity::find().filter(wanted);
        for row in rows.order_by_asc(Column::ParentPk).all(db).await? {
            parents.entry(row.child_pk).or_default().push(row.parent_pk);
        }
    }
    Ok(parents)
}

async fn set_parents(tx: &DatabaseTransaction, child: Uuid, parents: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    let parents: BTreeSet<Uuid> = parents.iter().copied().collect();
    let before = group_parent::Column::ChildPk.eq(child);
    group_parent::Entity::delete_many().filter(before).exec(tx).await?;
    let row = |parent| group_parent::ActiveModel { child_pk: Set(child), parent_pk: Set(parent) };
    let rows: Vec<_> = parents.iter().copied().map(row).collect();
    for chunk in rows.chunks(CHUNK) {
        group_parent::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx).await?;
    }
    Ok(parents.into_iter().collect())
}

/// Makes `groups` the direct groups of a user. A membership that goes on keeps its time, and one that is yet
/// to begin is none that a list could leave out.
pub(crate) async fn set_memberships(
    tx: &DatabaseTransaction,
    user: i64,
    groups: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use membership::Column;
    let after: BTreeSet<Uuid> = groups.iter().copied().collect();
    let select = membership::Entity::find().select_only().column(Column::GroupPk);
    let before = select.filter(Column::UserPk.eq(user)).filter(in_force(now));
    let before: BTreeSet<Uuid> = before.into_tuple().all(tx).await?.into_iter().collect();
    let gone: Vec<Uuid> = before.difference(&after).copied().collect();
    for chunk in gone.chunks(CHUNK) {
        membership::Entity::delete_many()
            .filter(Column::UserPk.eq(user))
            .filter(Column::GroupPk.is_in(chunk.iter().copied()))
            .exec(tx)
            .await?;
    }
    join(tx, after.difference(&before).map(|group| (user, *group)), None, now).await?;
    Ok(())
}

/// Makes `members` the direct members of a group, as [`set_memberships`] does; answers whose memberships
/// changed.
async fn set_members(
    tx: &DatabaseTransaction,
    group: Uuid,
    members: &[i64],
    now: DateTime<Utc>,
) -> Result<Vec<i64>, StoreError> {
    use membership::Column;
    let after: BTreeSet<i64> = members.iter().copied().collect();
    let select = membership::Entity::find().select_only().column(Column::UserPk);
    let before = select.filter(Column::GroupPk.eq(group)).filter(in_force(now));
    let before: BTreeSet<i64> = before.into_tuple().all(tx).await?.into_iter().collect();
    let gone: Vec<i64> = before.difference(&after).copied().collect();
    for chunk in gone.chunks(CHUNK) {
        membership::Entity::delete_many()
            .filter(Column::GroupPk.eq(group))
            .filter(Column::UserPk.is_in(chunk.iter().copied()))
            .exec(tx)
            .await?;
    }
    let new: Vec<i64> = after.difference(&before).copied().collect();
    join(tx, new.iter().map(|user| (*user, group)), None, now).await?;
    Ok(gone.into_iter().chain(new).collect())
}

/// Adds memberships that are missing or not in force, or gives all of them a time; answers how many changed.
async fn join(
    tx: &DatabaseTransaction,
    pairs: impl IntoIterator<Item = (i64, Uuid)>,
    period: Option<Period>,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    use membership::Column;
    let pairs: BTreeSet<(i64, Uuid)> = pairs.into_iter().collect();
    let Period { from, until } = period.unwrap_or_default();
    let row = |(user, group)| membership::ActiveModel {
        user_pk: Set(user),
        group_pk: Set(group),
        valid_from: Set(from.map(micros)),
        valid_until: Set(until.map(micros)),
        end_noted: Set(false),
    };
    let rows: Vec<_> = pairs.into_iter().map(row).collect();
    let mut known = OnConflict::columns([Column::UserPk, Column::GroupPk]);
    known.update_columns([Column::ValidFrom, Column::ValidUntil, Column::EndNoted]);
    if period.is_none() {
        known.action_cond_where(in_force(now).not());
    }
    let mut added = 0;
    for chunk in rows.chunks(CHUNK) {
        added += membership::Entity::insert_many(chunk.to_vec())
            .on_conflict(known.clone())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(added)
}
