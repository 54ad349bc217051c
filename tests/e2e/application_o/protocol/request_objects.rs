//! Signed requests (RFC 9101; OpenID Connect Core, section 6).

use serde_json::{Value, json};

use super::ask::{AUTHORIZE, authorize, redeem};
use super::case::Visitor::SignedIn;
use super::case::{Ask, Case, Expect, is, there};
use super::jwt::{Jwt, Key, public_key};

const OBJECT: &str = "RFC 9101, 6";

/// A sound request object of `robot`.
fn object(key: Key) -> Jwt {
    let claims = json!({
        "iss": "robot",
        "aud": "<issuer.robot>",
        "exp": "<now+60>",
        "iat": "<now>",
        "jti": "<unique>",
        "client_id": "robot",
        "response_type": "code",
        "redirect_uri": "https://robot.lockgate.test/cb",
        "scope": "openid profile email",
        "state": "signed",
        "nonce": "signed",
    });
    Jwt::new(claims, key)
}

/// The visitor's browser carries it.
fn carried(object: Jwt) -> Ask {
    Ask::get(AUTHORIZE).set("client_id", "robot").set("request", object).by(SignedIn("ada"))
}

/// The same with what OpenID Connect wants beside it.
fn beside(object: Jwt) -> Ask {
    carried(object)
        .set("response_type", "code")
        .set("scope", "openid")
        .set("redirect_uri", "https://robot.lockgate.test/cb")
        .set("state", "beside")
}

/// A request object that counts for nothing.
fn refused(rfc: &'static str, what: &'static str, object: Jwt) -> Case {
    let expect = Expect::Either(vec![
        Expect::Page(400),
        Expect::Told("invalid_request_object"),
        Expect::Told("invalid_request"),
        Expect::Told("request_not_supported"),
    ]);
    Case { rfc, what, ask: vec![beside(object)], expect }
}

pub(super) fn cases() -> Vec<Case> {
    let own = || object(Key::Own(0));
    vec![
        Case {
            rfc: "RFC 9101, 5",
            what: "a signed request is answered as any other",
            ask: vec![carried(own())],
            expect: Expect::BackOf("robot", vec![there("code"), is("state", "signed")]),
        },
        Case {
            rfc: "RFC 9101, 6.3",
            what: "what is signed counts, and nothing beside it",
            ask: vec![beside(own()).set("state", "beside").set("nonce", "beside"), redeem("robot")],
            expect: Expect::Json(vec![is("id_token/nonce", "signed")]),
        },
        Case {
            rfc: "OpenID Connect Core, 6.1",
            what: "the address of the signed request is where the answer goes",
            ask: vec![carried(own().claim("redirect_uri", "https://robot.lockgate.test/cb"))],
            expect: Expect::BackOf("robot", vec![there("code")]),
        },
        Case {
            rfc: "RFC 9101, 6.3",
            what: "an address beside the signed request does not count",
            ask: vec![carried(own()).set("redirect_uri", "https://evil.test/")],
            expect: Expect::BackOf("robot", vec![there("code")]),
        },
        Case {
            rfc: "RFC 9700, 2.1",
            what: "an address that is signed has to be registered all the same",
            ask: vec![carried(own().claim("redirect_uri", "https://evil.test/"))],
            expect: Expect::Page(400),
        },
        refused("RFC 9101, 5", "a signed request of another client", own().claim("client_id", "web")),
        refused(OBJECT, "a request object by another client", own().claim("iss", "web")),
        refused(OBJECT, "a request object for another issuer", own().claim("aud", "https://elsewhere.test/")),
        refused("RFC 8725, 3.1", "a request object that nobody has signed", object(Key::Nothing)),
        refused(OBJECT, "a request object under another key", object(Key::Own(1))),
        refused(OBJECT, "a broken signature", object(Key::Broken(0))),
        refused("RFC 8725, 2.1", "the public key for a secret", object(Key::PublicAsSecret(0))),
        refused(
            "RFC 8725, 3.1",
            "a key that comes with the request object itself",
            object(Key::Own(1)).header("jwk", public_key(1)),
        ),
        refused(OBJECT, "a request object that has expired", own().claim("exp", "<now-600>")),
        refused(OBJECT, "a request object that is not valid yet", own().claim("nbf", "<now+600>")),
        refused("RFC 9101, 4", "a request object within a request object", own().claim("request", "a.b.c")),
        refused(
            "RFC 9101, 4",
            "a reference within a request object",
            own().claim("request_uri", "urn:ietf:params:oauth:request_uri:x"),
        ),
        refused(OBJECT, "a response type that is no text", own().claim("response_type", Value::from(vec!["code"]))),
        Case {
            rfc: "RFC 9101, 6",
            what: "a request object that is no token",
            ask: vec![authorize("robot").set("request", "nonsense")],
            expect: Expect::Either(vec![
                Expect::Page(400),
                Expect::Told("invalid_request_object"),
                Expect::Told("invalid_request"),
            ]),
        },
        Case {
            rfc: "OpenID Connect Core, 6.2",
            what: "a request at an address is not fetched",
            ask: vec![authorize("robot").set("request_uri", "https://robot.lockgate.test/request.jwt")],
            expect: Expect::Either(vec![
                Expect::Page(400),
                Expect::Told("request_uri_not_supported"),
                Expect::Told("invalid_request_uri"),
                Expect::Told("invalid_request"),
            ]),
        },
        Case {
            rfc: "RFC 9101, 5",
            what: "a request and a reference at once",
            ask: vec![beside(own()).set("request_uri", "urn:ietf:params:oauth:request_uri:x")],
            expect: Expect::Either(vec![
                Expect::Page(400),
                Expect::Told("invalid_request"),
                Expect::Told("invalid_request_uri"),
                Expect::Told("request_uri_not_supported"),
            ]),
        },
    ]
}
