//! The brand of the host that was asked, for everybody.

use super::shapes::{CurrentBrand, CurrentBrandFlags, FooterLink, UiTheme};
use crate::{
    caller::Visitor,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths},
    },
};
use axum::{Json, Router, extract::State, routing::get};
use http::Method;
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_model::{
    Ref,
    kinds::{self, Brand, Flow},
};
use serde_json::{Value, json};

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    Router::new().route("/core/brands/current/", get(current))
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    paths.add(
        Operation::new(Method::GET, "/core/brands/current/", "core_brands_current_retrieve", "core")
            .says("Shows the brand of the host that was asked.")
            .answers(200, "The brand.", components.reply::<CurrentBrand>()),
    );
}

async fn current(State(identity): State<Identity>, visitor: Visitor) -> Result<Json<Value>, ApiError> {
    let snapshot = identity.config.snapshot();
    let (_, brand) = snapshot.brand(&visitor.client.host).ok_or_else(|| ApiError::no_such("Brand"))?;
    Ok(Json(json!(shown(&snapshot, brand))))
}

fn shown(snapshot: &Snapshot, brand: &Brand) -> CurrentBrand {
    let slug = |flow: Option<Ref<Flow>>| Some(snapshot.objects.typed::<Flow>(flow?.0)?.slug.clone());
    let settings = brand.attributes.get("settings").unwrap_or(&Value::Null);
    CurrentBrand {
        matched_domain: brand.domain.clone(),
        branding_title: brand.branding_title.clone(),
        branding_logo: brand.branding_logo.clone(),
        branding_logo_themed_urls: None,
        branding_favicon: brand.branding_favicon.clone(),
        branding_favicon_themed_urls: None,
        branding_custom_css: brand.branding_custom_css.clone(),
        branding_map_tiles: brand.branding_map_tiles.clone(),
        ui_footer_links: snapshot.settings.footer_links.iter().map(footer_link).collect(),
        ui_theme: theme(settings),
        flow_authentication: slug(brand.flow_authentication),
        flow_user_switch: slug(brand.flow_user_switch),
        flow_invalidation: slug(brand.flow_invalidation),
        flow_recovery: slug(brand.flow_recovery),
        flow_unenrollment: slug(brand.flow_unenrollment),
        flow_user_settings: slug(brand.flow_user_settings),
        flow_device_code: slug(brand.flow_device_code),
        flow_lockdown: slug(brand.flow_lockdown),
        flow_request: slug(brand.flow_request),
        default_locale: settings["locale"].as_str().unwrap_or_default().to_owned(),
        flags: CurrentBrandFlags {
            flows_continuous_login: snapshot.settings.flags.flows_continuous_login,
            flows_refresh_others: snapshot.settings.flags.flows_refresh_others,
        },
    }
}

fn footer_link(link: &kinds::FooterLink) -> FooterLink {
    FooterLink { href: link.href.clone(), name: link.name.clone() }
}

fn theme(settings: &Value) -> UiTheme {
    match settings["theme"]["base"].as_str() {
        Some("light") => UiTheme::Light,
        Some("dark") => UiTheme::Dark,
        _ => UiTheme::Automatic,
    }
}
