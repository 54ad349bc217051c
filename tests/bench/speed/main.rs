//! What the server is held to: how fast it answers beside a bare handler or a bare library in the same run on the same
//! machine, how long answers take at half of that, how soon it is ready, how much memory it takes, and what becomes of all
//! that as an installation grows.
//!
//! `tests/benchmarks speed` measures the packages' build and puts the tables into `docs/benchmarks.md`. By itself, `cargo
//! bench --workspace --bench speed` prints them; `LOCKGATE_BIN` names another build, `DATABASE=postgres` (under
//! `tests/with-postgres`) takes the other database, `ONLY=forward-auth,tokens` some parts, `USERS=10000` fewer users.

mod floor;
mod forward_auth;
mod growth;
mod logins;
mod process;
mod request;
mod sessions;
mod table;
mod tokens;

use lockgate_tests::Database;
use table::Tables;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, port, answer] = arguments.as_slice()
        && flag == floor::FLAG
    {
        floor::serve(port, answer).await;
        return;
    }
    let set = |name: &str| std::env::var(name).unwrap_or_default();
    let database = if set("DATABASE") == "postgres" { Database::Postgres } else { Database::Sqlite };
    let only = set("ONLY");
    let wanted = |part: &str| only.is_empty() || only.split(',').any(|one| one == part);
    let mut tables = Tables::default();
    if wanted("forward-auth") {
        forward_auth::measure(&mut tables, database).await;
    }
    if wanted("tokens") {
        tokens::measure(&mut tables, database).await;
    }
    if wanted("logins") {
        logins::measure(&mut tables, database).await;
    }
    if wanted("process") {
        process::measure(&mut tables, database).await;
    }
    if wanted("sessions") {
        growth::of_sessions(&mut tables, database).await;
    }
    if wanted("policies") {
        growth::of_policies(&mut tables, database).await;
    }
    if wanted("users") {
        growth::of_users(&mut tables, database, set("USERS").parse().unwrap_or(1_000_000)).await;
    }
    print!("{tables}");
}
