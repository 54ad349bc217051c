//! The gate over real services on a database in memory: the way in and out, and who loses access when.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request, StatusCode, header},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use lockgate_forward_auth::PlainPages;
use lockgate_identity::{
    Identity, Setup,
    net::TrustedProxies,
    oauth::{CodeGrant, Contents, GrantFacts, Want},
    people::UserDraft,
    sessions::LoginFacts,
    tokens::NewToken,
};
use lockgate_model::UserType;
use lockgate_store::{Issue, SealKey, Session, Store, TokenIntent, hash_secret};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::{net::SocketAddr, sync::Arc};
use tower::ServiceExt;
use url::Url;
use uuid::Uuid;

const DOCUMENTS: &str = r#"
app: one
name: First Service
url: http://one.test:8080
forward_auth: { mode: single, skip: ["^/public/"] }
access:
  any: [{ group: Media }]
---
app: two
name: Second Service
url: http://two.test:8080
forward_auth: { mode: single }
---
app: house
name: Whole House
url: http://auth.house.test:8080
forward_auth: { mode: domain, domain: house.test }
---
app: cellar
name: Cellar
url: http://cellar.house.test:8080
access:
  any: [{ group: Butlers }]
---
app: three
name: Third Service
url: http://three.test:8080
forward_auth: { mode: single, mappings: [forger] }
---
mapping: forger
scope: forger
expression: |
  #{ jti: "forged", nbf: 1, amr: ["hwk"], scope: "all", client_id: "two", sub: "root", nickname: "boss" }
---
group: Media
---
group: Butlers
"#;

struct House {
    identity: Identity,
    app: Router,
    ada: i64,
    session: Session,
    _folder: tempfile::TempDir,
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn location(&self) -> Url {
        Url::parse(self.header("location")).expect("an absolute address")
    }

    /// `name=value` of the one cookie that is set.
    fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
    }
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

impl House {
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("site.yaml"), DOCUMENTS).expect("a file");
        let seal = SealKey::derive(b"a secret key for tests").expect("a key");
        let store = Store::in_memory(seal).await.expect("a database");
        let setup = Setup {
            folder: Some(folder.path().to_owned()),
            trusted: TrustedProxies::new(vec!["127.0.0.0/8".parse().expect("a network")]),
            public_url: Some("http://auth.test:8080".to_owned()),
            ..Setup::new(store)
        };
        let identity = Identity::start(setup).await.expect("services");
        assert_eq!(identity.config.health().error, None);
        let ada = user(&identity, "ada", vec![]).await;
        let session = sign_in(&identity, ada, None).await;
        let app = lockgate_forward_auth::router(identity.clone(), Arc::new(PlainPages));
        Self { identity, app, ada, session, _folder: folder }
    }

    async fn send(&self, peer: [u8; 4], host: &str, target: &str, lines: &[(&str, &str)]) -> Reply {
        let mut request = Request::get(target).header(header::HOST, format!("{host}.test:8080"));
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).expect("a request");
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 1))));
        let response = self.app.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.expect("a body");
        Reply { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// Traefik asks about a page.
    async fn ask(&self, host: &str, uri: &str, lines: &[(&str, &str)]) -> Reply {
        let asked = format!("{host}.test:8080");
        let mut all = vec![("x-forwarded-proto", "http"), ("x-forwarded-host", &*asked), ("x-forwarded-uri", uri)];
        all.extend_from_slice(lines);
        self.send([127, 0, 0, 1], "gate", "/outpost.goauthentik.io/auth/traefik", &all).await
    }

    /// As the authorize endpoint answers an authorize request: with a code for it.
    async fn code(&self, authorize: &Url) -> String {
        let snapshot = self.identity.config.snapshot();
        let provider = snapshot.client(&parameter(authorize, "client_id")).expect("a provider");
        let state: String =
            Sha256::digest(parameter(authorize, "state")).iter().map(|byte| format!("{byte:02x}")).collect();
        let data = json!({"redirect_uri": parameter(authorize, "redirect_uri"), "state": state});
        let oauth = &self.identity.oauth;
        let code = oauth.secret();
        let grant = oauth.new_grant();
        let of = CodeGrant { client: provider, session: &self.session, scopes: &provider.scopes, grant, data };
        oauth.store_code(&code, of).await.expect("a database");
        code
    }

    /// Where the browser comes back, path and query.
    async fn callback(&self, authorize: &Url) -> String {
        let mut back = Url::parse(&parameter(authorize, "redirect_uri")).expect("an address");
        let code = self.code(authorize).await;
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", &parameter(authorize, "state"));
        back[url::Position::BeforePath..].to_owned()
    }

    /// Signs in at a host; answers the session's cookie.
    async fn enter(&self, host: &str, back: &str) -> String {
        let start = self.ask(host, "/deep?a=1&b=2", &[]).await;
        assert_eq!(start.status, StatusCode::FOUND, "{}", start.text);
        let callback = self.callback(&start.location()).await;
        let done = self.send([127, 0, 0, 1], back, &callback, &[("cookie", &start.cookie())]).await;
        assert_eq!(done.status, StatusCode::FOUND, "{}", done.text);
        assert_eq!(done.header("location"), format!("http://{host}.test:8080/deep?a=1&b=2"));
        done.cookie()
    }

    /// An access token of ada, as the token endpoint makes it.
    async fn access_token(&self, app: &str) -> String {
        let snapshot = self.identity.config.snapshot();
        let client = snapshot.app(app).and_then(|app| app.client.clone()).expect("a client");
        let who = self.identity.principals.get(self.ada).await.expect("a database").expect("ada");
        let facts = GrantFacts::of_session("http://auth.test:8080/".to_owned(), &self.session);
        let scopes = ["openid".to_owned()];
        let contents = Contents { client: &client, who: who.principal(), scopes: &scopes, facts: &facts };
        let oauth = &self.identity.oauth;
        let want = Want { access: true, ..Want::default() };
        let minted = oauth.mint(&snapshot, contents, oauth.new_grant(), want).await.expect("a token");
        oauth.issue(Issue::Plain(minted.rows)).await.expect("a database");
        minted.access.expect("a token")
    }

    async fn join(&self, group: &str) {
        let group = self.identity.store.groups().by_name(group).await.expect("a database").expect("a group");
        self.identity.people.add_member(group.pk, self.ada, None, None).await.expect("joined");
    }

    async fn leave(&self, group: &str) {
        let group = self.identity.store.groups().by_name(group).await.expect("a database").expect("a group");
        self.identity.people.remove_member(group.pk, self.ada, None).await.expect("left");
    }
}

async fn user(identity: &Identity, name: &str, groups: Vec<Uuid>) -> i64 {
    let draft = UserDraft {
        username: name.into(),
        name: name.into(),
        email: format!("{name}@example.org"),
        is_active: true,
        user_type: UserType::Internal,
        path: "users".into(),
        attributes: Map::new(),
        groups,
        password: None,
    };
    identity.people.create_user(draft, None).await.expect("a user").pk
}

async fn sign_in(identity: &Identity, user_pk: i64, original_pk: Option<i64>) -> Session {
    let client = lockgate_identity::net::client(&identity.trusted, [127, 0, 0, 1].into(), |_| None);
    let new = identity.sessions.create_anonymous(&client, Value::Null.into()).await.expect("a session");
    let expires = new.session.expires;
    let facts = LoginFacts { user_pk, auth: json!({"method": "password"}), expires, max_age: None, original_pk };
    let login = identity.sessions.renew(&new.session, facts, &client, Value::Null.into()).await.expect("a database");
    login.expect("signed in").session
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_signs_in_and_the_service_learns_who_it_is() {
    let house = House::open().await;
    house.join("Media").await;
    let cookie = house.enter("one", "one").await;
    for _ in 0..2 {
        let reply = house.ask("one", "/", &[("cookie", &cookie), ("user-agent", "test")]).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        for (name, value) in [
            ("x-authentik-username", "ada"),
            ("x-authentik-groups", "Media"),
            ("x-authentik-email", "ada@example.org"),
            ("x-authentik-meta-app", "one"),
            ("x-authentik-meta-jwks", "http://auth.test:8080/application/o/one/jwks/"),
            ("user-agent", "test"),
        ] {
            assert_eq!(reply.header(name), value, "{name}");
        }
    }
    let value = cookie.split_once('=').expect("a pair").1;
    let snapshot = house.identity.config.snapshot();
    let name = &snapshot.app("two").and_then(|app| app.proxy.clone()).expect("a provider").cookie_name;
    let other = house.ask("two", "/", &[("cookie", &format!("{name}={value}"))]).await;
    assert_eq!(other.status, StatusCode::FOUND, "a cookie opens one application only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_for_one_browser_one_login_and_one_time() {
    let house = House::open().await;
    house.join("Media").await;
    let start = house.ask("one", "/", &[]).await;
    let callback = house.callback(&start.location()).await;
    let stranger = house.send([127, 0, 0, 1], "one", &callback, &[]).await;
    assert_eq!(stranger.status, StatusCode::BAD_REQUEST, "without the browser's half of the state");

    // Somebody slips a code of their own into the login of another browser.
    let theirs = house.ask("one", "/", &[]).await;
    let code = house.code(&start.location()).await;
    let state = parameter(&theirs.location(), "state");
    let mixed = format!("/outpost.goauthentik.io/callback?code={code}&state={state}");
    let mixed = house.send([127, 0, 0, 1], "one", &mixed, &[("cookie", &theirs.cookie())]).await;
    assert_eq!(mixed.status, StatusCode::BAD_REQUEST);

    let done = house.send([127, 0, 0, 1], "one", &callback, &[("cookie", &start.cookie())]).await;
    assert_eq!(done.status, StatusCode::FOUND);
    let cookie = done.cookie();
    assert_eq!(house.ask("one", "/", &[("cookie", &cookie)]).await.status, StatusCode::OK);
    let replay = house.send([127, 0, 0, 1], "one", &callback, &[("cookie", &start.cookie())]).await;
    assert_eq!(replay.status, StatusCode::BAD_REQUEST);
    let after = house.ask("one", "/", &[("cookie", &cookie)]).await;
    assert_eq!(after.status, StatusCode::FOUND, "a replay ends what was issued");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_the_group_is_out_with_the_next_request() {
    let house = House::open().await;
    house.join("Media").await;
    let cookie = house.enter("one", "one").await;
    let ask = async |lines: &[(&str, &str)]| {
        let mut all = vec![("cookie", &*cookie)];
        all.extend_from_slice(lines);
        house.ask("one", "/", &all).await
    };
    assert_eq!(ask(&[]).await.status, StatusCode::OK);
    house.leave("Media").await;
    let page = ask(&[]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text.contains("First Service") && page.text.contains("Media"), "{}", page.text);
    let script = ask(&[("sec-fetch-mode", "cors")]).await;
    let said: Value = serde_json::from_str(&script.text).expect("JSON");
    assert_eq!(script.status, StatusCode::FORBIDDEN);
    assert!(said["decision"].as_str().is_some_and(|id| page.text.contains(id)), "one record for one decision");
    let open = house.ask("one", "/public/x", &[("cookie", &cookie)]).await;
    assert_eq!((open.status, open.header("x-authentik-username")), (StatusCode::OK, ""), "open to everybody");
    house.join("Media").await;
    assert_eq!(ask(&[]).await.status, StatusCode::OK);
    house.identity.sessions.end_by_uuid(house.session.uuid).await.expect("ended");
    house.identity.feed.settle().await;
    assert_eq!(ask(&[]).await.status, StatusCode::FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acting_as_somebody_else_ends_with_the_right_to_it() {
    let mut house = House::open().await;
    house.join("Media").await;
    let admins = house.identity.store.groups().by_name("authentik Admins").await.expect("a database").expect("a group");
    let root = user(&house.identity, "root", vec![admins.pk]).await;
    house.session = sign_in(&house.identity, house.ada, Some(root)).await;
    let cookie = house.enter("one", "one").await;
    let jwt = house.ask("one", "/", &[("cookie", &cookie)]).await.header("x-authentik-jwt").to_owned();
    let (jwt, token) = (format!("Bearer {jwt}"), format!("Bearer {}", house.access_token("one").await));
    let ask = async || {
        [
            house.ask("one", "/", &[("cookie", &cookie)]).await.status,
            house.ask("one", "/", &[("authorization", &jwt)]).await.status,
            house.ask("one", "/", &[("authorization", &token)]).await.status,
        ]
    };
    assert_eq!(ask().await, [StatusCode::OK; 3]);
    house.identity.people.remove_member(admins.pk, root, None).await.expect("left");
    assert_eq!(ask().await, [StatusCode::FOUND, StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED]);
    house.identity.people.add_member(admins.pk, root, None, None).await.expect("back");
    assert_eq!(ask().await, [StatusCode::OK; 3], "the session goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_in_a_domain_keeps_its_own_policies() {
    let house = House::open().await;
    let cookie = house.enter("garden.house", "auth.house").await;
    assert_eq!(house.ask("kitchen.house", "/", &[("cookie", &cookie)]).await.status, StatusCode::OK);
    let cellar = house.ask("cellar.house", "/", &[("cookie", &cookie)]).await;
    assert_eq!(cellar.status, StatusCode::FORBIDDEN);
    assert!(cellar.text.contains("Cellar") && cellar.text.contains("Butlers"), "{}", cellar.text);
    house.join("Butlers").await;
    assert_eq!(house.ask("cellar.house", "/", &[("cookie", &cookie)]).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_in_the_header_count_while_they_live() {
    let house = House::open().await;
    house.join("Media").await;
    let cookie = house.enter("one", "one").await;
    let jwt = house.ask("one", "/", &[("cookie", &cookie)]).await.header("x-authentik-jwt").to_owned();
    let bearer = format!("Bearer {jwt}");
    let ask = async |host: &str, value: &str| house.ask(host, "/", &[("authorization", value)]).await.status;
    assert_eq!(ask("one", &bearer).await, StatusCode::OK);
    assert_eq!(ask("two", &bearer).await, StatusCode::UNAUTHORIZED, "a token is for one application");
    assert_eq!(ask("one", "Bearer nonsense").await, StatusCode::UNAUTHORIZED);

    let new = NewToken {
        identifier: "script".into(),
        intent: TokenIntent::AppPassword,
        user_pk: house.ada,
        description: String::new(),
        expires: None,
        expiring: false,
        managed: None,
    };
    let token = house.identity.tokens.create(new, Some("a key of an app password")).await.expect("a token");
    let basic = |user: &str| format!("Basic {}", STANDARD.encode(format!("{user}:a key of an app password")));
    assert_eq!(ask("one", &basic("Ada")).await, StatusCode::OK);
    assert_eq!(ask("one", &basic("bob")).await, StatusCode::UNAUTHORIZED);
    house.identity.tokens.delete(token.pk).await.expect("deleted");
    assert_eq!(ask("one", &basic("Ada")).await, StatusCode::UNAUTHORIZED);

    // An access token of the application's own provider, until it is revoked.
    let access = house.access_token("one").await;
    let by_access = format!("Bearer {access}");
    for _ in 0..2 {
        assert_eq!(ask("one", &by_access).await, StatusCode::OK);
    }
    assert_eq!(ask("two", &by_access).await, StatusCode::UNAUTHORIZED, "of another provider");
    let now = house.identity.clock.now();
    house.identity.store.oauth_tokens().revoke(&hash_secret(&access), now).await.expect("a database");
    house.identity.feed.settle().await;
    assert_eq!(ask("one", &by_access).await, StatusCode::UNAUTHORIZED, "revoked");

    let out = house.send([127, 0, 0, 1], "one", "/outpost.goauthentik.io/sign_out", &[("cookie", &cookie)]).await;
    let to = out.header("location");
    assert!(to.starts_with("http://auth.test:8080/application/o/one/end-session/?id_token_hint="), "{to} {}", out.text);
    assert!(out.header("set-cookie").contains("Max-Age=0"), "{:?}", out.headers);
    assert_eq!(house.ask("one", "/", &[("cookie", &cookie)]).await.status, StatusCode::FOUND);
    assert_eq!(ask("one", &bearer).await, StatusCode::UNAUTHORIZED, "the token ends with its session");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_are_not_guessed_quickly_and_others_go_on() {
    let house = House::open().await;
    house.join("Media").await;
    let right = format!("Bearer {}", house.access_token("one").await);
    let ask = async |shown: &str, from: &str| {
        house.ask("one", "/", &[("authorization", shown), ("x-forwarded-for", from)]).await
    };
    let mut tries = 0;
    let told = loop {
        let wrong = format!("Basic {}", STANDARD.encode(format!("ada:a guess of the password {tries}")));
        let reply = ask(&wrong, "203.0.113.7").await;
        if reply.status != StatusCode::UNAUTHORIZED {
            break reply;
        }
        tries += 1;
        assert!(tries < 600, "any number is tried");
    };
    assert!(tries >= 300, "{tries}");
    assert_eq!((told.status, told.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"));
    assert_eq!(ask(&right, "203.0.113.8").await.status, StatusCode::OK, "who comes from elsewhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mappings_say_nothing_that_a_token_proves() {
    let house = House::open().await;
    let cookie = house.enter("three", "three").await;
    let reply = house.ask("three", "/", &[("cookie", &cookie)]).await;
    let payload = reply.header("x-authentik-jwt").split('.').nth(1).expect("a token").to_owned();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64")).expect("JSON");
    assert_eq!(claims["nickname"], "boss");
    assert_eq!(claims["sub"], reply.header("x-authentik-uid"));
    for name in ["jti", "nbf", "amr", "scope", "client_id"] {
        assert_eq!(claims[name], Value::Null, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn foreign_tokens_cost_no_look_into_the_database() {
    let house = House::open().await;
    house.join("Media").await;
    let cookie = house.enter("one", "one").await;
    let jwt = house.ask("one", "/", &[("cookie", &cookie)]).await.header("x-authentik-jwt").to_owned();
    let of_another = house.access_token("two").await;
    let (unsigned, _) = jwt.rsplit_once('.').expect("three parts");
    let forged = format!("{unsigned}.{}", of_another.rsplit('.').next().unwrap_or_default());
    let ask = async |token: &str| house.ask("one", "/", &[("authorization", &format!("Bearer {token}"))]).await.status;
    // What is ours is looked up, and that fails once there is nothing to look into.
    let own = house.access_token("one").await;
    house.identity.store.close().await.expect("closed");
    for foreign in ["an-opaque-token-of-somebody-else", &of_another, &forged] {
        assert_eq!(ask(foreign).await, StatusCode::UNAUTHORIZED, "{foreign}");
    }
    assert!(ask(&own).await.is_server_error());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_and_nonsense_get_a_clear_answer() {
    let house = House::open().await;
    let nowhere = house.ask("nowhere", "/", &[]).await;
    let said: Value = serde_json::from_str(&nowhere.text).expect("JSON");
    assert_eq!((nowhere.status, &said["Host"]), (StatusCode::BAD_REQUEST, &json!("nowhere.test:8080")));
    let bare = house.send([127, 0, 0, 1], "one", "/outpost.goauthentik.io/auth/traefik", &[]).await;
    assert_eq!((bare.status, &*bare.text), (StatusCode::INTERNAL_SERVER_ERROR, "configuration error"));
    let forged =
        [("x-forwarded-proto", "http"), ("x-forwarded-host", "one.test:8080"), ("x-forwarded-uri", "/public/")];
    let stranger = house.send([203, 0, 113, 5], "x", "/outpost.goauthentik.io/auth/traefik", &forged).await;
    assert_eq!(stranger.status, StatusCode::BAD_REQUEST, "a stranger's word is noise");
    let script = house.ask("one", "/", &[("x-requested-with", "XMLHttpRequest")]).await;
    assert_eq!(script.status, StatusCode::UNAUTHORIZED);
    let nginx = [("x-original-url", "http://one.test:8080/a")];
    let nginx = house.send([127, 0, 0, 1], "one", "/outpost.goauthentik.io/auth/nginx", &nginx).await;
    assert_eq!((nginx.status, &*nginx.text), (StatusCode::UNAUTHORIZED, "unauthorized request"));
    let start = house.send([127, 0, 0, 1], "one", "/outpost.goauthentik.io/start?rd=https://evil.test/", &[]).await;
    assert_eq!(start.status, StatusCode::FOUND);
    let callback = house.callback(&start.location()).await;
    let done = house.send([127, 0, 0, 1], "one", &callback, &[("cookie", &start.cookie())]).await;
    assert_eq!(done.header("location"), "http://one.test:8080/", "a foreign address is dropped silently");
}
