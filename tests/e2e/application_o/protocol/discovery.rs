//! What clients find out about us (OpenID Connect Discovery, sections 3 and 4;
//! RFC 8414; RFC 7517), and which scripts may ask.

use serde_json::json;

use super::ask::{TOKEN, authorize, discovery, jwks, redeem, service};
use super::case::{Ask, Case, Check, Expect, Is, absent, is, there};

const METADATA: &str = "OpenID Connect Discovery, 3";

/// What the document of `web` says.
fn told(rfc: &'static str, what: &'static str, checks: Vec<Check>) -> Case {
    Case { rfc, what, ask: vec![discovery("web")], expect: Expect::Json(checks) }
}

/// An address that the document names is served: it does not answer that
/// nothing is there.
fn served(what: &'static str, member: &'static str, method: &'static str) -> Case {
    let ask = Ask { method, ..Ask::get("") };
    Case {
        rfc: METADATA,
        what,
        ask: vec![discovery("web"), ask.at(member)],
        expect: Expect::Never(vec![Expect::Status(404), Expect::Status(405), Expect::Status(501), Expect::Status(500)]),
    }
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = documents();
    cases.extend(endpoints());
    cases.extend(keys());
    cases.extend(scripts());
    cases
}

fn documents() -> Vec<Case> {
    vec![
        told(METADATA, "the issuer is the address that the document was found by", vec![is("issuer", "<issuer.web>")]),
        told(
            "RFC 8414, 2",
            "the endpoints are those of this host",
            vec![
                is("authorization_endpoint", "<base>/application/o/authorize/"),
                is("token_endpoint", "<base>/application/o/token/"),
                is("userinfo_endpoint", "<base>/application/o/userinfo/"),
                is("introspection_endpoint", "<base>/application/o/introspect/"),
                is("revocation_endpoint", "<base>/application/o/revoke/"),
                is("device_authorization_endpoint", "<base>/application/o/device/"),
                is("end_session_endpoint", "<base>/application/o/web/end-session/"),
                is("jwks_uri", "<base>/application/o/web/jwks/"),
            ],
        ),
        told(
            METADATA,
            "what OpenID Connect wants to be told",
            vec![
                is("subject_types_supported", json!(["public"])),
                is("response_types_supported", json!(["code"])),
                is("response_modes_supported", json!(["query", "fragment", "form_post"])),
                is("id_token_signing_alg_values_supported", json!(["RS256"])),
                Check("scopes_supported", Is::Holding("openid")),
                Check("claims_supported", Is::Holding("sub")),
                Check("claims_supported", Is::Holding("preferred_username")),
            ],
        ),
        told(
            "RFC 8414, 2",
            "the methods by which clients prove themselves",
            vec![
                Check("token_endpoint_auth_methods_supported", Is::Holding("client_secret_basic")),
                Check("token_endpoint_auth_methods_supported", Is::Holding("client_secret_post")),
                Check("token_endpoint_auth_methods_supported", Is::Holding("private_key_jwt")),
            ],
        ),
        told(
            "RFC 8414, 2",
            "the grants of the provider, and no others",
            vec![is(
                "grant_types_supported",
                json!([
                    "authorization_code",
                    "refresh_token",
                    "client_credentials",
                    "password",
                    "urn:ietf:params:oauth:grant-type:device_code",
                    "urn:ietf:params:oauth:grant-type:token-exchange",
                ]),
            )],
        ),
        told(
            "RFC 7636, 6.2",
            "the methods of PKCE",
            vec![Check("code_challenge_methods_supported", Is::Holding("S256"))],
        ),
        told(
            "RFC 9207, 3",
            "that answers name the issuer",
            vec![is("authorization_response_iss_parameter_supported", true)],
        ),
        told(
            "RFC 9126, 5",
            "where requests are pushed",
            vec![
                is("pushed_authorization_request_endpoint", "<base>/application/o/par/"),
                is("require_pushed_authorization_requests", false),
            ],
        ),
        told(
            "RFC 9449, 5.1",
            "the algorithms of proofs",
            vec![Check("dpop_signing_alg_values_supported", Is::Holding("ES256"))],
        ),
        told(
            "Back-Channel Logout, 2.1",
            "that clients are told of a logout",
            vec![is("backchannel_logout_supported", true), is("backchannel_logout_session_supported", true)],
        ),
        Case {
            rfc: METADATA,
            what: "response types are those that the grants open",
            ask: vec![discovery("mixed")],
            expect: Expect::Json(vec![is(
                "response_types_supported",
                json!(["code", "id_token", "id_token token", "code token", "code id_token", "code id_token token"]),
            )]),
        },
        Case {
            rfc: METADATA,
            what: "a client without a key has its tokens signed by its secret",
            ask: vec![discovery("plain")],
            expect: Expect::Json(vec![
                is("id_token_signing_alg_values_supported", json!(["HS256"])),
                is("issuer", "<base>/"),
            ]),
        },
        Case {
            rfc: "RFC 9126, 5",
            what: "a client that has to push its requests is told so",
            ask: vec![discovery("pushing")],
            expect: Expect::Json(vec![is("require_pushed_authorization_requests", true)]),
        },
        Case {
            rfc: "OpenID Connect Discovery, 4",
            what: "an application that is not there",
            ask: vec![discovery("nothing")],
            expect: Expect::Status(404),
        },
        Case {
            rfc: "the reference",
            what: "the application's address leads to its document",
            ask: vec![Ask::get("/application/o/web/")],
            expect: Expect::Led("/application/o/web/.well-known/openid-configuration"),
        },
    ]
}

fn endpoints() -> Vec<Case> {
    vec![
        served("the token endpoint is served", "token_endpoint", "POST"),
        served("userinfo is served", "userinfo_endpoint", "GET"),
        served("introspection is served", "introspection_endpoint", "POST"),
        served("revocation is served", "revocation_endpoint", "POST"),
        served("the device endpoint is served", "device_authorization_endpoint", "POST"),
        served("pushed requests are served", "pushed_authorization_request_endpoint", "POST"),
        served("the end of a session is served", "end_session_endpoint", "GET"),
        served("the keys are served", "jwks_uri", "GET"),
        Case {
            rfc: METADATA,
            what: "the authorize endpoint is served",
            ask: vec![discovery("web"), authorize("web").at("authorization_endpoint")],
            expect: Expect::Back(vec![there("code")]),
        },
    ]
}

fn keys() -> Vec<Case> {
    vec![
        Case {
            rfc: "RFC 7517, 4",
            what: "keys say what they are for",
            ask: vec![jwks("web")],
            expect: Expect::Json(vec![
                there("keys/0/kid"),
                is("keys/0/kty", "RSA"),
                is("keys/0/use", "sig"),
                is("keys/0/alg", "RS256"),
                there("keys/0/n"),
                there("keys/0/e"),
            ]),
        },
        Case {
            rfc: "RFC 7517, 9.2",
            what: "nothing private is published",
            ask: vec![jwks("web")],
            expect: Expect::Json(PRIVATE.map(absent).into()),
        },
        Case {
            rfc: "the reference",
            what: "a client whose tokens its secret signs has no keys to publish",
            ask: vec![jwks("plain")],
            expect: Expect::Json(vec![absent("keys")]),
        },
        Case {
            rfc: "RFC 7517, 5",
            what: "an application that is not there has no keys",
            ask: vec![jwks("nothing")],
            expect: Expect::Status(404),
        },
        Case {
            rfc: "RFC 7515, 4.1.4",
            what: "a token names its key, which is published",
            ask: vec![jwks("web").kept("published"), authorize("web"), redeem("web")],
            expect: Expect::Json(vec![
                is("id_token/@header/kid", "<published.kid>"),
                is("id_token/@header/alg", "RS256"),
            ]),
        },
        Case {
            rfc: "RFC 9068, 2.1",
            what: "an access token is signed by a key that is published",
            ask: vec![jwks("web").kept("published"), service("web")],
            expect: Expect::Json(vec![is("access_token/@header/kid", "<published.kid>")]),
        },
    ]
}

const PRIVATE: [&str; 7] = ["keys/0/d", "keys/0/p", "keys/0/q", "keys/0/dp", "keys/0/dq", "keys/0/qi", "keys/0/k"];

fn scripts() -> Vec<Case> {
    let preflight = |path: &str, origin: &str| {
        Ask::get(path)
            .method("OPTIONS")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "authorization, content-type")
    };
    vec![
        Case {
            rfc: "the reference",
            what: "every script may read the document",
            ask: vec![discovery("web").header("Origin", "https://anywhere.test")],
            expect: Expect::Header("access-control-allow-origin", "*"),
        },
        Case {
            rfc: "the reference",
            what: "every script may read the keys",
            ask: vec![jwks("web").header("Origin", "https://anywhere.test")],
            expect: Expect::Header("access-control-allow-origin", "*"),
        },
        Case {
            rfc: "the reference",
            what: "a script of the client's own origin may redeem its code",
            ask: vec![authorize("spa"), redeem("spa").header("Origin", "https://spa.lockgate.test")],
            expect: Expect::Header("access-control-allow-origin", "https://spa.lockgate.test"),
        },
        Case {
            rfc: "the reference",
            what: "a script of another origin may not",
            ask: vec![authorize("spa"), redeem("spa").header("Origin", "https://evil.test")],
            expect: Expect::NoHeader("access-control-allow-origin"),
        },
        Case {
            rfc: "the reference",
            what: "nor a script of an origin that says to be none",
            ask: vec![authorize("spa"), redeem("spa").header("Origin", "null")],
            expect: Expect::NoHeader("access-control-allow-origin"),
        },
        Case {
            rfc: "Fetch, 3.2.2",
            what: "a browser asks first, and is told that it may",
            ask: vec![preflight(TOKEN, "https://spa.lockgate.test")],
            expect: Expect::Header("access-control-allow-origin", "https://spa.lockgate.test"),
        },
        Case {
            rfc: "Fetch, 3.2.2",
            what: "a browser asks first, for an origin that is no client's",
            ask: vec![preflight(TOKEN, "https://evil.test")],
            expect: Expect::NoHeader("access-control-allow-origin"),
        },
    ]
}
