//! Bodies of the endpoints that clients call (RFC 6749, section 3.2): with a client's credentials before
//! them or without. Nobody gets a token without.
#![no_main]

use axum::http::Method;
use libfuzzer_sys::fuzz_target;
use lockgate_fuzz::{Ask, ask};

const PATHS: [&str; 6] = ["token", "introspect", "revoke", "device", "par", "userinfo"];

const CREDENTIALS: [&[u8]; 4] = [
    b"",
    b"client_id=web&client_secret=a+secret+that+both+sides+have&",
    b"client_id=web&client_secret=wrong&",
    b"client_id=native&",
];

fuzz_target!(|data: &[u8]| {
    let Some((flags, sent)) = data.split_first() else { return };
    let path = PATHS[usize::from(flags & 7) % PATHS.len()];
    let credentials = usize::from(flags >> 3) % CREDENTIALS.len();
    let mut body = CREDENTIALS[credentials].to_vec();
    body.extend(sent);
    let target = format!("/application/o/{path}/");
    let Some(answer) = ask(Ask { method: Method::POST, target: &target, body, signed_in: false }) else { return };
    if credentials != 1 {
        assert!(answer.json["access_token"].is_null(), "a token for nobody");
        assert!(answer.json["active"] != true, "a token is told to nobody");
    }
});
