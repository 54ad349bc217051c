//! The permissions that roles give: one table, made from the registry of kinds and the few nouns of people.
//!
//! A permission has the reference's codename and stands for acts of Cedar on things of one kind. What stands for
//! nothing here is not in the table.

use crate::kind::{KINDS, by_name};
use std::sync::LazyLock;

/// What a permission is about, and where it is known in the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noun {
    /// The kind in Cedar: `user`, `group`, or that of an `Object`.
    pub kind: &'static str,
    /// The reference's name for the model, `app_label.model`.
    pub model: &'static str,
    /// Human name.
    pub verbose_name: &'static str,
}

impl Noun {
    /// `app_label` of the model.
    #[must_use]
    pub fn app_label(&self) -> &'static str {
        self.model.split_once('.').map_or("", |(app, _)| app)
    }

    /// The model without its app.
    #[must_use]
    pub fn model_name(&self) -> &'static str {
        self.model.split_once('.').map_or(self.model, |(_, model)| model)
    }
}

/// One permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// A number that stays what it is when others are added.
    pub id: i32,
    /// Its name, unique among all: `view_user`.
    pub codename: String,
    /// In words: `Can view User`.
    pub name: String,
    /// What it is about.
    pub noun: Noun,
    /// The kind of the entities that the acts are done to: another one than the noun's where the act on a
    /// thing is asked about its owner.
    pub on: &'static str,
    /// Names of the acts in Cedar.
    pub acts: &'static [&'static str],
}

impl Permission {
    /// `app_label.codename`, as the API spells it.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.noun.app_label(), self.codename)
    }

    /// Whether it can be given on one object: on users, groups and configuration. What else belongs to a
    /// person is only known by its kind and its owner.
    #[must_use]
    pub fn is_on_objects(&self) -> bool {
        let own = self.on == self.noun.kind;
        own && (self.noun == USER || self.noun == GROUP || by_name(self.on).is_some())
    }
}

const USER: Noun = Noun { kind: "user", model: "authentik_core.user", verbose_name: "User" };
const GROUP: Noun = Noun { kind: "group", model: "authentik_core.group", verbose_name: "Group" };
const TOKEN: Noun = Noun { kind: "token", model: "authentik_core.token", verbose_name: "Token" };

/// The server itself and its settings; it has no permissions but its own.
const SYSTEM: Noun =
    Noun { kind: "system", model: "authentik_rbac.systempermission", verbose_name: "System permission" };

/// What can be administered and is no configuration.
const PEOPLE: [Noun; 22] = [
    USER,
    GROUP,
    TOKEN,
    SYSTEM,
    Noun { kind: "session", model: "authentik_core.authenticatedsession", verbose_name: "Authenticated Session" },
    Noun { kind: "user_consent", model: "authentik_core.userconsent", verbose_name: "User Consent" },
    Noun { kind: "invitation", model: "authentik_stages_invitation.invitation", verbose_name: "Invitation" },
    Noun { kind: "duo_device", model: "authentik_stages_authenticator_duo.duodevice", verbose_name: "Duo Device" },
    Noun {
        kind: "email_device",
        model: "authentik_stages_authenticator_email.emaildevice",
        verbose_name: "Email Device",
    },
    Noun { kind: "sms_device", model: "authentik_stages_authenticator_sms.smsdevice", verbose_name: "SMS Device" },
    Noun {
        kind: "static_device",
        model: "authentik_stages_authenticator_static.staticdevice",
        verbose_name: "Static Device",
    },
    Noun { kind: "totp_device", model: "authentik_stages_authenticator_totp.totpdevice", verbose_name: "TOTP Device" },
    Noun {
        kind: "webauthn_device",
        model: "authentik_stages_authenticator_webauthn.webauthndevice",
        verbose_name: "WebAuthn Device",
    },
    Noun { kind: "reputation", model: "authentik_policies_reputation.reputation", verbose_name: "Reputation Score" },
    Noun {
        kind: "authorization_code",
        model: "authentik_providers_oauth2.authorizationcode",
        verbose_name: "Authorization Code",
    },
    Noun { kind: "access_token", model: "authentik_providers_oauth2.accesstoken", verbose_name: "OAuth2 Access Token" },
    Noun {
        kind: "refresh_token",
        model: "authentik_providers_oauth2.refreshtoken",
        verbose_name: "OAuth2 Refresh Token",
    },
    Noun { kind: "event", model: "authentik_events.event", verbose_name: "Event" },
    Noun { kind: "notification", model: "authentik_events.notification", verbose_name: "Notification" },
    Noun { kind: "task", model: "authentik_tasks.task", verbose_name: "Task" },
    Noun { kind: "schedule", model: "authentik_tasks_schedules.schedule", verbose_name: "Schedule" },
    Noun { kind: "worker", model: "authentik_tasks.workerstatus", verbose_name: "Worker status" },
];

/// What every noun has: word, human word, act.
const USUAL: [(&str, &str, &[&str]); 4] = [
    ("view", "view", &["read"]),
    ("add", "add", &["create"]),
    ("change", "change", &["update"]),
    ("delete", "delete", &["delete"]),
];

/// A permission beside the usual four: codename, human name, kind of the noun, kind asked about, acts.
type Special = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

const SPECIAL: &[Special] = &[
    ("reset_user_password", "Reset Password", "user", "user", &["set_password"]),
    ("end_user_session", "End sessions of a user", "user", "user", &["end_session"]),
    ("check_user_access", "Check what a user may access", "user", "user", &["check_access"]),
    ("impersonate", "Can impersonate other users", "user", "user", &["impersonate"]),
    ("export_user", "Can export users", "user", "user", &["export"]),
    ("view_system_info", "Can view system info", "system", "system", &["read"]),
    ("view_system_settings", "Can view system settings", "system", "settings", &["read"]),
    ("edit_system_settings", "Can edit system settings", "system", "settings", &["create", "read", "update"]),
    ("add_user_to_group", "Add user to group", "group", "group", &["manage_members"]),
    ("remove_user_from_group", "Remove user from group", "group", "group", &["manage_members"]),
    ("enable_group_superuser", "Enable superuser status", "group", "group", &["grant_superuser"]),
    ("disable_group_superuser", "Disable superuser status", "group", "group", &["grant_superuser"]),
    ("view_token_key", "View token's key", "token", "user", &["view_key"]),
    ("set_token_key", "Set a token's key", "token", "user", &["issue_token"]),
    ("export_flow", "Can export a Flow", "flow", "flow", &["export"]),
    ("inspect_flow", "Can inspect a Flow's execution", "flow", "flow", &["inspect"]),
    ("execute_flow", "Can be sent through a Flow", "flow", "flow", &["execute"]),
    ("clear_flow_cache", "Can clear Flow cache", "flow", "flow", &["clear_cache"]),
    ("view_certificatekeypair_key", "View Certificate-Key pair's private key", "key_pair", "key_pair", &["view_key"]),
    ("view_proxyprovider_secrets", "View Proxy Provider's secrets", "proxy_provider", "proxy_provider", &["view_key"]),
    ("assign_role_permissions", "Can assign permissions to roles", "role", "role", &["grant_role", "define_role"]),
    ("export_event", "Export events", "event", "event", &["export"]),
    ("test_notificationtransport", "Test a transport", "notification_transport", "notification_transport", &["test"]),
    ("retry_task", "Retry failed task", "task", "task", &["execute"]),
    ("send_schedule", "Manually trigger a schedule", "schedule", "schedule", &["execute"]),
    (
        "unassign_role_permissions",
        "Can unassign permissions from roles",
        "role",
        "role",
        &["grant_role", "define_role"],
    ),
];

static ALL: LazyLock<Vec<Permission>> = LazyLock::new(|| {
    let served = KINDS.iter().map(|kind| kind.meta).filter(|meta| !meta.path.is_empty());
    let kinds = served.map(|m| Noun { kind: m.kind, model: m.model, verbose_name: m.verbose_name });
    let mut all = Vec::new();
    for noun in PEOPLE.into_iter().chain(kinds) {
        for (word, human, acts) in USUAL.into_iter().filter(|_| noun != SYSTEM) {
            let codename = format!("{word}_{}", noun.model_name());
            let name = format!("Can {human} {}", noun.verbose_name);
            all.push(permission(codename, name, noun, noun.kind, acts));
        }
        for (codename, name, _, on, acts) in SPECIAL.iter().filter(|special| special.2 == noun.kind) {
            all.push(permission((*codename).to_owned(), (*name).to_owned(), noun, on, acts));
        }
    }
    all.sort_by(|a, b| (a.noun.model, &a.codename).cmp(&(b.noun.model, &b.codename)));
    all
});

fn permission(
    codename: String,
    name: String,
    noun: Noun,
    on: &'static str,
    acts: &'static [&'static str],
) -> Permission {
    let id = number(&format!("{}.{codename}", noun.app_label()));
    Permission { id, codename, name, noun, on, acts }
}

/// Clients keep numbers of permissions, so they are made from the names and not from places in a list: FNV-1a,
/// without the sign. That no two are the same, a test shows.
#[must_use]
pub fn number(name: &str) -> i32 {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    i32::try_from(hash & 0x7fff_ffff).unwrap_or_default()
}

/// Every permission, sorted by model and codename.
#[must_use]
pub fn all() -> &'static [Permission] {
    &ALL
}

/// The permission with this codename.
#[must_use]
pub fn by_codename(codename: &str) -> Option<&'static Permission> {
    ALL.iter().find(|permission| permission.codename == codename)
}

/// The permission with this number.
#[must_use]
pub fn by_id(id: i32) -> Option<&'static Permission> {
    ALL.iter().find(|permission| permission.id == id)
}

/// The permission that the API calls `app_label.codename`, or by its codename alone.
#[must_use]
pub fn by_full_name(name: &str) -> Option<&'static Permission> {
    match name.split_once('.') {
        Some((app, codename)) => by_codename(codename).filter(|permission| permission.noun.app_label() == app),
        None => by_codename(name),
    }
}

/// The reference's name for the model of a kind, `app_label.model`; the kind itself where it has none.
#[must_use]
pub fn model_of(kind: &str) -> &str {
    ALL.iter().map(|permission| permission.noun).find(|noun| noun.kind == kind).map_or(kind, |noun| noun.model)
}

/// What the permissions of a model are about: `app_label.model`.
#[must_use]
pub fn noun(model: &str) -> Option<Noun> {
    ALL.iter().map(|permission| permission.noun).find(|noun| noun.model == model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn numbers_and_codenames_are_unique_and_names_lead_back() {
        let ids: HashSet<i32> = all().iter().map(|p| p.id).collect();
        let codenames: HashSet<&str> = all().iter().map(|p| p.codename.as_str()).collect();
        assert_eq!((ids.len(), codenames.len()), (all().len(), all().len()));
        for permission in all() {
            assert_eq!(by_id(permission.id), Some(permission));
            assert_eq!(by_full_name(&permission.full_name()), Some(permission));
            assert!(permission.noun.model.contains('.'), "{permission:?}");
        }
        for (codename, _, noun, ..) in SPECIAL {
            assert!(by_codename(codename).is_some_and(|p| p.noun.kind == *noun), "{codename}");
        }
        assert_eq!(by_full_name("authentik_flows.view_user"), None);
    }
}
