//! A restart that nobody behind a proxy notices: whoever starts the server holds its socket.

use std::process::Command;
use std::time::{Duration, Instant};

use lockgate_tests::{Client, Database, Program, Reply, Server, binary, free_port};
use reqwest::Method;

on_each_database!(a_restart_with_a_socket_that_is_handed_over_loses_no_request);

/// Holds a socket as systemd does, and starts the server anew whenever it ends, until it is told to end itself.
const HOLDER: &str = r#"
import os, signal, socket, sys
port, program = int(sys.argv[1]), sys.argv[2]
held = socket.socket()
held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
held.bind(("127.0.0.1", port))
held.listen(4096)
child = 0
def restart(*_):
    os.kill(child, signal.SIGTERM)
def end(*_):
    os.kill(child, signal.SIGKILL)
    os._exit(0)
signal.signal(signal.SIGHUP, restart)
signal.signal(signal.SIGTERM, end)
while True:
    child = os.fork()
    if child == 0:
        os.dup2(held.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
        os.execv(program, [program, "server"])
    os.waitpid(child, 0)
"#;

async fn a_restart_with_a_socket_that_is_handed_over_loses_no_request(database: Database) {
    // Its folders and its database, which it leaves to the other process.
    let mut server = Server::builder(database).set("LOCKGATE_LISTEN__DRAIN", "1s").start().await;
    assert!(server.terminate().await);
    let port = free_port();
    let mut command = Command::new("python3");
    command.args(["-c", HOLDER, &port.to_string()]).arg(binary());
    let mut holder = Program::start("holder", server.like_itself(&mut command));
    let base = format!("http://127.0.0.1:{port}");
    holder.answers(&format!("{base}/-/health/ready/"), Duration::from_secs(20)).await;

    // Each caller keeps its connection, as a proxy does, and asks again when it is closed between two requests.
    let until = Instant::now() + Duration::from_secs(8);
    let mut callers = Vec::new();
    for _ in 0..8 {
        let url = format!("{base}/application/o/userinfo/");
        callers.push(tokio::spawn(async move {
            let (client, mut asked) = (Client::new(), 0);
            while Instant::now() < until {
                let reply = Reply::try_of(client.request(Method::GET, &url)).await;
                let reply = reply.unwrap_or_else(|error| panic!("request {asked}: {error:?}"));
                assert_eq!(reply.status, 401, "{}", reply.text());
                asked += 1;
            }
            asked
        }));
    }
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(2_200)).await;
        holder.signal("HUP");
    }
    let mut asked = 0;
    for caller in callers {
        asked += caller.await.expect("no request is lost");
    }
    let starts = holder.lines().iter().filter(|line| line.contains("\"serving\"")).count();
    assert!(starts >= 3, "{starts} starts");
    println!("{asked} requests over {starts} starts");
    assert!(asked > 100, "{asked}");
    holder.signal("TERM");
    holder.wait(Duration::from_secs(5)).await;
}
