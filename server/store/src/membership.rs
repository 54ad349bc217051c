//! When memberships count, and what becomes of those that are over. Whoever looks at memberships to tell who is
//! in a group takes the condition from here.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use lockgate_model::{
    Period,
    people::{GroupFact, TimedMembership},
};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    Statement,
};
use uuid::Uuid;

use crate::entity::{group, membership};
use crate::text::micros;
use crate::{Groups, Store, StoreError, Topic, changes};

/// A membership with its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Number of the user.
    pub user_pk: i64,
    /// Key of the group.
    pub group_pk: Uuid,
    /// When it counts.
    pub period: Period,
}

impl From<membership::Model> for Membership {
    fn from(row: membership::Model) -> Self {
        let period = Period { from: row.valid_from, until: row.valid_until };
        Self { user_pk: row.user_pk, group_pk: row.group_pk, period }
    }
}

/// That a membership counts at a moment; as [`Period::contains`].
pub(crate) fn in_force(now: DateTime<Utc>) -> Condition {
    use membership::Column::{ValidFrom, ValidUntil};
    let now = micros(now);
    Condition::all().add(ValidFrom.is_null().or(ValidFrom.lte(now))).add(ValidUntil.is_null().or(ValidUntil.gt(now)))
}

/// As [`in_force`], in SQL, of memberships called `m`; the moment is the parameter of this number.
pub(crate) fn in_force_sql(parameter: u8) -> String {
    format!(
        "(m.valid_from IS NULL OR m.valid_from <= ${parameter})
         AND (m.valid_until IS NULL OR m.valid_until > ${parameter})"
    )
}

/// Of a membership, that its group makes superusers: by its own mark, or by that of a group around it. `UNION`
/// drops what was seen before, so cycles end.
pub(crate) const MAKES_SUPERUSERS: &str = r#""memberships"."group_pk" IN (
    WITH RECURSIVE down(pk) AS (
        SELECT g.pk FROM "groups" g WHERE g.is_superuser
        UNION
        SELECT e.child_pk FROM group_parents e JOIN down ON e.parent_pk = down.pk
    )
    SELECT pk FROM down
)"#;

/// [`MAKES_SUPERUSERS`] as a part of a statement.
pub(crate) fn makes_superusers() -> Expr {
    Expr::cust(MAKES_SUPERUSERS)
}

/// The groups around each that a user is in for a time, by name. `UNION` drops what was seen before, so cycles end.
async fn around(db: &impl ConnectionTrait, user: i64) -> Result<HashMap<Uuid, Vec<GroupFact>>, StoreError> {
    let sql = r#"WITH RECURSIVE around(below, pk) AS (
            SELECT e.child_pk, e.parent_pk FROM group_parents e JOIN memberships m ON m.group_pk = e.child_pk
                WHERE m.user_pk = $1 AND (m.valid_from IS NOT NULL OR m.valid_until IS NOT NULL)
            UNION
            SELECT around.below, e.parent_pk FROM group_parents e JOIN around ON e.child_pk = around.pk
        )
        SELECT around.below, g.pk, g.name FROM around JOIN "groups" g ON g.pk = around.pk
            WHERE g.pk <> around.below ORDER BY g.name"#;
    let asked = Statement::from_sql_and_values(db.get_database_backend(), sql, [user.into()]);
    let mut found: HashMap<Uuid, Vec<GroupFact>> = HashMap::new();
    for row in db.query_all_raw(asked).await? {
        let group = GroupFact { pk: row.try_get_by_index(1)?, name: row.try_get_by_index(2)? };
        found.entry(row.try_get_by_index(0)?).or_default().push(group);
    }
    Ok(found)
}

/// A membership or a role of somebody.
#[derive(Debug, FromQueryResult)]
struct Holding {
    key: Uuid,
    valid_from: Option<DateTime<Utc>>,
    valid_until: Option<DateTime<Utc>>,
    is_role: i32,
}

/// The memberships of a user, whether they count or not, and the direct roles, in order; asked in one question, since it
/// is asked at every login.
pub(crate) async fn holdings_of(store: &Store, user: i64) -> Result<(Vec<Membership>, Vec<Uuid>), StoreError> {
    let sql = "SELECT group_pk AS key, valid_from, valid_until, 0 AS is_role FROM memberships WHERE user_pk = $1
        UNION ALL SELECT role_id, NULL, NULL, 1 FROM user_roles WHERE user_pk = $1";
    let rows = Holding::find_by_statement(store.statement(sql, [user.into()])).all(store.reader()).await?;
    let (roles, memberships): (Vec<Holding>, Vec<_>) = rows.into_iter().partition(|row| row.is_role == 1);
    let membership = |row: Holding| {
        let period = Period { from: row.valid_from, until: row.valid_until };
        Membership { user_pk: user, group_pk: row.key, period }
    };
    let mut roles: Vec<Uuid> = roles.into_iter().map(|row| row.key).collect();
    roles.sort_unstable();
    Ok((memberships.into_iter().map(membership).collect(), roles))
}

/// Of these memberships those that have a time, by name of the group.
pub(crate) async fn with_time(
    db: &impl ConnectionTrait,
    mut memberships: Vec<Membership>,
) -> Result<Vec<TimedMembership>, StoreError> {
    memberships.retain(|membership| !membership.period.is_always());
    if memberships.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = group::Column::Pk.is_in(memberships.iter().map(|row| row.group_pk));
    let columns = [group::Column::Pk, group::Column::Name];
    let select = group::Entity::find().select_only().columns(columns).filter(wanted);
    let named: Vec<(Uuid, String)> = select.order_by_asc(group::Column::Name).into_tuple().all(db).await?;
    let mut around = around(db, memberships[0].user_pk).await?;
    let timed = |(pk, name): (Uuid, String)| {
        let period = memberships.iter().find(|row| row.group_pk == pk)?.period;
        let around = around.remove(&pk).unwrap_or_default();
        Some(TimedMembership { group: GroupFact { pk, name }, period, around })
    };
    Ok(named.into_iter().filter_map(timed).collect())
}

fn has_time() -> Condition {
    use membership::Column::{ValidFrom, ValidUntil};
    Condition::any().add(ValidFrom.is_not_null()).add(ValidUntil.is_not_null())
}

impl Groups<'_> {
    /// The memberships of a group that have a time, whether they count or not, by number of the user.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn timed_memberships(&self, group: Uuid) -> Result<Vec<Membership>, StoreError> {
        self.store
            .bounded(async {
                let theirs = membership::Entity::find().filter(membership::Column::GroupPk.eq(group));
                let rows = theirs.filter(has_time()).order_by_asc(membership::Column::UserPk);
                Ok(rows.all(self.store.reader()).await?.into_iter().map(Membership::from).collect())
            })
            .await
    }

    /// Memberships that are over and that nobody was told of: of several nodes that ask at once, one is
    /// answered each.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn note_ended(&self, now: DateTime<Utc>, limit: u64) -> Result<Vec<Membership>, StoreError> {
        use membership::Column;
        let over = || Column::ValidUntil.lte(micros(now)).and(Column::EndNoted.eq(false));
        self.store
            .bounded(async {
                let rows = membership::Entity::find().filter(over()).limit(limit).all(self.store.reader()).await?;
                if rows.is_empty() {
                    return Ok(Vec::new());
                }
                let tx = self.store.begin().await?;
                let mut noted = Vec::new();
                for row in rows {
                    let this = Column::UserPk.eq(row.user_pk).and(Column::GroupPk.eq(row.group_pk));
                    let note = membership::Entity::update_many().col_expr(Column::EndNoted, Expr::val(true));
                    if note.filter(this).filter(over()).exec(&tx).await?.rows_affected > 0 {
                        noted.push(Membership::from(row));
                    }
                }
                let users = noted.iter().map(|ended| (Topic::User, ended.user_pk.to_string()));
                changes::append(&tx, now, users).await?;
                tx.commit().await?;
                Ok(noted)
            })
            .await
    }

    /// Deletes memberships that were over at a moment and were told of; answers how many. Those of superusers
    /// stay: who comes first to an installation that never had one may make himself one.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_ended(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        use membership::Column;
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let gone = membership::Entity::delete_many()
                    .filter(Column::ValidUntil.lte(micros(before)))
                    .filter(Column::EndNoted.eq(true))
                    .filter(makes_superusers().not())
                    .exec(&tx)
                    .await?;
                tx.commit().await?;
                Ok(gone.rows_affected)
            })
            .await
    }

    /// Whether any active account is, was or will be a superuser, directly or through another group: an
    /// installation is not new again because the time of its administrators has passed.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn any_superuser(&self) -> Result<bool, StoreError> {
        use crate::entity::user;
        let administrators = Query::select()
            .column(membership::Column::UserPk)
            .from(membership::Entity)
            .and_where(makes_superusers())
            .to_owned();
        let active = user::Entity::find().filter(user::Column::IsActive.eq(true));
        let matching = active.filter(user::Column::Pk.in_subquery(administrators));
        self.store.bounded(async { Ok(matching.one(self.store.reader()).await?.is_some()) }).await
    }
}
