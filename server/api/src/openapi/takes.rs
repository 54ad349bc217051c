//! What each operation takes of its caller, beside credentials: one table. The document says it (`x-permissions`), and
//! `tests/room/permissions.rs` asks every operation as somebody who may do just that, and as who lacks one part of it.

use crate::objects::{families::FACES, served};
use lockgate_policies::Action::{
    self, CheckAccess, ClearCache, Create, DefineRole, Delete, EndSession, Execute, Export, GrantRole, Impersonate,
    Inspect, IssueToken, ManageMembers, Read, SetPassword, Test, Update, ViewKey,
};
use serde_json::{Value, json};

/// An act on things of a kind, as policies know them; of a family (`stage`), and of `object`, which is any kind of the
/// configuration, it is asked about the kind at hand.
pub(crate) type Act = (Action, &'static str);

/// What an operation takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Takes {
    /// No credentials.
    Nothing,
    /// Credentials alone: it is about the caller, or shows each caller what that one may see.
    Login,
    /// All of these acts.
    Acts(Vec<Act>),
    /// All of these acts, unless something opens it without.
    Unless(&'static str, Vec<Act>),
}

/// What opens without any act: whose it is, and what one may open.
const OWN: &str = "own";
const OPEN: &str = "may open it";

const PUBLIC: &[&str] = &[
    "core_brands_current_retrieve",
    "flows_executor_get",
    "flows_executor_solve",
    "root_config_retrieve",
    "schema_retrieve",
    "stages_authenticator_duo_enrollment_status_create",
];

/// What is everybody's: oneself, one's own, what may be opened, what kinds there are.
const LOGIN: &[&str] = &[
    "admin_apps_list",
    "admin_models_list",
    "authenticators_all_list",
    "core_application_entitlements_requestable_list",
    "core_applications_list",
    "core_applications_requestable_list",
    "core_authenticated_sessions_list",
    "core_tokens_create",
    "core_tokens_list",
    "core_user_consent_list",
    "core_users_impersonate_end_retrieve",
    "core_users_me_retrieve",
    "core_users_switch_create",
    "events_events_actions_list",
    "events_notifications_list",
    "events_notifications_mark_all_seen_create",
    "lockgate_me_activity_list",
    "lockgate_me_applications_list",
    "lockgate_me_favourites_destroy",
    "lockgate_me_favourites_update",
    "lockgate_me_sessions_end_others_create",
    "lockgate_me_settings_partial_update",
    "lockgate_me_settings_retrieve",
    "lockgate_objects_list",
    "lockgate_overview_retrieve",
    "oauth2_access_tokens_list",
    "oauth2_authorization_codes_list",
    "oauth2_refresh_tokens_list",
    "policies_all_types_list",
    "policies_geoip_iso3166_list",
    "propertymappings_all_types_list",
    "providers_all_types_list",
    "stages_all_types_list",
    "stages_all_user_settings_list",
];

/// Operations that take something else than the usual verbs do.
const SPECIAL: &[(&str, &[Act])] = &[
    ("admin_file_create", &[(Update, "system")]),
    ("admin_file_destroy", &[(Update, "system")]),
    ("admin_file_list", &[(Read, "system")]),
    ("admin_file_used_by_list", &[(Read, "system")]),
    ("admin_settings_retrieve", &[(Read, "settings")]),
    ("admin_system_create", &[(Update, "system")]),
    ("admin_system_retrieve", &[(Read, "system")]),
    ("admin_version_history_list", &[(Read, "system")]),
    ("admin_version_history_retrieve", &[(Read, "system")]),
    ("admin_version_retrieve", &[(Read, "system")]),
    ("core_applications_check_access_retrieve", &[(CheckAccess, "user"), (Read, "user")]),
    ("core_authenticated_sessions_bulk_delete_destroy", &[(EndSession, "user")]),
    ("core_groups_add_user_create", &[(Read, "group"), (ManageMembers, "group"), (Read, "user")]),
    ("core_groups_memberships_list", &[(Read, "group")]),
    ("core_groups_remove_user_create", &[(Read, "group"), (ManageMembers, "group"), (Read, "user")]),
    ("core_transactional_applications_update", &[(Create, "application"), (Create, "provider")]),
    ("core_users_export_create", &[(Export, "user")]),
    ("core_users_impersonate_create", &[(Read, "user"), (Impersonate, "user")]),
    ("core_users_paths_retrieve", &[(Read, "user")]),
    ("core_users_recovery_create", &[(Read, "user"), (SetPassword, "user")]),
    ("core_users_recovery_email_create", &[(Read, "user"), (SetPassword, "user")]),
    ("core_users_service_account_create", &[(Create, "user"), (IssueToken, "user")]),
    ("core_users_set_password_create", &[(Read, "user"), (SetPassword, "user")]),
    ("core_users_set_password_hash_create", &[(Read, "user"), (SetPassword, "user")]),
    ("crypto_certificatekeypairs_generate_create", &[(Create, "key_pair")]),
    ("crypto_certificatekeypairs_view_certificate_retrieve", &[(Read, "key_pair")]),
    ("crypto_certificatekeypairs_view_private_key_retrieve", &[(Read, "key_pair"), (ViewKey, "key_pair")]),
    ("events_events_export_create", &[(Export, "event")]),
    ("events_events_stats_retrieve", &[(Read, "event")]),
    ("events_events_top_per_user_list", &[(Read, "event")]),
    ("events_events_volume_list", &[(Read, "event")]),
    ("events_transports_test_create", &[(Read, "notification_transport"), (Test, "notification_transport")]),
    ("flows_inspector_get", &[(Read, "flow"), (Inspect, "flow")]),
    ("flows_instances_cache_clear_create", &[(ClearCache, "flow")]),
    ("flows_instances_cache_info_retrieve", &[(Read, "flow")]),
    ("flows_instances_diagram_retrieve", &[(Read, "flow")]),
    ("flows_instances_execute_retrieve", &[(Read, "flow"), (Execute, "flow")]),
    (
        "flows_instances_export_retrieve",
        &[
            (Read, "flow"),
            (Export, "flow"),
            (Read, "flow_stage_binding"),
            (Read, "policy_binding"),
            (Read, "group"),
            (Read, "user"),
            (Read, "stage"),
            (Read, "policy"),
        ],
    ),
    ("lockgate_applications_access_list", &[(Read, "application"), (CheckAccess, "user"), (Read, "user")]),
    ("lockgate_apply_create", &[(Create, "revision")]),
    ("lockgate_decisions_list", &[(Read, "decision")]),
    ("lockgate_decisions_retrieve", &[(Read, "decision")]),
    ("lockgate_drift_retrieve", &[(Read, "revision")]),
    ("lockgate_events_export_retrieve", &[(Export, "event")]),
    ("lockgate_explain_retrieve", &[(CheckAccess, "user")]),
    ("lockgate_objects_preview_create", &[(Read, "object")]),
    ("lockgate_objects_preview_new_create", &[(Create, "object")]),
    ("lockgate_objects_retrieve", &[(Read, "object")]),
    ("lockgate_plan_create", &[(Test, "revision")]),
    ("lockgate_reload_create", &[(Update, "revision")]),
    ("lockgate_replay_create", &[(Test, "revision"), (Read, "decision")]),
    ("lockgate_revisions_list", &[(Read, "revision")]),
    ("lockgate_revisions_retrieve", &[(Read, "revision")]),
    ("lockgate_revisions_rollback_create", &[(Read, "revision"), (Create, "revision")]),
    ("lockgate_sights_retrieve", &[(Read, "system")]),
    ("lockgate_simulate_create", &[(Read, "flow"), (Execute, "flow"), (Inspect, "flow")]),
    ("lockgate_users_access_list", &[(Read, "user"), (CheckAccess, "user")]),
    (
        "lockgate_users_authenticators_static_create",
        &[(Read, "user"), (Update, "user"), (Create, "static_device"), (Delete, "static_device")],
    ),
    ("lockgate_users_authenticators_totp_create", &[(Read, "user"), (Update, "user"), (Create, "totp_device")]),
    ("lockgate_users_import_create", &[(Create, "user")]),
    ("lockgate_users_export_list", &[(Read, "user"), (Export, "user")]),
    (
        "managed_blueprints_apply_create",
        &[(Read, "blueprint_instance"), (Update, "blueprint_instance"), (Create, "revision")],
    ),
    ("managed_blueprints_available_list", &[(Read, "blueprint_instance")]),
    ("managed_blueprints_create", &[(Create, "blueprint_instance"), (Create, "revision")]),
    ("managed_blueprints_import_create", &[(Create, "revision")]),
    (
        "managed_blueprints_partial_update",
        &[(Read, "blueprint_instance"), (Update, "blueprint_instance"), (Create, "revision")],
    ),
    (
        "managed_blueprints_update",
        &[(Read, "blueprint_instance"), (Update, "blueprint_instance"), (Create, "revision")],
    ),
    ("outposts_instances_default_settings_retrieve", &[(Read, "outpost")]),
    ("outposts_instances_health_list", &[(Read, "outpost")]),
    ("outposts_proxy_list", &[(Read, "outpost"), (Read, "proxy_provider")]),
    ("policies_all_cache_clear_create", &[(ClearCache, "expression_policy")]),
    ("policies_all_cache_info_retrieve", &[(Read, "expression_policy")]),
    ("policies_all_test_create", &[(Read, "policy"), (Test, "policy"), (Read, "user"), (CheckAccess, "user")]),
    ("propertymappings_all_test_create", &[(Read, "mapping"), (Test, "mapping")]),
    ("providers_oauth2_preview_user_retrieve", &[(Read, "oauth2_provider")]),
    ("providers_oauth2_setup_urls_retrieve", &[(Read, "oauth2_provider")]),
    ("rbac_initial_permissions_create", &[(Create, "initial_permissions"), (Read, "role"), (DefineRole, "role")]),
    (
        "rbac_initial_permissions_partial_update",
        &[(Read, "initial_permissions"), (Update, "initial_permissions"), (Read, "role"), (DefineRole, "role")],
    ),
    (
        "rbac_initial_permissions_update",
        &[(Read, "initial_permissions"), (Update, "initial_permissions"), (Read, "role"), (DefineRole, "role")],
    ),
    ("rbac_permissions_assigned_by_roles_assign", &[(Read, "role"), (DefineRole, "role")]),
    ("rbac_permissions_assigned_by_roles_list", &[(Read, "role")]),
    ("rbac_permissions_assigned_by_roles_unassign_partial_update", &[(Read, "role"), (DefineRole, "role")]),
    ("rbac_permissions_list", &[(Read, "role")]),
    ("rbac_permissions_retrieve", &[(Read, "role")]),
    ("rbac_permissions_roles_list", &[(Read, "role")]),
    ("rbac_roles_add_user_create", &[(Read, "role"), (GrantRole, "role"), (Read, "user")]),
    ("rbac_roles_remove_user_create", &[(Read, "role"), (GrantRole, "role"), (Read, "user")]),
    (
        "stages_authenticator_duo_import_device_manual_create",
        &[(Read, "authenticator_duo_stage"), (Create, "duo_device")],
    ),
    (
        "stages_authenticator_duo_import_devices_automatic_create",
        &[(Read, "authenticator_duo_stage"), (Create, "duo_device")],
    ),
    ("stages_authenticator_webauthn_device_types_list", &[(Read, "authenticator_webauthn_stage")]),
    ("stages_authenticator_webauthn_device_types_retrieve", &[(Read, "authenticator_webauthn_stage")]),
    ("stages_email_templates_list", &[(Read, "email_stage")]),
    ("stages_invitation_invitations_send_email_create", &[(Read, "invitation"), (Update, "invitation")]),
    ("stages_prompt_prompts_preview_create", &[(Create, "prompt")]),
    ("tasks_schedules_send_create", &[(Read, "schedule"), (Execute, "schedule")]),
    ("tasks_tasks_retry_create", &[(Read, "task"), (Execute, "task")]),
    ("tasks_tasks_status_retrieve", &[(Read, "task")]),
    ("tasks_workers_list", &[(Read, "worker")]),
];

/// The same for what belongs to people.
const SPECIAL_OF_OTHERS: &[(&str, &[Act])] = &[
    ("core_authenticated_sessions_destroy", &[(Read, "session"), (EndSession, "user")]),
    ("core_tokens_set_key_create", &[(Read, "token"), (IssueToken, "user")]),
    ("core_tokens_view_key_retrieve", &[(Read, "token"), (ViewKey, "user")]),
];

/// What is no configuration: the operationIds' beginning, the kind, and whether one's own takes nothing.
const NOUNS: &[(&str, &str, bool)] = &[
    ("admin_settings", "settings", false),
    ("authenticators_admin_duo", "duo_device", false),
    ("authenticators_admin_email", "email_device", false),
    ("authenticators_admin_sms", "sms_device", false),
    ("authenticators_admin_static", "static_device", false),
    ("authenticators_admin_totp", "totp_device", false),
    ("authenticators_admin_webauthn", "webauthn_device", false),
    ("authenticators_admin_all", "authenticator", false),
    ("core_authenticated_sessions", "session", true),
    ("core_groups", "group", false),
    ("core_tokens", "token", true),
    ("core_user_consent", "user_consent", true),
    ("core_users", "user", false),
    ("events_events", "event", false),
    ("events_notifications", "notification", true),
    ("oauth2_access_tokens", "access_token", true),
    ("oauth2_authorization_codes", "authorization_code", true),
    ("oauth2_refresh_tokens", "refresh_token", true),
    ("policies_reputation_scores", "reputation", false),
    ("stages_invitation_invitations", "invitation", true),
    ("tasks_schedules", "schedule", false),
    ("tasks_tasks", "task", false),
];

/// Whoever may change or delete a thing sees it: what one may not read does not exist.
const USUAL: &[(&str, &[Action])] = &[
    ("list", &[Read]),
    ("create", &[Create]),
    ("retrieve", &[Read]),
    ("update", &[Read, Update]),
    ("partial_update", &[Read, Update]),
    ("destroy", &[Read, Delete]),
    ("used_by_list", &[Read]),
];

/// What the operation takes; `None` where nobody has said, which no operation of the document may be.
pub(crate) fn takes(id: &str) -> Option<Takes> {
    if PUBLIC.contains(&id) {
        return Some(Takes::Nothing);
    }
    if LOGIN.contains(&id) || (id.starts_with("authenticators_") && !id.starts_with("authenticators_admin_")) {
        return Some(Takes::Login);
    }
    let of = |table: &[(&str, &[Act])]| table.iter().find(|(name, _)| *name == id).map(|(_, acts)| acts.to_vec());
    if id == "core_applications_retrieve" {
        return Some(Takes::Unless(OPEN, vec![(Read, "application")]));
    }
    let others = || of(SPECIAL_OF_OTHERS).map(|acts| Takes::Unless(OWN, acts));
    of(SPECIAL).map(Takes::Acts).or_else(others).or_else(|| usual(id))
}

fn usual(id: &str) -> Option<Takes> {
    USUAL.iter().find_map(|(verb, actions)| {
        let stem = id.strip_suffix(verb)?.strip_suffix('_')?;
        let (kind, own) = kind_of(stem)?;
        let acts = actions.iter().map(|action| (*action, kind)).collect();
        Some(if own && *verb != "create" && *verb != "list" { Takes::Unless(OWN, acts) } else { Takes::Acts(acts) })
    })
}

fn kind_of(stem: &str) -> Option<(&'static str, bool)> {
    let people = NOUNS.iter().find(|noun| noun.0 == stem).map(|noun| (noun.1, noun.2));
    let kind = || served().find(|kind| kind.meta.path.replace('/', "_") == stem).map(|kind| (kind.meta.kind, false));
    let family = || {
        FACES
            .iter()
            .find(|face| face.path.replace('/', "_") == stem)
            .and_then(|face| Some((face.family.target()?, false)))
    };
    people.or_else(kind).or_else(family)
}

impl Takes {
    /// For programs: what the operation's `x-permissions` lists.
    pub(crate) fn listed(&self) -> Option<Value> {
        let (acts, unless) = match self {
            Self::Nothing => return None,
            Self::Login => (&[][..], None),
            Self::Acts(acts) => (acts.as_slice(), None),
            Self::Unless(unless, acts) => (acts.as_slice(), Some(*unless)),
        };
        let listed = acts.iter().map(|(action, kind)| {
            let mut act = json!({"action": action.as_str(), "kind": kind});
            if let Some(unless) = unless {
                act["unless"] = json!(unless);
            }
            act
        });
        Some(listed.collect())
    }

    /// For people: a sentence.
    pub(crate) fn sentence(&self) -> String {
        let words = |acts: &[Act]| {
            let each: Vec<String> =
                acts.iter().map(|(action, kind)| format!("`{}` on `{kind}`", action.as_str())).collect();
            each.join(", ")
        };
        match self {
            Self::Nothing => "For everybody.".to_owned(),
            Self::Login => "For everybody who is signed in.".to_owned(),
            Self::Acts(acts) => format!("Takes {}.", words(acts)),
            Self::Unless(OWN, acts) => format!("Takes {}, unless it is one's own.", words(acts)),
            Self::Unless(_, acts) => format!("Takes {}, unless one may open it.", words(acts)),
        }
    }
}
