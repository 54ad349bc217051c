//! What only a real browser shows: frames that are loaded, forms that a page's own policy lets leave, and
//! cookies that do not come with the forms of other sites.

use std::time::{Duration, Instant};

use lockgate_tests::{Browser, Database, Server, Whoami};
use url::Url;

const PASSWORD: &str = "a long enough password";

on_each_database!(
    applications_are_told_in_frames_that_a_login_has_ended,
    an_answer_leaves_by_a_form_and_a_request_comes_by_one,
);

/// A server with the applications `wiki`, `board` and `shop`, each of which is told in frames, and `ada`.
struct World {
    server: Server,
    apps: Vec<Whoami>,
}

impl World {
    async fn start(database: Database) -> Self {
        let mut apps = Vec::new();
        let mut documents = Vec::new();
        for name in ["wiki", "board", "shop"] {
            let app = Whoami::start(name).await;
            let at = format!("http://{name}.lockgate.test:{}", app.port());
            documents.push(format!(
                "app: {name}\nname: The {name}\nurl: {at}\noauth2:\n  client_id: {name}\n  client_type: public\n  \
                 redirect_uris: [{at}/callback]\n  logout_uri: {at}/logout\n  logout_method: frontchannel\n"
            ));
            apps.push(app);
        }
        let server = Server::builder(database).config("apps.yaml", &documents.join("---\n")).start().await;
        server.api().create_user("ada", PASSWORD, &[]).await;
        Self { server, apps }
    }

    /// Address of an application.
    fn app(&self, at: usize, path: &str) -> String {
        let name = ["wiki", "board", "shop"][at];
        format!("http://{name}.lockgate.test:{}{path}", self.apps[at].port())
    }

    /// The request of an application that a browser signs in at.
    fn authorize(&self, at: usize, more: &[(&str, &str)]) -> String {
        let mut url = Url::parse(&self.server.url("/application/o/authorize/")).expect("an address");
        let callback = self.app(at, "/callback");
        url.query_pairs_mut()
            .extend_pairs([("client_id", ["wiki", "board", "shop"][at]), ("redirect_uri", &callback)])
            .extend_pairs([("response_type", "code"), ("scope", "openid"), ("state", "the state")])
            .extend_pairs([("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")])
            .extend_pairs([("code_challenge_method", "S256")])
            .extend_pairs(more);
        url.into()
    }

    /// The addresses below `/logout` that an application was asked for.
    fn told(&self, at: usize) -> Vec<String> {
        self.apps[at].seen().into_iter().filter(|line| line.starts_with("GET /logout")).collect()
    }

    async fn is_told(&self, at: usize) -> String {
        let deadline = Instant::now() + Duration::from_secs(15);
        loop {
            match self.told(at).as_slice() {
                [one] => return one.clone(),
                [] if Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(50)).await,
                other => panic!("{other:?}"),
            }
        }
    }
}

async fn applications_are_told_in_frames_that_a_login_has_ended(database: Database) {
    let world = World::start(database).await;
    let browser = Browser::start().await;
    browser.open(&world.authorize(0, &[])).await;
    browser.sign_in("ada", PASSWORD).await;
    browser.arrives_at(&world.app(0, "/callback?code=")).await;
    browser.open(&world.authorize(1, &[])).await;
    browser.arrives_at(&world.app(1, "/callback?code=")).await;

    // The wiki is left: it alone is told, by the name that it knows the login by.
    browser.open(&world.server.url("/application/o/wiki/end-session/")).await;
    let line = world.is_told(0).await;
    let told = Url::parse(&world.app(0, line.trim_start_matches("GET "))).expect("an address");
    let pairs: Vec<(String, String)> = told.query_pairs().into_owned().collect();
    let issuer = world.server.url("/application/o/wiki/");
    assert_eq!(pairs[0], ("iss".to_owned(), issuer));
    assert_eq!((pairs.len(), pairs[1].0.as_str(), pairs[1].1.len()), (2, "sid", 64), "{line}");
    let text = browser.text().await;
    assert!(text.contains("The wiki") && text.contains("still signed in"), "{text}");

    // Then everything: who was left before is not told again, and who was never opened is not told at all.
    browser.open(&world.server.url("/if/flow/default-invalidation-flow/")).await;
    world.is_told(1).await;
    browser.arrives_at(&world.server.url("/if/flow/default-authentication-flow/")).await;
    assert_eq!((world.told(0).len(), world.told(2).len()), (1, 0));
    browser.close().await;
}

async fn an_answer_leaves_by_a_form_and_a_request_comes_by_one(database: Database) {
    let world = World::start(database).await;
    let browser = Browser::start().await;
    browser.open(&world.authorize(0, &[("response_mode", "form_post")])).await;
    browser.sign_in("ada", PASSWORD).await;
    browser.arrives_at(&world.app(0, "/callback")).await;
    assert!(world.apps[0].seen().contains(&"POST /callback".to_owned()), "{:?}", world.apps[0].seen());

    // A form of another site brings no cookie; whoever is signed in stays so.
    let request = world.authorize(1, &[]);
    browser.open(&world.app(2, "/")).await;
    let script = format!(
        "const form = document.createElement('form');
         form.method = 'post';
         const url = new URL({request:?});
         for (const [name, value] of url.searchParams) {{
             const input = document.createElement('input');
             input.name = name;
             input.value = value;
             form.append(input);
         }}
         form.action = url.origin + url.pathname;
         document.body.append(form);
         form.submit();"
    );
    browser.run(&script).await;
    browser.arrives_at(&world.app(1, "/callback?code=")).await;
    browser.open(&world.server.url("/if/user/")).await;
    browser.arrives_at(&world.server.url("/if/user/")).await;
    browser.close().await;
}
