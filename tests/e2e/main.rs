//! The end-to-end tests: the real binary, real databases, real proxies, a real
//! browser. The modules mirror the addresses that they ask.
//!
//! One test alone, on one database:
//! `cargo test --release -p lockgate-tests --test e2e -- MODULE::sqlite::NAME`

/// Makes of each named function, which takes a database, two tests: one on
/// SQLite and one on PostgreSQL.
macro_rules! on_each_database {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                Box::pin(super::$test(lockgate_tests::Database::Sqlite)).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                Box::pin(super::$test(lockgate_tests::Database::Postgres)).await;
            })+
        }
    };
}

mod accessibility;
mod admin;
mod api_v3;
mod application_o;
mod backup;
mod claims;
mod complaints;
mod crash;
mod doctor;
mod examples;
mod explain;
mod export;
#[path = "../faults/mod.rs"]
mod faults;
mod flows;
mod folder;
mod folder_tests;
mod generated_clients;
mod git;
mod health;
mod https;
mod if_flow;
mod if_user;
mod languages;
mod mail;
mod metrics;
mod newcomers;
mod outpost;
mod packages;
mod people_in_bulk;
mod plan;
mod process;
mod published_clients;
mod request_ids;
mod restart;
#[path = "../runbook/mod.rs"]
mod runbook;
mod scaling;
mod service_accounts;
mod strangers;
mod terraform;
mod threats;
mod tidy;
mod traces;
