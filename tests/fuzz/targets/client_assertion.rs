//! Client assertions (RFC 7523, section 3): header and claims are the fuzzer's, each on a line; signed with
//! the client's secret, with another one, or not at all. Only the first may count.
#![no_main]

use axum::http::Method;
use libfuzzer_sys::fuzz_target;
use lockgate_fuzz::{Ask, ask, halves, token};

fuzz_target!(|data: &[u8]| {
    let Some((flags, sent)) = data.split_first() else { return };
    let (header, claims) = halves(sent);
    let header = if flags & 1 == 0 { br#"{"alg":"HS256"}"# } else { header };
    let assertion = match flags >> 1 & 3 {
        0 => token(header, claims, true),
        1 => token(header, claims, false),
        _ => String::from_utf8_lossy(sent).into_owned(),
    };
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        .append_pair("client_assertion", &assertion)
        .finish();
    let target = "/application/o/token/";
    let answer = ask(Ask { method: Method::POST, target, body: body.into_bytes(), signed_in: false });
    let issued = answer.is_some_and(|answer| !answer.json["access_token"].is_null());
    assert!(!issued || flags >> 1 & 3 == 0, "an assertion that nobody signed counted");
});
