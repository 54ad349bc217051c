//! Typed references between objects. The target's kind rides on the JSON Schema as `x-ref`, which is
//! all that the generic code (integrity, `used_by`, YAML names, API keys) needs to know.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, marker::PhantomData};
use uuid::Uuid;

/// Something that can be pointed at.
pub trait RefTarget {
    /// The kind (`flow`), a family (`stage`, `policy`, `provider`), or `group`, `bindable`.
    const TARGET: &'static str;
}

/// The UUID of an object of kind or family `T`.
pub struct Ref<T: RefTarget>(pub Uuid, PhantomData<fn() -> T>);

impl<T: RefTarget> Ref<T> {
    /// A reference to the object with this id.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self(id, PhantomData)
    }
}

impl<T: RefTarget> Clone for Ref<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: RefTarget> Copy for Ref<T> {}
impl<T: RefTarget> PartialEq for Ref<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T: RefTarget> Eq for Ref<T> {}
impl<T: RefTarget> std::fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", T::TARGET, self.0)
    }
}
impl<T: RefTarget> Serialize for Ref<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, T: RefTarget> Deserialize<'de> for Ref<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::new)
    }
}
impl<T: RefTarget> JsonSchema for Ref<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("RefTo{}", T::TARGET).into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "uuid", "x-ref": T::TARGET})
    }
}

/// A user's primary key (users are people's data, not documents).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserRef(pub i64);

impl JsonSchema for UserRef {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "RefToUser".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "x-ref": "user"})
    }
}

macro_rules! targets {
    ($($(#[$doc:meta])* $name:ident = $word:literal),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl RefTarget for $name {
            const TARGET: &'static str = $word;
        }
    )*};
}

targets! {
    /// Any stage.
    AnyStage = "stage",
    /// Any policy.
    AnyPolicy = "policy",
    /// Any provider.
    AnyProvider = "provider",
    /// Any property mapping.
    AnyMapping = "mapping",
    /// A group of people.
    AnyGroup = "group",
    /// Anything that policies can be bound to: a flow, a flow-stage binding, an application, an entitlement.
    Bindable = "bindable",
}
