//! The `Kind` trait, its metadata, and the type-erased registry that generic code works on.

use crate::{
    kinds,
    problem::{Problem, Problems},
    schema::KindSchema,
};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{any::Any, collections::HashMap, fmt, sync::Arc, sync::LazyLock};

/// Kinds that share a face: `stages/all/`, `policies/all/` …, and can be referred to as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Stands alone.
    None,
    /// A stage of a flow.
    Stage,
    /// A policy.
    Policy,
    /// A provider of a protocol to an application.
    Provider,
    /// A property mapping.
    Mapping,
}

impl Family {
    /// Whether the words of its kinds stand inside of documents (`stage: x`, `policy: x`) and begin none.
    #[must_use]
    pub fn is_within(self) -> bool {
        matches!(self, Self::Stage | Self::Policy)
    }

    /// The word used in `x-ref`.
    #[must_use]
    pub fn target(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Stage => Some("stage"),
            Self::Policy => Some("policy"),
            Self::Provider => Some("provider"),
            Self::Mapping => Some("mapping"),
        }
    }
}

/// How the API addresses one object, with the path parameter's name in the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// By primary key.
    Uuid(&'static str),
    /// By `Document::name`.
    Slug(&'static str),
    /// By `Document::number`.
    Number(&'static str),
}

/// How a list filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterOp {
    /// Equal; case matters.
    Exact,
    /// Equal without regard to case.
    IExact,
    /// Contains, without regard to case.
    IContains,
    /// `true`: the field is null or empty; `false`: it is not.
    IsNull,
    /// Equal to one of a repeatable or comma-separated parameter.
    In,
}

/// A query parameter of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// Name of the parameter.
    pub param: &'static str,
    /// Field of the body, or `pk` or `managed` of the document.
    pub field: &'static str,
    /// Comparison.
    pub op: FilterOp,
}

/// Shorthand for an exact filter whose parameter is the field's name.
#[must_use]
pub const fn exact(field: &'static str) -> Filter {
    Filter { param: field, field, op: FilterOp::Exact }
}

/// Shorthand for any other filter.
#[must_use]
pub const fn filter(param: &'static str, field: &'static str, op: FilterOp) -> Filter {
    Filter { param, field, op }
}

/// What is known of a kind beside its fields.
#[derive(Debug)]
pub struct Meta {
    /// The kind's name in the database, in Cedar (`Object::"flow"`) and in `x-ref`.
    pub kind: &'static str,
    /// First key of its YAML document, or the stage's word; empty where it only exists inside others.
    pub word: &'static str,
    /// The face it shares with others.
    pub family: Family,
    /// Name of its OpenAPI schema.
    pub schema: &'static str,
    /// Path below `/api/v3/`, without slashes at the ends; operationIds are made from it. Empty: not
    /// served there.
    pub path: &'static str,
    /// How one object is addressed.
    pub lookup: Lookup,
    /// `component` of the reference's admin interface; empty where there is none.
    pub component: &'static str,
    /// Human name, singular.
    pub verbose_name: &'static str,
    /// Human name, plural.
    pub verbose_name_plural: &'static str,
    /// The reference's name for the model, `app_label.model`.
    pub model: &'static str,
    /// Fields that `search` looks into.
    pub search: &'static [&'static str],
    /// Filters of its list.
    pub filters: &'static [Filter],
    /// Field that lists are ordered by when nothing else is asked.
    pub ordering: &'static str,
    /// Whether policies can be bound to it.
    pub bindable: bool,
}

/// A configuration kind: one plain struct.
pub trait Kind: Serialize + DeserializeOwned + JsonSchema + fmt::Debug + Send + Sync + 'static {
    /// What is known beside the fields.
    const META: Meta;

    /// The name, slug or domain: unique within the kind.
    fn identifier(&self) -> String;

    /// Rules that span several fields; limits of one field belong to its schema.
    fn check(&self, problems: &mut Problems) {
        let _ = problems;
    }

    /// Fills what the server makes itself when it is empty: identifiers, secrets.
    /// `random(n)` gives `n` random alphanumeric characters.
    fn complete(&mut self, random: &mut dyn FnMut(usize) -> String) {
        let _ = random;
    }
}

/// A parsed object of any kind.
pub trait AnyKind: Any + fmt::Debug + Send + Sync {
    /// For downcasts.
    fn as_any(&self) -> &dyn Any;
    /// See [`Kind::identifier`].
    fn identifier(&self) -> String;
    /// The serialised body.
    fn to_value(&self) -> Value;
}

impl<K: Kind> AnyKind for K {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn identifier(&self) -> String {
        Kind::identifier(self)
    }
    fn to_value(&self) -> Value {
        // A kind is made of JSON types only, which the registry's test shows for each.
        serde_json::to_value(self).unwrap_or_default()
    }
}

type Random<'a> = &'a mut dyn FnMut(usize) -> String;

/// A kind with its type erased, so that generic code is compiled once.
pub struct KindDef {
    /// What is known beside the fields.
    pub meta: &'static Meta,
    raw_schema: fn() -> Value,
    parse: fn(Value) -> Result<Arc<dyn AnyKind>, Problems>,
    complete: fn(Value, Random<'_>) -> Result<Value, Problems>,
}

impl KindDef {
    /// The erased form of `K`.
    #[must_use]
    pub const fn of<K: Kind>() -> Self {
        Self { meta: &K::META, raw_schema: raw_schema::<K>, parse: parse::<K>, complete: complete::<K> }
    }

    /// The JSON Schema of the body, and what was read off it.
    #[must_use]
    pub fn schema(&self) -> &'static KindSchema {
        // Every registered kind has an entry: the map is made from the registry.
        &SCHEMAS[self.meta.kind]
    }

    /// Checks a body against the schema and the kind's own rules, and parses it.
    ///
    /// # Errors
    /// Everything that is wrong with it, by place.
    pub fn parse(&self, body: &Value) -> Result<Arc<dyn AnyKind>, Problems> {
        self.schema().validate(body).into_result()?;
        (self.parse)(body.clone())
    }

    /// Fills what the server makes itself (see [`Kind::complete`]) after a full check.
    ///
    /// # Errors
    /// As [`KindDef::parse`].
    pub fn complete(&self, body: &Value, random: Random<'_>) -> Result<Value, Problems> {
        self.schema().validate(body).into_result()?;
        (self.complete)(body.clone(), random)
    }
}

impl fmt::Debug for KindDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KindDef({})", self.meta.kind)
    }
}

fn raw_schema<K: Kind>() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<K>().to_value()
}

fn typed<K: Kind>(body: Value) -> Result<K, Problems> {
    let object: K = serde_json::from_value(body)
        .map_err(|e| Problems(vec![Problem { pointer: String::new(), message: e.to_string(), code: "invalid" }]))?;
    let mut problems = Problems::default();
    object.check(&mut problems);
    problems.into_result()?;
    Ok(object)
}

fn parse<K: Kind>(body: Value) -> Result<Arc<dyn AnyKind>, Problems> {
    Ok(Arc::new(typed::<K>(body)?))
}

fn complete<K: Kind>(body: Value, random: Random<'_>) -> Result<Value, Problems> {
    let mut object = typed::<K>(body)?;
    object.complete(random);
    Ok(object.to_value())
}

/// Every kind that exists.
pub static KINDS: &[KindDef] = kinds::ALL;

static SCHEMAS: LazyLock<HashMap<&'static str, KindSchema>> =
    LazyLock::new(|| KINDS.iter().map(|k| (k.meta.kind, KindSchema::new(k.meta, (k.raw_schema)()))).collect());

/// The kind with this name.
#[must_use]
pub fn by_name(kind: &str) -> Option<&'static KindDef> {
    KINDS.iter().find(|k| k.meta.kind == kind)
}

/// The field that says what an object of this kind belongs to, for joints: what exists only as a part of another
/// object, and in text stands inside of its document.
#[must_use]
pub fn joint_field(kind: &str) -> Option<&'static str> {
    match kind {
        "flow_stage_binding" | "policy_binding" => Some("target"),
        "application_entitlement" => Some("app"),
        _ => None,
    }
}

/// The kinds that a reference to `target` may point at: one kind, or a family, or all bindable ones.
pub fn by_target(target: &str) -> impl Iterator<Item = &'static KindDef> {
    KINDS.iter().filter(move |k| {
        k.meta.kind == target || k.meta.family.target() == Some(target) || (target == "bindable" && k.meta.bindable)
    })
}
