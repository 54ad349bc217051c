//! `lockgate import-blueprint`: blueprints of authentik as a configuration folder.

use crate::{cli::Format, texts::Rules};
use lockgate_engine::ports::Clock;
use lockgate_flows::{Folder, TextFile, import_blueprints};
use lockgate_identity::system::SystemClock;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Something is left to do by hand.
const LEFTOVERS: u8 = 3;

/// Reads blueprints, writes the folder and prints what became of them.
///
/// # Errors
/// A sentence for the operator; then nothing was written.
pub(crate) fn import_blueprint(
    paths: &[PathBuf],
    out: &Path,
    rules: Rules<'_>,
    format: Format,
) -> Result<ExitCode, String> {
    let mut files = Vec::new();
    for path in paths {
        files.extend(read(path)?);
    }
    let imported = import_blueprints(&files, SystemClock.now()).map_err(|broken| {
        let lines: Vec<String> = broken.iter().map(|b| format!("{}: {}", b.place, b.why)).collect();
        lines.join("\n")
    })?;
    rules.write(out, &imported.files, &imported.variables)?;
    match format {
        Format::Text => print!("{}", imported.report()),
        Format::Json => println!("{:#}", imported.to_json()),
    }
    Ok(if imported.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(LEFTOVERS) })
}

/// The blueprints at a path, which are called what the path calls them.
fn read(path: &Path) -> Result<Vec<TextFile>, String> {
    let read = Folder::read(path);
    if let Some(wrong) = read.diagnostics.first() {
        return Err(format!("{}: {}", wrong.span, wrong.message));
    }
    let is_yaml = |file: &TextFile| [".yaml", ".yml"].iter().any(|end| file.path.to_ascii_lowercase().ends_with(end));
    let named = |file: TextFile| {
        let whole = if path.is_dir() { path.join(&file.path) } else { path.to_owned() };
        TextFile { path: whole.to_string_lossy().into_owned(), text: file.text }
    };
    let files: Vec<TextFile> = read.files.into_iter().filter(|f| !path.is_dir() || is_yaml(f)).map(named).collect();
    if files.is_empty() { Err(format!("{}: there are no YAML files", path.display())) } else { Ok(files) }
}
