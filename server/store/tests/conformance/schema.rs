//! Migrations and views.

use lockgate_migrations::{Migrator, MigratorTrait};
use lockgate_store::{Backend, DatabaseSettings, Store, StoreError};
use sea_orm::ConnectionTrait;

use crate::bench::{Bench, Outcome, key};
use crate::filled::{Filling, opened, texts};

pub(crate) async fn migrating_twice_changes_nothing(bench: &Bench) -> Outcome {
    bench.user("ada").await?;
    bench.store.migrate().await?;
    let status = bench.store.migration_status().await?;
    assert!(status.len() >= 8 && status.iter().all(|migration| migration.applied), "{status:?}");
    assert!(bench.store.users().get(1).await?.is_some());
    Ok(bench.store.ping().await?)
}

pub(crate) async fn processes_that_start_together_take_turns(bench: &Bench) -> Outcome {
    if bench.store.backend() == Backend::Sqlite {
        return Ok(());
    }
    // As in a database in which nothing has ever been made.
    for schema in bench.raw("SELECT current_schema()::text").await? {
        bench.raw(&format!("DROP SCHEMA {schema} CASCADE")).await?;
        bench.raw(&format!("CREATE SCHEMA {schema}")).await?;
    }
    let other = Store::connect(&bench.settings, key()?).await?;
    let status = other.migration_status().await?;
    assert!(status.iter().all(|migration| !migration.applied), "{status:?}");
    let (one, two) = tokio::join!(bench.store.migrate(), other.migrate());
    let (one, two) = (one?, two?);
    assert_eq!(one.len() + two.len(), status.len(), "each was applied by one of them");
    assert!(one.is_empty() || two.is_empty(), "{one:?} {two:?}");
    Ok(other.close().await?)
}

pub(crate) async fn operators_find_their_views(bench: &Bench) -> Outcome {
    if bench.store.backend() == Backend::Sqlite {
        return Ok(());
    }
    let ada = bench.user("ada").await?;
    bench.session("s", ada.pk).await?;
    let queries = [
        "SELECT username FROM auth_user WHERE email = 'ada@Example.com' AND NOT is_superuser",
        "SELECT username FROM authentik_core_user WHERE username = 'ada' AND is_active = true",
        "SELECT 'ada' FROM django_session WHERE expire_date > '2027-01-01'",
    ];
    for query in queries {
        assert_eq!(bench.raw(query).await?, ["ada"], "{query}");
    }
    let columns = bench
        .raw(
            "SELECT column_name::text FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name IN
                ('auth_user', 'authentik_core_user', 'django_session')",
        )
        .await?;
    assert!(!columns.iter().any(|name| name.contains("hash") || name.contains("password_hash")));
    for wanted in ["date_joined", "last_login", "uuid", "name", "session_key", "id"] {
        assert!(columns.iter().any(|name| name == wanted), "{wanted}");
    }
    Ok(())
}

pub(crate) async fn who_only_looks_changes_nothing(bench: &Bench) -> Outcome {
    bench.store.installation().set("install_id", "one").await?;
    let looking = DatabaseSettings { read_only: true, ..bench.settings.clone() };
    let looker = Store::connect(&looking, key()?).await?;
    assert!(looker.migration_status().await?.iter().all(|migration| migration.applied));
    assert_eq!(looker.installation().get("install_id").await?.as_deref(), Some("one"));
    for refused in [looker.installation().set("install_id", "two").await, looker.migrate().await.map(drop)] {
        assert!(matches!(refused, Err(StoreError::Database(_))), "{refused:?}");
    }
    looker.close().await?;
    assert_eq!(bench.store.installation().get("install_id").await?.as_deref(), Some("one"));
    if bench.store.backend() == Backend::Sqlite {
        let nowhere = DatabaseSettings { url: bench.settings.url.replace("lockgate.db", "other.db"), ..looking };
        let refused = Store::connect(&nowhere, key()?).await;
        assert!(
            matches!(&refused, Err(StoreError::Address { reason }) if reason.contains("no such file")),
            "{refused:?}"
        );
        assert!(Store::connect(&nowhere, key()?).await.is_err(), "looking does not make the file");
    }
    Ok(())
}

pub(crate) async fn a_schema_of_a_later_release_is_refused_by_name(bench: &Bench) -> Outcome {
    assert_eq!(bench.store.missing_migration().await?, None);
    let db = opened(&bench.settings.url).await?;
    let later = "m20990101_000001_of_tomorrow";
    db.execute_unprepared(&format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{later}', 1)")).await?;
    for refused in [bench.store.migrate().await.map(drop), bench.store.migration_status().await.map(drop)] {
        assert!(matches!(&refused, Err(StoreError::Newer { migration }) if migration == later), "{refused:?}");
    }
    assert_eq!(bench.store.missing_migration().await?, None, "a server that runs goes on");
    db.execute_unprepared("DELETE FROM seaql_migrations WHERE version LIKE '%_000026_%'").await?;
    let missing = bench.store.missing_migration().await?.unwrap_or_default();
    assert!(missing.contains("_000026_"), "{missing}");
    Ok(db.close().await?)
}

pub(crate) async fn every_earlier_schema_is_brought_up_to_date_with_what_is_in_it(bench: &Bench) -> Outcome {
    let all = u32::try_from(Migrator::migrations().len())?;
    let last = Filling::after(all).await?;
    for before in 1..all {
        let settings = emptied(bench, before).await?;
        let db = opened(&settings.url).await?;
        Migrator::up(&db, Some(before)).await?;
        let filling = Filling::after(before).await?;
        filling.fill(&db).await?;
        let store = Store::connect(&settings, key()?).await?;
        let applied = store.migrate().await?;
        assert_eq!(applied.len(), usize::try_from(all - before)?, "after {before}");
        for name in filling.names().into_iter().filter(|name| last.names().contains(name)) {
            let rows = texts(&db, &format!("SELECT CAST(count(*) AS text) FROM \"{name}\"")).await?.concat();
            // The key by which codes are recognised comes with the newest program.
            let expected = if name == "installation" { "2" } else { "1" };
            assert_eq!(rows, expected, "{name} after {before}");
        }
        if filling.names().contains(&"users") {
            let names = texts(&db, "SELECT username FROM users").await?;
            assert_eq!(texts(&db, "SELECT username FROM user_search").await?, names, "after {before}");
        }
        store.close().await?;
        db.close().await?;
    }
    Ok(())
}

/// A database in which nothing was ever made.
async fn emptied(bench: &Bench, turn: u32) -> Result<DatabaseSettings, Box<dyn std::error::Error>> {
    let mut settings = bench.settings.clone();
    if bench.store.backend() == Backend::Sqlite {
        settings.url = format!("{}?mode=rwc", settings.url.replace("lockgate.db", &format!("before-{turn}.db")));
        return Ok(settings);
    }
    for schema in bench.raw("SELECT current_schema()::text").await? {
        bench.raw(&format!("DROP SCHEMA {schema} CASCADE")).await?;
        bench.raw(&format!("CREATE SCHEMA {schema}")).await?;
    }
    Ok(settings)
}
