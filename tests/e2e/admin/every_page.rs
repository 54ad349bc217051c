//! Every page of the admin interface that links lead to: it is there, small, quick and keeps the house rules.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use lockgate_tests::{BOOTSTRAP_PASSWORD, Client, Database, Reply, Server};
use reqwest::Method;
use serde_json::json;

on_each_database!(every_link_leads_to_a_page_that_keeps_the_rules);

/// Pages of a kind that are looked at: the others are like them.
const OF_A_KIND: usize = 3;

/// The most that a page may be with all that it loads, in bytes.
const BUDGET: usize = 100 * 1024;

/// The most requests of a first visit.
const MOST_REQUESTS: usize = 8;

/// The most of it that may be HTML.
const MOST_HTML: usize = 64 * 1024;

const FOLDER: &str = r#"app: wiki
name: The wiki
url: https://wiki.example.com
oauth2:
  client_id: wiki
  client_type: public
  redirect_uris: [https://wiki.example.com/callback]
access:
  any: [{ group: Readers }, { policy: office-hours }]
---
app: movies
name: Movies
url: https://movies.example.com
forward_auth: { mode: single }
---
policy: office-hours
expression: now.hour >= 7
---
group: Readers
"#;

/// An address without what is different in each of its kind.
fn kind_of(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    // "", "if", "admin", resource, key, view
    match parts.as_slice() {
        ["", "if", "admin", resource, _, rest @ ..] if !rest.is_empty() => format!("{resource}/*/{}", rest.join("/")),
        _ => path.to_owned(),
    }
}

/// Values of the attribute `name`.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let opening = format!(" {name}=\"");
    html.split(&opening).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

fn keeps_the_rules(path: &str, reply: &Reply) -> Vec<String> {
    let mut faults = Vec::new();
    let mut wants = |fine: bool, what: String| {
        if !fine {
            faults.push(format!("{path}: {what}"));
        }
    };
    let html = &reply.text();
    wants(reply.status == 200, format!("status {}", reply.status));
    let head = html.split("</head>").next().unwrap_or_default();
    for (text, part) in [(html.as_str(), "<h1"), (html, "<main"), (head, "<title>")] {
        let count = text.matches(part).count();
        wants(count == 1, format!("{count} times {part}"));
    }
    for inline in [" style=", "<style", "<script>", " onclick=", "javascript:"] {
        wants(!html.contains(inline), format!("{inline} is not permitted by our own policy"));
    }
    let ids = attributes(html, "id");
    let distinct: BTreeSet<&&str> = ids.iter().collect();
    wants(distinct.len() == ids.len(), format!("ids are not unique: {ids:?}"));
    for wanted in attributes(html, "for").iter().chain(&attributes(html, "aria-describedby")).flat_map(|l| l.split(' '))
    {
        wants(ids.contains(&wanted), format!("the id {wanted} is missing"));
    }
    let policy = reply.headers.get("content-security-policy").and_then(|v| v.to_str().ok()).unwrap_or_default();
    wants(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), format!("policy {policy}"));
    faults
}

/// Addresses of the interface that a page links to.
fn links(html: &str) -> BTreeSet<String> {
    let found = attributes(html, "href").into_iter();
    let found = found.filter(|href| href.starts_with("/if/admin/") && !href.contains("/export."));
    found.map(|href| href.split('#').next().unwrap_or_default().replace("&amp;", "&").replace("&#38;", "&")).collect()
}

async fn every_link_leads_to_a_page_that_keeps_the_rules(database: Database) {
    let server =
        Server::builder(database).config("pages.yaml", FOLDER).set("LOCKGATE_LIMITS__API_REQUESTS", "0").start().await;
    let api = server.api();
    let ada = api.create_user("ada", BOOTSTRAP_PASSWORD, &[]).await;
    api.post("core/groups/", &json!({"name": "Writers", "users": [ada]})).await.expect(201);
    api.post("rbac/roles/", &json!({"name": "Helpers"})).await.expect(201);
    api.post("stages/invitation/invitations/", &json!({"name": "come-in"})).await.expect(201);
    let client = Client::new();
    client.open_signing_in(&server.url("/if/user/"), "akadmin", BOOTSTRAP_PASSWORD).await;
    let mut queue = VecDeque::from(["/if/admin/".to_owned()]);
    let mut known: BTreeSet<String> = queue.iter().cloned().collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    let mut times = Vec::new();
    while let Some(path) = queue.pop_front() {
        let count = counts.entry(kind_of(&path)).or_default();
        *count += 1;
        if *count > OF_A_KIND {
            continue;
        }
        let began = Instant::now();
        let reply = client.get(&server.url(&path)).await;
        times.push(began.elapsed());
        if reply.status == 303 {
            continue;
        }
        faults.extend(keeps_the_rules(&path, &reply));
        let packed = client.request(Method::GET, &server.url(&path)).header("Accept-Encoding", "gzip");
        let packed = Reply::of(packed).await.body.len();
        if packed > MOST_HTML {
            faults.push(format!("{path}: {packed} bytes of HTML"));
        }
        for link in links(&reply.text()) {
            if known.insert(link.clone()) {
                queue.push_back(link);
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    times.sort_unstable();
    println!("{} pages, half of them within {:?}", times.len(), times[times.len() / 2]);
    assert!(times.len() > 150, "{} pages were found: {known:#?}", times.len());
    assert!(times[times.len() / 2] < Duration::from_millis(500), "half of the pages take {:?}", times[times.len() / 2]);
    let mut loaded = 0;
    let page = client.get(&server.url("/if/admin/")).await.text();
    let files = attributes(&page, "href").into_iter().chain(attributes(&page, "src"));
    let files: Vec<&str> = files.filter(|path| path.starts_with("/static/")).chain(["/if/admin/"]).collect();
    assert!(files.len() <= MOST_REQUESTS, "the overview takes {} requests: {files:?}", files.len());
    for path in files {
        let packed = client.request(Method::GET, &server.url(path)).header("Accept-Encoding", "gzip");
        loaded += Reply::of(packed).await.body.len();
    }
    println!("the overview with all that it loads is {loaded} bytes");
    assert!(loaded < BUDGET, "the overview with all that it loads is {loaded} bytes");
}
