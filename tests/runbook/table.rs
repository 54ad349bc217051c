//! The table in `docs/runbook.md` has a row for everything that a guide tells to type or to set, and each row names a test
//! that there is.

use std::fs;
use std::path::{Path, PathBuf};

use lockgate_tests::workspace_root;

/// What such a guide tells, in its order: commands, addresses, queries, labels and settings, without what differs from
/// one installation to the other.
const TOLD: &[&str] = &[
    "/if/user/",
    "/api/v3/",
    "docker compose ps",
    "docker stats",
    "psql -U authentik -d authentik",
    "\\dt",
    "SELECT username, email, is_active FROM auth_user;",
    "/outpost.goauthentik.io/auth/traefik",
    "forwardauth.address",
    "forwardauth.trustForwardHeader=true",
    "forwardauth.authResponseHeaders",
    "routers.SERVICE.middlewares=authentik@docker",
    "GF_AUTH_GENERIC_OAUTH_ENABLED",
    "GF_AUTH_GENERIC_OAUTH_SCOPES",
    "GF_AUTH_GENERIC_OAUTH_AUTH_URL",
    "GF_AUTH_GENERIC_OAUTH_TOKEN_URL",
    "GF_AUTH_GENERIC_OAUTH_API_URL",
    "GF_AUTH_SIGNOUT_REDIRECT_URL",
    "GF_AUTH_OAUTH_AUTO_LOGIN",
    "GF_SERVER_ROOT_URL",
    "docker compose restart grafana",
    "GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_PATH",
    "curl -I …/-/health/live/",
    "grep -i \"processing\\|completed\"",
    "redis-cli ping",
    "docker compose logs -f authentik-server",
    "docker compose logs -f authentik-worker",
    "grep -i error",
    "grep -i \"failed\\|invalid\"",
    "curl …/metrics",
    "scrape_configs",
    "pg_isready -U authentik -d authentik",
    "SELECT COUNT(*) FROM django_session WHERE expire_date > NOW();",
    "SELECT COUNT(*) FROM authentik_core_user WHERE is_active=true;",
    "redis-cli INFO memory",
    "redis-cli CLIENT LIST",
    "redis-cli DBSIZE",
    "SELECT username, is_active FROM authentik_core_user WHERE username='admin';",
    "ak create_admin_group",
    "grep -i \"authentication failed\"",
    "env | grep ROOT_URL",
    "docker inspect",
    "AUTHENTIK_SESSION_LIFETIME=2592000",
    "docker compose logs authentik-server --tail=50",
    "grep AUTHENTIK_POSTGRESQL .env",
    "python -c",
    "docker compose logs postgres",
    "ak migrate",
    "ak showmigrations",
    "redis-cli --latency",
    "SELECT * FROM pg_stat_statements ORDER BY total_time DESC LIMIT 10;",
    "worker --concurrency 4",
    "memory: 768M",
    "ak create_recovery_key 10 akadmin",
    "/recovery/use-token/?token=",
    "docker compose stop authentik-server authentik-worker",
    "DROP DATABASE authentik;",
    "CREATE DATABASE authentik OWNER authentik;",
    "redis-cli FLUSHALL",
    "docker compose start authentik-server authentik-worker",
    "curl -X POST …/application/o/token/",
    "AUTHENTIK_REDIS__PASSWORD",
    "AUTHENTIK_LOG_LEVEL=debug",
    "docker compose restart authentik-server authentik-worker",
];

/// A row: what is told, what it is here, and what shows it.
struct Row {
    told: String,
    here: String,
    shown: String,
}

fn rows() -> Vec<Row> {
    let path = workspace_root().join("docs/runbook.md");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    // A bar inside of code is written \|, as GitHub wants it.
    let text = text.replace("\\\\|", "\\\u{1}").replace("\\|", "\u{1}");
    let lines = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| told "));
    let cells = lines.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{1}', "|")));
    cells
        .map(|mut cells| {
            let mut next = || cells.next().unwrap_or_default();
            Row { told: next(), here: next(), shown: next() }
        })
        .collect()
}

#[test]
fn the_table_has_a_row_for_everything_that_is_told_in_its_order() {
    let rows = rows();
    let mut at = 0;
    for told in TOLD {
        let found = rows[at..].iter().position(|row| row.told.contains(told));
        let Some(found) = found else {
            let there = rows.iter().any(|row| row.told.contains(told));
            panic!("docs/runbook.md: `{told}` {}", if there { "stands in another place" } else { "has no row" });
        };
        at += found;
    }
    for row in &rows {
        assert!(!row.here.is_empty(), "`{}` is nothing here", row.told);
    }
}

/// The file of a module, in the folders that hold end-to-end tests.
fn file_of(module: &str) -> Option<PathBuf> {
    let tests = workspace_root().join("tests");
    let path = module.replace("::", "/");
    let places = [tests.join("e2e").join(&path), tests.join(&path)];
    places.into_iter().flat_map(|place| [place.with_extension("rs"), place.join("mod.rs")]).find(|file| file.is_file())
}

fn has_test(file: &Path, name: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|text| text.contains(&format!("fn {name}(")))
}

#[test]
fn each_test_that_the_table_names_is_there() {
    let mut named = 0;
    for row in rows() {
        for test in row.shown.split('`').skip(1).step_by(2) {
            let (module, name) = test.rsplit_once("::").unwrap_or_else(|| panic!("`{test}` names no module"));
            let file = file_of(module).unwrap_or_else(|| panic!("`{}`: there is no module {module}", row.told));
            assert!(has_test(&file, name), "`{}`: {} has no {name}", row.told, file.display());
            named += 1;
        }
    }
    assert!(named > 40, "{named} tests are named");
}
