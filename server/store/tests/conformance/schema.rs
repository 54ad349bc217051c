//! Migrations and views.

use lockgate_store::{Backend, DatabaseSettings, Store, StoreError};

use crate::bench::{Bench, Outcome, key};

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
    one?;
    two?;
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
    for refused in [looker.installation().set("install_id", "two").await, looker.migrate().await] {
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
