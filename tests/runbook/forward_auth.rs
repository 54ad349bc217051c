//! "How Forward Auth Works": the way of a request, and the labels of the compose file, read by the real Traefik.

use lockgate_tests::{Client, Container, Database, Echo, Proxy, Reply, Server, Site, Whoami, free_port};

/// The three labels, and where they look for the server.
const LABELS: [&str; 3] = [
    "traefik.http.middlewares.authentik.forwardauth.address=http://authentik-server:9000/outpost.goauthentik.io/auth/traefik",
    "traefik.http.middlewares.authentik.forwardauth.trustForwardHeader=true",
    "traefik.http.middlewares.authentik.forwardauth.authResponseHeaders=authorization,X-authentik-username,X-authentik-groups,X-authentik-email,X-authentik-name,X-authentik-uid,X-authentik-jwt,X-authentik-meta-jwks,X-authentik-meta-outpost,X-authentik-meta-provider,X-authentik-meta-app,X-authentik-meta-version",
];

/// A homelab in containers: the server, and a service that has nothing but the label of the guide.
struct Homelab {
    _server: Server,
    service: Whoami,
    port: u16,
    _proxy: Proxy,
}

impl Homelab {
    async fn start(database: Database) -> Self {
        let (own, port) = (free_port(), free_port());
        let server = Server::builder(database)
            .port(own)
            .config("site.yaml", &Site::documents(port))
            .set("LOCKGATE_PUBLIC_URL", &format!("http://auth.lockgate.test:{port}"))
            .start()
            .await;
        server.api().create_user("ada", Site::password(), &["Media"]).await;
        let service = Whoami::start("one").await;
        let label = |text: &str| text.replace("authentik-server:9000", &format!("127.0.0.1:{own}"));
        let mut labels: Vec<String> = LABELS.iter().map(|text| label(text)).collect();
        labels.extend([
            "traefik.enable=true".to_owned(),
            "traefik.http.routers.auth.rule=Host(`auth.lockgate.test`) || PathPrefix(`/outpost.goauthentik.io/`)"
                .to_owned(),
            format!("traefik.http.services.auth.loadbalancer.server.port={own}"),
        ]);
        let of_service = [
            "traefik.enable=true".to_owned(),
            "traefik.http.routers.SERVICE.rule=Host(`one.lockgate.test`)".to_owned(),
            "traefik.http.routers.SERVICE.middlewares=authentik@docker".to_owned(),
            format!("traefik.http.services.SERVICE.loadbalancer.server.port={}", service.port()),
        ];
        let containers = vec![Container::new("authentik-server", &labels), Container::new("SERVICE", &of_service)];
        let known = format!("http://auth.lockgate.test:{port}/-/health/live/");
        let proxy = Proxy::of_containers(port, containers, &known).await;
        Self { _server: server, service, port, _proxy: proxy }
    }

    fn url(&self, path: &str) -> String {
        format!("http://one.lockgate.test:{}{path}", self.port)
    }
}

on_each_database!(the_labels_put_a_service_behind_the_login, the_gate_answers_200_with_a_session_and_302_without,);

async fn the_labels_put_a_service_behind_the_login(database: Database) {
    let home = Homelab::start(database).await;
    // Without a session: to the login, and nothing reaches the service.
    let stranger = Client::new().get(&home.url("/dashboard?from=now")).await;
    assert_eq!((stranger.status, home.service.served()), (302, 0));

    // With one: back to the address that was asked, which gets each header of the label that has a value.
    let ada = Client::new();
    let way = ada.open_signing_in(&home.url("/dashboard?from=now"), "ada", Site::password()).await;
    assert_eq!(way.url().as_str(), home.url("/dashboard?from=now"), "{:#?}", way.hops);
    let seen = Echo::of(&way.reply);
    let (_, headers) = LABELS[2].split_once('=').expect("a label has a value");
    for header in headers.split(',').filter(|name| *name != "authorization") {
        assert!(!seen.header(&header.to_lowercase()).is_empty(), "{header} has not arrived");
    }
    let told =
        ["username", "groups", "email", "name", "meta-app"].map(|name| seen.header(&format!("x-authentik-{name}")));
    assert_eq!(told, ["ada", "Media", "ada@example.org", "ada Example", "one"]);
    // Whatever visitors call themselves, the label takes it away.
    let claimed = ada.request(reqwest::Method::GET, &home.url("/")).header("X-authentik-username", "akadmin");
    let seen = Echo::of(&Reply::of(claimed).await.expect(200));
    assert_eq!(seen.headers("x-authentik-username"), ["ada"]);
}

async fn the_gate_answers_200_with_a_session_and_302_without(database: Database) {
    let site = Site::direct(database).await;
    let stranger = Reply::of(site.ask(&Client::new(), "traefik", "one", "/")).await;
    assert_eq!(stranger.status, 302);
    let ada = site.signed_in("ada").await;
    let known = Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(200);
    assert_eq!(known.header("X-authentik-username"), "ada");
    // Who is in none of the groups is told so, and which one is missing.
    let closed = Reply::of(site.ask(&ada, "traefik", "three", "/")).await;
    assert!(!(200..300).contains(&closed.status), "{}", closed.status);
}

#[test]
fn the_examples_have_the_labels_of_the_guide() {
    for file in ["homelab/docker-compose.yml", "production/compose.yaml"] {
        let path = lockgate_tests::workspace_root().join("examples").join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for label in LABELS {
            let ours = label.replace("authentik-server", "lockgate");
            assert!(text.contains(&format!("- {ours}\n")), "{file} lacks {ours}");
        }
    }
}
