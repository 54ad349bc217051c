//! `/api/v3/…`: the REST API as scripts and Terraform use it.

mod applications;
mod certificates;
mod conventions;
mod groups;
mod read_only;
mod sessions;
mod tokens;
mod users;
