//! Request objects by value (RFC 9101; OpenID Connect Core, section 6.1) at the authorize endpoint:
//! header and claims are the fuzzer's, each on a line; signed with the client's secret, or not.
#![no_main]

use axum::http::Method;
use libfuzzer_sys::fuzz_target;
use lockgate_fuzz::{Ask, ask, halves, token};

fuzz_target!(|data: &[u8]| {
    let Some((flags, sent)) = data.split_first() else { return };
    let (header, claims) = halves(sent);
    let header = if flags & 1 == 0 { br#"{"alg":"HS256"}"# } else { header };
    let object = match flags >> 1 & 3 {
        0 | 1 => token(header, claims, flags & 2 == 0),
        _ => String::from_utf8_lossy(sent).into_owned(),
    };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("client_id", "web").append_pair("request", &object);
    if flags & 8 != 0 {
        query.append_pair("redirect_uri", lockgate_fuzz::CALLBACK).append_pair("response_type", "code");
    }
    let target = format!("/application/o/authorize/?{}", query.finish());
    ask(Ask { method: Method::GET, target: &target, body: Vec::new(), signed_in: flags & 16 != 0 });
});
