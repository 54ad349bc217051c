//! The program `lockgate`: command line, settings and wiring. The only room that knows all the others;
//! what may not enter it is anything that another room could hold.

mod backup;
mod claims;
mod cli;
mod commands;
mod doctor;
mod explain;
mod export;
mod expression;
mod folder_tests;
mod front;
mod import;
mod junit;
mod listen;
mod logging;
mod manager;
mod memory;
mod pages;
mod revisions;
mod roster;
mod secret_key;
mod serve;
mod settings;
mod telemetry;
mod test_email;
mod texts;
mod tls;
mod traces;

use clap::Parser;
use cli::{Cli, Command};
use lockgate_identity::roster::Wish;
use revisions::{Applying, Place};
use std::{collections::BTreeMap, process::ExitCode};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Stack of the thread that does the work, in bytes: as much as the first thread of a program usually gets.
const STACK: usize = 8 * 1024 * 1024;

/// Does the work on a thread of its own. The stack of the first one grows as it is used, and musl tells only what it has
/// grown to: Cedar, which looks how much is left before it goes deeper, would refuse the smallest policy there.
fn main() -> ExitCode {
    let worker = std::thread::Builder::new().name("lockgate".to_owned()).stack_size(STACK).spawn(work);
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        // It has panicked, and said so.
        Ok(Err(_)) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("lockgate: no thread can be started: {error}");
            ExitCode::FAILURE
        }
    }
}

fn work() -> ExitCode {
    // The one place where the environment is read.
    #[allow(clippy::disallowed_methods)]
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    match run(Cli::parse(), environment) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("lockgate: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli, environment: BTreeMap<String, String>) -> Result<ExitCode, String> {
    let read = settings::read(cli.settings.as_ref(), &environment);
    if let Some(Command::Doctor(asked)) = cli.command {
        return block_on(1, Box::pin(doctor::doctor(asked, read)));
    }
    let read = read.map_err(|e| e.to_string())?;
    let settings = read.settings;
    let command = cli.command.unwrap_or(Command::Server);
    match command {
        Command::Check { dir, format, without_secrets } => {
            let sound = commands::check(&settings, dir, format, without_secrets, &environment)?;
            return Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Export { out, all, force, secrets } => {
            let wish =
                export::Wish { out: out.as_deref(), all, texts: texts::Rules { force, secrets: secrets.as_deref() } };
            block_on(1, export::export(&settings, wish))?;
        }
        Command::ImportBlueprint { files, out, force, secrets, format } => {
            return import::import_blueprint(&files, &out, texts::Rules { force, secrets: secrets.as_deref() }, format);
        }
        Command::Test { dir, format, filter, coverage, require_coverage, at } => {
            let wanted = folder_tests::Wanted { dir, format, filter, coverage, require_coverage, at };
            let mut sound = false;
            block_on(1, async {
                sound = folder_tests::test(&settings, wanted, &environment).await?;
                Ok(())
            })?;
            return Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Schema => println!("{:#}", lockgate_flows::json_schema()),
        Command::Openapi { compatibility: true, .. } => print!("{}", lockgate_api::compatibility::page()),
        Command::Openapi { json: true, .. } => println!("{:#}", lockgate_api::openapi::document()),
        Command::Openapi { json: false, .. } => print!("{}", lockgate_api::openapi::yaml()),
        Command::Healthcheck => commands::healthcheck(&settings)?,
        Command::TestEmail { to, stage } => block_on(1, test_email::test_email(&settings, &to, stage.as_deref()))?,
        // Asked above, with settings that may not be usable.
        Command::Doctor(_) => {}
        Command::Server | Command::Worker { .. } => {
            let threads = match command {
                Command::Worker { concurrency } => usize::from(concurrency),
                _ => threads(),
            };
            // What sends traces runs in the runtime.
            block_on(threads, async {
                serve::start_log(&settings)?;
                read.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
                match command {
                    Command::Worker { .. } => Box::pin(serve::worker(settings, environment)).await,
                    _ => Box::pin(serve::server(settings, environment)).await,
                }
            })?;
        }
        Command::Claims { user, app, scope, format } => {
            let question = claims::Question { user: &user, app: &app, scope: scope.as_deref() };
            block_on(1, claims::claims(&settings, question, format))?;
        }
        Command::Explain { decision: Some(id), format, .. } => {
            block_on(1, explain::recorded(&settings, id, format))?;
        }
        Command::Explain { user, app, ip, at, mfa, methods, age, user_agent, format, decision: None } => {
            let (user, app) = (user.unwrap_or_default(), app.unwrap_or_default());
            let login = explain::Supposed { mfa, methods, age: age.map(|age| age.delta()) };
            let question = explain::Question { user: &user, app: &app, ip, at, login: &login, agent: &user_agent };
            block_on(1, explain::explain(&settings, question, format))?;
        }
        Command::Rhai { reference: true, .. } => print!("{}", lockgate_policies::expression::reference()),
        Command::Rhai { expression, user, app, ip, at, mfa, format, .. } => {
            let on = expression::On { user: user.as_deref(), app: app.as_deref(), ip, at, mfa };
            block_on(1, expression::expressions(&settings, on, expression.as_deref(), format))?;
        }
        Command::Plan { dir, format, remote } => {
            let place = Place { settings: &settings, environment, remote };
            return block_on(threads(), revisions::plan(&place, dir, format));
        }
        Command::Apply { dir, author, message, expect_revision, format, remote } => {
            let place = Place { settings: &settings, environment, remote };
            let applying = Applying { author, message, expect_revision };
            return block_on(1, revisions::apply(&place, dir, applying, format));
        }
        Command::Replay { dir, since, format, remote } => {
            let place = Place { settings: &settings, environment, remote };
            return block_on(1, revisions::replay(&place, dir, &since, format));
        }
        Command::Simulate(asked) => {
            let place = Place { settings: &settings, environment, remote: cli::Remote::default() };
            return block_on(1, revisions::simulate(&place, asked));
        }
        Command::Revisions { number, format, remote } => {
            let place = Place { settings: &settings, environment, remote };
            return block_on(1, revisions::revisions(&place, number, format));
        }
        Command::Rollback { number, author, message, format, remote } => {
            let place = Place { settings: &settings, environment, remote };
            let applying = Applying { author, message, expect_revision: None };
            return block_on(1, revisions::rollback(&place, number, applying, format));
        }
        Command::Diagram { flow, format } => block_on(1, commands::diagram(&settings, &flow, format))?,
        Command::Import { file, dry_run, update, create_groups, format } => {
            let wish = Wish { dry_run, update, create_groups, tell_all: false };
            let mut whole = false;
            block_on(threads(), async {
                whole = Box::pin(roster::import(&settings, environment, &file, wish, format)).await?;
                Ok(())
            })?;
            return Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(roster::SOME_REFUSED) });
        }
        Command::ExportUsers { file, password_hashes } => {
            block_on(1, Box::pin(roster::export(&settings, environment, file.as_deref(), password_hashes)))?;
        }
        Command::Migrate => block_on(1, commands::migrate(&settings))?,
        Command::Showmigrations => block_on(1, commands::show_migrations(&settings))?,
        Command::Backup { file, force } => block_on(1, Box::pin(backup::backup(&settings, &file, force)))?,
        Command::Restore { file, keep_sessions } => {
            block_on(1, Box::pin(backup::restore(&settings, &environment, &file, keep_sessions)))?;
        }
        Command::Copy { to } => block_on(1, Box::pin(backup::copy(&settings, &to)))?,
        Command::RotateSecret => block_on(1, Box::pin(secret_key::rotate(&settings)))?,
        Command::CreateAdminGroup { user } => {
            block_on(1, commands::create_admin_group(&settings, environment, &user))?;
        }
        Command::CreateRecoveryKey { minutes, user } => {
            block_on(1, commands::create_recovery_key(&settings, environment, &user, minutes))?;
        }
        Command::Changepassword { user } => block_on(1, commands::change_password(&settings, environment, &user))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

fn block_on<T>(threads: usize, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(|e| format!("the runtime does not start: {e}"))?;
    runtime.block_on(work)
}
