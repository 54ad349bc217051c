//! The places of the admin interface.

use super::ROOT;
use crate::pages::admin::{NavItem, NavSection};

/// A place, for whoever may read any of these kinds.
pub(super) struct Place {
    pub(super) section: &'static str,
    pub(super) label: &'static str,
    /// Below [`ROOT`]; the overview's is empty.
    pub(super) path: &'static str,
    pub(super) kinds: &'static [&'static str],
    /// The letter after `g`.
    pub(super) shortcut: Option<char>,
    /// Addresses below [`ROOT`] that belong to it as well.
    pub(super) also: &'static [&'static str],
}

const fn place(
    section: &'static str,
    label: &'static str,
    path: &'static str,
    kinds: &'static [&'static str],
    shortcut: Option<char>,
    also: &'static [&'static str],
) -> Place {
    Place { section, label, path, kinds, shortcut, also }
}

/// The section of `System` that has a heading of its own there: what happened, and who is told of it.
const EVENTS: &str = "Events";
const SYSTEM: &str = "System";

/// In the order shown.
static PLACES: &[Place] = &[
    place("", "Overview", "", &["system", "event", "user", "application"], Some('o'), &[]),
    place("Applications", "Applications", "applications/", &["application"], Some('a'), &["application-entitlements/"]),
    place(
        "Applications",
        "Providers",
        "providers/",
        &["oauth2_provider", "proxy_provider"],
        None,
        &["oauth2-providers/", "proxy-providers/"],
    ),
    place("Applications", "Outposts", "outposts/", &["outpost"], None, &[]),
    place("Directory", "Users", "users/", &["user"], Some('u'), &["sessions/"]),
    place("Directory", "Groups", "groups/", &["group"], Some('g'), &[]),
    place("Directory", "Roles", "roles/", &["role"], Some('r'), &["initial-permissions/"]),
    place("Directory", "Invitations", "invitations/", &["invitation"], None, &[]),
    place("Directory", "Tokens and app passwords", "tokens/", &["token"], Some('t'), &[]),
    place("Flows", "Flows", "flows/", &["flow"], Some('f'), &["flow-stage-bindings/"]),
    place(
        "Flows",
        "Stages",
        "stages/",
        &["identification_stage", "password_stage", "user_login_stage"],
        Some('s'),
        &["stages-"],
    ),
    place("Flows", "Prompts", "prompts/", &["prompt"], None, &[]),
    place("Flows", "Property mappings", "mappings/", &["scope_mapping"], Some('m'), &["mappings-"]),
    place(
        SYSTEM,
        "Policies",
        "policies/",
        &["expression_policy", "cedar_policy", "password_policy"],
        Some('p'),
        &["policies-", "policy-bindings/"],
    ),
    place(SYSTEM, "Settings", "settings/", &["settings"], None, &[]),
    place(SYSTEM, "Brands", "brands/", &["brand"], Some('b'), &[]),
    place(SYSTEM, "Certificates", "certificates/", &["key_pair"], Some('c'), &[]),
    place(SYSTEM, "Jobs", "jobs/", &["task"], Some('j'), &["schedules/"]),
    place(SYSTEM, "Revisions", "revisions/", &["revision"], Some('v'), &["drift/"]),
    place(SYSTEM, "Blueprints", "blueprints/", &["blueprint_instance"], None, &[]),
    place(SYSTEM, "Attributes", "object-attributes/", &["object_attribute"], None, &[]),
    place(EVENTS, "Logs", "events/", &["event"], Some('e'), &[]),
    place(EVENTS, "Decisions", "decisions/", &["decision"], Some('d'), &[]),
    place(EVENTS, "Reputation scores", "reputation/", &["reputation"], None, &[]),
    place(EVENTS, "Notification rules", "notification-rules/", &["notification_rule"], None, &[]),
    place(EVENTS, "Notification transports", "notification-transports/", &["notification_transport"], None, &[]),
];

impl Place {
    fn has(&self, rest: &str) -> bool {
        let own = if self.path.is_empty() { rest.is_empty() } else { rest.starts_with(self.path) };
        own || self.also.iter().any(|also| rest.starts_with(also))
    }
}

/// What there is for somebody who may read what `may_read` says, at the page `path`.
pub(super) fn sections(path: &str, may_read: impl Fn(&str) -> bool) -> Vec<NavSection> {
    let rest = path.strip_prefix(ROOT).unwrap_or_default();
    let mut sections: Vec<NavSection> = Vec::new();
    let section = |label, within| NavSection { label, within, items: Vec::new() };
    for place in PLACES.iter().filter(|place| place.kinds.iter().any(|kind| may_read(kind))) {
        let item = NavItem {
            label: place.label,
            href: format!("{ROOT}{}", place.path),
            here: place.has(rest),
            shortcut: place.shortcut,
        };
        if sections.last().is_none_or(|last| last.label != place.section) {
            let within = if place.section == EVENTS { SYSTEM } else { "" };
            // Whoever may see events and nothing else of the system finds them there all the same.
            if !within.is_empty() && sections.last().is_none_or(|last| last.label != within) {
                sections.push(section(within, ""));
            }
            sections.push(section(place.section, within));
        }
        if let Some(last) = sections.last_mut() {
            last.items.push(item);
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_to_who_may_read_it_and_knows_where_it_is() {
        let sections = sections("/if/admin/users/7/edit/", |kind| kind == "user" || kind == "flow");
        let shown: Vec<(&str, Vec<(&str, bool)>)> =
            sections.iter().map(|s| (s.label, s.items.iter().map(|i| (i.label, i.here)).collect())).collect();
        let wanted =
            [("", vec![("Overview", false)]), ("Directory", vec![("Users", true)]), ("Flows", vec![("Flows", false)])];
        assert_eq!(shown, wanted);
    }

    #[test]
    fn events_are_a_part_of_the_system_for_whoever_sees_nothing_else_of_it() {
        let sections = sections("/if/admin/events/", |kind| matches!(kind, "event" | "decision"));
        let shown: Vec<(&str, &str, usize)> = sections.iter().map(|s| (s.within, s.label, s.items.len())).collect();
        assert_eq!(shown, [("", "", 1), ("", "System", 0), ("System", "Events", 2)]);
    }

    #[test]
    fn shortcuts_are_letters_of_one_place_each() {
        let mut letters: Vec<char> = PLACES.iter().filter_map(|place| place.shortcut).collect();
        let count = letters.len();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), count);
    }
}
