//! The language: a folder of text becomes normalised objects, each with its place in the text.
//!
//! [`Folder`] reads files, [`check`] turns them into [`Loaded`] documents and [`Diagnostic`]s, all of
//! them at once, and [`merge()`] lays the built-in configuration, the folder and what was made through
//! the API over each other; [`plan`] tells what a change would do. [`export_flow`] and [`export_documents`] go the other way. Rhai texts are compiled on the way; Cedar can only be compiled against
//! the whole configuration, so whoever does that adds what is found with [`Checked::add`]. What may
//! not enter this room: databases, HTTP, clocks and randomness.

mod blueprint;
mod builtin;
mod diagnostics;
mod diagram;
mod export;
mod language;
mod lints;
mod lookup;
mod merge;
mod node;
pub mod plan;
mod process;
mod raw;
mod read;
mod schema;
mod span;
pub mod test_document;
mod unified;
pub mod yaml;

pub use blueprint::{Imported, Place, Remark, import_blueprints, import_with_context};
pub use builtin::{builtin, mapping_document, outpost_config_defaults};
pub use diagnostics::{Diagnostic, Related, Severity, nearest, render, to_annotations, to_json};
pub use diagram::{Diagram, diagram};
pub use export::{
    ExportRequest, Exported, HeldIn, LeftOut, NamedPeople, PeopleNames, Variable, export_document, export_documents,
    export_flow, main_of, people_of_flow,
};
pub use language::{
    CedarText, Checked, GroupDeclaration, Loaded, NAMESPACE, Script, ScriptRole, Spans, check, stable_id,
};
pub use lookup::{Directory, Existing, Lookups, Nobody, Objects, ProcessSecrets, Secrets, StoredObjects};
pub use merge::{Adopted, MergePlan, keep_what_the_server_made, merge, normal};
pub use process::ProcessEnvironment;
pub use read::{Folder, MAX_DEPTH, MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES, TextFile};
pub use schema::json_schema;
pub use span::Span;
pub use unified::unified;
