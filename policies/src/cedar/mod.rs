//! Policies in Cedar: reading the folder's files, compiling bindings, and the compiled set.

mod bindings;
mod compile;
pub(crate) mod extent;
pub(crate) mod partition;
pub(crate) mod principal;
mod reads;
mod references;
pub(crate) mod resource;
pub(crate) mod set;
mod source;
