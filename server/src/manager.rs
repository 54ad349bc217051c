//! What the manager of services wants to be told: systemd waits for it before it goes on (`sd_notify(3)`, `Type=notify`).

use std::{
    collections::BTreeMap,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram},
    },
};

/// Variable with the socket of whoever manages this process.
const SOCKET: &str = "NOTIFY_SOCKET";

/// Who started this process, if they want to be told.
#[derive(Debug)]
pub(crate) struct Manager(Option<String>);

impl Manager {
    /// As the process's environment names them.
    pub(crate) fn of(environment: &BTreeMap<String, String>) -> Self {
        Self(environment.get(SOCKET).filter(|name| !name.is_empty()).cloned())
    }

    /// What was begun is done: requests or jobs are taken from now on.
    pub(crate) fn ready(&self) {
        self.tell("READY=1");
    }

    /// No more is taken; what runs is finished.
    pub(crate) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Whoever cannot be told waits until their own patience ends, which is theirs to judge.
    fn tell(&self, state: &str) {
        let Some(name) = &self.0 else { return };
        if let Err(error) = send(name, state) {
            tracing::warn!(socket = name, %error, "the service manager could not be told {state}");
        }
    }
}

/// A path, or a name behind `@` that stands in no folder.
fn send(name: &str, state: &str) -> io::Result<()> {
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told_by(manager: &Manager, socket: &UnixDatagram) -> Vec<String> {
        manager.ready();
        manager.stopping();
        socket.set_nonblocking(true).expect("a socket");
        let mut buffer = [0; 64];
        std::iter::from_fn(|| {
            let length = socket.recv(&mut buffer).ok()?;
            Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
        })
        .collect()
    }

    fn named(name: &str) -> Manager {
        Manager::of(&BTreeMap::from([(SOCKET.to_owned(), name.to_owned())]))
    }

    #[test]
    fn the_manager_is_told_by_a_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a fresh path");
        assert_eq!(told_by(&named(&path.display().to_string()), &socket), ["READY=1", "STOPPING=1"]);
    }

    #[test]
    fn the_manager_is_told_by_a_name_in_no_folder() {
        let name = format!("lockgate-manager-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let socket = UnixDatagram::bind_addr(&address).expect("a free name");
        assert_eq!(told_by(&named(&format!("@{name}")), &socket), ["READY=1", "STOPPING=1"]);
    }
}
