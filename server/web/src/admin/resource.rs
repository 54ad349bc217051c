//! What can be listed, shown, made, changed and deleted by the generic pages: every kind of the registry that the API serves, and what
//! belongs to people. One declaration each; [`super::catalogue`] has those that need words of their own.

use super::{ROOT, catalogue, spec::Spec};
use crate::pages::admin::Cell;
use lockgate_model::kind::{Family, KINDS, KindDef, Lookup, by_name};
use serde_json::Value;
use std::sync::LazyLock;

/// A column of a list.
pub(crate) struct ColumnDef {
    pub(crate) label: &'static str,
    /// What `ordering` calls it; empty: nothing is ordered by it.
    pub(crate) order: &'static str,
    pub(crate) numeric: bool,
    pub(crate) cell: fn(&Value) -> Cell,
}

/// A column that nothing is ordered by.
pub(crate) const fn column(label: &'static str, cell: fn(&Value) -> Cell) -> ColumnDef {
    ColumnDef { label, order: "", numeric: false, cell }
}

/// A column that the list can be ordered by.
pub(crate) const fn ordered(label: &'static str, order: &'static str, cell: fn(&Value) -> Cell) -> ColumnDef {
    ColumnDef { label, order, numeric: false, cell }
}

/// A choice that narrows a list: a parameter of the API.
pub(crate) struct FilterDef {
    pub(crate) param: &'static str,
    pub(crate) label: &'static str,
    /// Values and names; empty: text.
    pub(crate) options: &'static [(&'static str, &'static str)],
}

/// Where the form's fields come from.
pub(crate) enum Source {
    /// The kind's declaration.
    Kind(&'static KindDef),
    /// A list here: what belongs to people has no declaration.
    Fields(fn() -> Vec<Spec>),
    /// It is of one of these kinds, whose pages its links lead to.
    Union(Family),
    /// It is not made and not changed by a form.
    None,
}

/// Something that can be administered.
pub(crate) struct Resource {
    /// Below [`ROOT`], without a slash.
    pub(crate) slug: String,
    /// Below `/api/v3`, with slashes at both ends.
    pub(crate) api: String,
    /// Its name in policies.
    pub(crate) kind: &'static str,
    /// Member that addresses it in the API.
    pub(crate) key: &'static str,
    pub(crate) noun: String,
    pub(crate) plural: String,
    pub(crate) lead: &'static str,
    pub(crate) columns: &'static [ColumnDef],
    pub(crate) filters: &'static [FilterDef],
    pub(crate) searched: bool,
    /// Parameters that the list, and each of it, is always asked with.
    pub(crate) always: &'static [(&'static str, &'static str)],
    /// Members of a row whose keys are told by name.
    pub(crate) named: &'static [&'static str],
    /// The order of the list when none is asked.
    pub(crate) ordering: &'static str,
    pub(crate) source: Source,
    /// Views of one beside the first: below its address, with a label.
    pub(crate) tabs: &'static [(&'static str, &'static str)],
    pub(crate) has_used_by: bool,
    pub(crate) can_delete: bool,
}

/// Text of a member; empty for anything else.
pub(crate) fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_default()
}

/// A key as it stands in an address.
pub(crate) fn key_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// `text` as one part of an address (RFC 3986, section 3.3).
pub(crate) fn part(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

impl Resource {
    /// Where the list is.
    pub(crate) fn home(&self) -> String {
        format!("{ROOT}{}/", self.slug)
    }

    /// Where the page of one is, as the API showed it. In a list of several kinds, at its own kind's.
    pub(crate) fn href(&self, value: &Value) -> String {
        let (own, key) = match &self.source {
            Source::Union(_) => match of_model(text(value, "meta_model_name")) {
                Some(own) => (own, own.key),
                None => return "#".to_owned(),
            },
            _ => (self, self.key),
        };
        format!("{}{}/", own.home(), part(&key_text(&value[key])))
    }

    /// Address of one in the API.
    pub(crate) fn api_of(&self, key: &str) -> String {
        format!("{}{}/", self.api, part(key))
    }

    /// The same, with what pages need to see of it and no more.
    pub(crate) fn shown(&self, key: &str) -> String {
        asked(self.api_of(key), self.always, &[])
    }

    /// Address of a list in the API.
    pub(crate) fn list(&self, query: &[(&str, &str)]) -> String {
        asked(self.api.clone(), self.always, query)
    }

    /// What people call one.
    pub(crate) fn name(&self, value: &Value) -> String {
        let names = ["username", "name", "title", "identifier", "slug", "domain", "brand_uuid", "pk"];
        let members = match self.kind {
            "brand" => &names[5..],
            "flow" => &names[4..],
            _ => &names[..],
        };
        members.iter().map(|member| key_text(&value[*member])).find(|name| !name.is_empty()).unwrap_or_default()
    }

    /// The fields of its form.
    pub(crate) fn specs(&self) -> Vec<Spec> {
        match &self.source {
            Source::Kind(kind) => super::spec::of_kind(kind),
            Source::Fields(fields) => fields(),
            Source::Union(_) | Source::None => Vec::new(),
        }
    }

    /// Its kind in the registry.
    pub(crate) fn registered(&self) -> Option<&'static KindDef> {
        match &self.source {
            Source::Kind(kind) => Some(kind),
            _ => None,
        }
    }

    /// Whether one can be made by its form.
    pub(crate) fn can_create(&self) -> bool {
        matches!(self.source, Source::Kind(_) | Source::Fields(_))
    }
}

/// An address with its query.
fn asked(address: String, always: &[(&str, &str)], query: &[(&str, &str)]) -> String {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    let query = pairs.extend_pairs(always).extend_pairs(query).finish();
    if query.is_empty() { address } else { format!("{address}?{query}") }
}

static ALL: LazyLock<Vec<Resource>> = LazyLock::new(|| {
    let mut all = catalogue::own();
    for kind in KINDS.iter().filter(|kind| !kind.meta.path.is_empty()) {
        if !all.iter().any(|known| known.registered().is_some_and(|k| k.meta.kind == kind.meta.kind)) {
            all.push(plain(kind));
        }
    }
    all
});

/// A kind without words of its own.
fn plain(kind: &'static KindDef) -> Resource {
    let meta = kind.meta;
    let slug = match meta.family {
        Family::None if meta.path.ends_with("/bindings") => format!("{}s", meta.kind.replace('_', "-")),
        Family::None => meta.path.rsplit('/').next().unwrap_or(meta.path).replace('_', "-"),
        Family::Stage => format!("stages-{}", meta.kind.trim_end_matches("_stage").replace('_', "-")),
        Family::Policy => format!("policies-{}", meta.kind.trim_end_matches("_policy").replace('_', "-")),
        Family::Provider => format!("{}s", meta.kind.replace('_', "-")),
        Family::Mapping => format!("mappings-{}", meta.kind.trim_end_matches("_mapping").replace('_', "-")),
    };
    Resource { slug, ..catalogue::of_kind(kind) }
}

/// Everything that has a list of its own.
pub(crate) fn all() -> impl Iterator<Item = &'static Resource> {
    ALL.iter()
}

/// What is at this address.
pub(crate) fn by_slug(slug: &str) -> Option<&'static Resource> {
    ALL.iter().find(|resource| resource.slug == slug)
}

/// That of a kind of the registry, or of people.
pub(crate) fn of(kind: &str) -> Option<&'static Resource> {
    let own = |resource: &&Resource| resource.kind == kind && !matches!(resource.source, Source::Union(_));
    ALL.iter().find(own)
}

/// That of the reference's name of a model.
pub(crate) fn of_model(model: &str) -> Option<&'static Resource> {
    ALL.iter().find(|resource| resource.registered().is_some_and(|kind| kind.meta.model == model))
}

/// The list that a reference to `target` chooses from: a kind, a family, or something of people's.
pub(crate) fn of_target(target: &str) -> Option<&'static Resource> {
    let family = |resource: &&Resource| matches!(&resource.source, Source::Union(f) if f.target() == Some(target));
    ALL.iter().find(family).or_else(|| of(target))
}

/// Whether what `target` names is referred to by number.
pub(crate) fn by_number(target: &str) -> bool {
    target == "provider" || by_name(target).is_some_and(|kind| matches!(kind.meta.lookup, Lookup::Number(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_the_api_serves_has_one_page() {
        for kind in KINDS.iter().filter(|kind| !kind.meta.path.is_empty()) {
            let found: Vec<&str> = ALL
                .iter()
                .filter(|r| r.registered().is_some_and(|k| k.meta.kind == kind.meta.kind))
                .map(|r| r.slug.as_str())
                .collect();
            assert_eq!(found.len(), 1, "{}: {found:?}", kind.meta.kind);
        }
        let mut slugs: Vec<&str> = ALL.iter().map(|resource| resource.slug.as_str()).collect();
        let count = slugs.len();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), count, "addresses are unique: {slugs:?}");
    }

    #[test]
    fn a_key_cannot_leave_its_place_in_an_address() {
        assert_eq!(part("a b/../?c#é"), "a%20b%2F..%2F%3Fc%23%C3%A9");
    }
}
