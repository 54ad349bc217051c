//! Groups that a text declares: what has to be written so that they are as declared. Who is in them is
//! people's data and stays.

use lockgate_flows::GroupDeclaration;
use lockgate_model::{Group, Origin};
use lockgate_store::{GroupPatch, NewGroup};
use std::collections::HashMap;
use uuid::Uuid;

/// Groups to make and to change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupWrites {
    /// To be made, without parents.
    pub create: Vec<NewGroup>,
    /// To be changed, those of `create` among them.
    pub change: Vec<(Uuid, GroupPatch)>,
}

impl GroupWrites {
    /// What makes the groups be as declared. With `release`, those that left the folder become people's
    /// data, with their members.
    pub(super) fn plan(existing: &[Group], declared: &[&GroupDeclaration], release: bool) -> Self {
        let by_name: HashMap<&str, &Group> = existing.iter().map(|g| (g.name.as_str(), g)).collect();
        let known = existing.iter().map(|g| (g.name.as_str(), g.pk));
        let ids: HashMap<&str, Uuid> = known.chain(declared.iter().map(|d| (d.name.as_str(), d.id))).collect();
        let mut writes = Self::default();
        for group in declared {
            let before = by_name.get(group.name.as_str()).copied();
            if before.is_none() {
                writes.create.push(new_group(group));
            }
            // Parents may be declared later, so they are set when all groups are there.
            let parents: Vec<Uuid> = group.parents.iter().filter_map(|name| ids.get(name.as_str()).copied()).collect();
            writes.change.extend(patch(group, before, parents).map(|patch| (group.id, patch)));
        }
        if release {
            let left = existing.iter().filter(|g| g.origin == Origin::Folder);
            let left = left.filter(|g| !declared.iter().any(|d| d.name == g.name));
            writes.change.extend(left.map(|g| (g.pk, released())));
        }
        writes
    }

    /// What makes groups be as they were: their declarations, not their members. One that was made since
    /// is released.
    pub(super) fn back(existing: &[Group], changed: &[(Option<Group>, Option<Group>)]) -> Self {
        let mut writes = Self::default();
        for (was, is) in changed {
            let Some(wanted) = was else {
                let made = is.as_ref().and_then(|g| existing.iter().find(|e| e.pk == g.pk));
                writes.change.extend(made.filter(|g| g.origin == Origin::Folder).map(|g| (g.pk, released())));
                continue;
            };
            match existing.iter().find(|g| g.pk == wanted.pk) {
                Some(now) if as_declared(now, wanted) => {}
                Some(_) => writes.change.push((wanted.pk, whole(wanted))),
                None => {
                    writes.create.push(NewGroup { parents: Vec::new(), ..as_new(wanted) });
                    writes.change.push((wanted.pk, whole(wanted)));
                }
            }
        }
        // A parent that is gone cannot be set any more.
        let made: Vec<Uuid> = writes.create.iter().map(|g| g.pk).collect();
        for (_, patch) in &mut writes.change {
            if let Some(parents) = &mut patch.parents {
                parents.retain(|p| made.contains(p) || existing.iter().any(|g| g.pk == *p));
            }
        }
        writes
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.create.is_empty() && self.change.is_empty()
    }

    /// The groups as they are when this has been written.
    #[must_use]
    pub fn applied(&self, existing: &[Group]) -> Vec<Group> {
        let made = self.create.iter().map(in_the_making);
        let mut groups: Vec<Group> = existing.iter().cloned().chain(made).collect();
        for (pk, patch) in &self.change {
            let Some(group) = groups.iter_mut().find(|g| g.pk == *pk) else { continue };
            if let Some(superuser) = patch.is_superuser {
                group.is_superuser = superuser;
            }
            if let Some(parents) = &patch.parents {
                group.parents.clone_from(parents);
            }
            if let Some(attributes) = &patch.attributes {
                group.attributes.clone_from(attributes);
            }
            if let Some((origin, source)) = &patch.origin {
                group.origin = *origin;
                group.source.clone_from(source);
            }
        }
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        groups
    }
}

fn released() -> GroupPatch {
    GroupPatch { origin: Some((Origin::Api, None)), ..GroupPatch::default() }
}

fn new_group(declared: &GroupDeclaration) -> NewGroup {
    NewGroup {
        pk: declared.id,
        name: declared.name.clone(),
        is_superuser: declared.superuser,
        parents: Vec::new(),
        attributes: declared.attributes.clone(),
        origin: declared.origin,
        source: declared.source.clone(),
    }
}

fn as_new(group: &Group) -> NewGroup {
    NewGroup {
        pk: group.pk,
        name: group.name.clone(),
        is_superuser: group.is_superuser,
        parents: group.parents.clone(),
        attributes: group.attributes.clone(),
        origin: group.origin,
        source: group.source.clone(),
    }
}

fn whole(group: &Group) -> GroupPatch {
    GroupPatch {
        is_superuser: Some(group.is_superuser),
        parents: Some(group.parents.clone()),
        attributes: Some(group.attributes.clone()),
        origin: Some((group.origin, group.source.clone())),
        ..GroupPatch::default()
    }
}

fn as_declared(now: &Group, wanted: &Group) -> bool {
    same_parents(&now.parents, &wanted.parents)
        && now.is_superuser == wanted.is_superuser
        && now.attributes == wanted.attributes
        && now.origin == wanted.origin
        && now.source == wanted.source
}

fn same_parents(one: &[Uuid], other: &[Uuid]) -> bool {
    one.len() == other.len() && one.iter().all(|p| other.contains(p))
}

/// What has to change for a group to be as declared. A builtin group that exists is left alone.
fn patch(declared: &GroupDeclaration, existing: Option<&Group>, parents: Vec<Uuid>) -> Option<GroupPatch> {
    let Some(group) = existing else {
        return (!parents.is_empty()).then(|| GroupPatch { parents: Some(parents), ..GroupPatch::default() });
    };
    if declared.origin == Origin::Builtin {
        return None;
    }
    let same = same_parents(&group.parents, &parents)
        && group.is_superuser == declared.superuser
        && group.attributes == declared.attributes
        && group.origin == declared.origin
        && group.source == declared.source;
    (!same).then(|| GroupPatch {
        is_superuser: Some(declared.superuser),
        parents: Some(parents),
        attributes: Some(declared.attributes.clone()),
        origin: Some((declared.origin, declared.source.clone())),
        ..GroupPatch::default()
    })
}

/// A group as it will be; its number comes with its row.
pub(super) fn in_the_making(new: &NewGroup) -> Group {
    Group {
        pk: new.pk,
        num_pk: 0,
        name: new.name.clone(),
        is_superuser: new.is_superuser,
        parents: new.parents.clone(),
        attributes: new.attributes.clone(),
        origin: new.origin,
        source: new.source.clone(),
    }
}
