//! Reading a folder of text. Every limit and every file that cannot be read is a diagnostic, so that
//! one unreadable file does not hide what is wrong with the others.

use crate::{diagnostics::Diagnostic, span::Span};
use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

/// Largest file, in bytes.
pub const MAX_FILE_BYTES: u64 = 1 << 20;
/// All files together, in bytes.
pub const MAX_TOTAL_BYTES: u64 = 32 << 20;
/// Most files.
pub const MAX_FILES: usize = 2_000;
/// Deepest folder below the configuration folder.
pub const MAX_DEPTH: usize = 16;

/// Longest path of a file that is sent, in bytes.
const MAX_PATH: usize = 1_024;

const EXTENSIONS: [&str; 4] = ["yaml", "yml", "cedar", "rhai"];

/// One file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Path relative to the folder, with `/` between parts.
    pub path: String,
    /// Its content.
    pub text: String,
}

impl TextFile {
    /// The part of the name behind the last dot, in lower case.
    #[must_use]
    pub(crate) fn extension(&self) -> String {
        self.path.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default()
    }
}

/// The texts of a configuration.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    /// The files, sorted by path.
    pub files: Vec<TextFile>,
    /// What could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

impl Folder {
    /// A folder that exists only in memory.
    pub fn of<P: Into<String>, T: Into<String>>(texts: impl IntoIterator<Item = (P, T)>) -> Self {
        let mut files: Vec<_> =
            texts.into_iter().map(|(path, text)| TextFile { path: path.into(), text: text.into() }).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { files, diagnostics: Vec::new() }
    }

    /// A folder that somebody sent. The limits are those of [`Self::read`], and so is what is left out.
    pub fn received<P: Into<String>, T: Into<String>>(texts: impl IntoIterator<Item = (P, T)>) -> Self {
        let mut folder = Self::default();
        let mut total = 0;
        for (path, text) in texts {
            let (path, text): (String, String) = (path.into(), text.into());
            let wrong = |code, message: String| Diagnostic::error(code, &Span::whole(&path), message);
            let parts: Vec<&str> = path.split('/').collect();
            if path.len() > MAX_PATH
                || path.contains(['\\', '\0'])
                || parts.iter().any(|p| matches!(*p, "" | "." | ".."))
            {
                folder.diagnostics.push(wrong("read", "is no path within a folder".to_owned()));
            } else if parts.iter().any(|p| p.starts_with('.')) || !is_wanted(&path) {
                continue;
            } else if parts.len() > MAX_DEPTH + 1 {
                folder.diagnostics.push(wrong("limit", format!("folders may be nested {MAX_DEPTH} deep")));
            } else if text.len() as u64 > MAX_FILE_BYTES {
                folder.diagnostics.push(wrong("limit", format!("is larger than {} MiB", MAX_FILE_BYTES >> 20)));
            } else if folder.files.iter().any(|f| f.path == path) {
                folder.diagnostics.push(wrong("read", "is there twice".to_owned()));
            } else if folder.files.len() >= MAX_FILES || total + text.len() as u64 > MAX_TOTAL_BYTES {
                let limit = format!("{MAX_FILES} files and {} MiB", MAX_TOTAL_BYTES >> 20);
                folder.diagnostics.push(wrong("limit", format!("a configuration folder may hold {limit}")));
                break;
            } else {
                total += text.len() as u64;
                let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
                folder.files.push(TextFile { path, text });
            }
        }
        folder.files.sort_by(|a, b| a.path.cmp(&b.path));
        folder
    }

    /// Whether a file of this name is one of the language.
    #[must_use]
    pub fn wants(path: &str) -> bool {
        is_wanted(path)
    }

    /// Reads a folder, or a single file. Names that begin with a dot are left out, which also covers
    /// the `..data` of mounted Kubernetes volumes, whose links are followed from the plain names.
    #[must_use]
    pub fn read(root: &Path) -> Self {
        let mut reader = Reader { root: root.to_owned(), folder: Self::default(), total: 0, full: false };
        match root.canonicalize() {
            Ok(real) if real.is_file() => {
                let name = root.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                reader.file(&real, &name);
            }
            Ok(real) => {
                reader.root.clone_from(&real);
                reader.folder(&real, "", &mut Vec::new());
            }
            Err(e) => {
                reader.complain("read", &root.display().to_string(), format!("this cannot be read: {}", e.kind()))
            }
        }
        reader.folder.files.sort_by(|a, b| a.path.cmp(&b.path));
        reader.folder
    }
}

struct Reader {
    root: PathBuf,
    folder: Folder,
    total: u64,
    full: bool,
}

impl Reader {
    fn complain(&mut self, code: &'static str, path: &str, message: String) {
        self.folder.diagnostics.push(Diagnostic::error(code, &Span::whole(path), message));
    }

    /// `above` are the real paths from the root to here: a link back to one of them is a loop.
    fn folder(&mut self, folder: &Path, relative: &str, above: &mut Vec<PathBuf>) {
        let Ok(real) = folder.canonicalize() else { return };
        if above.contains(&real) {
            return;
        }
        if above.len() > MAX_DEPTH {
            return self.complain("limit", relative, format!("folders may be nested {MAX_DEPTH} deep"));
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) => return self.complain("read", relative, format!("this cannot be read: {}", e.kind())),
        };
        let mut names: Vec<_> = entries.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        above.push(real);
        for name in names.iter().filter(|n| !n.starts_with('.')) {
            let below = if relative.is_empty() { name.clone() } else { format!("{relative}/{name}") };
            self.entry(&folder.join(name), &below, above);
        }
        above.pop();
    }

    fn entry(&mut self, path: &Path, relative: &str, above: &mut Vec<PathBuf>) {
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(e) if is_wanted(relative) => {
                return self.complain("read", relative, format!("this cannot be read: {}", e.kind()));
            }
            Err(_) => return,
        };
        if !real.is_dir() && !is_wanted(relative) {
            return;
        }
        if !real.starts_with(&self.root) {
            return self.complain("read", relative, "this link leads out of the configuration folder".to_owned());
        }
        if real.is_dir() { self.folder(path, relative, above) } else { self.file(&real, relative) }
    }

    fn file(&mut self, path: &Path, relative: &str) {
        if self.full {
            return;
        }
        if self.folder.files.len() >= MAX_FILES || self.total >= MAX_TOTAL_BYTES {
            self.full = true;
            let limit = format!("{MAX_FILES} files and {} MiB", MAX_TOTAL_BYTES >> 20);
            return self.complain("limit", relative, format!("a configuration folder may hold {limit}"));
        }
        match text_of(path) {
            Ok(text) => {
                self.total += text.len() as u64;
                self.folder.files.push(TextFile { path: relative.to_owned(), text });
            }
            Err((code, message)) => self.complain(code, relative, message),
        }
    }
}

/// Whether a name is that of a file of the language.
fn is_wanted(path: &str) -> bool {
    EXTENSIONS.iter().any(|e| path.to_ascii_lowercase().ends_with(&format!(".{e}")))
}

fn text_of(path: &Path) -> Result<String, (&'static str, String)> {
    let failed = |e: std::io::Error| ("read", format!("this cannot be read: {}", e.kind()));
    if !path.is_file() {
        return Err(("read", "this is not a plain file".to_owned()));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(("limit", format!("this file is larger than {} MiB", MAX_FILE_BYTES >> 20)));
    }
    let text = String::from_utf8(bytes).map_err(|e| {
        ("read", format!("this file is not UTF-8: the byte at offset {} is not text", e.utf8_error().valid_up_to()))
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::{Folder, MAX_FILE_BYTES};
    use std::{fs, os::unix::fs::symlink};

    #[test]
    fn what_is_sent_is_held_to_the_same_limits() {
        let big = "x".repeat(MAX_FILE_BYTES as usize + 1);
        let sent = [
            ("apps.yaml", "\u{feff}a: 1"),
            (".hidden/a.yaml", "a: 1"),
            ("readme.md", "no"),
            ("../out.yaml", "a: 1"),
            ("/etc/passwd.yaml", "a: 1"),
            ("apps.yaml", "a: 2"),
            ("big.rhai", big.as_str()),
        ];
        let folder = Folder::received(sent);
        let files: Vec<_> = folder.files.iter().map(|f| (f.path.as_str(), f.text.as_str())).collect();
        assert_eq!(files, [("apps.yaml", "a: 1")]);
        let wrong: Vec<_> = folder.diagnostics.iter().map(|d| format!("{}: {}", d.span, d.message)).collect();
        assert_eq!(
            wrong,
            [
                "../out.yaml: is no path within a folder",
                "/etc/passwd.yaml: is no path within a folder",
                "apps.yaml: is there twice",
                "big.rhai: is larger than 1 MiB",
            ]
        );
    }

    #[test]
    fn a_folder_is_read_with_links_and_limits() {
        let root = tempfile::tempdir().expect("a folder");
        let at = |p: &str| root.path().join(p);
        fs::create_dir_all(at("..2026_01")).expect("made");
        fs::create_dir_all(at("apps/deep")).expect("made");
        fs::write(at("..2026_01/flow.yaml"), "a: 1").expect("written");
        symlink("..2026_01", at("..data")).expect("linked");
        symlink("..data/flow.yaml", at("flow.yaml")).expect("linked");
        symlink("..", at("apps/loop")).expect("linked");
        symlink("/etc", at("out")).expect("linked");
        fs::write(at("apps/deep/x.YML"), "\u{feff}b: 1").expect("written");
        fs::write(at("apps/p.cedar"), "// none").expect("written");
        fs::write(at("apps/readme.md"), "no").expect("written");
        fs::write(at(".hidden.yaml"), "c: 1").expect("written");
        fs::write(at("big.yaml"), "x".repeat(MAX_FILE_BYTES as usize + 1)).expect("written");
        fs::write(at("latin.yaml"), b"name: caf\xe9").expect("written");
        let folder = Folder::read(root.path());
        let files: Vec<_> = folder.files.iter().map(|f| (f.path.as_str(), f.text.as_str())).collect();
        assert_eq!(files, [("apps/deep/x.YML", "b: 1"), ("apps/p.cedar", "// none"), ("flow.yaml", "a: 1")]);
        let wrong: Vec<_> = folder.diagnostics.iter().map(|d| format!("{}: {}", d.span, d.message)).collect();
        assert_eq!(
            wrong,
            [
                "big.yaml: this file is larger than 1 MiB",
                "latin.yaml: this file is not UTF-8: the byte at offset 9 is not text",
                "out: this link leads out of the configuration folder",
            ]
        );
        assert_eq!(Folder::read(&at("flow.yaml")).files.len(), 1);
        assert_eq!(Folder::read(&at("nowhere")).diagnostics.len(), 1);
    }
}
