//! Apache with `mod_auth_openidc` in front of a service, set up as the module's
//! manual tells its users to.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::Program;

/// Folder of Debian's modules.
const MODULES: &str = "/usr/lib/apache2/modules";

/// What the module is told about the provider.
#[derive(Clone, Copy)]
pub struct ApacheOptions<'a> {
    /// Port on loopback.
    pub port: u16,
    /// Port of the service behind it.
    pub service: u16,
    /// The provider's issuer, with the slash at its end.
    pub issuer: &'a str,
    /// Client identifier.
    pub client_id: &'a str,
    /// Client secret.
    pub client_secret: &'a str,
}

/// A running Apache. It is killed when the value is dropped.
pub struct Apache {
    program: Program,
    _folder: TempDir,
}

impl Apache {
    /// Path that the module answers itself: the redirect address, and with
    /// `?logout=` the ways to sign out.
    pub const CALLBACK: &'static str = "/oidc/callback";

    /// Starts Apache; every path but the module's own wants a sign-in.
    ///
    /// # Panics
    /// When it does not start, with what it says.
    pub async fn start(options: ApacheOptions<'_>) -> Self {
        let folder = TempDir::with_prefix("lockgate-apache-").expect("the temporary folder is writable");
        let mut program = httpd(folder.path(), &configuration(options, folder.path()));
        program.answers(&format!("http://127.0.0.1:{}/health", options.port), Duration::from_secs(20)).await;
        Self { program, _folder: folder }
    }

    /// Output of Apache, for the message of a failing test.
    pub fn tail(&self) -> String {
        self.program.tail()
    }
}

/// Starts Apache with this configuration, whose file goes into the folder.
pub(crate) fn httpd(folder: &Path, configuration: &str) -> Program {
    let file = folder.join("httpd.conf");
    std::fs::write(&file, configuration).expect("a fresh folder is writable");
    let mut command = Command::new("/usr/sbin/apache2");
    command.args(["-D", "FOREGROUND", "-f"]).arg(&file);
    Program::start_group("Apache", &mut command)
}

/// What every Apache is told: its modules, one process with few threads, and nothing outside of its folder.
pub(crate) fn basics(folder: &Path, port: u16, modules: &[&str]) -> String {
    let folder = folder.display();
    let modules: String =
        modules.iter().map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n")).collect();
    format!(
        "{modules}
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
Mutex file:{folder} default
ErrorLog /dev/stderr
Listen 127.0.0.1:{port}
StartServers 1
ServerLimit 1
ThreadsPerChild 25
MaxRequestWorkers 25
MinSpareThreads 1
MaxSpareThreads 25
User www-data
Group www-data
"
    )
}

fn configuration(options: ApacheOptions<'_>, folder: &Path) -> String {
    let ApacheOptions { port, service, issuer, client_id, client_secret } = options;
    let callback = Apache::CALLBACK;
    let modules = ["mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "auth_openidc"];
    let basics = basics(folder, port, &modules);
    format!(
        r#"{basics}
LogLevel warn auth_openidc:info
ServerName page.lockgate.test
UseCanonicalName Off

OIDCProviderMetadataURL {issuer}.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCRedirectURI {callback}
OIDCCryptoPassphrase a-passphrase-of-this-test-alone
OIDCScope "openid profile email"
OIDCPKCEMethod S256
OIDCRemoteUserClaim preferred_username
OIDCPassClaimsAs headers

<Location />
  AuthType openid-connect
  Require valid-user
</Location>
<Location /health>
  AuthType None
  Require all granted
</Location>
ProxyPass {callback} !
ProxyPass / http://127.0.0.1:{service}/
"#
    )
}
