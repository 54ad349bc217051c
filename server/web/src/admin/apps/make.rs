//! From what the guide asked to an application with its provider and bindings, made in one go.

use super::{
    super::{
        desk::{Desk, Trouble},
        form,
        resource::{key_text, text},
    },
    services::{How, Service},
};
use crate::{flow::form::Form as Sent, rest::Reply};
use axum::http::Method;
use serde_json::{Map, Value, json};
use url::Url;

/// Where consent is not asked for again.
const AUTHORIZATION: &str = "default-provider-authorization-implicit-consent";
const INVALIDATION: &str = "default-provider-invalidation-flow";

/// Name of the key pair that signs unless another one is chosen.
const SIGNING_KEY: &str = "authentik Self-signed Certificate";

/// The scopes that services ask for.
const SCOPES: [&str; 3] = ["openid", "email", "profile"];

/// What is wrong, by field.
type Wrong = Vec<(String, String)>;

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) address: String,
    pub(super) redirects: Vec<String>,
    /// `groups` or `everyone`.
    pub(super) access: String,
    pub(super) groups: Vec<String>,
    pub(super) make_groups: bool,
    pub(super) skip: String,
    /// The domain whose hosts it is for, all of them; empty: for the address alone.
    pub(super) domain: String,
    pub(super) heading: String,
    pub(super) about: String,
    pub(super) public: bool,
}

impl Wish {
    /// What the form holds at first.
    pub(super) fn suggested(service: &Service) -> Self {
        let named = !service.name.is_empty();
        Self {
            name: service.name.to_owned(),
            slug: if named { service.key.to_owned() } else { String::new() },
            access: "groups".to_owned(),
            make_groups: !service.groups.is_empty(),
            skip: service.skip.to_owned(),
            heading: service.heading.to_owned(),
            about: if named { service.about.split(';').next().unwrap_or_default().to_owned() } else { String::new() },
            ..Self::default()
        }
    }

    /// What was sent.
    pub(super) fn read(service: &Service, sent: &Sent) -> Self {
        let word = |name: &str| sent.get(name).unwrap_or_default().trim().to_owned();
        let lines = |name: &'static str| -> Vec<String> {
            let lines = sent.all(name).flat_map(str::lines).map(str::trim);
            lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
        };
        let (name, slug) = (word("name"), word("slug"));
        let address = word("address").trim_end_matches('/').to_owned();
        let redirects = match service.callback {
            "" => lines("redirects"),
            callback => vec![format!("{address}{callback}")],
        };
        Self {
            slug: if slug.is_empty() { slug_of(&name) } else { slug },
            name,
            address,
            redirects,
            access: word("access"),
            groups: lines("groups"),
            make_groups: sent.get("make_groups") == Some("true"),
            skip: lines("skip").join("\n"),
            domain: word("domain").trim_start_matches('.').to_lowercase(),
            heading: word("heading"),
            about: word("about"),
            public: sent.get("public") == Some("true"),
        }
    }

    fn wrong(&self, service: &Service) -> Wrong {
        let mut wrong = Vec::new();
        let mut say = |field: &str, sentence: &str| wrong.push((field.to_owned(), sentence.to_owned()));
        if self.name.is_empty() {
            say("name", "It needs a name.");
        }
        let is_web =
            Url::parse(&self.address).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !is_web {
            say("address", "Enter the whole address, such as https://app.example.com.");
        }
        if is_web && !self.domain.is_empty() && !is_within(&self.address, &self.domain) {
            say("domain", "The address has to be a host of this domain: there its hosts sign people in.");
        }
        if service.how == How::OpenId && self.redirects.is_empty() {
            say("redirects", "Without one, nobody can be sent back.");
        }
        match self.access.as_str() {
            "everyone" => {}
            "groups" if self.groups.is_empty() && (!self.make_groups || service.groups.is_empty()) => {
                say("groups", "Choose a group, or let everybody in.");
            }
            "groups" => {}
            _ => say("access", "Choose who may open it."),
        }
        wrong
    }
}

/// Whether a host belongs to a domain.
fn is_within(address: &str, domain: &str) -> bool {
    let url = Url::parse(address).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// A name as a slug.
fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars() {
        match letter {
            'a'..='z' | '0'..='9' => slug.push(letter),
            'A'..='Z' => slug.push(letter.to_ascii_lowercase()),
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// Makes it, or tells what is wrong.
pub(super) async fn make(desk: &Desk, service: &'static Service, wish: &Wish) -> Result<Result<(), Wrong>, Trouble> {
    let wrong = wish.wrong(service);
    if !wrong.is_empty() {
        return Ok(Err(wrong));
    }
    let bindings = match bindings(desk, service, wish).await? {
        Ok(bindings) => bindings,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let (model, provider) = match service.how {
        How::Forward => ("authentik_providers_proxy.proxyprovider", forward(desk, wish).await?),
        How::OpenId => ("authentik_providers_oauth2.oauth2provider", openid(desk, wish).await?),
    };
    let app = json!({
        "name": wish.name, "slug": wish.slug, "meta_launch_url": wish.address,
        "meta_description": wish.about, "group": wish.heading, "policy_engine_mode": "any",
    });
    let body = json!({ "app": app, "provider_model": model, "provider": provider, "policy_bindings": bindings });
    let reply = desk.send(Method::PUT, "/core/transactional/applications/", &body).await?;
    Ok(if reply.status.is_success() { Ok(()) } else { Err(problems(&reply)) })
}

/// Who may open it.
async fn bindings(desk: &Desk, service: &Service, wish: &Wish) -> Result<Result<Value, Wrong>, Trouble> {
    let mut keys: Vec<String> = Vec::new();
    if wish.access == "groups" {
        for group in &wish.groups {
            match form::key(desk, "group", group).await? {
                Some(key) => keys.push(key_text(&key)),
                None => return Ok(Err(vec![("groups".into(), format!("There is no group \"{group}\"."))])),
            }
        }
    }
    // A group without members changes nothing, should the rest fail.
    if wish.make_groups {
        for name in service.groups {
            let key = match form::key(desk, "group", name).await? {
                Some(key) => key_text(&key),
                None => {
                    let reply = desk.send(Method::POST, "/core/groups/", &json!({ "name": name })).await?;
                    if !reply.status.is_success() {
                        let said = reply.problems().into_iter().map(|(_, sentence)| ("make_groups".into(), sentence));
                        return Ok(Err(said.collect()));
                    }
                    key_text(&reply.json()["pk"])
                }
            };
            if wish.access == "groups" && !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    let bound =
        keys.iter().enumerate().map(|(number, key)| json!({ "group": key, "order": number * 10, "enabled": true }));
    Ok(Ok(Value::Array(bound.collect())))
}

/// The key of the one thing that a list of the API finds.
async fn only(desk: &Desk, path: &str) -> Result<Value, Trouble> {
    let list = desk.rest.get(path).await?;
    Ok(list["results"][0]["pk"].clone())
}

/// What every provider has.
async fn common(desk: &Desk, wish: &Wish) -> Result<Map<String, Value>, Trouble> {
    let authorization = only(desk, &format!("/flows/instances/?slug={AUTHORIZATION}")).await?;
    let authorization = match authorization {
        Value::Null => only(desk, "/flows/instances/?designation=authorization").await?,
        found => found,
    };
    let invalidation = only(desk, &format!("/flows/instances/?slug={INVALIDATION}")).await?;
    let invalidation = match invalidation {
        Value::Null => only(desk, "/flows/instances/?designation=invalidation").await?,
        found => found,
    };
    Ok(Map::from_iter([
        ("name".to_owned(), json!(wish.slug)),
        ("authorization_flow".to_owned(), authorization),
        ("invalidation_flow".to_owned(), invalidation),
    ]))
}

async fn forward(desk: &Desk, wish: &Wish) -> Result<Value, Trouble> {
    let mut provider = common(desk, wish).await?;
    let mode = if wish.domain.is_empty() { "forward_single" } else { "forward_domain" };
    provider.insert("mode".into(), json!(mode));
    if !wish.domain.is_empty() {
        provider.insert("cookie_domain".into(), json!(wish.domain));
    }
    provider.insert("external_host".into(), json!(wish.address));
    provider.insert("skip_path_regex".into(), json!(wish.skip));
    Ok(Value::Object(provider))
}

async fn openid(desk: &Desk, wish: &Wish) -> Result<Value, Trouble> {
    let mut provider = common(desk, wish).await?;
    let mappings = desk.all("/propertymappings/provider/scope/?managed__isnull=false").await?;
    let mappings: Vec<&Value> = mappings
        .iter()
        .filter(|mapping| SCOPES.contains(&text(mapping, "scope_name")))
        .map(|mapping| &mapping["pk"])
        .collect();
    let redirects: Vec<Value> =
        wish.redirects.iter().map(|url| json!({ "matching_mode": "strict", "url": url })).collect();
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("name", SIGNING_KEY).finish();
    let key = only(desk, &format!("/crypto/certificatekeypairs/?{query}")).await?;
    provider.insert("client_type".into(), json!(if wish.public { "public" } else { "confidential" }));
    provider.insert("client_id".into(), json!(wish.slug));
    provider.insert("property_mappings".into(), json!(mappings));
    provider.insert("redirect_uris".into(), json!(redirects));
    if !key.is_null() {
        provider.insert("signing_key".into(), key);
    }
    Ok(Value::Object(provider))
}

/// What the API said, at the fields of the guide.
fn problems(reply: &Reply) -> Wrong {
    let told = reply.json();
    let mut wrong = Vec::new();
    for part in ["app", "provider"] {
        for (name, said) in told[part].as_object().into_iter().flatten() {
            let field = match (part, name.as_str()) {
                ("app", "name" | "slug") => name.as_str(),
                ("app", "meta_launch_url") | ("provider", "external_host") => "address",
                ("provider", "redirect_uris") => "redirects",
                ("provider", "skip_path_regex") => "skip",
                ("provider", "cookie_domain") => "domain",
                // Both are called as the application is.
                ("provider", "name" | "client_id") => "slug",
                _ => "",
            };
            for sentence in sentences(said) {
                wrong.push((field.to_owned(), sentence));
            }
        }
    }
    if wrong.is_empty() {
        wrong = reply.problems().into_iter().map(|(_, sentence)| (String::new(), sentence)).collect();
    }
    wrong.dedup();
    wrong
}

fn sentences(said: &Value) -> Vec<String> {
    match said {
        Value::Array(list) => list.iter().flat_map(sentences).collect(),
        Value::Object(map) => map.values().flat_map(sentences).collect(),
        other => vec![key_text(other)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::apps::services::service;

    #[test]
    fn names_become_slugs() {
        assert_eq!(slug_of("AdGuard Home (DNS)"), "adguard-home-dns");
        assert_eq!(slug_of("  Büro  "), "b-ro");
        assert_eq!(slug_of("…"), "");
    }

    #[test]
    fn a_domain_has_the_host_that_signs_people_in() {
        assert!(is_within("https://id.example.com", "example.com") && is_within("https://example.com", "example.com"));
        assert!(
            !is_within("https://notexample.com", "example.com") && !is_within("https://example.org", "example.com")
        );
    }

    #[test]
    fn what_is_missing_is_told_at_its_field() {
        let grafana = service("grafana").expect("a service");
        let wish = Wish { name: "Grafana".into(), address: "grafana".into(), ..Wish::suggested(grafana) };
        let fields: Vec<String> = wish.wrong(grafana).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["address", "redirects"], "its groups are made");
    }
}
