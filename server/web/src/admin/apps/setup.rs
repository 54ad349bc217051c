//! The view "Set-up" of an application: what to paste elsewhere, and the document to commit.

use super::{
    super::{
        ROOT,
        desk::{Desk, Paged, Trouble},
        object, policies,
        replaced::named,
        resource::{self, key_text, part, text},
    },
    services::{SERVICES, Service},
    snippets::{self, Behind, Client},
};
use crate::pages::admin::{Action, Cell, Code, Empty, Facts, Note, Panel, Part, Tone};
use axum::{extract::Path, response::Response};
use serde_json::Value;
use url::Url;

/// What stands in the place of a secret.
const HIDDEN: &str = "<client secret>";

/// `GET /if/admin/applications/{key}/setup/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let application = named("application");
    let app = desk.rest.get(&application.api_of(key)).await?;
    let head = object::head(desk, application, &app, "setup/");
    let panels = panels(desk, &app, false).await?;
    Ok(desk.page(head, panels))
}

/// The provider of an application, in full, with its resource.
pub(super) async fn provider(
    desk: &Desk,
    app: &Value,
) -> Result<Option<(&'static resource::Resource, Value)>, Trouble> {
    let told = &app["provider_obj"];
    let Some(of) = resource::of_model(text(told, "meta_model_name")) else { return Ok(None) };
    match desk.rest.get(&of.api_of(&key_text(&told["pk"]))).await {
        Ok(value) => Ok(Some((of, value))),
        // Who may not see it is told nothing of it.
        Err(crate::rest::Refusal::Said(..)) => Ok(None),
        Err(failed) => Err(failed.into()),
    }
}

/// Everything to paste; the secret only `with_secret`.
pub(super) async fn panels(desk: &Desk, app: &Value, with_secret: bool) -> Result<Vec<Panel>, Trouble> {
    let mut panels = match provider(desk, app).await? {
        Some((of, provider)) if of.kind == "proxy_provider" => forward(app, &provider),
        Some((of, provider)) if of.kind == "oauth2_provider" => openid(desk, app, &provider, with_secret).await?,
        Some(_) | None => {
            let empty = Empty {
                title: "There is nothing to set up".into(),
                hint: "It has no provider that you may see: it is a link in the portal and nothing more.".into(),
                action: Some(Action::link("Edit", format!("{ROOT}applications/{}/edit/", part(text(app, "slug"))))),
            };
            vec![Panel::bare(empty)]
        }
    };
    panels.extend(yaml(desk, app).await?);
    Ok(panels)
}

fn code(caption: &str, text: String) -> Part {
    Code { caption: caption.to_owned(), text, copy: true, ..Code::default() }.into()
}

/// The service that is known by its slug.
fn known(slug: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| !service.name.is_empty() && slug.starts_with(service.key))
}

fn forward(app: &Value, provider: &Value) -> Vec<Panel> {
    let slug = text(app, "slug");
    let external = text(provider, "external_host");
    let url = Url::parse(external).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let host = url.as_ref().and_then(Url::port).map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let is_plain = url.as_ref().is_some_and(|url| url.scheme() == "http");
    let of = Behind { slug, host: &host, is_plain, port: known(slug).map_or(80, |service| service.port) };
    if text(provider, "mode") == "proxy" {
        let line = format!("The server itself passes {host} on to {}: send it there.", text(provider, "internal_host"));
        return vec![Panel::bare(Note::new(Tone::Info, line))];
    }
    let mut panels = Vec::new();
    let domain = text(provider, "cookie_domain");
    if text(provider, "mode") == "forward_domain" {
        let line = format!(
            "It is for every host of {domain}: use what is below for each of them, with its own name. {host} has to lead to \
             this server, since people sign in there."
        );
        panels.push(Panel::bare(Note::new(Tone::Info, line).titled("A whole domain")));
    }
    let check = format!("After that, open {external} in a private window: it should ask you to sign in.");
    panels.extend([
        Panel::new(
            "Traefik",
            vec![
                code("Labels of the service's container", snippets::traefik_labels(of)),
                code("Labels of the server's container, once for all services", snippets::traefik_middleware()),
            ],
        )
        .lead(format!("Traefik has to reach the server as {}: put in its name there.", snippets::SERVER)),
        Panel::new("nginx", vec![code("A server block; put in your certificate", snippets::nginx(of))]),
        Panel::new("Caddy", vec![code("Caddyfile", snippets::caddy(of))]),
        Panel::bare(Note::new(Tone::Info, check)),
    ]);
    panels
}

async fn openid(desk: &Desk, app: &Value, provider: &Value, with_secret: bool) -> Result<Vec<Panel>, Trouble> {
    let key = key_text(&provider["pk"]);
    let urls = desk.rest.get(&format!("/providers/oauth2/{key}/setup_urls/")).await?;
    let base = text(&urls, "authorize").trim_end_matches("/application/o/authorize/").to_owned();
    let is_public = text(provider, "client_type") == "public";
    let secret = text(provider, "client_secret");
    let shown = if with_secret && !secret.is_empty() { secret } else { HIDDEN };
    let address = match text(app, "meta_launch_url") {
        "" => text(app, "launch_url"),
        address => address,
    };
    let client = Client {
        base: &base,
        slug: text(app, "slug"),
        address: address.trim_end_matches('/'),
        client_id: text(provider, "client_id"),
        client_secret: if is_public { "" } else { shown },
    };
    let mut panels = Vec::new();
    if with_secret && !is_public && shown != HIDDEN {
        let line = "Copy the secret now: it is shown this once. Keep it out of files that others read.";
        let note = Note::new(Tone::Warn, line).titled("The client secret");
        panels.push(Panel::bare(note));
    }
    let redirects = || provider["redirect_uris"].as_array().into_iter().flatten().map(|one| text(one, "url"));
    if redirects().any(|url| url.ends_with("/login/generic_oauth")) {
        let lead = "Variables of Grafana's container. Members of Grafana Admins become administrators, those of Grafana \
                    Editors editors, everybody else a viewer.";
        panels.push(Panel::new("Grafana", vec![code(".env", snippets::grafana(client))]).lead(lead));
    }
    let mut facts = endpoints(&urls).with("Client ID", Cell::Copy(client.client_id.to_owned()));
    if !is_public {
        facts = facts.with("Client secret", if shown == HIDDEN { hidden(&key) } else { Cell::Copy(shown.to_owned()) });
    }
    facts = facts.with("Redirect URIs", redirects().collect::<Vec<_>>().join(", "));
    let parts = vec![facts.into(), code("As variables", snippets::openid(client))];
    let lead = "Most services need the issuer, the client ID and the secret, and find the rest by themselves.";
    panels.push(Panel::new("Any OpenID Connect client", parts).lead(lead));
    Ok(panels)
}

/// Where the secret is.
fn hidden(key: &str) -> Cell {
    Cell::Link {
        text: "Kept by the provider".into(),
        href: format!("{ROOT}oauth2-providers/{key}/"),
        below: "A lost one is replaced by editing the provider.".into(),
    }
}

/// The addresses that clients are told, each to be copied.
pub(super) fn endpoints(urls: &Value) -> Facts {
    let named = [
        ("Issuer", "issuer"),
        ("Discovery", "provider_info"),
        ("Authorization", "authorize"),
        ("Token", "token"),
        ("User info", "user_info"),
        ("Keys", "jwks"),
        ("Sign out", "logout"),
    ];
    named
        .into_iter()
        .filter(|(_, name)| !text(urls, name).is_empty())
        .fold(Facts::default(), |facts, (label, name)| facts.with(label, Cell::Copy(text(urls, name).to_owned())))
}

/// The document of the configuration folder that holds it.
async fn yaml(desk: &Desk, app: &Value) -> Result<Option<Panel>, Trouble> {
    let Some(document) = policies::document(desk, "application", text(app, "slug")).await? else { return Ok(None) };
    let lead = match (text(&document, "origin"), text(&document, "file")) {
        ("folder", file) if !file.is_empty() => format!("It is declared in {file}, line {}.", document["line"]),
        _ => "Commit this to your configuration folder to keep it there; the secret becomes a variable.".to_owned(),
    };
    let part = match text(&document, "yaml") {
        "" => Note::new(Tone::Info, format!("There is no document: {}.", text(&document, "left_out"))).into(),
        yaml => code(&format!("{}.yaml", text(app, "slug")), yaml.to_owned()),
    };
    Ok(Some(Panel::new("As YAML", vec![part]).lead(lead)))
}
