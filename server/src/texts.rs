//! Configuration folders that a command writes.

use lockgate_flows::{TextFile, Variable};
use std::{
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// How to write.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// Over files that are there.
    pub(crate) force: bool,
    /// Where secrets go; nowhere without.
    pub(crate) secrets: Option<&'a Path>,
}

impl Rules<'_> {
    /// Writes files into a folder, and secrets; nothing of it when one of them is there already.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(crate) fn write(&self, folder: &Path, files: &[TextFile], variables: &[Variable]) -> Result<(), String> {
        let paths = files.iter().map(|file| folder.join(&file.path));
        let taken =
            paths.chain(self.secrets.map(Path::to_owned)).find(|path| !self.force && path.symlink_metadata().is_ok());
        if let Some(path) = taken {
            return Err(format!("{} is there already: --force overwrites it", path.display()));
        }
        for file in files {
            let path = folder.join(&file.path);
            let told = |e: std::io::Error| format!("{} cannot be written: {e}", path.display());
            fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(told)?;
            fs::write(&path, &file.text).map_err(told)?;
        }
        self.secrets(variables)
    }

    /// Writes the secrets that are known.
    ///
    /// # Errors
    /// A sentence for the operator.
    fn secrets(&self, variables: &[Variable]) -> Result<(), String> {
        let Some(path) = self.secrets else { return Ok(()) };
        let told = |e: std::io::Error| format!("{} cannot be written: {e}", path.display());
        // What was there may be open to others, or lead elsewhere.
        match fs::remove_file(path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(told(e)),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(told)?;
        file.write_all(environment(variables).as_bytes()).map_err(told)
    }
}

/// Variables as a shell reads them.
fn environment(variables: &[Variable]) -> String {
    let mut text = String::new();
    for variable in variables {
        // Writing to a String cannot fail.
        let _ = match variable.value.as_str() {
            "" => writeln!(text, "# {}: {}", variable.name, variable.what.replace(['\n', '\r'], " ")),
            value => writeln!(text, "{}='{}'", variable.name, value.replace('\'', "'\\''")),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Rules, environment};
    use lockgate_flows::{TextFile, Variable};
    use std::{fs, os::unix::fs::PermissionsExt as _};

    fn variable(name: &str, value: &str) -> Variable {
        Variable { name: name.to_owned(), what: "x\ny".to_owned(), value: value.to_owned() }
    }

    #[test]
    fn shells_read_what_was_meant() {
        let text = environment(&[variable("A", "it's $HOME\nb"), variable("B", "")]);
        assert_eq!(text, "A='it'\\''s $HOME\nb'\n# B: x y\n");
        let told = std::process::Command::new("sh").args(["-c", &format!("{text}printf %s \"$A\"")]).output();
        assert_eq!(told.expect("a shell").stdout, b"it's $HOME\nb");
    }

    #[test]
    fn nothing_is_overwritten_unasked_and_secrets_are_their_owners() {
        let root = tempfile::tempdir().expect("a folder");
        let (folder, secrets) = (root.path().join("out"), root.path().join("secrets.env"));
        let files = [TextFile { path: "a/b.yaml".to_owned(), text: "x".to_owned() }];
        let write = |force| Rules { force, secrets: Some(&secrets) }.write(&folder, &files, &[variable("A", "b")]);
        fs::write(&secrets, "old").expect("written");
        assert!(write(false).is_err_and(|e| e.contains("secrets.env is there already")));
        assert!(!folder.exists());
        assert_eq!(write(true), Ok(()));
        let mode = fs::metadata(&secrets).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode, fs::read_to_string(&secrets).expect("read").as_str()), (0o600, "A='b'\n"));
        assert_eq!(fs::read_to_string(folder.join("a/b.yaml")).expect("read"), "x");
        assert!(write(false).is_err_and(|e| e.contains("b.yaml is there already")));
    }
}
