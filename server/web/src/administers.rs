//! Whether somebody may open the admin interface at all.

use crate::visit::{SignedIn, Visit};
use lockgate_model::permission;
use lockgate_policies::{Action, Extent};
use std::{collections::BTreeSet, sync::LazyLock};

/// Where the admin interface begins.
pub(crate) const ADMIN: &str = "/if/admin/";

/// Every kind of thing that can be administered.
static KINDS: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| permission::all().iter().map(|permission| permission.noun.kind).collect());

/// Whether this person may read anything at all of what is administered.
pub(crate) fn may_administer(visit: &Visit, who: &SignedIn) -> bool {
    let login = who.login();
    let facts = visit.facts(Some(&login));
    let policies = &visit.snapshot.policies;
    KINDS.iter().any(|kind| policies.extent(Some(&who.who), Action::Read, kind, &facts) > Extent::None)
}
