//! Copies of everything, and the way back.

use lockgate_migrations::{Migrator, MigratorTrait};
use lockgate_store::{
    Backend, BackupFile, FileError, LEFT, SealKey, Store, TransferError, TurnBack, Worker, copy, turn_back,
};

use crate::bench::{Bench, Outcome, id, key, later, now};
use crate::filled::{Filling, NUMBER, TIME, opened};

/// An empty database of the other sort, where there is one, and one of the same sort.
async fn targets(bench: &Bench, check: &str) -> Result<Vec<Bench>, Box<dyn std::error::Error>> {
    let mut targets = vec![Bench::sqlite().await?];
    if let Some(other) = Bench::postgres(&format!("{check}_{:?}", bench.store.backend()).to_lowercase()).await? {
        targets.push(other);
    }
    Ok(targets)
}

async fn filled(bench: &Bench) -> Result<Filling, Box<dyn std::error::Error>> {
    let filling = Filling::after(u32::try_from(Migrator::migrations().len())?).await?;
    let db = opened(&bench.settings.url).await?;
    filling.fill(&db).await?;
    db.close().await?;
    Ok(filling)
}

fn backwards() -> TurnBack {
    TurnBack { keep_sessions: false, author: "ada".to_owned(), now: later(60) }
}

pub(crate) async fn every_table_comes_along(bench: &Bench) -> Outcome {
    let filling = filled(bench).await?;
    if bench.store.backend() == Backend::Postgres {
        // What gave out the number of the row.
        bench.raw(&format!("SELECT setval(pg_get_serial_sequence('users', 'pk'), {NUMBER})::text")).await?;
    }
    // The last number that was given out is not in use any more.
    let gone = bench.user("gone").await?;
    bench.store.users().delete(gone.pk, now()).await?;
    for target in targets(bench, "comes").await? {
        let done = copy(&bench.store, &target.store, now()).await?;
        assert!(done.tables.iter().all(|table| table.equal && table.read == table.written), "{done:?}");
        for name in filling.names() {
            let rows = target.raw(&format!("SELECT CAST(count(*) AS text) FROM \"{name}\"")).await?.concat();
            match LEFT.iter().any(|(left, _)| *left == name) {
                true => assert_eq!(rows, "0", "{name} belongs to one database"),
                // What the schema brings along, that the set-up is over, which log it is, and when the copy was made.
                false if name == "installation" => assert_eq!(rows, "5", "{name}"),
                false => assert_eq!(rows, "1", "{name}"),
            }
        }
        if target.store.backend() == Backend::Sqlite {
            assert_eq!(target.raw("SELECT created FROM events").await?, [TIME], "times are written as always");
        }
        let made = target.user("new").await?;
        assert_eq!((gone.pk, made.pk), (NUMBER + 1, NUMBER + 2), "no number is given out twice");
        let again = copy(&bench.store, &target.store, now()).await;
        assert!(matches!(&again, Err(TransferError::NotEmpty { found }) if found.contains("users: 2")), "{again:?}");
        target.clear().await?;
    }
    Ok(())
}

pub(crate) async fn what_is_turned_back_is_as_it_was(bench: &Bench) -> Outcome {
    let store = &bench.store;
    store.installation().set("install_id", "one").await?;
    let ada = bench.user("ada").await?;
    bench.session("cookie", ada.pk).await?;
    for backup in targets(bench, "back").await? {
        copy(store, &backup.store, later(1)).await?;
        let number = store.documents().next_number().await?;
        let bob = bench.user("bob").await?;
        store.users().delete(ada.pk, later(2)).await?;
        let mut cursor = store.changes().cursor(later(2)).await?;
        store.workers().seen(&worker("beside"), later(-1000)).await?;

        let done = turn_back(&backup.store, store, &backwards()).await?;
        assert_eq!((done.made, done.sessions_ended), (Some(later(1)), 1));
        assert_eq!(done.running, ["beside"]);
        assert_eq!(store.users().get(ada.pk).await?.as_ref(), Some(&ada));
        assert_eq!(store.users().get(bob.pk).await?, None);
        assert_eq!(store.sessions().count(later(3)).await?, 0, "logins of the backup were ended");
        assert_eq!(store.documents().current_revision().await?, done.revision);
        assert!(store.documents().next_number().await? > number, "no number is given out twice");
        assert!(bench.user("carl").await?.pk > bob.pk);
        let told = store.changes().poll(&mut cursor, later(4)).await?.changes;
        assert!(told.iter().any(|change| change.topic == lockgate_store::Topic::Everything), "{told:?}");
        // As at the beginning, for the next round.
        let carl = store.users().by_username("carl", lockgate_store::Case::Exact).await?.ok_or("carl")?;
        store.users().delete(carl.pk, later(5)).await?;
        bench.session("cookie", ada.pk).await?;
        backup.clear().await?;
    }
    Ok(())
}

fn worker(id: &str) -> Worker {
    Worker { id: id.to_owned(), version: "1".to_owned(), seen: later(50) }
}

pub(crate) async fn what_was_recorded_stays_and_somebody_elses_backup_waits_for_silence(bench: &Bench) -> Outcome {
    let store = &bench.store;
    filled(bench).await?;
    store.installation().set("install_id", "one").await?;
    let backup = Bench::sqlite().await?;
    copy(store, &backup.store, now()).await?;
    let event = |name: &str| lockgate_store::Event {
        pk: id(name),
        action: "login".to_owned(),
        app: "test".to_owned(),
        user_pk: None,
        user: serde_json::json!({}),
        context: serde_json::json!({}),
        client_ip: None,
        brand: serde_json::json!({}),
        created: now(),
        expires: later(60),
    };
    store.events().insert(&[event("since")]).await?;
    turn_back(&backup.store, store, &backwards()).await?;
    assert_eq!(bench.raw("SELECT CAST(count(*) AS text) FROM events").await?, ["2"], "the log is not turned back");

    store.installation().set("install_id", "two").await?;
    store.workers().seen(&worker("beside"), later(-1000)).await?;
    let refused = turn_back(&backup.store, store, &backwards()).await;
    assert!(matches!(&refused, Err(TransferError::Running { process, .. }) if process == "beside"), "{refused:?}");
    assert_eq!(store.installation().get("install_id").await?.as_deref(), Some("two"), "nothing was changed");
    store.workers().gone("beside").await?;
    bench.raw("DELETE FROM workers").await?;
    turn_back(&backup.store, store, &backwards()).await?;
    assert_eq!(store.installation().get("install_id").await?.as_deref(), Some("one"));
    assert_eq!(
        bench.raw("SELECT CAST(count(*) AS text) FROM events").await?,
        ["1"],
        "of another installation none is left"
    );
    backup.clear().await
}

pub(crate) async fn a_backup_is_one_sound_file_or_none(bench: &Bench) -> Outcome {
    filled(bench).await?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a backup?.db");
    let write = async |force: bool| -> Outcome {
        let file = BackupFile::begin(&path, "test", force)?;
        let draft = Store::connect(&lockgate_store::DatabaseSettings::new(file.url()), key()?).await?;
        draft.migrate().await?;
        copy(&bench.store, &draft, now()).await?;
        draft.close().await?;
        Ok(file.finish(force).await?)
    };
    write(false).await?;
    BackupFile::check(&path).await?;
    assert!(write(false).await.is_err_and(|error| error.to_string().contains("--force replaces it")));
    write(true).await?;
    drop(BackupFile::begin(&folder.path().join("other.db"), "test", false)?);
    let files: Vec<_> = std::fs::read_dir(folder.path())?.map(|entry| entry.map(|entry| entry.file_name())).collect();
    assert_eq!(files.len(), 1, "nothing lies beside it: {files:?}");

    let mut bytes = std::fs::read(&path)?;
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0x5a);
    let broken = folder.path().join("broken.db");
    std::fs::write(&broken, bytes)?;
    assert!(matches!(BackupFile::check(&broken).await, Err(FileError::Damaged { .. })));
    std::fs::write(&broken, "no database")?;
    assert!(matches!(BackupFile::check(&broken).await, Err(FileError::Damaged { .. })));
    std::fs::write(&broken, "")?;
    assert!(matches!(BackupFile::check(&broken).await, Err(FileError::NotOurs(_))));
    std::fs::write(folder.path().join("a backup?.db-wal"), "written, and not yet in the file")?;
    assert!(matches!(BackupFile::check(&path).await, Err(FileError::InUse(_))));
    assert!(matches!(BackupFile::check(&folder.path().join("none")).await, Err(FileError::Io { .. })));
    Ok(())
}

/// Of all that this release's tables hold, nothing but what is known is sealed, and what is known is sealed anew.
pub(crate) async fn another_key_opens_everything_and_the_old_one_nothing(bench: &Bench) -> Outcome {
    let paper = crate::sealed::fill(bench).await?;
    let new = || SealKey::derive(b"another secret key");
    let both = Store::connect(&bench.settings, new()?.opening(b"a secret key for tests")?).await?;
    both.migrate().await?;
    let done = both.reseal().await?;
    for column in &done.columns {
        assert!(column.resealed > 0 && column.unreadable.is_empty(), "{column:?}");
    }
    assert_eq!(done.elsewhere, []);
    let again = both.reseal().await?;
    assert!(again.columns.iter().all(|column| column.resealed == 0), "{again:?}");
    both.close().await?;

    let store = Store::connect(&bench.settings, new()?).await?;
    store.migrate().await?;
    crate::sealed::must_open(&store, paper).await?;
    store.close().await?;
    let old = Store::connect(&bench.settings, key()?).await?;
    assert!(old.migrate().await.is_err_and(|error| error.to_string().contains("recognise_key")));
    assert!(old.documents().load_all().await.is_err());
    Ok(old.close().await?)
}
