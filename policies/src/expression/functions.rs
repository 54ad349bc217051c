//! The functions that expressions may call, under the reference's names where it has them.

use super::sandbox;
use ipnet::IpNet;
use regex::{Regex, RegexBuilder};
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{LazyLock, Mutex},
};

/// Functions that we register, for the check of names.
pub(super) const NAMES: [&str; 11] = [
    "ak_message",
    "ak_is_group_member",
    "group_attributes",
    "regex_match",
    "regex_replace",
    "list_flatten",
    "slugify",
    "ip_address",
    "ip_network",
    "lower",
    "upper",
];

/// What the reference offers and we do not, with the reason.
pub(super) const REFUSED: [(&str, &str); 11] = [
    ("resolve_dns", "expressions do no I/O"),
    ("reverse_dns", "expressions do no I/O"),
    ("ak_user_by", "expressions do no I/O; read the facts of `user` instead"),
    ("ak_user_has_authenticator", "expressions do no I/O; read `mfa` instead"),
    ("ak_create_event", "expressions do no I/O; every decision is logged"),
    ("ak_create_jwt", "expressions do no I/O"),
    ("ak_create_jwt_raw", "expressions do no I/O"),
    ("ak_send_email", "expressions do no I/O"),
    ("ak_call_policy", "bind both policies instead, or write a function"),
    ("timestamp", "read `now` instead"),
    ("sleep", "expressions do not wait"),
];

type Fallible<T> = Result<T, Box<EvalAltResult>>;

pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("ak_message", |text: &str| sandbox::tell(text));
    engine.register_fn("ak_is_group_member", member_by_name).register_fn("ak_is_group_member", member_by_map);
    engine.register_fn("group_attributes", |user: &mut Map| user.get("attributes").cloned().unwrap_or_default());
    engine.register_fn("regex_match", regex_match).register_fn("regex_match", |_: (), _: &str| false);
    engine.register_fn("regex_replace", regex_replace);
    engine.register_fn("list_flatten", flatten).register_fn("slugify", slugify);
    engine
        .register_fn("lower", |text: &str| text.to_lowercase())
        .register_fn("upper", |text: &str| text.to_uppercase());
    // A missing property is (), and `!pending.authenticated` should read as it is written.
    engine.register_fn("!", |_: ()| true);
    engine.register_fn("sleep", |_: i64| refused()).register_fn("sleep", |_: f64| refused());
    addresses(engine);
}

fn refused() -> Fallible<()> {
    Err("expressions do not wait".into())
}

fn addresses(engine: &mut Engine) {
    engine.register_type_with_name::<IpAddr>("IpAddress").register_type_with_name::<IpNet>("IpNetwork");
    engine.register_fn("ip_address", |text: &str| {
        text.parse::<IpAddr>().map_err(|_| failure(format!("\"{text}\" is not an IP address")))
    });
    engine.register_fn("ip_network", ip_network);
    engine.register_fn("contains", |net: &mut IpNet, ip: IpAddr| net.contains(&canonical(ip)));
    engine.register_fn("contains", |net: &mut IpNet, ip: &str| {
        ip.parse::<IpAddr>()
            .map(|ip| net.contains(&canonical(ip)))
            .map_err(|_| failure(format!("\"{ip}\" is not an IP address")))
    });
    // No address is in no network.
    engine.register_fn("contains", |_: &mut IpNet, _: ()| false);
    engine
        .register_fn("==", |a: IpAddr, b: IpAddr| canonical(a) == canonical(b))
        .register_fn("!=", |a: IpAddr, b: IpAddr| canonical(a) != canonical(b));
    engine.register_fn("==", |a: IpAddr, b: &str| b.parse::<IpAddr>().is_ok_and(|b| canonical(a) == canonical(b)));
    engine
        .register_fn("to_string", |ip: &mut IpAddr| ip.to_string())
        .register_fn("to_string", |net: &mut IpNet| net.to_string());
    engine.register_get("is_private", |ip: &mut IpAddr| match canonical(*ip) {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback(),
    });
}

/// An IPv4 address that came in through an IPv6 socket is that IPv4 address.
fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

fn ip_network(text: &str) -> Fallible<IpNet> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| failure(format!("\"{text}\" is not an IP network such as 10.0.0.0/8")))
}

fn failure(message: String) -> Box<EvalAltResult> {
    message.into()
}

fn member_by_name(user: &mut Map, name: &str) -> bool {
    user.get("groups")
        .and_then(|groups| {
            groups
                .read_lock::<Array>()
                .map(|list| list.iter().any(|g| g.read_lock::<ImmutableString>().is_some_and(|g| g.as_str() == name)))
        })
        .unwrap_or(false)
}

fn member_by_map(user: &mut Map, filter: Map) -> Fallible<bool> {
    match (filter.len(), filter.get("name").and_then(|n| n.read_lock::<ImmutableString>().map(|n| n.clone()))) {
        (1, Some(name)) => Ok(member_by_name(user, &name)),
        _ => Err("ak_is_group_member(user, #{ name: \"…\" }) takes a name and nothing else".into()),
    }
}

/// Compiled patterns by text. They come from configuration, so they are few; should a script make
/// them up, the cache is emptied before it grows.
static PATTERNS: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);
const MAX_PATTERNS: usize = 256;

fn pattern(text: &str) -> Fallible<Regex> {
    let mut known = PATTERNS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(regex) = known.get(text) {
        return Ok(regex.clone());
    }
    let regex = RegexBuilder::new(text)
        .size_limit(1 << 18)
        .dfa_size_limit(1 << 20)
        .build()
        .map_err(|e| failure(format!("bad regular expression: {e}")))?;
    if known.len() >= MAX_PATTERNS {
        known.clear();
    }
    known.insert(text.to_owned(), regex.clone());
    Ok(regex)
}

fn regex_match(value: &str, regex: &str) -> Fallible<bool> {
    Ok(pattern(regex)?.is_match(value))
}

fn regex_replace(value: &str, regex: &str, replacement: &str) -> Fallible<String> {
    let pattern = pattern(regex)?;
    // Written by hand so that many matches of a long replacement stop at the limit and not in swap.
    let mut out = String::new();
    let mut last = 0;
    for found in pattern.captures_iter(value) {
        let Some(whole) = found.get(0) else { continue };
        out.push_str(&value[last..whole.start()]);
        found.expand(replacement, &mut out);
        last = whole.end();
        if out.len() > sandbox::MAX_STRING {
            return Err(failure("the replaced text is too long".into()));
        }
    }
    out.push_str(&value[last..]);
    Ok(out)
}

/// The first element of a list, nothing of an empty one, and anything else unchanged.
fn flatten(value: Dynamic) -> Dynamic {
    match value.read_lock::<Array>().map(|list| list.first().cloned().unwrap_or(Dynamic::UNIT)) {
        Some(first) => first,
        None => value,
    }
}

fn slugify(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '_' => slug.push(c.to_ascii_lowercase()),
            c if (c.is_whitespace() || c == '-') && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.trim_matches(['-', '_']).to_owned()
}
