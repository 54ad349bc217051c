//! `groups:` and `users:` of a test.

use super::Reading;
use crate::{
    diagnostics::Diagnostic,
    language::{Loader, names::stable_id, values::json_of},
    node::{Key, Node, Value as Yaml},
    test_document::TestUser,
};
use lockgate_model::{
    Period, Problems, UserType,
    people::{GroupFact, TimedMembership},
};
use serde_json::Map;

/// Keys of a test's user.
pub(crate) const USER_KEYS: [&str; 12] = [
    "groups",
    "name",
    "email",
    "attributes",
    "superuser",
    "active",
    "type",
    "path",
    "password",
    "totp",
    "codes",
    "passkey",
];

/// Sorts of accounts that a test may have.
pub(crate) const USER_TYPES: [&str; 3] = ["internal", "external", "service_account"];

impl Loader<'_> {
    /// Groups that only the test knows.
    pub(super) fn own_groups(&mut self, node: &Node) -> Vec<GroupFact> {
        let Some(items) = node.list() else {
            self.wrong(node, "groups", "a list of group names");
            return Vec::new();
        };
        let mut groups = Vec::new();
        for item in items {
            match item.text() {
                Some(name) => {
                    let pk = self.names.group(name).unwrap_or_else(|| stable_id("group", name));
                    groups.push(GroupFact { pk, name: name.to_owned() });
                }
                None => self.wrong(item, "groups", "a list of group names"),
            }
        }
        groups
    }

    pub(super) fn test_users(&mut self, node: &Node, reading: &mut Reading) {
        let Some(entries) = node.map() else {
            return self.wrong(node, "users", "a map of user names, such as `ada: { groups: [] }`");
        };
        for (key, value) in entries {
            let user = self.one_user(key, value, &reading.groups);
            reading.users.push(user);
        }
    }

    fn one_user(&mut self, key: &Key, node: &Node, own: &[GroupFact]) -> TestUser {
        let mut user = TestUser {
            username: key.text.clone(),
            span: key.span.clone(),
            name: String::new(),
            email: String::new(),
            groups: Vec::new(),
            timed: Vec::new(),
            attributes: Map::new(),
            superuser: false,
            active: true,
            user_type: UserType::Internal,
            path: "users".to_owned(),
            password: None,
            totp: None,
            codes: Vec::new(),
            passkey: false,
        };
        let entries = match &node.value {
            Yaml::Map(entries) => entries.as_slice(),
            Yaml::Null => &[],
            _ => {
                self.wrong(node, &key.text, "a map, such as { groups: [], password: … }");
                &[]
            }
        };
        self.only(entries, &format!("user \"{}\"", key.text), &USER_KEYS);
        for (key, value) in entries {
            self.user_key(&key.text, value, own, &mut user);
        }
        user
    }

    fn user_key(&mut self, key: &str, node: &Node, own: &[GroupFact], user: &mut TestUser) {
        match key {
            "groups" => (user.groups, user.timed) = self.groups_of(node, own),
            "name" => user.name = self.words(node, key).unwrap_or_default(),
            "email" => user.email = self.words(node, key).unwrap_or_default(),
            "path" => user.path = self.words(node, key).unwrap_or_default(),
            "password" => user.password = self.words(node, key),
            "totp" => user.totp = self.words(node, key),
            "codes" => match node.list() {
                Some(codes) => user.codes = codes.iter().filter_map(|code| self.words(code, key)).collect(),
                None => self.wrong(node, key, "a list of codes"),
            },
            "passkey" => user.passkey = self.flag(node, key).unwrap_or_default(),
            "superuser" => user.superuser = self.flag(node, key).unwrap_or_default(),
            "active" => user.active = self.flag(node, key).unwrap_or_default(),
            "attributes" => match json_of(node) {
                serde_json::Value::Object(map) => user.attributes = map,
                _ => self.wrong(node, key, "a map"),
            },
            "type" => {
                let known = node.text().filter(|word| USER_TYPES.contains(word)).and_then(UserType::parse);
                match known {
                    Some(user_type) => user.user_type = user_type,
                    None => self.wrong(node, key, &format!("one of {}", USER_TYPES.join(", "))),
                }
            }
            // Told as unknown already.
            _ => {}
        }
    }

    fn groups_of(&mut self, node: &Node, own: &[GroupFact]) -> (Vec<GroupFact>, Vec<TimedMembership>) {
        let (mut groups, mut timed) = (Vec::new(), Vec::new());
        let Some(items) = node.list() else {
            self.wrong(node, "groups", "a list of group names");
            return (groups, timed);
        };
        for item in items {
            match (item.text(), item.map()) {
                (Some(name), _) => groups.extend(self.group_of(name, item, own)),
                (None, Some(entries)) => timed.extend(self.group_for_a_time(item, entries, own)),
                _ => self.wrong(item, "groups", "a list of group names"),
            }
        }
        (groups, timed)
    }

    /// `{ group: Contractors, until: 2026-12-31 }`.
    fn group_for_a_time(&mut self, item: &Node, entries: &[(Key, Node)], own: &[GroupFact]) -> Option<TimedMembership> {
        self.only(entries, "a membership", &["group", "from", "until"]);
        let of = |key: &str| entries.iter().find(|(k, _)| k.text == key).map(|(_, node)| node);
        let Some((named, name)) = of("group").and_then(|node| Some((node, node.text()?))) else {
            self.wrong(of("group").unwrap_or(item), "groups", "{ group: … } with the name of the group");
            return None;
        };
        let mut moment = |key: &str| {
            let node = of(key)?;
            self.instant(key, node.text().unwrap_or_default(), node)
        };
        let period = Period { from: moment("from"), until: moment("until") };
        let mut problems = Problems::default();
        period.check(&mut problems);
        for problem in problems.0 {
            let at = of("until").unwrap_or(item);
            self.error("invalid", &at.span, problem.message.trim_end_matches('.'));
        }
        let group = self.group_of(name, named, own)?;
        Some(TimedMembership { group, period, around: Vec::new() })
    }

    fn group_of(&mut self, name: &str, node: &Node, own: &[GroupFact]) -> Option<GroupFact> {
        let known = own.iter().find(|group| group.name == name).map(|group| group.pk);
        let found = known.or_else(|| self.names.group(name));
        if found.is_none() {
            let complaint = near_own(self.names.dangling_group(name, &node.span), name, own);
            self.diagnostics.push(complaint);
        }
        found.map(|pk| GroupFact { pk, name: name.to_owned() })
    }
}

/// A group of the test itself may be the nearest, and the test may bring one along.
fn near_own(complaint: Diagnostic, name: &str, own: &[GroupFact]) -> Diagnostic {
    let far = complaint.hint.as_ref().is_none_or(|hint| hint.starts_with("declare it"));
    if !far {
        return complaint;
    }
    let hint = match crate::diagnostics::nearest(name, own.iter().map(|group| group.name.as_str())) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("declare it with a document `group: {name}`, or for this test alone with `groups: [{name}]`"),
    };
    complaint.hint(hint)
}
