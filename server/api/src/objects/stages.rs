//! Settings that stages offer to the people who pass through them.

use super::shapes::UserSetting;
use crate::{
    caller::Caller,
    openapi::{
        components::Components,
        operation::{Operation, Paths},
    },
};
use axum::{Json, Router, extract::State, routing::get};
use http::Method;
use lockgate_identity::Identity;
use lockgate_model::kinds::PasswordStage;
use serde_json::json;

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    Router::new().route("/stages/all/user_settings/", get(user_settings))
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let list = json!({"type": "array", "items": components.reply::<UserSetting>()});
    paths.add(
        Operation::new(Method::GET, "/stages/all/user_settings/", "stages_all_user_settings_list", "stages")
            .says("Lists what the caller can change about how they sign in.")
            .answers(200, "The settings.", list),
    );
}

async fn user_settings(State(identity): State<Identity>, _: Caller) -> Json<Vec<UserSetting>> {
    let snapshot = identity.config.snapshot();
    let stages = snapshot.objects.all::<PasswordStage>();
    let offering = stages.into_iter().filter(|(_, stage)| stage.configure_flow.is_some());
    let setting = |id: uuid::Uuid| UserSetting {
        object_uid: id.to_string(),
        component: "ak-user-settings-password".to_owned(),
        title: "Change your password".to_owned(),
        configure_url: Some(format!("/flows/-/configure/{id}/")),
        icon_url: None,
    };
    Json(offering.map(|(object, _)| setting(object.document.id)).collect())
}
