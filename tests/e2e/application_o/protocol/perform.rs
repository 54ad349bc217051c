//! Sends the requests of a case and keeps what the answers bring.

use std::collections::{BTreeMap, HashMap};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockgate_tests::{Client, Executor, FlowEnd, Reply};
use reqwest::Method;
use serde_json::{Map, Value as Json};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::case::{Ask, Auth, Case, Value, Visitor};
use super::jwt::{hashed, unique};
use super::world::{PASSWORD, World};

/// Redirects and flows passed before the way counts as endless.
const MOST_STEPS: usize = 16;

/// Times that a request is sent until a limit holds it up.
const MOST_TRIES: usize = 40;

/// The status of a connection that was closed in the middle of a long body.
pub(super) const HUNG_UP: u16 = 0;

/// A body that is longer need not be read to its end.
const ENOUGH: usize = 1_000_000;

/// Members of answers that later requests may name.
const BROUGHT: [&str; 9] = [
    "code",
    "access_token",
    "refresh_token",
    "id_token",
    "device_code",
    "user_code",
    "request_uri",
    "verification_uri_complete",
    "csrf_token",
];

/// What a case may name as `<name>`.
#[derive(Clone)]
pub(super) struct Known(BTreeMap<String, String>);

impl Known {
    /// Puts what is known in the place of its names.
    pub(super) fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('<') {
            let Some((name, behind)) = after.split_once('>').filter(|(name, _)| is_name(name)) else {
                filled += before;
                filled.push('<');
                rest = after;
                continue;
            };
            filled += before;
            filled += &self.value(name)?;
            rest = behind;
        }
        Ok(filled + rest)
    }

    /// The same in every text of a JSON value; moments and what is named as
    /// `<#name>` become numbers.
    pub(super) fn fill_json(&self, json: &Json) -> Result<Json, String> {
        Ok(match json {
            Json::String(text) if text.starts_with("<now") || text.starts_with("<#") => {
                self.fill(&text.replace('#', ""))?.parse::<i64>().map_or(Json::Null, Json::from)
            }
            Json::String(text) => Json::from(self.fill(text)?),
            Json::Array(list) => Json::Array(list.iter().map(|one| self.fill_json(one)).collect::<Result<_, _>>()?),
            Json::Object(map) => {
                let filled = map.iter().map(|(name, one)| Ok((name.clone(), self.fill_json(one)?)));
                Json::Object(filled.collect::<Result<Map<_, _>, String>>()?)
            }
            other => other.clone(),
        })
    }

    /// A value of a request.
    fn make(&self, value: &Value) -> Result<String, String> {
        match value {
            Value::Text(text) => self.fill(text),
            Value::Jwt(jwt) => jwt.signed(self),
            Value::Bearer(jwt) => Ok(format!("Bearer {}", jwt.signed(self)?)),
        }
    }

    fn value(&self, name: &str) -> Result<String, String> {
        if let Some(shift) = name.strip_prefix("now") {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            return Ok((now.cast_signed() + shift.parse::<i64>().unwrap_or_default()).to_string());
        }
        match name {
            "unique" => Ok(unique()),
            "ath" => Ok(hashed(&self.value("access_token")?, 32)),
            _ => self.0.get(name).cloned().ok_or_else(|| format!("nothing has brought <{name}>")),
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }
}

/// No answer, but a closed connection.
fn hung_up() -> Reply {
    Reply { status: HUNG_UP, headers: reqwest::header::HeaderMap::new(), body: Vec::new() }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'+'))
}

/// An answer, and what it says to the client.
pub(super) struct Answer {
    pub(super) reply: Reply,
    /// Where a redirect leads.
    pub(super) location: Option<Url>,
    /// Members of the answer: of its JSON, or of the redirect.
    pub(super) members: Json,
    /// What was asked, as it was sent.
    pub(super) asked: BTreeMap<String, String>,
    /// Beginnings of the addresses that are ours.
    pub(super) base: String,
}

impl Answer {
    /// Where a redirect leads to, of the client's.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.location.as_ref().is_some_and(|url| !url.as_str().starts_with(&self.base))
    }

    fn succeeded(&self) -> bool {
        self.reply.status < 400 && self.members.get("error").is_none()
    }

    /// For the message of a failing case.
    pub(super) fn told(&self) -> String {
        let body: String = self.reply.text().chars().take(400).collect();
        let to = self.location.as_ref().map(|url| format!(" to {url}")).unwrap_or_default();
        format!("{}{to}: {}", self.reply.status, body.trim())
    }
}

/// The people's browsers of one topic.
pub(super) struct Browsers<'w> {
    world: &'w World,
    signed_in: HashMap<&'static str, Client>,
}

impl<'w> Browsers<'w> {
    pub(super) fn new(world: &'w World) -> Self {
        Self { world, signed_in: HashMap::new() }
    }

    async fn of(&mut self, username: &'static str) -> Result<Client, String> {
        if let Some(client) = self.signed_in.get(username) {
            return Ok(client.clone());
        }
        let client = self.world.signed_in(username).await?;
        self.signed_in.insert(username, client.clone());
        Ok(client)
    }
}

/// One case on its way.
struct Run<'a, 'w> {
    browsers: &'a mut Browsers<'w>,
    browser: Client,
    known: Known,
    /// An address that no other case has, so that limits on strangers count
    /// each case for itself.
    address: String,
}

/// Sends everything that a case asks: the last answer, and what is known then.
pub(super) async fn perform(
    case: &Case,
    number: usize,
    browsers: &mut Browsers<'_>,
) -> Result<(Answer, Known), String> {
    let known = Known(browsers.world.known.clone());
    let address = format!("198.18.{}.{}", number / 250, number % 250 + 1);
    let mut run = Run { browsers, browser: Client::new(), known, address };
    let mut last = None;
    for (at, ask) in case.ask.iter().enumerate() {
        let mut answer = run.send(ask).await.map_err(|why| format!("request {}: {why}", at + 1))?;
        for _ in 0..MOST_TRIES {
            if ask.until.is_none_or(|status| status == answer.reply.status) {
                break;
            }
            answer = run.send(ask).await.map_err(|why| format!("request {}: {why}", at + 1))?;
        }
        if at + 1 < case.ask.len() && !ask.in_vain && !answer.succeeded() {
            return Err(format!("request {} prepares, and was answered {}", at + 1, answer.told()));
        }
        run.keep(ask, &answer);
        last = Some(answer);
    }
    Ok((last.ok_or("a case without a request")?, run.known))
}

impl Run<'_, '_> {
    async fn send(&mut self, ask: &Ask) -> Result<Answer, String> {
        tokio::time::sleep(ask.wait).await;
        if let Some(json) = &ask.json {
            return self.change(ask, json).await;
        }
        let (client, username) = match ask.visitor {
            Visitor::Nobody => (Client::new(), "nobody"),
            Visitor::SignedIn(name) => (self.browsers.of(name).await?, name),
            Visitor::Comes(name) => (Client::new(), name),
            Visitor::Same(name) => (self.browser.clone(), name),
        };
        if ask.visitor != Visitor::Nobody {
            self.browser = client.clone();
        }
        let base = self.known.fill("<base>")?;
        let path = self.known.fill(&ask.path)?;
        let url = if path.starts_with(&base) { path } else { format!("{base}{path}") };
        self.known.set("url", &url);
        self.known.set("method", ask.method);
        let mut pairs = Vec::new();
        for (name, value) in &ask.parameters {
            pairs.push((name.clone(), self.known.make(value)?));
        }
        let mut request = self.request(&client, ask, &url, &mut pairs)?;
        for (name, value) in &ask.headers {
            request = request.header(*name, self.known.make(value)?);
        }
        let reply = match Reply::try_of(request).await {
            Ok(reply) => reply,
            // It has heard enough of a long body, and its answer is lost with the connection.
            Err(_) if ask.body.as_ref().is_some_and(|(_, body)| body.len() > ENOUGH) => hung_up(),
            Err(error) => return Err(format!("no answer: {error:?}")),
        };
        let mut answer = self.answer(reply, &url, pairs)?;
        if ask.walks {
            self.walk(&client, username, &mut answer).await?;
        }
        Ok(answer)
    }

    fn request(
        &self,
        client: &Client,
        ask: &Ask,
        url: &str,
        pairs: &mut Vec<(String, String)>,
    ) -> Result<reqwest::RequestBuilder, String> {
        let mut add = |name: &str, value: &str| {
            if !pairs.iter().any(|(known, _)| known == name) {
                pairs.push((name.to_owned(), value.to_owned()));
            }
        };
        let mut basic = None;
        match &ask.auth {
            Auth::Nothing => {}
            Auth::Basic(id, secret) => {
                let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                basic = Some(STANDARD.encode(format!("{}:{}", encoded(id), encoded(&self.known.fill(secret)?))));
            }
            Auth::Post(id, secret) => {
                add("client_id", id);
                add("client_secret", &self.known.fill(secret)?);
            }
            Auth::Public(id) => add("client_id", id),
            Auth::Assertion(jwt) => {
                add("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
                add("client_assertion", &jwt.signed(&self.known)?);
            }
        }
        let form = Serializer::new(String::new()).extend_pairs(pairs.iter()).finish();
        let method = Method::from_bytes(ask.method.as_bytes()).map_err(|error| error.to_string())?;
        let has_body = ask.method == "POST";
        let target = if has_body || form.is_empty() { url.to_owned() } else { format!("{url}?{form}") };
        let mut request = client.request(method, &target).header("X-Forwarded-For", &self.address);
        if let Some(basic) = basic {
            request = request.header("Authorization", format!("Basic {basic}"));
        }
        Ok(match &ask.body {
            Some((kind, body)) => request.header("Content-Type", *kind).body(body.clone()),
            None if has_body => request.header("Content-Type", "application/x-www-form-urlencoded").body(form),
            None => request,
        })
    }

    /// Something that the administrator changes.
    async fn change(&self, ask: &Ask, json: &Json) -> Result<Answer, String> {
        let method = Method::from_bytes(ask.method.as_bytes()).map_err(|error| error.to_string())?;
        let api = self.browsers.world.server.api();
        let request = api.request(method, &self.known.fill(&ask.path)?).json(&self.known.fill_json(json)?);
        let reply = Reply::try_of(request).await.map_err(|error| format!("no answer: {error:?}"))?;
        self.answer(reply, &self.known.fill("<base>")?, Vec::new())
    }

    fn answer(&self, reply: Reply, url: &str, asked: Vec<(String, String)>) -> Result<Answer, String> {
        let at = Url::parse(url).map_err(|error| format!("{url}: {error}"))?;
        let location = reply.location().map(|to| at.join(&to).map_err(|error| format!("Location {to}: {error}")));
        let location = location.transpose()?;
        let members = match &location {
            Some(url) => of_redirect(url),
            None => serde_json::from_slice(&reply.body).unwrap_or_else(|_| of_form(&reply.text())),
        };
        let base = self.known.fill("<base>")?;
        Ok(Answer { reply, location, members, asked: asked.into_iter().collect(), base })
    }

    /// Goes through redirects and flows of ours.
    async fn walk(&self, client: &Client, username: &str, answer: &mut Answer) -> Result<(), String> {
        for _ in 0..MOST_STEPS {
            let Some(next) = answer.location.clone().filter(|_| !answer.is_elsewhere()) else { return Ok(()) };
            let to = match Executor::at(client, &next) {
                None => {
                    let request = client.request(Method::GET, next.as_str()).header("X-Forwarded-For", &self.address);
                    let request = request.header("Accept", "text/html,*/*;q=0.8");
                    let reply = Reply::try_of(request).await.map_err(|error| format!("no answer: {error:?}"))?;
                    let asked = std::mem::take(&mut answer.asked).into_iter().collect();
                    *answer = self.answer(reply, next.as_str(), asked)?;
                    continue;
                }
                Some(flow) => match flow.login(username, PASSWORD).await {
                    FlowEnd::Redirect(to) => to,
                    FlowEnd::Page(challenge) | FlowEnd::Denied(challenge) | FlowEnd::Refused(challenge) => {
                        answer.location = None;
                        answer.reply.status = 200;
                        answer.reply.body = challenge.to_string().into_bytes();
                        answer.members = challenge;
                        return Ok(());
                    }
                },
            };
            let to = next.join(&to).map_err(|error| format!("{to}: {error}"))?;
            answer.members = of_redirect(&to);
            answer.location = Some(to);
        }
        Err("the way does not end".to_owned())
    }

    /// Keeps what an answer has brought.
    fn keep(&mut self, ask: &Ask, answer: &Answer) {
        let mut brought: Vec<(String, String)> = Vec::new();
        for name in BROUGHT {
            if let Some(value) = answer.members[name].as_str() {
                brought.push((name.to_owned(), value.to_owned()));
            }
        }
        for (name, value) in answer.members.as_object().into_iter().flatten() {
            if let Some(address) = value.as_str().filter(|_| name.ends_with("_endpoint") || name == "jwks_uri") {
                brought.push((name.clone(), address.to_owned()));
            }
        }
        // The public key, also for who takes it for a secret.
        if let Some(key) = answer.members["keys"].get(0) {
            brought.extend(key["kid"].as_str().map(|text| ("kid".to_owned(), text.to_owned())));
            brought.extend(key["x5c"][0].as_str().map(|text| ("certificate".to_owned(), text.to_owned())));
        }
        for (name, value) in brought {
            self.known.set(&name, &value);
            if let Some(kept) = ask.kept {
                self.known.set(&format!("{kept}.{name}"), &value);
            }
        }
    }
}

/// What a redirect says in query and fragment.
fn of_redirect(url: &Url) -> Json {
    let fragment = url.fragment().unwrap_or_default();
    let both = url.query_pairs().chain(url::form_urlencoded::parse(fragment.as_bytes()));
    Json::Object(both.map(|(name, value)| (name.into_owned(), Json::from(value.into_owned()))).collect())
}

/// What the fields of a page's form say (OAuth 2.0 Form Post Response Mode).
fn of_form(page: &str) -> Json {
    let mut members = Map::new();
    for field in page.split("<input").skip(1) {
        let tag = field.split('>').next().unwrap_or_default();
        let attribute = |name: &str| {
            let (_, after) = tag.split_once(&format!("{name}=\""))?;
            Some(unescaped(after.split('"').next()?))
        };
        if let (Some(name), Some(value)) = (attribute("name"), attribute("value")) {
            members.insert(name, Json::from(value));
        }
    }
    if let Some((_, after)) = page.split_once("<form")
        && let Some((_, after)) = after.split_once("action=\"")
    {
        members.insert("action".to_owned(), Json::from(unescaped(after.split('"').next().unwrap_or_default())));
    }
    Json::Object(members)
}

fn unescaped(text: &str) -> String {
    let known = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    known.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}
