//! The world around the server that the end-to-end tests need: the real
//! binary on a fresh database, real proxies (Traefik, nginx, Caddy), a real
//! browser, real clients (Apache, libraries of other languages), a service to
//! protect, and clients that script them.
//!
//! Everything listens on loopback, on ports of its own, and in folders that
//! vanish with the test. Host names end in `lockgate.test` and resolve to
//! 127.0.0.1 inside the clients and the browser, so nothing has to be entered
//! in `/etc/hosts`. What a test needs and the machine lacks fails the test: a
//! skipped test proves nothing. No code of the server may enter here; the
//! harness knows it only from outside.
//!
//! The harness panics with the logs of whatever went wrong, which is what a
//! test wants; it is no library for other purposes.

mod accessibility;
mod acknowledged;
mod apache;
mod api;
mod browser;
mod captcha;
mod client;
mod collector;
mod console;
mod database;
mod docker;
mod duo;
mod fault_soak;
mod flow;
mod forge;
mod library;
mod load;
mod mailbox;
mod pace;
mod passkey;
mod ports;
mod postgres;
mod process;
mod processor_time;
mod proxies;
mod reader;
mod receiver;
mod redis;
mod redis_kinds;
mod relying_party;
mod repository;
pub mod scaling;
mod server;
mod site;
mod soak;
mod timing;
mod visitor;
mod whoami;
mod wire;

pub use accessibility::{LOOKS, Look};
pub use acknowledged::{Acknowledged, Counts, Dice};
pub use apache::{Apache, ApacheOptions};
pub use api::{Api, Reply};
pub use browser::{Browser, BrowserOptions};
pub use captcha::{CaptchaService, Mood};
pub use client::{Client, Hop, Journey, query_of};
pub use collector::{Collector, Traced};
pub use database::{Database, OwnedDatabase};
pub use docker::{Container, Docker};
pub use duo::{ADMIN_KEYS, AUTH_KEYS, AtDuo, DuoServer};
pub use fault_soak::{FaultSoakReport, fault_soak};
pub use flow::{Executor, FlowEnd};
pub use forge::{Comment, Forge};
pub use library::{Library, LibraryClient, installed_clients};
pub use load::{Load, Talk, closed_loop, conversation};
pub use mailbox::{Mail, MailSink};
pub use pace::{Told, ask, paced};
pub use passkey::{SoftPasskey, VirtualAuthenticator};
pub use ports::free_port;
pub use postgres::Postgres;
pub use process::{Program, eventually, workspace_root};
pub use processor_time::ProcessorTime;
pub use proxies::{Dialect, Proxy};
pub use reader::Reader;
pub use receiver::Receiver;
pub use redis::Redis;
pub use redis_kinds::{RedisCluster, RedisSentinels, RedisTls};
pub use relying_party::Callback;
pub use repository::{GitServer, Repository, self_signed};
pub use server::{BOOTSTRAP_PASSWORD, BOOTSTRAP_TOKEN, CommandOutcome, Server, ServerBuilder, binary};
pub use site::{Site, SiteOptions};
pub use soak::{SoakReport, soak};
pub use timing::{quantile, tells};
pub use visitor::{Answer, Visitor, new_address, walks};
pub use whoami::{Echo, Whoami};
pub use wire::Wire;
