//! Authorization requests (RFC 6749, section 4.1.1; OpenID Connect Core, section 3.1.2.1): as the query of
//! a GET, as the form of a POST, alone or behind parameters that are right, by nobody or somebody.
#![no_main]

use axum::http::Method;
use libfuzzer_sys::fuzz_target;
use lockgate_fuzz::{Ask, ask};

const RIGHT: &[u8] = b"client_id=web&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&";

fuzz_target!(|data: &[u8]| {
    let Some((flags, sent)) = data.split_first() else { return };
    let mut request = if flags & 1 == 0 { Vec::new() } else { RIGHT.to_vec() };
    request.extend(sent);
    let signed_in = flags & 2 != 0;
    let path = "/application/o/authorize/";
    if flags & 4 == 0 {
        let Ok(query) = std::str::from_utf8(&request) else { return };
        ask(Ask { method: Method::GET, target: &format!("{path}?{query}"), body: Vec::new(), signed_in });
    } else {
        ask(Ask { method: Method::POST, target: path, body: request, signed_in });
    }
});
