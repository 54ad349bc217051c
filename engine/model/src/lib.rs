//! The nouns of Lockgate: every object kind as one plain struct with its docs, defaults, limits and
//! typed references, and the registry that lists them all.
//!
//! From one declaration come the YAML form, the JSON Schema, the storage as a document, the REST
//! endpoints and the OpenAPI schemas. What may not enter this room: I/O, databases, HTTP, clocks,
//! randomness, and any decision about who may do what.

pub mod document;
pub mod kind;
pub mod kinds;
pub mod objects;
pub mod people;
pub mod period;
pub mod permission;
pub mod problem;
pub mod reference;
pub mod schema;
pub mod validity;

pub use document::{Document, Origin, Source};
pub use kind::{Family, Filter, FilterOp, Kind, KindDef, Lookup, Meta};
pub use objects::{Object, ObjectSet};
pub use people::{Group, Principal, User, UserType};
pub use period::{Period, Timing};
pub use problem::{Problem, Problems};
pub use reference::{Ref, RefTarget, UserRef};
pub use validity::Validity;
