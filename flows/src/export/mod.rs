//! Objects back into text: documents that [`crate::check`] reads again as the same objects.
//!
//! [`export_flow`] writes one flow with its stages; what it refers to beside that stands by name.
//! [`export_documents`] writes everything that is wanted, each thing once, one file a thing; [`export_document`] writes
//! the one document of it that holds an object.

mod all;
mod app;
mod flow;
mod one;
mod writer;

pub use all::{ExportRequest, Exported, LeftOut, Variable, export_documents};
pub use flow::{NamedPeople, export_flow, people_of_flow};
pub use one::{HeldIn, export_document, main_of};
pub use writer::PeopleNames;

pub(crate) use writer::bound;
