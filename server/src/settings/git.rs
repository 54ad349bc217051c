//! The settings under `git`: a repository that the configuration is pulled from.

use lockgate_identity::git::{Credentials, Upstream};
use lockgate_model::Validity;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};
use url::Url;

/// Who signs in with a token, where the address names nobody: forges look at the token alone.
const TOKEN_USER: &str = "x-access-token";

/// The shortest interval.
const SHORTEST: Duration = Duration::from_secs(1);

/// A repository that the configuration is pulled from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GitSettings {
    /// Its address; nothing is pulled without one.
    pub(crate) url: Option<String>,
    /// The branch.
    pub(crate) branch: String,
    /// Folder inside of it.
    pub(crate) path: String,
    /// How often to look.
    pub(crate) interval: Validity,
    /// The only commit that may come into force.
    pub(crate) commit: Option<String>,
    /// File of the keys that commits have to be signed with.
    pub(crate) signers: Option<PathBuf>,
    /// Token for HTTPS.
    pub(crate) token: Option<String>,
    /// File of the private key for SSH.
    pub(crate) ssh_key: Option<PathBuf>,
    /// File of the keys that an SSH server may have.
    pub(crate) known_hosts: Option<PathBuf>,
    /// File of certificates that an HTTPS server is held against.
    pub(crate) ca: Option<PathBuf>,
}

impl Default for GitSettings {
    fn default() -> Self {
        Self {
            url: None,
            branch: "main".to_owned(),
            path: String::new(),
            interval: Validity::seconds(60),
            commit: None,
            signers: None,
            token: None,
            ssh_key: None,
            known_hosts: None,
            ca: None,
        }
    }
}

impl GitSettings {
    /// What is pulled from, if anything is; the mirror lies in the data folder.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub(crate) fn upstream(
        &self,
        data_dir: &Path,
        variables: &BTreeMap<String, String>,
    ) -> Result<Option<Upstream>, String> {
        let Some(url) = &self.url else { return Ok(None) };
        let (url, user) = address(url)?;
        if !is_plain(&self.branch, "/._-+") {
            return Err(bad("branch", "a name of a branch is expected, such as main"));
        }
        let path = self.path.trim_matches('/').to_owned();
        if path.split('/').any(|part| part == "..") || path.contains(['\0', '\n']) {
            return Err(bad("path", "a folder inside of the repository is expected, such as config"));
        }
        let delta = self.interval.delta().to_std().unwrap_or_default();
        if delta < SHORTEST {
            return Err(bad("interval", "a second is the least"));
        }
        let credentials = self.credentials(&url, user)?;
        let pin = self.commit.as_ref().map(|commit| commit.to_ascii_lowercase());
        if pin.as_ref().is_some_and(|p| !matches!(p.len(), 40 | 64) || !p.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Err(bad("commit", "the hash of a commit is expected in full, with 40 or 64 digits"));
        }
        let folder = std::path::absolute(data_dir.join("git")).map_err(|e| bad("url", &e.to_string()))?;
        Ok(Some(Upstream {
            url: url.into(),
            branch: self.branch.clone(),
            path,
            pin,
            signers: file("signers", self.signers.as_ref())?,
            credentials,
            ca: file("ca", self.ca.as_ref())?,
            interval: delta,
            folder,
            variables: variables.clone(),
        }))
    }

    fn credentials(&self, url: &Url, user: String) -> Result<Credentials, String> {
        let key = file("ssh_key", self.ssh_key.as_ref())?;
        let known_hosts = file("known_hosts", self.known_hosts.as_ref())?;
        match (url.scheme(), &self.token, key, known_hosts) {
            ("https", None, None, None) | ("file", None, None, None) => Ok(Credentials::None),
            ("https", Some(token), None, None) if !token.chars().any(char::is_control) => {
                let user = if user.is_empty() { TOKEN_USER.to_owned() } else { user };
                Ok(Credentials::Token { user, token: token.clone() })
            }
            ("https", Some(_), None, None) => Err(bad("token", "a token is one line")),
            ("ssh", None, Some(key), Some(known_hosts)) => Ok(Credentials::Key { key, known_hosts }),
            ("ssh", None, None, _) => Err(bad("ssh_key", "a file with the private key is needed for ssh://")),
            ("ssh", None, _, None) => {
                Err(bad("known_hosts", "a file with the server's keys is needed for ssh://; ssh-keyscan writes one"))
            }
            (_, Some(_), ..) => Err(bad("token", "a token is for https:// alone")),
            _ => Err(bad("ssh_key", "ssh_key and known_hosts are for ssh:// alone")),
        }
    }
}

/// The address, and the user that it names, who is no part of it for HTTPS.
fn address(text: &str) -> Result<(Url, String), String> {
    // Of an address that is none the text may be anything, also a secret: it is not repeated.
    let form = || bad("url", "write https://host/path, ssh://git@host/path or file:///path");
    let mut url = Url::parse(text).map_err(|_| form())?;
    if url.password().is_some() {
        return Err(bad("url", "an address may hold no password; set LOCKGATE_GIT__TOKEN"));
    }
    let user = url.username().to_owned();
    let local = url.scheme() == "file" && url.host().is_none();
    let remote = matches!(url.scheme(), "https" | "ssh") && url.host_str().is_some_and(|host| !host.starts_with('-'));
    if !(local || remote) || user.starts_with('-') || url.query().is_some() || url.fragment().is_some() {
        return Err(form());
    }
    if url.scheme() == "https" && !user.is_empty() {
        url.set_username("").map_err(|()| form())?;
    }
    Ok((url, user))
}

/// A file that has to be there, by a path that is safe to write into a command. What was written instead may be
/// the secret itself, and is not repeated.
fn file(field: &str, path: Option<&PathBuf>) -> Result<Option<PathBuf>, String> {
    let Some(path) = path else { return Ok(None) };
    let path = std::path::absolute(path).map_err(|_| bad(field, "the path of a file is expected"))?;
    if !path.to_str().is_some_and(|text| is_plain(text, "/._-+")) {
        return Err(bad(field, "a path of letters, digits and / . _ - + is expected"));
    }
    if path.is_file() { Ok(Some(path)) } else { Err(bad(field, "there is no such file")) }
}

fn is_plain(text: &str, signs: &str) -> bool {
    !text.is_empty() && !text.starts_with('-') && text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
}

fn bad(field: &str, told: &str) -> String {
    format!("git.{field} (LOCKGATE_GIT__{}): {told}", field.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::GitSettings;
    use lockgate_identity::git::Credentials;
    use std::{collections::BTreeMap, path::Path};

    fn at(url: &str) -> GitSettings {
        GitSettings { url: Some(url.to_owned()), ..GitSettings::default() }
    }

    fn refused(settings: &GitSettings) -> String {
        let made = settings.upstream(Path::new("data"), &BTreeMap::new());
        made.err().unwrap_or_else(|| panic!("it is accepted: {:?}", settings.url))
    }

    #[test]
    fn addresses_are_those_of_repositories() {
        for url in ["https://git.example.com/a/b.git", "file:///srv/config.git"] {
            let made = at(url).upstream(Path::new("data"), &BTreeMap::new()).expect("accepted").expect("made");
            assert_eq!(made.url, url);
            assert!(made.folder.is_absolute());
        }
        for url in [
            "http://git.example.com/a",
            "git://git.example.com/a",
            "git@git.example.com:a/b.git",
            "--upload-pack=touch /tmp/x",
            "ext::sh -c id",
            "file://host/path",
            "https://git.example.com/a?b#c",
            "ssh://-oProxyCommand=id/x",
            "/srv/config.git",
        ] {
            assert!(refused(&at(url)).starts_with("git.url (LOCKGATE_GIT__URL): "), "{url}");
        }
        let told = refused(&at("https://a:hush@git.example.com/a"));
        assert!(told.contains("LOCKGATE_GIT__TOKEN") && !told.contains("hush"), "{told}");
    }

    #[test]
    fn credentials_fit_the_address() {
        let with = |url: &str, token: &str| GitSettings { token: Some(token.to_owned()), ..at(url) };
        let made = with("https://bot@git.example.com/a", "t").upstream(Path::new("data"), &BTreeMap::new());
        let made = made.expect("accepted").expect("made");
        assert_eq!(made.url, "https://git.example.com/a");
        assert!(matches!(made.credentials, Credentials::Token { user, token } if user == "bot" && token == "t"));
        assert!(refused(&with("file:///a", "t")).contains("https:// alone"));
        assert!(refused(&with("https://a/b", "a\nb")).contains("one line"));
        assert!(refused(&at("ssh://git@host/a")).contains("LOCKGATE_GIT__SSH_KEY"));
        let key = GitSettings { ssh_key: Some("no/such\nhush".into()), ..at("ssh://git@host/a") };
        let told = refused(&key);
        assert!(told.contains("git.ssh_key") && !told.contains("hush"), "{told}");
    }

    #[test]
    fn what_is_no_branch_folder_or_hash_is_refused() {
        let url = "https://git.example.com/a";
        let branch = GitSettings { branch: "--force".to_owned(), ..at(url) };
        assert!(refused(&branch).starts_with("git.branch"));
        let path = GitSettings { path: "a/../..".to_owned(), ..at(url) };
        assert!(refused(&path).starts_with("git.path"));
        let commit = GitSettings { commit: Some("abc123".to_owned()), ..at(url) };
        assert!(refused(&commit).starts_with("git.commit"));
        let interval = GitSettings { interval: lockgate_model::Validity::seconds(0), ..at(url) };
        assert!(refused(&interval).starts_with("git.interval"));
    }
}
