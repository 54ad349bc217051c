//! The words of the language: which keys a document may begin with, which a flow's stages are
//! called, and which of a kind's fields can be written.

use lockgate_model::{
    Family, KindDef,
    kind::{KINDS, by_name},
    schema::Field,
};

/// Documents that are not one configuration object.
pub(crate) const SPECIAL: [&str; 3] = ["stage", "group", "test"];

/// First keys whose time has not come.
const LATER_DOCUMENTS: [&str; 1] = ["source"];

/// Whether a later version will know this first key.
pub(crate) fn is_later_document(word: &str) -> bool {
    LATER_DOCUMENTS.contains(&word)
}

/// The kind of a stage word.
pub(crate) fn stage_kind(word: &str) -> Option<&'static KindDef> {
    KINDS.iter().find(|k| k.meta.family == Family::Stage && k.meta.word == word)
}

/// All stage words.
pub(crate) fn stage_words() -> Vec<&'static str> {
    KINDS.iter().filter(|k| k.meta.family == Family::Stage).map(|k| k.meta.word).collect()
}

/// The kinds of policies.
pub(crate) fn policy_kinds() -> impl Iterator<Item = &'static KindDef> {
    KINDS.iter().filter(|k| k.meta.family == Family::Policy)
}

/// Whether all there is to say of a policy stands at its word: a text, and no map of settings.
pub(crate) fn is_text(kind: &KindDef) -> bool {
    kind.schema().field(kind.meta.word).is_some()
}

/// The kind that a first key declares, for keys that declare exactly one object.
pub(crate) fn document_kind(word: &str) -> Option<&'static KindDef> {
    KINDS.iter().find(|k| !k.meta.family.is_within() && !k.meta.word.is_empty() && k.meta.word == word)
}

/// All first keys.
pub(crate) fn document_words() -> Vec<&'static str> {
    let kinds = KINDS.iter().filter(|k| k.meta.family != Family::Stage && !k.meta.word.is_empty());
    let mut words: Vec<&str> =
        kinds.map(|k| if k.meta.family == Family::Policy { "policy" } else { k.meta.word }).collect();
    words.dedup();
    words.into_iter().chain(SPECIAL).collect()
}

/// The kind with this name. Only called with names of this crate's own choosing.
pub(crate) fn kind(name: &'static str) -> &'static KindDef {
    by_name(name).unwrap_or(&KINDS[0])
}

/// The field that holds what stands at the first key.
pub(crate) fn identifier_field(kind: &KindDef) -> &'static str {
    match kind.meta.kind {
        "flow" | "application" => "slug",
        "brand" => "domain",
        "cedar_file" => "path",
        "service_account" => "username",
        // There is only one.
        "settings" => "",
        _ => "name",
    }
}

/// Fields that are written in another way, or not at all.
fn is_hidden(kind: &KindDef, field: &Field) -> bool {
    let elsewhere: &[&str] = match kind.meta.kind {
        "proxy_provider" => &["mode", "cookie_domain", "authorization_flow"],
        "oauth2_provider" => &["redirect_uris", "property_mappings", "authorization_flow"],
        "outpost" => &["service_connection"],
        "flow_stage_binding" => &["target", "stage"],
        "application_entitlement" => &["app"],
        _ => &[],
    };
    field.read_only
        || (field.internal && field.secret)
        || field.name == identifier_field(kind)
        || elsewhere.contains(&field.name.as_str())
}

/// The fields of a kind that can be written in YAML.
pub(crate) fn fields(kind: &'static KindDef) -> impl Iterator<Item = &'static Field> {
    kind.schema().fields.iter().filter(move |f| !is_hidden(kind, f))
}

/// What people call the objects of a kind, or of a family.
pub(crate) fn noun(target: &str) -> String {
    match target {
        "application" => "app".to_owned(),
        "prompt" => "field".to_owned(),
        "expression_policy" => "policy".to_owned(),
        "scope_mapping" => "mapping".to_owned(),
        "policy_link" => "link".to_owned(),
        "proxy_provider" | "oauth2_provider" => "provider".to_owned(),
        other => other.replace('_', " "),
    }
}
