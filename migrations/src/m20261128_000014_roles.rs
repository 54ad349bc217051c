//! Who holds which role directly. Roles themselves are documents, and say which groups hold them.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::{cascade, drop_tables, index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("user_roles")
                    .col(big_integer("user_pk"))
                    .col(uuid("role_id"))
                    .primary_key(Index::create().col("user_pk").col("role_id"))
                    .foreign_key(&mut cascade(("user_roles", "user_pk"), ("users", "pk")))
                    .foreign_key(&mut cascade(("user_roles", "role_id"), ("documents", "id")))
                    .to_owned(),
            )
            .await?;
        index(manager, "user_roles", &["role_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["user_roles"]).await
    }
}
