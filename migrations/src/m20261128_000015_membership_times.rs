//! Memberships that begin and end by themselves.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

use crate::parts::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// As what decides has it; the views have no other clock than the database's.
const IN_FORCE: &str = " AND (m.valid_from IS NULL OR m.valid_from <= CURRENT_TIMESTAMP)
    AND (m.valid_until IS NULL OR m.valid_until > CURRENT_TIMESTAMP)";

/// The views of users, in which those memberships count that `which` lets through.
async fn views(manager: &SchemaManager<'_>, which: &str) -> Result<(), DbErr> {
    let superuser = format!(
        "EXISTS (
            WITH RECURSIVE up(pk) AS (
                SELECT m.group_pk FROM memberships m WHERE m.user_pk = u.pk{which}
                UNION
                SELECT e.parent_pk FROM group_parents e JOIN up ON e.child_pk = up.pk
            )
            SELECT 1 FROM up JOIN \"groups\" g ON g.pk = up.pk WHERE g.is_superuser
        )"
    );
    let auth_user = format!(
        "CREATE OR REPLACE VIEW auth_user AS
         SELECT u.pk AS id, u.username, u.email, u.name AS first_name, ''::text AS last_name,
                u.is_active, {superuser} AS is_superuser, {superuser} AS is_staff,
                u.date_joined, u.last_login
         FROM users u"
    );
    let core_user = format!(
        "CREATE OR REPLACE VIEW authentik_core_user AS
         SELECT u.pk AS id, u.uuid, u.username, u.name, u.email, u.is_active,
                {superuser} AS is_superuser, u.user_type AS type, u.path, u.attributes,
                u.date_joined, u.last_login, u.last_updated, u.password_change_date
         FROM users u"
    );
    for view in [auth_user, core_user] {
        manager.get_connection().execute_unprepared(&view).await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["valid_from", "valid_until"] {
            let time = timestamp_with_time_zone_null(column);
            manager.alter_table(Table::alter().table("memberships").add_column(time).to_owned()).await?;
        }
        // Whether the end has been told of.
        let noted = boolean("end_noted").default(false).to_owned();
        manager.alter_table(Table::alter().table("memberships").add_column(noted).to_owned()).await?;
        index(manager, "memberships", &["valid_until"]).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            views(manager, IN_FORCE).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            views(manager, "").await?;
        }
        manager.drop_index(Index::drop().name("ix_memberships__valid_until").table("memberships").to_owned()).await?;
        for column in ["valid_from", "valid_until", "end_noted"] {
            manager.alter_table(Table::alter().table("memberships").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
