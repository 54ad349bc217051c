//! The schema of the database, one migration a file, the same on SQLite and PostgreSQL.
//!
//! A migration that was published is never edited: a change of the schema is a new file at the end of
//! the list. Only additive steps are allowed between two neighbouring releases, so that an old and a
//! new process can share a database while one replaces the other. What may not enter this room:
//! entities, queries and data of an installation.
//!
//! Rules that keep the two databases alike: unique indexes are named `uq_<table>__<column>` (the store
//! reads the field out of that name), timestamps are always bound by the program and never defaulted by
//! the database, JSON is text, and identifiers that must never be used twice are autoincremented.

pub use sea_orm_migration::{MigratorTrait, SchemaManager};

use sea_orm_migration::{MigrationTrait, async_trait};

mod m20261123_000001_installation;
mod m20261123_000002_documents;
mod m20261123_000003_people;
mod m20261123_000004_tokens;
mod m20261123_000005_sessions;
mod m20261123_000006_consents;
mod m20261123_000007_events;
mod m20261123_000008_operator_views;
mod m20261124_000009_oauth2;
mod m20261128_000010_history;
mod m20261128_000011_reputation;
mod m20261128_000012_password_history;
mod m20261128_000013_decisions;
mod m20261128_000014_roles;
mod m20261128_000015_membership_times;
mod m20261128_000016_invitations;
mod m20261128_000017_notifications;
mod m20261128_000018_impersonation;
mod m20261128_000019_authenticators;
mod m20261129_000020_lists;
mod m20261129_000021_factors;
mod m20261129_000022_flow_tokens;
mod m20261129_000023_user_moves;
mod m20261129_000024_figures;
mod m20261130_000025_unseen;
mod m20261130_000026_subjects;
mod parts;

/// Applies the migrations, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_installation::Migration),
            Box::new(m20261123_000002_documents::Migration),
            Box::new(m20261123_000003_people::Migration),
            Box::new(m20261123_000004_tokens::Migration),
            Box::new(m20261123_000005_sessions::Migration),
            Box::new(m20261123_000006_consents::Migration),
            Box::new(m20261123_000007_events::Migration),
            Box::new(m20261123_000008_operator_views::Migration),
            Box::new(m20261124_000009_oauth2::Migration),
            Box::new(m20261128_000010_history::Migration),
            Box::new(m20261128_000011_reputation::Migration),
            Box::new(m20261128_000012_password_history::Migration),
            Box::new(m20261128_000013_decisions::Migration),
            Box::new(m20261128_000014_roles::Migration),
            Box::new(m20261128_000015_membership_times::Migration),
            Box::new(m20261128_000018_impersonation::Migration),
            Box::new(m20261128_000016_invitations::Migration),
            Box::new(m20261128_000019_authenticators::Migration),
            Box::new(m20261128_000017_notifications::Migration),
            Box::new(m20261129_000020_lists::Migration),
            Box::new(m20261129_000021_factors::Migration),
            Box::new(m20261129_000022_flow_tokens::Migration),
            Box::new(m20261129_000023_user_moves::Migration),
            Box::new(m20261129_000024_figures::Migration),
            Box::new(m20261130_000025_unseen::Migration),
            Box::new(m20261130_000026_subjects::Migration),
        ]
    }
}
