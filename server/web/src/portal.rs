//! The front door, the portal of applications, and the way from it into each of them.

use crate::{
    acting,
    denied::denial,
    flow,
    page::respond,
    pages::{AppCard, AppGroup, BrandView, Denial, Person, PortalNotice, PortalPage, href},
    visit::{Answer, Failure, SignedIn, Visit, redirect},
};
use axum::{
    extract::Path,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use lockgate_identity::{config::App, runner::recovery_key::is_recovered, sessions};
use lockgate_model::{UserType, kinds::PasswordStage};
use lockgate_policies::{Action, Facts, Resource};
use std::{collections::BTreeMap, sync::Arc};

/// Where the first visitor makes the administrator.
const SETUP: &str = "/if/flow/initial-setup/";

/// The longest search text that is looked for, in characters.
const MAX_QUERY: usize = 200;

/// `GET /`: to the setup, the login or the portal.
pub(crate) async fn front_door(visit: Visit) -> Response {
    let answer = entered(&visit).await;
    visit.answer(answer)
}

async fn entered(visit: &Visit) -> Answer {
    if visit.identity.setup_open().await? {
        return Ok(redirect(StatusCode::FOUND, SETUP));
    }
    Ok(match visit.signed_in().await? {
        Some(_) => redirect(StatusCode::FOUND, "/if/user/"),
        None => redirect(StatusCode::FOUND, "/flows/-/default/authentication/?next=%2F"),
    })
}

/// `/setup`: HEAD tells programs whether the installation is set up, GET leads to the setup.
pub(crate) async fn setup(visit: Visit) -> Response {
    if visit.method != Method::HEAD {
        return redirect(StatusCode::FOUND, SETUP);
    }
    match visit.identity.setup_open().await {
        Ok(false) => StatusCode::OK.into_response(),
        _ => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// `GET /robots.txt`: there is nothing to find here.
pub(crate) async fn robots() -> Response {
    let mut response = "User-agent: *\nDisallow: /\n".into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    response
}

/// `GET /if/user/`: the applications that a person may open.
pub(crate) async fn portal(visit: Visit) -> Response {
    let answer = library(&visit).await;
    visit.answer(answer)
}

async fn library(visit: &Visit) -> Answer {
    let Some(signed_in) = visit.signed_in().await? else { return Ok(visit.to_login()) };
    if signed_in.principal().user.user_type == UserType::External {
        return Ok(for_external(visit, &signed_in));
    }
    Ok(respond(StatusCode::OK, &page(visit, &signed_in).await?))
}

/// People from outside have no portal: they go to the brand's application, if it has one. Not by a
/// redirect, since they may come from a form.
fn for_external(visit: &Visit, signed_in: &SignedIn) -> Response {
    let brand = visit.snapshot.brand(&visit.client.host).map(|(_, brand)| brand);
    let app = brand.and_then(|brand| visit.snapshot.app_by_id(brand.default_application?.0));
    if let Some(app) = app {
        return flow::leave(visit, &format!("/application/launch/{}/", app.application.slug));
    }
    let denial = Denial {
        reason: Some(visit.language(Some(signed_in)).only_applications().into_owned()),
        switch_url: Some("/flows/-/default/invalidation/".to_owned()),
        ..Denial::default()
    };
    visit.pages_for(signed_in).denied(&visit.client.host, Some(&signed_in.principal().user.username), denial)
}

async fn page(visit: &Visit, signed_in: &SignedIn) -> Result<PortalPage, Failure> {
    let user = &signed_in.principal().user;
    let query = query(&visit.query);
    let brand = visit.snapshot.brand(&visit.client.host).map(|(_, brand)| brand);
    let settings = brand.and_then(|brand| visit.snapshot.flow_by_id(brand.flow_user_settings?.0));
    Ok(PortalPage {
        brand: visit.brand(visit.language(Some(signed_in))),
        person: Person { name: user.username.clone(), avatar_url: None },
        display_name: user.name.clone(),
        groups: shelves(open_apps(visit, signed_in).await, &query),
        notice: notice(visit, signed_in).await?,
        query,
        settings_url: settings.map(|flow| format!("/if/flow/{}/", flow.flow.slug)),
        password_url: password_flow(visit).map(|slug| format!("/if/flow/{slug}/")),
        admin_url: None,
        sign_out_url: "/flows/-/default/invalidation/".to_owned(),
    })
}

async fn notice(visit: &Visit, signed_in: &SignedIn) -> Result<Option<PortalNotice>, Failure> {
    let session = &signed_in.session;
    if let Some(original) = session.original_pk {
        let who = visit.identity.principals.get(original).await?;
        let original = who.map(|who| who.principal().user.username.clone()).unwrap_or_default();
        let csrf = visit.token.as_deref().map(sessions::csrf_token).unwrap_or_default();
        return Ok(Some(PortalNotice::Acting { original, csrf, action_url: acting::END }));
    }
    Ok(is_recovered(session, &signed_in.principal().user, visit.identity.clock.now())
        .then_some(PortalNotice::Recovered))
}

/// `q` of a query string.
fn query(query: &str) -> String {
    let found = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "q");
    found.map(|(_, text)| text.trim().chars().take(MAX_QUERY).collect()).unwrap_or_default()
}

/// The flow in which people change their password, as the password stage names it.
fn password_flow(visit: &Visit) -> Option<String> {
    let stages = visit.snapshot.objects.all::<PasswordStage>();
    stages.iter().find_map(|(stage, _)| flow::ways::configure_flow(&visit.snapshot, stage.document.id))
}

/// The applications that the policies open, with the heading of each. Looking is not opening: neither
/// counted nor noted.
async fn open_apps(visit: &Visit, signed_in: &SignedIn) -> Vec<(String, AppCard)> {
    let login = signed_in.login();
    let facts = visit.facts(Some(&login));
    let access = &visit.identity.access;
    let apps = visit.snapshot.all_apps().into_iter().filter(|app| !app.application.meta_hide);
    let mut open = Vec::new();
    for (app, url) in apps.filter_map(|app| Some((app, opens_at(app, signed_in)?))) {
        let resource = Resource::App(&app.application.slug);
        if access.decide(&visit.snapshot, Some(&signed_in.who), Action::Access, resource, &facts).await.allow {
            open.push((app.application.group.clone(), card(app, url)));
        }
    }
    open
}

/// Where an application opens, if it does.
fn opens_at(app: &Arc<App>, signed_in: &SignedIn) -> Option<String> {
    let url = app.launch_url(Some(signed_in.principal()));
    (href(&url) == url).then_some(url)
}

fn card(app: &App, launch_url: String) -> AppCard {
    let app = &app.application;
    AppCard {
        name: app.name.clone(),
        launch_url,
        new_tab: app.open_in_new_tab,
        icon_url: BrandView::picture(&app.meta_icon).filter(|icon| href(icon) == icon),
        description: app.meta_description.clone(),
        publisher: app.meta_publisher.clone(),
    }
}

/// Cards that hold every word of the query, under their headings; those without one come first.
fn shelves(cards: Vec<(String, AppCard)>, query: &str) -> Vec<AppGroup> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let mut groups: BTreeMap<(String, String), Vec<AppCard>> = BTreeMap::new();
    for (group, card) in cards {
        let text = format!("{} {} {} {group}", card.name, card.description, card.publisher).to_lowercase();
        if words.iter().all(|word| text.contains(word)) {
            groups.entry((group.to_lowercase(), group)).or_default().push(card);
        }
    }
    let shelf = |((_, name), mut apps): ((String, String), Vec<AppCard>)| {
        apps.sort_by_cached_key(|app| app.name.to_lowercase());
        AppGroup { name, apps }
    };
    groups.into_iter().map(shelf).collect()
}

/// `GET /application/launch/{slug}/`: into an application, if its policies open it.
pub(crate) async fn launch(visit: Visit, Path(slug): Path<String>) -> Response {
    let answer = launched(&visit, &slug).await;
    visit.answer(answer)
}

async fn launched(visit: &Visit, slug: &str) -> Answer {
    let Some(signed_in) = visit.signed_in().await? else { return Ok(visit.to_login()) };
    let Some(app) = visit.snapshot.app(slug) else { return Ok(visit.not_found()) };
    let login = signed_in.login();
    let facts: Facts<'_> = visit.facts(Some(&login));
    let decision = visit.identity.access.app(&visit.snapshot, Some(&signed_in.who), slug, &facts).await;
    visit.identity.access.keep(&decision, Some(&signed_in.who), slug, &facts);
    if !decision.allow {
        visit.identity.access.retire(&visit.snapshot, &decision, Some(&signed_in.who)).await;
        visit.identity.access.record(&visit.snapshot, &decision, Some(&signed_in.who), visit.client.ip, slug);
        let denial = denial(&app.application.name, &decision, &visit.here(), visit.language(Some(&signed_in)));
        let user = &signed_in.principal().user.username;
        return Ok(visit.pages_for(&signed_in).denied(&visit.client.host, Some(user), denial));
    }
    let target = opens_at(app, &signed_in);
    Ok(target.map_or_else(|| visit.not_found(), |url| redirect(StatusCode::FOUND, &url)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(name: &str, description: &str) -> AppCard {
        AppCard { name: name.into(), description: description.into(), ..AppCard::default() }
    }

    fn names(groups: &[AppGroup]) -> Vec<(&str, Vec<&str>)> {
        groups.iter().map(|g| (g.name.as_str(), g.apps.iter().map(|a| a.name.as_str()).collect())).collect()
    }

    #[test]
    fn apps_stand_under_their_headings_and_match_every_word() {
        let cards = || {
            vec![
                ("Zoo".to_owned(), card("Traefik", "Routes")),
                (String::new(), card("wiki", "All about the house")),
                (String::new(), card("Grafana", "Dashboards of the house")),
                ("admin".to_owned(), card("Proxmox", "Machines")),
            ]
        };
        let all = shelves(cards(), "");
        assert_eq!(names(&all), [("", vec!["Grafana", "wiki"]), ("admin", vec!["Proxmox"]), ("Zoo", vec!["Traefik"])]);
        assert_eq!(names(&shelves(cards(), "HOUSE  dash")), [("", vec!["Grafana"])]);
        assert_eq!(names(&shelves(cards(), "zoo")), [("Zoo", vec!["Traefik"])]);
        assert!(shelves(cards(), "nothing").is_empty());
    }

    #[test]
    fn the_search_text_has_a_limit() {
        assert_eq!(query("x=1&q=+Big%20wiki+"), "Big wiki");
        assert_eq!(query(&format!("q={}", "é".repeat(500))).chars().count(), MAX_QUERY);
    }
}
