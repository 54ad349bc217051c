//! The configuration that ships with the binary, written in the same language as any folder.

use crate::{
    diagnostics::Diagnostic,
    language::{Checked, Loaded, check, stable_id},
    lookup::{Directory, Lookups, Nobody, Objects},
    read::Folder,
};
use chrono::{DateTime, Utc};
use lockgate_model::{Document, Origin};
use lockgate_policies::{BuiltinMapping, builtin_mappings, builtin_policies};
use serde_json::{Map, Value, json};

const FILES: [(&str, &str); 14] = [
    ("authentication.yaml", include_str!("../builtin/authentication.yaml")),
    ("authenticators.yaml", include_str!("../builtin/authenticators.yaml")),
    ("brand.yaml", include_str!("../builtin/brand.yaml")),
    ("enrollment.yaml", include_str!("../builtin/enrollment.yaml")),
    ("initial-setup.yaml", include_str!("../builtin/initial-setup.yaml")),
    ("invalidation.yaml", include_str!("../builtin/invalidation.yaml")),
    ("magic-link.yaml", include_str!("../builtin/magic-link.yaml")),
    ("notifications.yaml", include_str!("../builtin/notifications.yaml")),
    ("outpost.yaml", include_str!("../builtin/outpost.yaml")),
    ("password-change.yaml", include_str!("../builtin/password-change.yaml")),
    ("provider-authorization.yaml", include_str!("../builtin/provider-authorization.yaml")),
    ("recovery.yaml", include_str!("../builtin/recovery.yaml")),
    ("unenrollment.yaml", include_str!("../builtin/unenrollment.yaml")),
    ("user-settings.yaml", include_str!("../builtin/user-settings.yaml")),
];

/// The texts of the built-in configuration.
pub(crate) fn folder() -> Folder {
    let yaml = FILES.iter().map(|(path, text)| (format!("flows/builtin/{path}"), *text));
    let policies = builtin_policies().iter().map(|p| (format!("policies/{}", p.file), p.source));
    Folder::of(yaml.chain(policies))
}

/// The built-in configuration: flows, policies, scope mappings, brand, embedded outpost and groups.
/// Objects that exist keep their primary keys.
///
/// # Errors
/// What is wrong with it, which a test shows to be nothing.
pub fn builtin(
    objects: &dyn Objects,
    directory: &dyn Directory,
    now: DateTime<Utc>,
) -> Result<Loaded, Vec<Diagnostic>> {
    let lookups = Lookups { objects, directory, secrets: &Nobody, builtin: None, now };
    let checked: Checked = check(&folder(), &lookups);
    if !checked.is_sound() {
        return Err(checked.diagnostics);
    }
    let mut loaded = checked.loaded;
    loaded.documents.extend(builtin_mappings().iter().map(|m| mapping_document(m, objects, now)));
    Ok(loaded)
}

/// The document of a scope mapping that ships with the binary.
#[must_use]
pub fn mapping_document(mapping: &BuiltinMapping, objects: &dyn Objects, now: DateTime<Utc>) -> Document {
    let existing = objects.existing("scope_mapping", mapping.name);
    Document {
        id: existing.map_or_else(|| stable_id("scope_mapping", mapping.name), |e| e.id),
        number: None,
        kind: "scope_mapping".to_owned(),
        name: mapping.name.to_owned(),
        origin: Origin::Builtin,
        source: None,
        managed: Some(mapping.managed.to_owned()),
        body: json!({
            "name": mapping.name,
            "expression": mapping.source,
            "scope_name": mapping.scope_name,
            "description": mapping.description,
        }),
        version: 1,
        created: now,
        updated: now,
    }
}

/// The settings of an outpost that says nothing itself, as the reference has them.
#[must_use]
pub fn outpost_config_defaults() -> Map<String, Value> {
    let defaults = json!({
        "log_level": "info",
        "docker_labels": null,
        "authentik_host": "",
        "docker_network": null,
        "container_image": null,
        "docker_map_ports": true,
        "refresh_interval": "minutes=5",
        "kubernetes_replicas": 1,
        "kubernetes_namespace": "default",
        "authentik_host_browser": "",
        "object_naming_template": "ak-outpost-%(name)s",
        "authentik_host_insecure": false,
        "kubernetes_json_patches": null,
        "kubernetes_service_type": "ClusterIP",
        "kubernetes_ingress_path_type": null,
        "kubernetes_image_pull_secrets": [],
        "kubernetes_ingress_class_name": null,
        "kubernetes_disabled_components": [],
        "kubernetes_ingress_annotations": {},
        "kubernetes_ingress_secret_name": "authentik-outpost-tls",
        "kubernetes_httproute_annotations": {},
        "kubernetes_httproute_parent_refs": [],
    });
    match defaults {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{builtin, folder};
    use crate::{
        diagnostics::render,
        lookup::{Lookups, Nobody},
    };
    use chrono::DateTime;

    #[test]
    fn the_built_in_configuration_is_sound_and_without_warnings() {
        let lookups = Lookups {
            objects: &Nobody,
            directory: &Nobody,
            secrets: &Nobody,
            builtin: None,
            now: DateTime::UNIX_EPOCH,
        };
        let checked = crate::check(&folder(), &lookups);
        assert!(checked.diagnostics.is_empty(), "{}", render(&checked.diagnostics));
        let loaded = builtin(&Nobody, &Nobody, DateTime::UNIX_EPOCH).expect("sound");
        assert!(loaded.documents.iter().any(|d| d.managed.as_deref() == Some("goauthentik.io/outposts/embedded")));
    }
}
