//! Policies in Cedar: reading the folder's files, compiling bindings, and the compiled set.

pub(crate) mod alike;
mod annotations;
mod bindings;
mod compile;
pub(crate) mod condition;
pub(crate) mod extent;
mod links;
mod narrow;
pub(crate) mod partition;
pub(crate) mod principal;
mod reads;
mod references;
pub(crate) mod resource;
mod roles;
pub(crate) mod set;
mod source;
mod sweeping;
