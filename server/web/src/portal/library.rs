//! `/if/user/`: the applications that a person may open, and why.

use super::{Shown, answered, frame, moment, parameter, part, results, sent, text};
use crate::{
    page::respond,
    pages::{
        BrandView, href,
        portal::{AppCard, AppGroup, LibraryPage, Section, Wish},
    },
    rest::{Refusal, Rest},
    visit::{Visit, redirect},
};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode},
    response::Response,
};
use lockgate_texts::Language;
use serde_json::Value;
use std::collections::BTreeMap;

/// The longest search text that is looked for, in characters.
const MAX_QUERY: usize = 200;

/// `GET /if/user/`: the applications that a person may open.
pub(super) async fn show(visit: Visit, rest: Rest) -> Response {
    answered(&visit, library(&visit, &rest).await).await
}

async fn library(visit: &Visit, rest: &Rest) -> Shown {
    let guest = frame::guest(visit).await?;
    let query = query(&visit.query);
    let cards = open_apps(rest, guest.t()).await?;
    let page = LibraryPage {
        frame: frame::frame(visit, &guest, Section::Library).await?,
        groups: shelves(cards, &query),
        wishes: wishes(rest).await,
        brand: guest.brand,
        query,
    };
    let mut response = respond(StatusCode::OK, &page);
    visit.remember_theme(&mut response, page.brand.theme);
    Ok(response)
}

/// `POST /if/user/favourites/{slug}/`: puts an application to the favourites, or takes it from them.
pub(super) async fn like(visit: Visit, rest: Rest, Path(slug): Path<String>, request: Request) -> Response {
    answered(&visit, liked(&visit, &rest, &slug, request).await).await
}

async fn liked(visit: &Visit, rest: &Rest, slug: &str, request: Request) -> Shown {
    let sent = sent(visit, Section::Library, request).await?;
    let method = if sent.text("like") == "no" { Method::DELETE } else { Method::PUT };
    let path = format!("/lockgate/me/favourites/{}/", part(slug));
    rest.send(method, &path, sent.csrf(), &Value::Null).await?;
    // Where it stands now: the page shows whether it came to be.
    Ok(redirect(StatusCode::SEE_OTHER, &format!("{}#app-{slug}", Section::Library.url())))
}

/// `q` of a query string.
fn query(query: &str) -> String {
    parameter(query, "q").chars().take(MAX_QUERY).collect()
}

/// The applications that can be opened, with the heading of each.
async fn open_apps(rest: &Rest, t: Language) -> Result<Vec<(String, AppCard)>, Refusal> {
    let apps = rest.get("/lockgate/me/applications/").await?;
    let apps = apps.as_array().into_iter().flatten();
    let opens = |app: &&Value| app["launch_url"].as_str().is_some_and(|url| href(url) == url);
    Ok(apps.filter(opens).map(|app| (text(&app["group"]), card(app, t))).collect())
}

fn card(app: &Value, t: Language) -> AppCard {
    let why: Vec<&Value> = app["why"].as_array().into_iter().flatten().collect();
    AppCard {
        slug: text(&app["slug"]),
        name: text(&app["name"]),
        launch_url: text(&app["launch_url"]),
        new_tab: app["open_in_new_tab"] == true,
        icon_url: BrandView::picture(app["meta_icon"].as_str().unwrap_or_default()).filter(|icon| href(icon) == icon),
        description: text(&app["meta_description"]),
        publisher: text(&app["meta_publisher"]),
        favourite: app["favourite"] == true,
        because: why.first().map(|reason| because(reason, t)).unwrap_or_default(),
        all: app["all"] == true,
        why: why.into_iter().map(|reason| sentence(reason, t)).collect(),
    }
}

/// A reason in a few words.
fn because(reason: &Value, t: Language) -> String {
    let name = reason["name"].as_str().unwrap_or_default();
    match reason["by"].as_str() {
        Some("everybody") => t.because_everybody().into_owned(),
        Some("group") if !name.is_empty() => t.because_group(name),
        Some("person") => t.because_person().into_owned(),
        _ => t.because_policy().into_owned(),
    }
}

/// The same in a sentence.
fn sentence(reason: &Value, t: Language) -> String {
    let name = reason["name"].as_str().unwrap_or_default();
    let through: Vec<&str> = reason["through"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let said = match reason["by"].as_str() {
        Some("everybody") => t.why_everybody().into_owned(),
        Some("group") if through.is_empty() => t.why_group(name),
        Some("group") => t.why_group_through(name, through.join(&t.list_separator())),
        Some("not_group") => t.why_not_group().into_owned(),
        Some("person") => t.why_person().into_owned(),
        Some("condition") => t.why_condition(name),
        Some("policy") => t.why_policy(name),
        _ => t.why_not_person().into_owned(),
    };
    match moment(&reason["until"], t) {
        Some(until) => format!("{said} {}", t.why_until(until.words)),
        None => said,
    }
}

/// What could be asked for; nobody is kept from the library because that cannot be told.
async fn wishes(rest: &Rest) -> Vec<Wish> {
    let list = rest.get("/core/applications/requestable/").await.unwrap_or_default();
    let wish = |app: &Value| Wish { name: text(&app["name"]), description: text(&app["meta_description"]) };
    results(&list).map(wish).collect()
}

/// Cards that hold every word of the query: the favourites, then the others under their headings; those without one
/// come first.
fn shelves(cards: Vec<(String, AppCard)>, query: &str) -> Vec<AppGroup> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let mut favourites = AppGroup { favourites: true, ..AppGroup::default() };
    let mut groups: BTreeMap<(String, String), Vec<AppCard>> = BTreeMap::new();
    for (group, card) in cards {
        let text = format!("{} {} {} {group}", card.name, card.description, card.publisher).to_lowercase();
        if !words.iter().all(|word| text.contains(word)) {
            continue;
        }
        match card.favourite {
            true => favourites.apps.push(card),
            false => groups.entry((group.to_lowercase(), group)).or_default().push(card),
        }
    }
    let shelf = |((_, name), mut apps): ((String, String), Vec<AppCard>)| {
        apps.sort_by_cached_key(|app| app.name.to_lowercase());
        AppGroup { name, favourites: false, apps }
    };
    favourites.apps.sort_by_cached_key(|app| app.name.to_lowercase());
    let liked = (!favourites.apps.is_empty()).then_some(favourites);
    liked.into_iter().chain(groups.into_iter().map(shelf)).collect()
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
