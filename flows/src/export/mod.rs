//! Objects back into text: documents that [`crate::check`] reads again as the same objects.
//!
//! [`export_flow`] writes one flow with its stages; what it refers to beside that stands by name.
//! [`export_documents`] writes everything that is wanted, each thing once, one file a thing.

mod all;
mod app;
mod flow;
mod writer;

pub use all::{ExportRequest, Exported, LeftOut, Variable, export_documents};
pub use flow::{NamedPeople, export_flow, people_of_flow};
pub use writer::PeopleNames;

pub(crate) use writer::bound;
