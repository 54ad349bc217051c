//! What becomes of all that as an installation grows: it should cost the same, or little more.

use std::time::{Duration, Instant};

use lockgate_tests::{Database, Site, quantile};

use crate::forward_auth::{cookies, question, with_cookie};
use crate::logins;
use crate::process::memory;
use crate::sessions::{Crowd, username};
use crate::table::{Tables, millis};

const SESSIONS: [usize; 5] = [10, 1_000, 10_000, 50_000, 100_000];
const POLICIES: [usize; 3] = [10, 100, 1_000];
const USERS: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// Tags that one application may have.
const TAGS: usize = 64;
/// Load for one figure.
const SPAN: Duration = Duration::from_secs(5);
/// Each list is asked so many times.
const TIMES: usize = 25;

/// Forward auth for more and more people who are signed in, each as likely as the other.
pub(crate) async fn of_sessions(tables: &mut Tables, database: Database) {
    let mut crowd = Crowd::of(database).await;
    let (mut rates, mut resident) = (Vec::new(), Vec::new());
    for sessions in SESSIONS {
        crowd.sign_in(sessions).await;
        // Everybody is met once or so before it counts.
        crowd.rate(SPAN * 2);
        rates.push(format!("{:.0}", crowd.rate(SPAN)));
        resident.push(format!("{:.0}", crowd.server().resident_kib() as f64 / 1024.0));
    }
    memory(tables, "with 100,000 live sessions", crowd.server(), "200");
    let rows = vec![("forward auth for any of them, a second".to_owned(), rates), ("memory, MiB".to_owned(), resident)];
    tables.growth("sessions", &SESSIONS, rows);
}

/// Forward auth beside more and more policies, and for a service that lets in more and more groups.
pub(crate) async fn of_policies(tables: &mut Tables, database: Database) {
    let (mut beside, mut bound) = (Vec::new(), Vec::new());
    for policies in POLICIES {
        let site = Site::direct(database).await;
        let ada = site.signed_in("ada").await;
        let question = question(&site, Some(&ada));
        let files: String = (0..policies)
            .map(|n| format!("@id(\"p{n}\") forbid (principal, action == Action::\"access\", resource in Tag::\"t{n}\") unless {{ context.mfa }};\n"))
            .collect();
        site.server.write("many.cedar", &files);
        let tags: Vec<String> = (0..policies).map(|n| format!("t{n}")).collect();
        let tagged: Vec<String> = tags.chunks(TAGS).enumerate().map(|(n, tags)| tagged(n, tags)).collect();
        let last = format!("core/applications/tagged-{}/", tagged.len() - 1);
        in_force(&site, "tagged.yaml", &tagged.join("---\n"), &last).await;
        question.rate(site.server.port(), Duration::from_secs(1));
        beside.push(format!("{:.0}", question.rate(site.server.port(), SPAN)));
        let groups: Vec<String> = (0..policies).map(|n| format!("{{ group: g{n} }}")).collect();
        let declared: Vec<String> = (0..policies).map(|n| format!("group: g{n}\n")).collect();
        let documents = Site::documents(site.port());
        let wide = documents.replacen("[{ group: Media }]", &format!("[{}, {{ group: Media }}]", groups.join(", ")), 1);
        site.server.write("site.yaml", &wide);
        let last = format!("core/groups/?name=g{}", policies - 1);
        in_force(&site, "groups.yaml", &declared.join("---\n"), &last).await;
        question.rate(site.server.port(), Duration::from_secs(1));
        bound.push(format!("{:.0}", question.rate(site.server.port(), SPAN)));
    }
    let rows = vec![
        ("forward auth beside so many policies of other applications, a second".to_owned(), beside),
        ("forward auth where so many groups are let in, a second".to_owned(), bound),
    ];
    tables.growth("policies", &POLICIES, rows);
}

fn tagged(number: usize, tags: &[String]) -> String {
    format!(
        "app: tagged-{number}\nname: Tagged\nurl: http://tagged-{number}.lockgate.test\ntags: [{}]\n",
        tags.join(", ")
    )
}

/// Writes a file, and waits until what it declares is there.
async fn in_force(site: &Site, file: &str, text: &str, path: &str) {
    site.server.write(file, text);
    let api = site.server.api();
    let began = Instant::now();
    loop {
        let reply = api.get(path).await;
        if reply.status == 200 && !reply.text().contains("\"results\":[]") {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{file} is not in force: {:#?}", site.server.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What a server does beside more and more users.
pub(crate) async fn of_users(tables: &mut Tables, database: Database, most: usize) {
    let steps: Vec<usize> = USERS.into_iter().filter(|users| *users <= most).collect();
    let mut crowd = Crowd::of(database).await;
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for users in &steps {
        crowd.grow(*users).await;
        crowd.analyze();
        let figures = beside(&crowd, *users).await;
        if rows.is_empty() {
            rows = figures.iter().map(|(what, _)| ((*what).to_owned(), Vec::new())).collect();
        }
        rows.iter_mut().zip(figures).for_each(|((_, row), (_, figure))| row.push(figure));
    }
    tables.growth("users", &steps, rows);
}

async fn beside(crowd: &Crowd, users: usize) -> Vec<(&'static str, String)> {
    let port = crowd.server().port();
    let ada = with_cookie(&crowd.site, Some(&cookies(&crowd.site, &crowd.ada)));
    ada.rate(port, Duration::from_secs(1));
    let list = |query: &str| format!("core/users/?page_size=20&include_groups=false&include_roles=false&{query}");
    let someone = username(users / 3);
    let asked = async |path: String| format!("{:.1}", median(crowd, &path).await);
    vec![
        ("forward auth, a second", format!("{:.0}", ada.rate(port, SPAN))),
        ("flows of one stage, a second", format!("{:.0}", logins::rate(crowd, users).await)),
        ("a list of 20: the first page, ms", asked(list("page=1")).await),
        ("the same: a page in the middle", asked(list(&format!("page={}", users / 40))).await),
        ("search that finds one, ms", asked(list(&format!("search={someone}"))).await),
        ("one by exact name, ms", asked(list(&format!("username={someone}"))).await),
        ("memory, MiB", format!("{:.0}", crowd.server().resident_kib() as f64 / 1024.0)),
    ]
}

/// The median of many questions to the API, in milliseconds.
async fn median(crowd: &Crowd, path: &str) -> f64 {
    let api = crowd.server().api();
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let began = Instant::now();
        drop(api.get(path).await.expect(200));
        times.push(began.elapsed());
    }
    millis(quantile(&times, 0.5))
}
