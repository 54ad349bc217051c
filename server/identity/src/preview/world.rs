//! Groups before and after, and the sets of them that people are in.

use lockgate_model::Group;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// The groups of one side, by their place among all groups; `None` where a group is not there.
pub(super) struct Side {
    pub(super) groups: Vec<Option<Group>>,
    /// Each group with every group that its members are in because of it.
    up: Vec<Vec<usize>>,
}

/// A set of direct groups, and what it amounts to on each side.
pub(super) struct Set {
    pub(super) direct: [Arc<HashSet<Uuid>>; 2],
    /// Whether its members are there at all, and active.
    pub(super) there: [bool; 2],
    /// Effective groups before and after, ascending.
    pub(super) groups: [Vec<u32>; 2],
    /// The same, a bit a group.
    bits: [Vec<u64>; 2],
    pub(super) superuser: [bool; 2],
    /// Whether its members are not the same to decisions or claims on both sides.
    pub(super) altered: bool,
}

impl Set {
    /// Whether its members are in the group at this place.
    pub(super) fn has(&self, side: usize, group: usize) -> bool {
        self.bits[side].get(group / 64).is_some_and(|word| word >> (group % 64) & 1 == 1)
    }
}

/// All groups, and all sets of them that were met.
pub(super) struct World {
    pub(super) sides: [Side; 2],
    pub(super) sets: Vec<Set>,
    by_direct: HashMap<Vec<Uuid>, u32>,
    place: HashMap<Uuid, usize>,
    /// By the names of both sides: what has been renamed is two groups by one name, or one by two.
    by_name: HashMap<String, Vec<usize>>,
    /// Whether some group is not the same on both sides.
    pub(super) groups_differ: bool,
    /// Whether some account is not the same on both sides.
    pub(super) people_differ: bool,
}

impl World {
    pub(super) fn new(before: &[Group], after: &[Group]) -> Self {
        let mut place: HashMap<Uuid, usize> = HashMap::new();
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for group in after.iter().chain(before) {
            let next = place.len();
            let at = *place.entry(group.pk).or_insert(next);
            by_name.entry(group.name.clone()).or_default().push(at);
        }
        let sides = [Side::new(before, &place), Side::new(after, &place)];
        let groups_differ =
            (0..place.len()).any(|at| !alike(sides[0].groups[at].as_ref(), sides[1].groups[at].as_ref()));
        Self { sides, sets: Vec::new(), by_direct: HashMap::new(), place, by_name, groups_differ, people_differ: false }
    }

    /// The places of the groups that policies name by key or by name.
    pub(super) fn named(&self, id: &str) -> impl Iterator<Item = usize> {
        let by_key = Uuid::parse_str(id).ok().and_then(|pk| self.place.get(&pk));
        by_key.into_iter().chain(self.by_name.get(id).into_iter().flatten()).copied()
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.place.len()
    }

    /// The number of a set of direct groups.
    pub(super) fn set_of(&mut self, mut direct: Vec<Uuid>) -> u32 {
        direct.sort_unstable();
        if let Some(known) = self.by_direct.get(&direct) {
            return *known;
        }
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        let shared: Arc<HashSet<Uuid>> = Arc::new(direct.iter().copied().collect());
        self.sets.push(self.set([Arc::clone(&shared), shared], [true; 2]));
        self.by_direct.insert(direct, number);
        number
    }

    /// The number of a set for one account that is not in the same groups on both sides, or not there.
    pub(super) fn set_of_moved(&mut self, sides: &[Option<Vec<Uuid>>; 2]) -> u32 {
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        let direct = [0, 1].map(|side: usize| Arc::new(sides[side].iter().flatten().copied().collect()));
        let there = [0, 1].map(|side: usize| sides[side].is_some());
        let set = self.set(direct, there);
        self.sets.push(Set { altered: true, ..set });
        number
    }

    fn set(&self, direct: [Arc<HashSet<Uuid>>; 2], there: [bool; 2]) -> Set {
        let groups = [0, 1].map(|side: usize| {
            let places: Vec<usize> = direct[side].iter().filter_map(|pk| self.place.get(pk)).copied().collect();
            self.sides[side].around(&places)
        });
        let superuser = [0, 1].map(|side| self.any(side, &groups[side], |group| group.is_superuser));
        let edited = groups[0].iter().any(|at| {
            let at = *at as usize;
            !alike(self.sides[0].groups[at].as_ref(), self.sides[1].groups[at].as_ref())
        });
        let altered = edited || groups[0] != groups[1] || superuser[0] != superuser[1];
        let words = self.len().div_ceil(64);
        let bits = [0, 1].map(|side: usize| {
            let mut bits = vec![0_u64; words];
            groups[side].iter().for_each(|at| bits[*at as usize / 64] |= 1 << (at % 64));
            bits
        });
        Set { direct, there, groups, bits, superuser, altered }
    }

    fn any(&self, side: usize, groups: &[u32], holds: impl Fn(&Group) -> bool) -> bool {
        groups.iter().filter_map(|at| self.sides[side].groups[*at as usize].as_ref()).any(holds)
    }
}

/// Whether members of a group get the same from it.
fn alike(one: Option<&Group>, two: Option<&Group>) -> bool {
    match (one, two) {
        (Some(one), Some(two)) => {
            let parents = |group: &Group| group.parents.iter().copied().collect::<HashSet<_>>();
            one.name == two.name
                && one.is_superuser == two.is_superuser
                && one.attributes == two.attributes
                && parents(one) == parents(two)
        }
        // Nobody is in a group that is not there yet.
        _ => true,
    }
}

impl Side {
    fn new(groups: &[Group], place: &HashMap<Uuid, usize>) -> Self {
        let mut by_place: Vec<Option<Group>> = vec![None; place.len()];
        for group in groups {
            if let Some(at) = place.get(&group.pk) {
                by_place[*at] = Some(group.clone());
            }
        }
        let above = |at: usize| {
            let mut found = vec![at];
            let mut next = 0;
            while let Some(group) = found.get(next).copied() {
                let parents = by_place[group].iter().flat_map(|g| &g.parents).filter_map(|pk| place.get(pk));
                for parent in parents {
                    if !found.contains(parent) {
                        found.push(*parent);
                    }
                }
                next += 1;
            }
            found
        };
        let up = (0..by_place.len()).map(above).collect();
        Self { groups: by_place, up }
    }

    /// These groups and all around them, as far as they are there.
    fn around(&self, direct: &[usize]) -> Vec<u32> {
        let all = direct.iter().flat_map(|at| &self.up[*at]).filter(|at| self.groups[**at].is_some());
        let mut all: Vec<u32> = all.map(|at| u32::try_from(*at).unwrap_or(u32::MAX)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}
