//! What of the surface answers otherwise than the reference, and why: one table. The page for people
//! (`docs/api-compatibility.md`), the OpenAPI document and the answers themselves take their words from it.

use crate::error::ApiError;
use std::fmt::Write as _;

/// How an operation is different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// It answers 501, as soon as the caller may ask and the request is sound.
    Refused,
    /// It answers, and the answer means something else.
    Differs,
}

/// Operations that are different for one reason.
pub(crate) struct Difference {
    /// Their operationIds.
    pub(crate) operations: &'static [&'static str],
    pub(crate) sort: Sort,
    /// A sentence or two: what is different, and why.
    pub(crate) why: &'static str,
}

const fn refused(operations: &'static [&'static str], why: &'static str) -> Difference {
    Difference { operations, sort: Sort::Refused, why }
}

const fn differs(operations: &'static [&'static str], why: &'static str) -> Difference {
    Difference { operations, sort: Sort::Differs, why }
}

/// The table.
pub(crate) const TABLE: &[Difference] = &[
    refused(
        &["admin_file_create"],
        "No files are kept here, so that every node serves the same without shared storage: put the picture where browsers find it, and give its address.",
    ),
    refused(
        &["core_users_switch_create"],
        "A browser has one session here, and a session one user: sign out, or use another browser or profile.",
    ),
    differs(
        &[
            "authenticators_duo_destroy",
            "authenticators_email_destroy",
            "authenticators_sms_destroy",
            "authenticators_static_destroy",
            "authenticators_totp_destroy",
            "authenticators_webauthn_destroy",
        ],
        "In a browser's session, one's own are removed only within 15 minutes of signing in with a second factor (403 otherwise), also by administrators; with a token, and those of others, as there.",
    ),
    differs(
        &["core_tokens_create", "core_tokens_set_key_create", "core_tokens_view_key_retrieve"],
        "In a browser's session, whoever has a second factor must have signed in with it within 15 minutes (403 otherwise), and nobody does it while acting as somebody else.",
    ),
    differs(
        &["stages_authenticator_duo_import_devices_automatic_create"],
        "Whom Duo knows and who has no phone there is left out: they could not answer, and would be shut out.",
    ),
    differs(
        &["events_transports_test_create"],
        "What can never be sent, such as mail where no mail server is set, is told with 400; 500 means that the receiver did not take it.",
    ),
    differs(
        &["core_users_create", "core_users_update", "core_users_partial_update"],
        "`last_login` is what the server knows, and nobody sets it: it is ignored.",
    ),
    differs(
        &["policies_event_matcher_create", "policies_event_matcher_update", "policies_event_matcher_partial_update"],
        "`query` is refused, since its language is not spoken here: an expression policy reads `context.event`.",
    ),
    differs(
        &["stages_password_create", "stages_password_update", "stages_password_partial_update"],
        "A stage names a backend that is here (`authentik.core.auth.InbuiltBackend`, `authentik.core.auth.TokenBackend`): without one nobody could pass.",
    ),
    differs(
        &["stages_authenticator_email_list", "stages_authenticator_sms_list"],
        "A filter that names a secret (`password`, `auth`, `auth_password`) finds nothing, so that none can be guessed.",
    ),
    differs(
        &["core_users_export_create"],
        "Nothing is prepared and kept: `file_url` leads to the list as it is when it is read, one JSON object a line.",
    ),
    differs(
        &["core_users_recovery_create", "core_users_recovery_email_create"],
        "The link works once, after a click on the page that it opens, and leads into flows for recovery alone. It takes the right to set the user's password.",
    ),
    differs(
        &["stages_email_create", "stages_email_update", "stages_email_partial_update"],
        "`activate_user_on_success` opens accounts that the same way through the flow has made, and no others: one that somebody has shut stays shut. The link asks for a click, and goes on in whatever browser it is opened.",
    ),
    differs(
        &["stages_invitation_invitations_send_email_create"],
        "Each recipient has a mail of its own, by a task that tries again until the mail server takes it. The template is always `invitation`.",
    ),
    differs(
        &["core_users_set_password_hash_create"],
        "Hashes of argon2 and `pbkdf2_sha256` are taken, as long as one costs no more than a login may.",
    ),
    differs(
        &["core_users_impersonate_create"],
        "It takes a browser's session. Whoever acts as somebody else sees and makes no keys of tokens, sets no password, changes nothing of the account in a flow and cannot act as a third; it ends when the right to it ends.",
    ),
    differs(
        &["core_object_attributes_create", "core_object_attributes_update", "core_object_attributes_partial_update"],
        "Rules are for attributes of users and groups, and hold for what is written through the API from then on. That no two have the same value is looked up when one is written.",
    ),
    differs(
        &["core_transactional_applications_update"],
        "Of providers it makes those that this server has. What is wrong is told by part with 400, and `logs` are empty.",
    ),
    differs(
        &["managed_blueprints_list", "managed_blueprints_retrieve", "managed_blueprints_available_list"],
        "The configured folder, or the repository that is pulled, stands in the list as `Folder` or `Repository` and cannot be changed there (409). Only files of that folder are available; nothing is fetched from registries (`oci://`).",
    ),
    differs(
        &[
            "managed_blueprints_create",
            "managed_blueprints_update",
            "managed_blueprints_partial_update",
            "managed_blueprints_apply_create",
            "managed_blueprints_import_create",
        ],
        "A blueprint is translated into documents first (`docs/import-blueprint.md`): what cannot be carried over denies, and is told as a warning. It is applied when it is made, changed or asked for, and not every hour. An object that it names is then as it says, with the defaults where it says nothing; groups that are there stay as they are, and users are not made. It takes the right to apply a folder.",
    ),
    differs(&["managed_blueprints_destroy"], "What the blueprint made stays."),
    differs(
        &["outposts_proxy_list"],
        "`client_secret` and `cookie_secret` are empty texts for whoever may only read: they take `view_key` on the provider, by a role `view_proxyprovider_secrets`. An outpost's account needs it beside `view_outpost` and `view_proxyprovider`.",
    ),
    differs(
        &["outposts_instances_create", "outposts_instances_update", "outposts_instances_partial_update"],
        "The embedded outpost serves; others are kept, of every type. No account and no token is made for one, `token_identifier` is what yours may be called, and there is no WebSocket to it. `service_connection` is kept and not looked up.",
    ),
    differs(
        &["providers_proxy_create", "providers_proxy_update", "providers_proxy_partial_update"],
        "Nothing is proxied: with `mode` `proxy` the server answers the proxy in front of it as with `forward_single`, and `internal_host` is kept.",
    ),
    differs(
        &["stages_source_create", "stages_source_update", "stages_source_partial_update"],
        "There are no sources: any key is taken for `source`, and a flow that comes to the stage is refused.",
    ),
    differs(
        &["stages_identification_create", "stages_identification_update", "stages_identification_partial_update"],
        "There are no sources: `sources` are kept, and nobody is offered one.",
    ),
    differs(
        &["admin_file_list", "admin_file_destroy", "admin_file_used_by_list"],
        "There are no files. What shows a picture is told by the picture's address.",
    ),
    differs(
        &["admin_settings_retrieve", "admin_settings_update", "admin_settings_partial_update"],
        "`avatars` and the switches but `core_default_app_access` are kept and do nothing: pictures are drawn from initials, and nobody else is asked for one. The limits of reputation are those of the server's own settings until they are set. A key has at least 16 characters. Settings that the configuration folder gives are read-only (409).",
    ),
    differs(
        &["admin_system_retrieve", "admin_system_create"],
        "There is no Python and no OpenSSL in the server: their versions are empty. Headers with credentials are left out.",
    ),
    differs(
        &["admin_version_retrieve"],
        "The server asks nobody for a newer version: the latest one is the running one.",
    ),
    differs(
        &["core_applications_requestable_list", "core_application_entitlements_requestable_list"],
        "The list is always empty: nobody requests access here, an administrator or a change of the folder gives it.",
    ),
    differs(
        &["core_application_entitlements_create"],
        "Policies can be bound to an entitlement as well as groups and users. Nothing is fetched to decide who holds one: a policy that needs that fails.",
    ),
    differs(
        &["propertymappings_all_test_create"],
        "Mappings are written in Rhai. A group stands in `context`, and is nobody to ask about: most mappings need a user.",
    ),
];

/// Why an operation answers 501, if it does.
fn reason(operation: &str) -> Option<&'static str> {
    let mut refused = TABLE.iter().filter(|entry| entry.sort == Sort::Refused);
    refused.find(|entry| entry.operations.contains(&operation)).map(|entry| entry.why)
}

/// Whether an operation answers 501.
pub(crate) fn is_refused(operation: &str) -> bool {
    reason(operation).is_some()
}

/// The answer of an operation that is refused.
pub(crate) fn refusal(operation: &str) -> ApiError {
    // A test walks the table, so that none is without its reason.
    ApiError::NotHere(reason(operation).unwrap_or("This server does not do this."))
}

/// The page for people.
#[must_use]
pub fn page() -> String {
    let document = crate::openapi::document();
    let mut page = String::from(PREFACE);
    for (heading, sort) in [("Refused", Sort::Refused), ("Different", Sort::Differs)] {
        let _ = write!(page, "\n## {heading}\n\n| Operation | What and why |\n|---|---|\n");
        for entry in TABLE.iter().filter(|entry| entry.sort == sort) {
            let addresses = entry.operations.iter().filter_map(|id| address(&document, id));
            let addresses = addresses.collect::<Vec<_>>().join("<br>");
            let _ = writeln!(page, "| {addresses} | {} |", entry.why.replace('|', "\\|"));
        }
    }
    page
}

const PREFACE: &str = "# Where the API differs

Clients, scripts and Terraform code written for authentik work against `/api/v3` unchanged, as far as an operation is
there. This page lists what cannot be, or means something else here. It is made from a table in the code
(`server/api/src/compatibility.rs`): `lockgate openapi --compatibility > docs/api-compatibility.md`.

An operation that is refused checks who asks and what is asked, and then answers 501 with the reason under `detail`.
";

/// Method and path of an operation.
fn address(document: &serde_json::Value, id: &str) -> Option<String> {
    let paths = document["paths"].as_object()?;
    let mut all = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().into_iter().flatten().map(move |(method, operation)| (path, method, operation))
    });
    let (path, method, _) = all.find(|(.., operation)| operation["operationId"] == id)?;
    Some(format!("`{} {path}`", method.to_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_operation_of_the_table_is_there_once_and_says_so_in_the_document() {
        let document = crate::openapi::document();
        let mut seen = HashSet::new();
        for (entry, id) in TABLE.iter().flat_map(|entry| entry.operations.iter().map(move |id| (entry, id))) {
            assert!(seen.insert(id), "{id} is there twice");
            let address = address(&document, id).unwrap_or_else(|| panic!("there is no {id}"));
            let (method, path) = address.trim_matches('`').split_once(' ').expect("two parts");
            let operation = &document["paths"][path][method.to_lowercase()];
            assert_eq!(operation["responses"]["501"].is_object(), entry.sort == Sort::Refused, "{id}");
            assert!(entry.why.ends_with('.'), "{id}");
        }
    }

    #[test]
    fn the_page_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api-compatibility.md");
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        let current = kept == page();
        assert!(current, "docs/api-compatibility.md is not what `lockgate openapi --compatibility` prints");
    }
}
