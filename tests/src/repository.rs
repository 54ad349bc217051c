//! A repository of git as a forge keeps it, with somebody who pushes to it; and a server of it over HTTPS.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use base64::Engine as _;
use tempfile::TempDir;

use crate::{
    Program,
    apache::{basics, httpd},
    free_port,
};

/// A bare repository, and a clone of it in which somebody works. It vanishes with the value.
pub struct Repository {
    folder: TempDir,
}

impl Repository {
    /// An empty repository.
    ///
    /// # Panics
    /// When git is missing.
    #[expect(clippy::new_without_default, reason = "it makes folders")]
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("lockgate-git-").expect("the temporary folder is writable");
        let new = Self { folder };
        new.git(&["init", "--quiet", "--bare", "-b", "main", "origin.git"], new.folder.path());
        new.git(&["init", "--quiet", "-b", "main", "work"], new.folder.path());
        let origin = new.folder.path().join("origin.git");
        new.git(&["remote", "add", "origin", &origin.to_string_lossy()], &new.work());
        new
    }

    /// Address on this machine.
    pub fn url(&self) -> String {
        format!("file://{}", self.folder.path().join("origin.git").display())
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn git(&self, arguments: &[&str], at: &Path) -> String {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.org", "-c", "gpg.format=ssh"]);
        command.args(arguments).current_dir(at);
        // Whoever runs the tests may have settings of their own.
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        succeeded("git", &command.output().expect("git can be started"))
    }

    /// Commits these files and pushes; answers the hash.
    pub fn push(&self, message: &str, files: &[(&str, &str)]) -> String {
        self.write(files);
        self.commit(message, &[])
    }

    /// As [`Self::push`], signed by a key of [`Self::key`].
    pub fn push_signed(&self, message: &str, files: &[(&str, &str)], key: &Path) -> String {
        self.write(files);
        let key = format!("user.signingKey={}", key.display());
        self.commit(message, &["-c", &key, "-c", "commit.gpgSign=true"])
    }

    fn write(&self, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = self.work().join(name);
            std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the clone is writable");
            std::fs::write(path, text).expect("the clone is writable");
        }
    }

    fn commit(&self, message: &str, before: &[&str]) -> String {
        self.git(&["add", "--all"], &self.work());
        let commit = ["commit", "--quiet", "--allow-empty", "-m", message];
        self.git(&[before, &commit].concat(), &self.work());
        self.push_as_it_is();
        self.head()
    }

    fn push_as_it_is(&self) {
        self.git(&["push", "--quiet", "--force", "origin", "HEAD:main"], &self.work());
    }

    /// The commit that is checked out.
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"], &self.work())
    }

    /// Takes the branch back to an earlier commit.
    pub fn rewind(&self, commit: &str) {
        self.git(&["reset", "--quiet", "--hard", commit], &self.work());
        self.push_as_it_is();
    }

    /// A link instead of a file; it is part of the next commit.
    pub fn link(&self, name: &str, to: &str) {
        std::os::unix::fs::symlink(to, self.work().join(name)).expect("the clone is writable");
    }

    /// Makes the repository unreachable.
    pub fn hide(&self) {
        std::fs::rename(self.folder.path().join("origin.git"), self.folder.path().join("hidden")).expect("it is there");
    }

    /// Makes it reachable again.
    pub fn show(&self) {
        std::fs::rename(self.folder.path().join("hidden"), self.folder.path().join("origin.git"))
            .expect("it is hidden");
    }

    /// Makes a key that commits can be signed with; answers its file, beside which `.pub` is the public one.
    pub fn key(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&path);
        succeeded("ssh-keygen", &command.output().expect("ssh-keygen can be started"));
        path
    }

    /// Writes a file of those who may sign.
    pub fn signers(&self, keys: &[&Path]) -> PathBuf {
        let lines = keys.iter().map(|key| {
            let public = std::fs::read_to_string(key.with_extension("pub")).expect("the key was made");
            format!("ada@example.org {public}")
        });
        let path = self.folder.path().join("allowed_signers");
        std::fs::write(&path, lines.collect::<String>()).expect("the temporary folder is writable");
        path
    }
}

fn succeeded(name: &str, output: &Output) -> String {
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Makes a certificate for a name and 127.0.0.1, and its key, in a folder. Returns their files, in this order.
///
/// # Panics
/// When `openssl` cannot be run.
pub fn self_signed(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
    command.args(["-subj", &format!("/CN={name}"), "-addext", "subjectAltName=IP:127.0.0.1"]);
    command.arg("-keyout").arg(&key).arg("-out").arg(&certificate);
    succeeded("openssl", &command.output().expect("openssl can be started"));
    (certificate, key)
}

/// Serves a repository over HTTPS to whoever has the token, by Apache and git's own program. It ends with the value.
pub struct GitServer {
    program: Program,
    folder: TempDir,
    port: u16,
}

impl GitServer {
    /// The token.
    pub const TOKEN: &str = "a-token-of-the-git-server";

    /// Starts it.
    ///
    /// # Panics
    /// When it does not start, with what it says.
    pub async fn start(repository: &Repository) -> Self {
        let folder = TempDir::with_prefix("lockgate-git-server-").expect("the temporary folder is writable");
        // Apache gives up being root.
        for path in [folder.path(), repository.folder.path()] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
        }
        self_signed(folder.path(), "git.lockgate.test");
        let port = free_port();
        let program = httpd(folder.path(), &configuration(port, folder.path(), repository.folder.path()));
        let started = std::time::Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "{}", program.tail());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { program, folder, port }
    }

    /// Address of the repository.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}/origin.git", self.port)
    }

    /// The certificate that it is known by.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// Output of Apache, for the message of a failing test.
    pub fn tail(&self) -> String {
        self.program.tail()
    }
}

fn configuration(port: u16, folder: &Path, repositories: &Path) -> String {
    let basics = basics(folder, port, &["mpm_event", "authz_core", "setenvif", "env", "alias", "ssl", "cgid"]);
    let (folder, repositories) = (folder.display(), repositories.display());
    let secret = base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{}", GitServer::TOKEN));
    format!(
        r#"{basics}
ScriptSock {folder}/cgi
LogLevel warn
ServerName git.lockgate.test

SSLEngine on
SSLCertificateFile {folder}/certificate.pem
SSLCertificateKeyFile {folder}/key.pem

SetEnv GIT_PROJECT_ROOT {repositories}
SetEnv GIT_HTTP_EXPORT_ALL 1
SetEnv GIT_CONFIG_COUNT 1
SetEnv GIT_CONFIG_KEY_0 safe.directory
SetEnv GIT_CONFIG_VALUE_0 *
SetEnvIf Git-Protocol ".*" GIT_PROTOCOL=$0
SetEnvIf Authorization "^Basic {secret}$" allowed
ScriptAlias / /usr/lib/git-core/git-http-backend/
<Location />
  Require env allowed
</Location>
"#
    )
}
