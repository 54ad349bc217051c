//! What proves an authenticator: its secret, what was used of it already, and the codes on paper.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::{cascade, drop_tables, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// What `authenticators` has besides, from now on.
fn columns() -> Vec<ColumnDef> {
    vec![
        // Sealed, so that whoever reads the table cannot use it; empty where there is none.
        text("secret").default("").to_owned(),
        // By which a passkey is found (WebAuthn: credential id, base64url).
        string_len_null("external_id", 1400),
        // The time step of the last code that was accepted (RFC 6238), which none may repeat.
        big_integer("last_step").default(0).to_owned(),
        // Wrong codes since the last right one, and when the last of them came.
        integer("failures").default(0).to_owned(),
        timestamp_with_time_zone_null("failed_at"),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column at a time.
        for mut column in columns() {
            let add = Table::alter().table("authenticators").add_column(&mut column).to_owned();
            manager.alter_table(add).await?;
        }
        unique(manager, "authenticators", &["external_id"]).await?;
        let codes = Table::create()
            .table("static_codes")
            .col(big_integer("authenticator_pk"))
            .col(string_len("code_hash", 64))
            .primary_key(Index::create().col("authenticator_pk").col("code_hash"))
            .foreign_key(&mut cascade(("static_codes", "authenticator_pk"), ("authenticators", "pk")))
            .to_owned();
        manager.create_table(codes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["static_codes"]).await?;
        manager
            .drop_index(Index::drop().name("uq_authenticators__external_id").table("authenticators").to_owned())
            .await?;
        for column in ["failed_at", "failures", "last_step", "external_id", "secret"] {
            let drop = Table::alter().table("authenticators").drop_column(column).to_owned();
            manager.alter_table(drop).await?;
        }
        Ok(())
    }
}
