//! People, groups, roles, invitations and keys: what deserves more than the generic pages. Lists, forms and deletions
//! stay the generic ones.

mod access;
mod common;
mod confirm;
mod create;
mod deeds;
mod enroll;
mod events;
mod factors;
mod groups;
mod import;
mod invitations;
mod members;
mod permissions;
mod roles;
mod sessions;
mod standing;
mod tokens;
mod user;

use super::{
    desk::Desk,
    replaced::{beside, bulk_beside},
    resource::Resource,
};
use crate::{Web, pages::admin::Heading};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use serde_json::Value;

/// A table of people in a form, with what a form adds to it: the API takes 2 MiB.
const MAX_TABLE: usize = 4 * 1024 * 1024;

/// Pages of the directory.
pub(super) fn routes() -> Router<Web> {
    let import = get(import::blank).post(import::send).layer(DefaultBodyLimit::max(MAX_TABLE));
    Router::new()
        .route("/if/admin/users/new/", get(create::blank).post(create::send))
        .route("/if/admin/users/import/", import)
        .route("/if/admin/users/service-account/", get(create::program).post(create::make_program))
        .route("/if/admin/users/{key}/", get(user::page))
        .route("/if/admin/users/{key}/groups/", post(user::groups))
        .route("/if/admin/users/{key}/password/", get(deeds::password).post(deeds::set_password))
        .route("/if/admin/users/{key}/recovery/", post(deeds::recovery))
        .route("/if/admin/users/{key}/recovery-mail/", post(deeds::recovery_mail))
        .route("/if/admin/users/{key}/active/", get(deeds::ask_active).post(deeds::active))
        .route("/if/admin/users/{key}/impersonate/", get(deeds::ask_reason).post(deeds::impersonate))
        .route("/if/admin/users/{key}/access/", get(access::page))
        .route("/if/admin/users/{key}/factors/", get(factors::page))
        .route("/if/admin/users/{key}/factors/enroll/", get(enroll::choose))
        .route("/if/admin/users/{key}/factors/enroll/{kind}/", get(enroll::ask).post(enroll::make))
        .route("/if/admin/users/{key}/factors/{kind}/{device}/remove/", get(factors::ask).post(factors::remove))
        .route("/if/admin/users/{key}/sessions/", get(sessions::page).post(sessions::end))
        .route("/if/admin/users/{key}/sessions/end/", get(sessions::ask).post(sessions::end_all))
        .route("/if/admin/users/{key}/events/", get(events::page))
        .route("/if/admin/users/{key}/permissions/", get(standing::page).post(standing::change))
        .route("/if/admin/groups/", get(groups::list))
        .route("/if/admin/groups/{key}/", get(groups::page))
        .route("/if/admin/groups/{key}/members/", get(members::page).post(members::change))
        .route("/if/admin/roles/{key}/", get(roles::page))
        .route("/if/admin/roles/{key}/holders/", get(roles::holders).post(roles::change_holders))
        .route("/if/admin/roles/{key}/permissions/", get(permissions::page).post(permissions::save))
        .route("/if/admin/roles/{key}/permissions/objects/", post(permissions::objects))
        .route("/if/admin/invitations/{key}/", get(invitations::page))
        .route("/if/admin/invitations/{key}/send/", post(invitations::send))
        .route("/if/admin/tokens/new/", get(tokens::blank).post(tokens::make))
        .route("/if/admin/tokens/{key}/key/", post(tokens::show))
        .route("/if/admin/tokens/{key}/rotate/", get(tokens::ask).post(tokens::rotate))
        .merge(bulk_beside("users"))
        .merge(beside("groups"))
        .merge(beside("roles"))
        .merge(beside("invitations"))
}

/// What the heading of one of these has beside that of any thing: its state, what can be done, and no view that its
/// viewer may not open.
pub(super) fn dress(desk: &Desk, resource: &Resource, value: &Value, head: &mut Heading) {
    match resource.slug.as_str() {
        "users" => user::dress(desk, value, head),
        "groups" => groups::dress(desk, value, head),
        "roles" => roles::dress(desk, head),
        "tokens" => tokens::dress(desk, value, head),
        _ => {}
    }
}
