//! `lockgate backup`, `restore` and `copy`.

use crate::{
    commands::Environment,
    secret_key::{self, SecretKeys},
    serve::connect,
    settings::Settings,
};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_engine::ports::Clock;
use lockgate_identity::system::{SystemClock, SystemRandom, alphanumeric, time_uuid};
use lockgate_store::{
    BackupFile, DatabaseSettings, Event, Restored, Store, StoreError, TableReport, TransferError, TurnBack,
};
use serde_json::{Value, json};
use std::path::Path;

/// How long the note of a restoration is kept among the events.
const NOTE_LIFE: TimeDelta = TimeDelta::days(365);

/// `backup`.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn backup(settings: &Settings, file: &Path, force: bool) -> Result<(), String> {
    not_the_database(settings, file)?;
    let keys = known(settings)?;
    let source = connect(settings, &keys, true).await?;
    let target = BackupFile::begin(file, &mark(), force).map_err(|e| e.to_string())?;
    let draft = open(&target.url(), &keys).await?;
    draft.migrate().await.map_err(|e| e.to_string())?;
    let now = SystemClock.now();
    let done = Box::pin(lockgate_store::copy(&source, &draft, now)).await;
    draft.close().await.map_err(|e| e.to_string())?;
    source.close().await.map_err(|e| e.to_string())?;
    let done = done.map_err(|e| e.to_string())?;
    target.finish(force).await.map_err(|e| e.to_string())?;
    println!("{}: {} rows of {} tables, as of {}.", file.display(), done.rows(), done.tables.len(), at(now));
    println!(
        "The secret key is not in it: {}. Keep it elsewhere; without it nobody can restore the backup.",
        keys.place()
    );
    Ok(())
}

/// `restore`.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn restore(
    settings: &Settings,
    environment: &Environment,
    file: &Path,
    keep_sessions: bool,
) -> Result<(), String> {
    not_the_database(settings, file)?;
    BackupFile::check(file).await.map_err(|e| e.to_string())?;
    let keys = known(settings)?;
    // Dropped at the end, with what was made in it.
    let mut draft = None;
    let backup = Box::pin(prepared(settings, file, &keys, &mut draft)).await?;
    // Every secret of the configuration is opened by this.
    backup.documents().load_all().await.map_err(|e| wrong_key(file, &keys, &e))?;
    let target = connect(settings, &keys, false).await?;
    target.migrate().await.map_err(|e| format!("database: {e}"))?;
    let author = environment.get("USER").cloned().unwrap_or_else(|| "lockgate restore".to_owned());
    let wish = TurnBack { keep_sessions, author, now: SystemClock.now() };
    let done = Box::pin(lockgate_store::turn_back(&backup, &target, &wish)).await.map_err(|e| told(file, &e))?;
    note(&target, file, &done, &wish).await;
    backup.close().await.map_err(|e| e.to_string())?;
    target.close().await.map_err(|e| e.to_string())?;
    print!("{}", table(&done.tables));
    tell(file, &done, keep_sessions);
    Ok(())
}

/// `copy`.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn copy(settings: &Settings, to: &str) -> Result<(), String> {
    let keys = known(settings)?;
    let source = connect(settings, &keys, true).await?;
    let target = open(to, &keys).await?;
    target.migrate().await.map_err(|e| format!("--to: {e}"))?;
    let now = SystemClock.now();
    let done = Box::pin(lockgate_store::copy(&source, &target, now)).await.map_err(|e| e.to_string())?;
    source.close().await.map_err(|e| e.to_string())?;
    target.close().await.map_err(|e| e.to_string())?;
    print!("{}", table(&done.tables));
    println!("{} rows of {} tables, as of {}: both sides are the same.", done.rows(), done.tables.len(), at(now));
    println!("The secret key stays as it is: {}.", keys.place());
    if let Some(process) = done.running.first() {
        eprintln!(
            "warning: a server or worker runs on the old database ({process}). What it writes from now on is not in the \
             new one: stop it, and copy again into an empty database, unless nothing of that matters."
        );
    }
    Ok(())
}

fn known(settings: &Settings) -> Result<SecretKeys, String> {
    let missing = || {
        format!(
            "there is no secret key: neither LOCKGATE_SECRET_KEY is set, nor is the file {} there. Put the one back that \
             the installation had",
            settings.data_dir.join(secret_key::FILE).display()
        )
    };
    SecretKeys::known(settings)?.ok_or_else(missing)
}

async fn open(url: &str, keys: &SecretKeys) -> Result<Store, String> {
    Store::connect(&DatabaseSettings::new(url), keys.seal()?).await.map_err(|e| e.to_string())
}

fn mark() -> String {
    format!("{}-{}", std::process::id(), alphanumeric(&SystemRandom, 6))
}

fn at(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Nobody means to replace the database by a copy of itself.
fn not_the_database(settings: &Settings, file: &Path) -> Result<(), String> {
    let url = settings.database();
    let Some(path) = url.strip_prefix("sqlite:") else { return Ok(()) };
    let path = Path::new(path.trim_start_matches("//").split('?').next().unwrap_or_default());
    let same = matches!((path.canonicalize(), file.canonicalize()), (Ok(one), Ok(other)) if one == other);
    if same { Err(format!("{}: this is the database itself", file.display())) } else { Ok(()) }
}

/// The backup, ready to be read. One of an earlier release, or sealed with the other of two keys, is brought up to date in
/// a copy, which goes with `draft`.
async fn prepared(
    settings: &Settings,
    file: &Path,
    keys: &SecretKeys,
    draft: &mut Option<BackupFile>,
) -> Result<Store, String> {
    let mut looking = DatabaseSettings::new(BackupFile::url_of(file));
    looking.read_only = true;
    let named = |e: StoreError| format!("{}: {e}", file.display());
    let backup = Store::connect(&looking, keys.seal()?).await.map_err(named)?;
    let is_current = backup.migration_status().await.map_err(named)?.iter().all(|migration| migration.applied);
    if is_current && !keys.are_several() {
        return Ok(backup);
    }
    backup.close().await.map_err(named)?;
    let io = |e: std::io::Error| format!("{}: {e}", settings.data_dir.display());
    std::fs::create_dir_all(&settings.data_dir).map_err(io)?;
    let made = BackupFile::begin(&settings.data_dir.join("restore.db"), &mark(), true).map_err(|e| e.to_string())?;
    let made = draft.insert(made);
    // The file was made for its owner alone, and stays so.
    let mut content = std::fs::File::open(file).map_err(io)?;
    let mut place = std::fs::OpenOptions::new().write(true).open(made.draft()).map_err(io)?;
    std::io::copy(&mut content, &mut place).map_err(io)?;
    let copied = open(&made.url(), keys).await?;
    copied.migrate().await.map_err(|e| wrong_key(file, keys, &e))?;
    copied.reseal().await.map_err(named)?;
    Ok(copied)
}

fn wrong_key(file: &Path, keys: &SecretKeys, error: &StoreError) -> String {
    match error {
        StoreError::Seal { .. } => format!(
            "{}: the backup was sealed with another secret key than {}. Put the key back that was in use when it was made, \
             or name that key in LOCKGATE_SECRET_KEY_OTHER to have everything sealed anew",
            file.display(),
            keys.place()
        ),
        other => format!("{}: {other}", file.display()),
    }
}

fn told(file: &Path, error: &TransferError) -> String {
    format!("{}: {error}", file.display())
}

/// Says among the events what happened. The installation is restored even if that fails.
async fn note(store: &Store, file: &Path, done: &Restored, wish: &TurnBack) {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let event = Event {
        pk: time_uuid(&SystemClock, &SystemRandom),
        action: "model_updated".to_owned(),
        app: "lockgate.backup".to_owned(),
        user_pk: None,
        user: Value::Null,
        context: json!({
            "act": "restore",
            "message": "The installation was restored from a backup",
            "file": name,
            "made": done.made,
            "by": wish.author,
            "model": {"app": "lockgate", "model_name": "revision", "pk": done.revision.to_string(), "name": name},
        }),
        client_ip: None,
        brand: Value::Null,
        created: wish.now,
        expires: wish.now + NOTE_LIFE,
    };
    if let Err(error) = store.events().insert(&[event]).await {
        eprintln!("warning: the restoration is not noted among the events: {error}");
    }
}

fn tell(file: &Path, done: &Restored, keep_sessions: bool) {
    let made = done.made.map_or_else(|| "an unknown time".to_owned(), at);
    println!(
        "Everything is as it was at {made} ({}); the configuration is revision {}.",
        file.display(),
        done.revision
    );
    if keep_sessions {
        println!("Sessions and tokens of applications of that time live again, also those that were ended since.");
    } else {
        println!(
            "{} logins of that time were ended, with all tokens of applications and links in mails.",
            done.sessions_ended
        );
    }
    println!(
        "What people and administrators changed since is undone: passwords, memberships, second factors. API tokens, app \
         passwords, invitations and codes on paper that were revoked or used since are valid again: look through them."
    );
    if !done.running.is_empty() {
        println!("{} running processes were told, and go on with what is there now.", done.running.len());
    }
}

fn table(tables: &[TableReport]) -> String {
    let line = |table: &TableReport| {
        let same = if table.joined { "joined with what is here" } else { "same" };
        format!("{:<24} {:>9} {:>9}  {}  {same}\n", table.name, table.read, table.written, &table.checksum[..16])
    };
    let head = format!("{:<24} {:>9} {:>9}  {:<16}\n", "table", "read", "written", "checksum");
    std::iter::once(head).chain(tables.iter().map(line)).collect()
}
