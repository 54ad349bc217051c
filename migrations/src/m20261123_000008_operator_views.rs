//! Views under the names that operators' queries and dashboards expect, on PostgreSQL only: SQLite is
//! read by nobody but the process itself. They carry no hash and no secret.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Columns of a user that both views of users show.
const SUPERUSER: &str = "EXISTS (
    WITH RECURSIVE up(pk) AS (
        SELECT m.group_pk FROM memberships m WHERE m.user_pk = u.pk
        UNION
        SELECT e.parent_pk FROM group_parents e JOIN up ON e.child_pk = up.pk
    )
    SELECT 1 FROM up JOIN \"groups\" g ON g.pk = up.pk WHERE g.is_superuser
)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let auth_user = format!(
            "CREATE VIEW auth_user AS
             SELECT u.pk AS id, u.username, u.email, u.name AS first_name, ''::text AS last_name,
                    u.is_active, {SUPERUSER} AS is_superuser, {SUPERUSER} AS is_staff,
                    u.date_joined, u.last_login
             FROM users u"
        );
        let core_user = format!(
            "CREATE VIEW authentik_core_user AS
             SELECT u.pk AS id, u.uuid, u.username, u.name, u.email, u.is_active,
                    {SUPERUSER} AS is_superuser, u.user_type AS type, u.path, u.attributes,
                    u.date_joined, u.last_login, u.last_updated, u.password_change_date
             FROM users u"
        );
        // The public identifier: the hash of the cookie has no business in a dashboard.
        let session = "CREATE VIEW django_session AS
             SELECT s.uuid::text AS session_key, s.expires AS expire_date FROM sessions s";
        let connection = manager.get_connection();
        for view in [auth_user.as_str(), core_user.as_str(), session] {
            connection.execute_unprepared(view).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        for view in ["django_session", "authentik_core_user", "auth_user"] {
            let drop = format!("DROP VIEW {view}");
            manager.get_connection().execute_unprepared(&drop).await?;
        }
        Ok(())
    }
}
