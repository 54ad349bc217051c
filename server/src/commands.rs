//! Commands that do one thing and end.

use crate::{
    cli::{CheckFormat, Drawing},
    serve::{ask, open, services},
    settings::Settings,
};
use chrono::TimeDelta;
use lockgate_engine::ports::Clock;
use lockgate_flows::{Diagram, ProcessSecrets, people_of_flow};
use lockgate_identity::{
    config::{StandIns, check_folder, compile_folder},
    look::Look,
    names,
    system::SystemClock,
};
use lockgate_store::Case;
use std::{
    collections::BTreeMap,
    io::{BufRead, IsTerminal, Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    time::Duration,
};

/// The variables of the process.
pub(crate) type Environment = BTreeMap<String, String>;

/// `migrate`.
pub(crate) async fn migrate(settings: &Settings) -> Result<(), String> {
    let store = open(settings).await?;
    let applied = store.migrate().await.map_err(|e| e.to_string())?;
    applied.iter().for_each(|migration| println!("Applying {migration}... OK"));
    if applied.is_empty() {
        println!("No migrations to apply.");
    }
    println!("The schema is up to date.");
    store.close().await.map_err(|e| e.to_string())
}

/// `showmigrations`.
pub(crate) async fn show_migrations(settings: &Settings) -> Result<(), String> {
    let store = open(settings).await?;
    for migration in store.migration_status().await.map_err(|e| e.to_string())? {
        println!("[{}] {}", if migration.applied { 'X' } else { ' ' }, migration.name);
    }
    store.close().await.map_err(|e| e.to_string())
}

/// `check`: answers whether the folder is sound.
pub(crate) fn check(
    settings: &Settings,
    dir: Option<PathBuf>,
    format: CheckFormat,
    without_secrets: bool,
    environment: &Environment,
) -> Result<bool, String> {
    let folder = folder_of(settings, dir)?;
    let (checked, missing) = if without_secrets {
        let secrets = stand_ins(&folder, environment)?;
        (compile_folder(&folder, &secrets, SystemClock.now()).checked, secrets.missing())
    } else {
        (check_folder(&folder, environment, SystemClock.now()), Vec::new())
    };
    let sound = checked.is_sound();
    match format {
        CheckFormat::Json => println!("{}", lockgate_flows::to_json(&checked.diagnostics)),
        CheckFormat::Github => {
            let (folder, all) = (folder.to_string_lossy(), &checked.diagnostics);
            print!("{}", lockgate_flows::to_annotations(all, &folder));
        }
        CheckFormat::Text => {
            if !checked.diagnostics.is_empty() {
                eprintln!("{}", lockgate_flows::render(&checked.diagnostics));
            }
            print!("{}", notes_of_stand_ins(&missing));
            if sound {
                println!("{}: {} objects, no errors.", folder.display(), checked.loaded.documents.len());
            }
        }
    }
    Ok(sound)
}

/// The secrets of this machine, and stand-ins for those that it lacks.
///
/// # Errors
/// When no key can be made.
pub(crate) fn stand_ins(folder: &Path, environment: &Environment) -> Result<StandIns, String> {
    let real = ProcessSecrets::new(environment.clone(), folder);
    StandIns::new(real, SystemClock.now()).map_err(|e| e.to_string())
}

/// Tells which secrets were stood in for, a line each.
pub(crate) fn notes_of_stand_ins(missing: &[String]) -> String {
    let note = |name| format!("note: the secret {name} is not set here, and a stand-in took its place\n");
    missing.iter().map(note).collect()
}

/// The configuration folder that is meant.
///
/// # Errors
/// When there is no such folder.
pub(crate) fn folder_of(settings: &Settings, dir: Option<PathBuf>) -> Result<PathBuf, String> {
    if dir.is_none() && settings.git.url.is_some() {
        let text = "the configuration is pulled from a repository (LOCKGATE_GIT__URL); name the folder to look at, \
                    such as a clone of it";
        return Err(text.to_owned());
    }
    let folder = dir.or_else(|| settings.config_dir()).unwrap_or_else(|| PathBuf::from("./config"));
    if folder.is_dir() { Ok(folder) } else { Err(format!("{}: there is no such folder", folder.display())) }
}

/// `diagram`: draws a flow of the configuration in force.
pub(crate) async fn diagram(settings: &Settings, slug: &str, format: Drawing) -> Result<(), String> {
    let drawn = ask(settings, async |look| drawn(look, slug).await).await?;
    match format {
        Drawing::Svg => print!("{}", drawn.svg()),
        Drawing::Mermaid => print!("{}", drawn.mermaid()),
    }
    Ok(())
}

async fn drawn(look: &Look, slug: &str) -> Result<Diagram, String> {
    let missing = || format!("Flow '{slug}' not found.");
    let (objects, flow) = (&look.snapshot.objects, look.snapshot.flow(slug).ok_or_else(missing)?);
    let people = names::of(&look.store, people_of_flow(objects, flow.id)).await.map_err(|e| e.to_string())?;
    lockgate_flows::diagram(objects, &people, flow.id).ok_or_else(missing)
}

/// `create_admin_group`.
pub(crate) async fn create_admin_group(
    settings: &Settings,
    environment: Environment,
    name: &str,
) -> Result<(), String> {
    let identity = services(settings, environment).await?;
    let user = identity.store.users().by_username(name, Case::Fold).await.map_err(|e| e.to_string())?;
    let user = user.ok_or_else(|| format!("User '{name}' not found."))?;
    let group = identity.people.ensure_admin_group().await.map_err(|e| e.to_string())?;
    identity.people.add_member(group.pk, user.pk, None, None).await.map_err(|e| e.to_string())?;
    println!("User '{}' successfully added to the group '{}'.", user.username, group.name);
    identity.journal.flush().await;
    identity.store.close().await.map_err(|e| e.to_string())
}

/// `create_recovery_key`.
pub(crate) async fn create_recovery_key(
    settings: &Settings,
    environment: Environment,
    name: &str,
    minutes: u32,
) -> Result<(), String> {
    let identity = services(settings, environment).await?;
    let user = identity.store.users().by_username(name, Case::Fold).await.map_err(|e| e.to_string())?;
    let user = user.ok_or_else(|| format!("User '{name}' not found."))?;
    if !user.is_active {
        return Err(format!(
            "User '{}' is inactive, and a key would not let them in. Activate the account first.",
            user.username
        ));
    }
    let life = TimeDelta::minutes(i64::from(minutes));
    let path = identity.flows().create_recovery_key(&user, life).await.map_err(|e| e.to_string())?;
    let base = identity.public_base(&identity.config.snapshot()).unwrap_or_default();
    eprintln!("Whoever opens this address is signed in as {}, once. It is valid for {}.", user.username, span(minutes));
    println!("{base}{path}");
    identity.journal.flush().await;
    identity.store.close().await.map_err(|e| e.to_string())
}

/// Minutes in words.
fn span(minutes: u32) -> String {
    let parts = [(minutes / 1_440, "day"), (minutes / 60 % 24, "hour"), (minutes % 60, "minute")];
    let said = parts.into_iter().filter(|(count, _)| *count > 0);
    let said: Vec<_> =
        said.map(|(count, unit)| format!("{count} {unit}{}", if count == 1 { "" } else { "s" })).collect();
    match said.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "no time".to_owned(),
    }
}

/// `changepassword`.
pub(crate) async fn change_password(settings: &Settings, environment: Environment, name: &str) -> Result<(), String> {
    let password = ask_password()?;
    let identity = services(settings, environment).await?;
    let user = identity.store.users().by_username(name, Case::Fold).await.map_err(|e| e.to_string())?;
    let user = user.ok_or_else(|| format!("User '{name}' not found."))?;
    let history = identity.config.snapshot().password_history();
    let changed = identity.people.set_password(user.pk, &password, history, None, None).await;
    changed.map_err(|e| e.to_string())?;
    println!("Password of '{}' changed; every session was ended.", user.username);
    identity.journal.flush().await;
    identity.store.close().await.map_err(|e| e.to_string())
}

fn ask_password() -> Result<String, String> {
    let stdin = std::io::stdin();
    let told = |e: std::io::Error| format!("the password could not be read: {e}");
    if !stdin.is_terminal() {
        let mut text = String::new();
        stdin.lock().take(4096).read_to_string(&mut text).map_err(told)?;
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    let mut answers = Vec::new();
    for prompt in ["Password (shown while typing): ", "Password again: "] {
        print!("{prompt}");
        std::io::stdout().flush().map_err(told)?;
        let mut line = String::new();
        stdin.lock().read_line(&mut line).map_err(told)?;
        answers.push(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    if answers[0] == answers[1] { Ok(answers.remove(0)) } else { Err("the passwords differ".to_owned()) }
}

/// `healthcheck`: asks the server on this machine.
pub(crate) fn healthcheck(settings: &Settings) -> Result<(), String> {
    let listen = settings.listen.http;
    let ip = if listen.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { listen.ip() };
    let address = SocketAddr::new(ip, listen.port());
    let patience = Duration::from_secs(3);
    let told = |e: std::io::Error| format!("{address} does not answer: {e}");
    let mut stream = TcpStream::connect_timeout(&address, patience).map_err(told)?;
    stream.set_read_timeout(Some(patience)).map_err(told)?;
    stream.set_write_timeout(Some(patience)).map_err(told)?;
    stream.write_all(b"GET /-/health/ready/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").map_err(told)?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).map_err(told)?;
    let first = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
    if first.contains(" 200 ") { Ok(()) } else { Err(format!("{address} is not ready: {first}")) }
}
