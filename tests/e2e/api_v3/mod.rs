//! `/api/v3/…`: the REST API as scripts and Terraform use it.

mod applications;
mod certificates;
mod consents;
mod conventions;
mod docs;
mod grants;
mod groups;
mod notifications;
pub(crate) mod oauth2_providers;
mod read_only;
mod sessions;
mod tasks;
mod tokens;
mod tried_out;
mod users;
