//! People: users with their credentials, groups that nest, and who is a member of what.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::{cascade, drop_tables, index, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        users(manager).await?;
        credentials(manager).await?;
        groups(manager).await?;
        group_parents(manager).await?;
        memberships(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = ["memberships", "group_parents", "groups", "credentials", "users"];
        drop_tables(manager, &tables).await
    }
}

async fn users(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("users")
                .col(big_pk_auto("pk"))
                .col(uuid("uuid"))
                .col(string_len("username", 150))
                // Lower case may be longer than the original: no limit of its own.
                .col(text("username_norm"))
                .col(text("name"))
                .col(string_len("email", 254))
                .col(text("email_norm"))
                // Lower-cased username, name and e-mail address, for the search box.
                .col(text("search"))
                .col(boolean("is_active"))
                .col(string_len("user_type", 30))
                .col(text("path"))
                .col(text("attributes"))
                .col(timestamp_with_time_zone("date_joined"))
                .col(timestamp_with_time_zone_null("last_login"))
                .col(timestamp_with_time_zone("last_updated"))
                .col(timestamp_with_time_zone("password_change_date"))
                .to_owned(),
        )
        .await?;
    unique(manager, "users", &["uuid"]).await?;
    unique(manager, "users", &["username_norm"]).await?;
    index(manager, "users", &["username"]).await?;
    index(manager, "users", &["email_norm"]).await?;
    index(manager, "users", &["path"]).await
}

async fn credentials(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("credentials")
                .col(big_integer("user_pk"))
                .col(string_len("kind", 20))
                .col(text("hash"))
                .col(timestamp_with_time_zone("changed"))
                .primary_key(Index::create().col("user_pk").col("kind"))
                .foreign_key(&mut cascade(("credentials", "user_pk"), ("users", "pk")))
                .to_owned(),
        )
        .await
}

async fn groups(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("groups")
                .col(pk_uuid("pk"))
                .col(integer("num_pk"))
                .col(string_len("name", 255))
                .col(text("search"))
                .col(boolean("is_superuser"))
                .col(text("attributes"))
                .col(string_len("origin", 10))
                .col(text_null("source_file"))
                .col(integer_null("source_line"))
                .to_owned(),
        )
        .await?;
    unique(manager, "groups", &["num_pk"]).await?;
    unique(manager, "groups", &["name"]).await
}

async fn group_parents(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("group_parents")
                .col(uuid("child_pk"))
                .col(uuid("parent_pk"))
                .primary_key(Index::create().col("child_pk").col("parent_pk"))
                .foreign_key(&mut cascade(("group_parents", "child_pk"), ("groups", "pk")))
                .foreign_key(&mut cascade(("group_parents", "parent_pk"), ("groups", "pk")))
                .to_owned(),
        )
        .await?;
    index(manager, "group_parents", &["parent_pk"]).await
}

async fn memberships(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("memberships")
                .col(big_integer("user_pk"))
                .col(uuid("group_pk"))
                .primary_key(Index::create().col("user_pk").col("group_pk"))
                .foreign_key(&mut cascade(("memberships", "user_pk"), ("users", "pk")))
                .foreign_key(&mut cascade(("memberships", "group_pk"), ("groups", "pk")))
                .to_owned(),
        )
        .await?;
    index(manager, "memberships", &["group_pk"]).await
}
