//! A user with everything that decisions read: inherited groups, rights, merged attributes.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use lockgate_model::{Group, Principal, User, people::GroupFact};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::entity::{group, group_parent, user};
use crate::membership::{holdings_of, in_force_sql, with_time};
use crate::text::micros;
use crate::{Groups, StoreError, groups, hash_secret};

/// All groups of user `$1` at the moment `$2`. `UNION` drops what was seen before, so cycles end.
fn upwards() -> String {
    let in_force = in_force_sql(2);
    format!(
        "WITH RECURSIVE up(pk) AS (
            SELECT m.group_pk FROM memberships m WHERE m.user_pk = $1 AND {in_force}
            UNION
            SELECT e.parent_pk FROM group_parents e JOIN up ON e.child_pk = up.pk
        )"
    )
}

impl Groups<'_> {
    /// The user with all groups, direct and inherited, at a moment. `uid` is the hex SHA-256 of `<pk>-<install id>`.
    ///
    /// Attributes are merged ancestors first, then by name, the user's own on top: objects part by part,
    /// lists by appending what is new, anything else by replacing.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn principal(
        &self,
        pk: i64,
        install_id: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Principal>, StoreError> {
        self.store
            .bounded(async {
                let db = self.store.reader();
                let Some(row) = user::Entity::find_by_id(pk).one(db).await? else {
                    return Ok(None);
                };
                let user = User::try_from(row)?;
                let (memberships, roles) = holdings_of(self.store, pk).await?;
                let current = memberships.iter().filter(|membership| membership.period.contains(micros(now)));
                let direct: HashSet<Uuid> = current.map(|membership| membership.group_pk).collect();
                let (groups, edges) = match direct.is_empty() {
                    true => (Vec::new(), Vec::new()),
                    false => self.upwards_of(pk, now).await?,
                };
                let uid = user_uid(pk, install_id);
                let found = assemble(user, uid, groups, &edges, &direct)?;
                let principal = Principal { roles, ..found };
                Ok(Some(principal.with_times(with_time(db, memberships).await?, now)))
            })
            .await
    }

    /// The groups of a user at a moment, direct and inherited, and which of them lies in which.
    async fn upwards_of(
        &self,
        pk: i64,
        now: DateTime<Utc>,
    ) -> Result<(Vec<group::Model>, Vec<(Uuid, Uuid)>), StoreError> {
        let (db, up) = (self.store.reader(), upwards());
        let values = || [pk.into(), micros(now).into()];
        let groups = format!("{up} SELECT g.* FROM \"groups\" g JOIN up ON up.pk = g.pk");
        let groups = self.store.statement(&groups, values());
        let groups = group::Entity::find().from_raw_sql(groups).all(db).await?;
        let edges = format!("{up} SELECT e.child_pk, e.parent_pk FROM group_parents e JOIN up ON up.pk = e.child_pk");
        let edges = self.store.statement(&edges, values());
        let edges = group_parent::Entity::find().from_raw_sql(edges).all(db).await?;
        Ok((groups, edges.into_iter().map(|edge| (edge.child_pk, edge.parent_pk)).collect()))
    }

    /// The numbers of all users in any of these groups at a moment, directly or through a group below,
    /// ascending.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn users_in_groups(&self, groups: &[Uuid], now: DateTime<Utc>) -> Result<Vec<i64>, StoreError> {
        let mut found = BTreeSet::new();
        self.store
            .bounded(async {
                for chunk in groups.chunks(1_000) {
                    let keys: Vec<String> = (2..=chunk.len() + 1).map(|n| format!("${n}")).collect();
                    let sql = format!(
                        "WITH RECURSIVE down(pk) AS (
                            SELECT g.pk FROM \"groups\" g WHERE g.pk IN ({})
                            UNION
                            SELECT e.child_pk FROM group_parents e JOIN down ON e.parent_pk = down.pk
                        )
                        SELECT DISTINCT m.user_pk FROM memberships m JOIN down ON down.pk = m.group_pk WHERE {}",
                        keys.join(", "),
                        in_force_sql(1)
                    );
                    let now = std::iter::once(micros(now).into());
                    let values = now.chain(chunk.iter().map(|group| (*group).into()));
                    let rows = self.store.statement(&sql, values);
                    for row in self.store.reader().query_all_raw(rows).await? {
                        found.insert(row.try_get_by_index::<i64>(0)?);
                    }
                }
                Ok(())
            })
            .await?;
        Ok(found.into_iter().collect())
    }
}

fn assemble(
    user: User,
    uid: String,
    groups: Vec<group::Model>,
    edges: &[(Uuid, Uuid)],
    direct: &HashSet<Uuid>,
) -> Result<Principal, StoreError> {
    let mut parents: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for (child, parent) in edges {
        parents.entry(*child).or_default().push(*parent);
    }
    let groups = groups.into_iter().map(|row| {
        let parents = parents.remove(&row.pk).unwrap_or_default();
        groups::build(row, parents)
    });
    let groups = groups.collect::<Result<Vec<Group>, _>>()?;
    Ok(principal_of(user, uid, &groups.iter().collect::<Vec<_>>(), direct))
}

/// A user in all of these groups, direct and inherited, as [`Groups::principal`] answers it, without roles.
#[must_use]
pub fn principal_of(user: User, uid: String, groups: &[&Group], direct: &HashSet<Uuid>) -> Principal {
    let edges: Vec<_> = groups.iter().flat_map(|g| g.parents.iter().map(|parent| (g.pk, *parent))).collect();
    let rank = ranks(groups.iter().map(|group| group.pk), &edges);
    let mut groups: Vec<&Group> = groups.to_vec();
    groups.sort_by(|a, b| {
        let key = |group: &Group| rank.get(&group.pk).copied().unwrap_or_default();
        (key(a), &a.name, a.pk).cmp(&(key(b), &b.name, b.pk))
    });
    let mut attributes = Map::new();
    for group in &groups {
        merge(&mut attributes, group.attributes.clone());
    }
    merge(&mut attributes, user.attributes.clone());
    let is_superuser = groups.iter().any(|group| group.is_superuser);
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    let direct_groups = groups.iter().map(|group| group.pk).filter(|pk| direct.contains(pk)).collect();
    let groups = groups.into_iter().map(|group| GroupFact { pk: group.pk, name: group.name.clone() });
    Principal {
        user,
        uid,
        groups: groups.collect(),
        direct_groups,
        roles: Vec::new(),
        is_superuser,
        attributes,
        timed: Vec::new(),
        holds_until: None,
    }
}

/// The default `sub` of a user's tokens.
#[must_use]
pub fn user_uid(pk: i64, install_id: &str) -> String {
    hash_secret(&format!("{pk}-{install_id}"))
}

/// How many groups each group inherits from, itself included. An ancestor always has fewer than its
/// descendants, except within a cycle, where all have the same: so this orders ancestors first without
/// stumbling over cycles.
fn ranks(groups: impl Iterator<Item = Uuid>, edges: &[(Uuid, Uuid)]) -> HashMap<Uuid, usize> {
    let mut parents: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for (child, parent) in edges {
        parents.entry(*child).or_default().push(*parent);
    }
    let reach = |start: Uuid| {
        let mut seen = HashSet::from([start]);
        let mut next = vec![start];
        while let Some(group) = next.pop() {
            for parent in parents.get(&group).into_iter().flatten() {
                if seen.insert(*parent) {
                    next.push(*parent);
                }
            }
        }
        seen.len()
    };
    groups.map(|group| (group, reach(group))).collect()
}

fn merge(under: &mut Map<String, Value>, over: Map<String, Value>) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Object(under)), Value::Object(over)) => merge(under, over),
            (Some(Value::Array(under)), Value::Array(over)) => {
                for item in over {
                    if !under.contains(&item) {
                        under.push(item);
                    }
                }
            }
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ancestors_rank_lower_even_around_a_cycle() {
        let [a, b, c, d] = [1, 2, 3, 4].map(Uuid::from_u128);
        // d is below c; c and b are above each other; b is below a.
        let rank = ranks([a, b, c, d].into_iter(), &[(d, c), (c, b), (b, c), (b, a)]);
        assert!(rank[&a] < rank[&b]);
        assert_eq!(rank[&b], rank[&c]);
        assert!(rank[&c] < rank[&d]);
    }

    #[test]
    fn attributes_merge_by_part() {
        let map = |value: Value| value.as_object().cloned().unwrap_or_default();
        let mut under = map(json!({"a": {"x": 1, "y": 1}, "l": [1, 2], "s": "low"}));
        merge(&mut under, map(json!({"a": {"y": 2}, "l": [2, 3], "s": "high"})));
        let merged = json!({"a": {"x": 1, "y": 2}, "l": [1, 2, 3], "s": "high"});
        assert_eq!(Value::Object(under), merged);
    }
}
