//! `import` and `export-users`: accounts as a table.

use crate::{cli::Format, commands::Environment, serve::services, settings::Settings};
use lockgate_identity::roster::{Imported, Wish};
use std::{
    fs::{File, OpenOptions},
    io::{BufReader, BufWriter, IsTerminal, Read, Write},
    path::Path,
};

/// Exit code when some rows were refused.
pub(crate) const SOME_REFUSED: u8 = 3;

/// `import`: answers whether every row was taken.
pub(crate) async fn import(
    settings: &Settings,
    environment: Environment,
    file: &Path,
    wish: Wish,
    format: Format,
) -> Result<bool, String> {
    let (input, bytes) = opened(file)?;
    let identity = services(settings, environment).await?;
    let shows = std::io::stderr().is_terminal();
    let progress = |read: u64| {
        if shows {
            progress_bar(read, bytes);
        }
    };
    let told = identity.import_people(input, wish, None, progress).await;
    if shows {
        eprintln!();
    }
    identity.journal.flush().await;
    identity.store.close().await.map_err(|e| e.to_string())?;
    let told = told.map_err(|error| format!("{}: {error}", file.display()))?;
    match format {
        Format::Json => println!("{:#}", serde_json::to_value(&told).map_err(|e| e.to_string())?),
        Format::Text => print!("{}", report(&told, file, wish)),
    }
    Ok(told.refused == 0)
}

/// The table, and how long it is, where that is known.
fn opened(file: &Path) -> Result<(Box<dyn Read>, Option<u64>), String> {
    if file == Path::new("-") {
        return Ok((Box::new(std::io::stdin()), None));
    }
    let opened = File::open(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let bytes = opened.metadata().ok().map(|about| about.len());
    Ok((Box::new(BufReader::new(opened)), bytes))
}

fn progress_bar(read: u64, bytes: Option<u64>) {
    const WIDTH: u64 = 40;
    let Some(bytes) = bytes.filter(|bytes| *bytes > 0) else {
        eprint!("\r{read} bytes");
        return;
    };
    let (done, percent) = ((read.min(bytes) * WIDTH) / bytes, (read.min(bytes) * 100) / bytes);
    let bar = |part: &str, width: u64| part.repeat(usize::try_from(width).unwrap_or_default());
    eprint!("\r[{}{}] {percent:>3} %", bar("#", done), bar(" ", WIDTH - done));
}

fn report(told: &Imported, file: &Path, wish: Wish) -> String {
    let mut text = String::new();
    for remark in &told.remarks {
        let who = if remark.username.is_empty() { String::new() } else { format!("{}: ", remark.username) };
        text.push_str(&format!("{}:{}: {who}{}\n", file.display(), remark.line, remark.what));
    }
    let untold = told.refused.saturating_sub(told.remarks.len() as u64);
    if untold > 0 {
        text.push_str(&format!("and {untold} more\n"));
    }
    let would = if wish.dry_run { "would be " } else { "" };
    text.push_str(&format!(
        "{} rows: {} accounts {would}made, {} {would}changed, {} as they are, {} refused.\n",
        told.rows, told.made, told.changed, told.unchanged, told.refused
    ));
    text
}

/// `export-users`.
pub(crate) async fn export(
    settings: &Settings,
    environment: Environment,
    file: Option<&Path>,
    hashes: bool,
) -> Result<(), String> {
    let output: Box<dyn Write> = match file {
        Some(file) => Box::new(BufWriter::new(private(file)?)),
        None => Box::new(BufWriter::new(std::io::stdout())),
    };
    let identity = services(settings, environment).await?;
    let written = identity.export_people(output, hashes).await;
    identity.store.close().await.map_err(|e| e.to_string())?;
    let written = written.map_err(|e| e.to_string())?;
    eprintln!("{written} accounts.");
    Ok(())
}

/// A new file that only its owner can read.
fn private(file: &Path) -> Result<File, String> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(file).map_err(|error| format!("{}: {error}", file.display()))
}
