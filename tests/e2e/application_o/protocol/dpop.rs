//! Tokens that are bound to a key of the client (RFC 9449).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::ask::{USERINFO, authorize, authorize_offline, introspect, redeem, refresh, userinfo};
use super::case::Visitor::Comes;
use super::case::{Ask, Case, Check, Expect, Is, is, there};
use super::jwt::{Jwt, Key, public_key};

/// A code, and a proof at the token endpoint that is no good.
fn refused(what: &'static str, proof: Jwt) -> Case {
    Case {
        rfc: "RFC 9449, 4.3",
        what,
        ask: vec![authorize("web"), redeem("web").header("DPoP", proof)],
        expect: Expect::Refused(400, "invalid_dpop_proof"),
    }
}

/// A token that is bound to the first key, and how it is shown.
fn shown(what: &'static str, ask: Ask, expect: Expect) -> Case {
    let tokens = redeem("web").header("DPoP", Jwt::proof(0));
    Case { rfc: "RFC 9449, 7.1", what, ask: vec![authorize("web"), tokens, ask], expect }
}

/// The bound token in its header, with a proof.
fn with_proof(proof: Jwt) -> Ask {
    Ask::get(USERINFO).header("Authorization", "DPoP <access_token>").header("DPoP", proof)
}

/// A public client's refresh token, bound to the first key, and what follows.
fn renewed(what: &'static str, client: &str, then: Ask, expect: Expect) -> Case {
    let tokens = redeem(client).header("DPoP", Jwt::proof(0));
    Case { rfc: "RFC 9449, 5", what, ask: vec![authorize_offline(client).by(Comes("ada")), tokens, then], expect }
}

fn bad_proof() -> Expect {
    Expect::Challenged(401, "DPoP", Some("invalid_dpop_proof"))
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = at_the_token_endpoint();
    cases.extend(at_userinfo());
    cases.extend(bindings());
    cases
}

fn at_the_token_endpoint() -> Vec<Case> {
    let mut private = public_key(0);
    private["d"] = json!(URL_SAFE_NO_PAD.encode([7; 32]));
    let proof = || Jwt::proof(0);
    let unproven = |key| Jwt::new(json!({ "htm": "POST", "htu": "<url>", "iat": "<now>", "jti": "<unique>" }), key);
    vec![
        Case {
            rfc: "RFC 9449, 5",
            what: "a proof binds the token to its key",
            ask: vec![authorize("web"), redeem("web").header("DPoP", proof())],
            expect: Expect::Json(vec![is("token_type", "DPoP"), there("access_token/cnf/jkt")]),
        },
        refused("a proof for another method", proof().claim("htm", "GET")),
        refused("a proof for another address", proof().claim("htu", "<base>/application/o/userinfo/")),
        refused("a proof for another host", proof().claim("htu", "https://evil.test/application/o/token/")),
        refused("a proof for an address that begins alike", proof().claim("htu", "<url>more/")),
        refused("a proof that is an hour old", proof().claim("iat", "<now-3600>")),
        refused("a proof from the future", proof().claim("iat", "<now+3600>")),
        refused("a proof without a time", proof().without("iat")),
        refused("a proof without an identifier", proof().without("jti")),
        refused("a proof with an empty identifier", proof().claim("jti", "")),
        refused("a proof without a method", proof().without("htm")),
        refused("a proof without an address", proof().without("htu")),
        refused("a proof of another type", proof().header("typ", "JWT")),
        refused("a private key in the header", proof().header("jwk", private)),
        refused("a secret key in the header", proof().header("jwk", json!({ "kty": "oct", "k": "AAAA" }))),
        refused("no key in the header", unproven(Key::Own(0)).header("typ", "dpop+jwt")),
        refused("another key in the header than has signed", proof().header("jwk", public_key(1))),
        refused(
            "a proof that nobody has signed",
            unproven(Key::Nothing).header("typ", "dpop+jwt").header("jwk", public_key(0)),
        ),
        refused(
            "the public key for a secret",
            unproven(Key::PublicAsSecret(0)).header("typ", "dpop+jwt").header("jwk", public_key(0)),
        ),
        refused("a broken signature", unproven(Key::Broken(0)).header("typ", "dpop+jwt").header("jwk", public_key(0))),
        Case {
            rfc: "RFC 9449, 4.3",
            what: "two proofs are one too many",
            ask: vec![authorize("web"), redeem("web").header("DPoP", Jwt::proof(0)).another("DPoP", Jwt::proof(0))],
            expect: Expect::Refused(400, "invalid_dpop_proof"),
        },
        Case {
            rfc: "RFC 9449, 11.1",
            what: "a proof that comes twice",
            ask: vec![
                authorize("web"),
                redeem("web").header("DPoP", Jwt::proof(0).claim("jti", "the same")),
                authorize("web"),
                redeem("web").header("DPoP", Jwt::proof(0).claim("jti", "the same")),
            ],
            expect: Expect::Refused(400, "invalid_dpop_proof"),
        },
        Case {
            rfc: "RFC 9449, 4.3",
            what: "query and fragment of the address do not count",
            ask: vec![authorize("web"), redeem("web").header("DPoP", proof().claim("htu", "<url>?a=b#c"))],
            expect: Expect::Json(vec![is("token_type", "DPoP")]),
        },
        Case {
            rfc: "RFC 9449, 5.2",
            what: "a client that wants bound tokens only, without a proof",
            ask: vec![authorize("bound"), redeem("bound")],
            expect: Expect::Refused(400, "invalid_dpop_proof"),
        },
        Case {
            rfc: "RFC 9449, 5.2",
            what: "and with one",
            ask: vec![authorize("bound"), redeem("bound").header("DPoP", proof())],
            expect: Expect::Json(vec![is("token_type", "DPoP")]),
        },
    ]
}

fn at_userinfo() -> Vec<Case> {
    let proof = || Jwt::proof_of_token(0);
    vec![
        shown("a bound token with its proof", with_proof(proof()), Expect::Json(vec![is("preferred_username", "ada")])),
        shown(
            "a bound token as if it were none",
            userinfo(),
            Expect::Either(vec![
                Expect::Challenged(401, "DPoP", Some("invalid_token")),
                Expect::Challenged(401, "Bearer", Some("invalid_token")),
            ]),
        ),
        shown(
            "a bound token as if it were none, and a proof beside it",
            userinfo().header("DPoP", proof()),
            Expect::Status(401),
        ),
        shown(
            "a bound token in a form",
            Ask::post(USERINFO).set("access_token", "<access_token>"),
            Expect::Status(401),
        ),
        shown(
            "a bound token without a proof",
            Ask::get(USERINFO).header("Authorization", "DPoP <access_token>"),
            Expect::Either(vec![bad_proof(), Expect::Challenged(401, "DPoP", Some("invalid_token"))]),
        ),
        shown(
            "a proof of another key",
            with_proof(Jwt::proof_of_token(1)),
            Expect::Either(vec![bad_proof(), Expect::Challenged(401, "DPoP", Some("invalid_token"))]),
        ),
        shown("a proof for no token", with_proof(Jwt::proof(0)), bad_proof()),
        shown(
            "a proof for another token",
            with_proof(proof().claim("ath", "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo")),
            bad_proof(),
        ),
        shown("a proof for another method", with_proof(proof().claim("htm", "POST")), bad_proof()),
        shown(
            "a proof for another address",
            with_proof(proof().claim("htu", "<base>/application/o/token/")),
            bad_proof(),
        ),
        shown("a proof that is too old", with_proof(proof().claim("iat", "<now-3600>")), bad_proof()),
        Case {
            rfc: "RFC 9449, 11.1",
            what: "a proof that comes twice at userinfo",
            ask: vec![
                authorize("web"),
                redeem("web").header("DPoP", Jwt::proof(0)),
                with_proof(proof().claim("jti", "twice at userinfo")),
                with_proof(proof().claim("jti", "twice at userinfo")),
            ],
            expect: bad_proof(),
        },
        Case {
            rfc: "RFC 9449, 7.2",
            what: "a token that is bound to nothing is no DPoP token",
            ask: vec![authorize("web"), redeem("web"), with_proof(proof())],
            expect: Expect::Status(401),
        },
        shown(
            "introspection tells the key",
            introspect("web"),
            Expect::Json(vec![is("active", true), there("cnf/jkt"), is("token_type", "DPoP")]),
        ),
    ]
}

fn bindings() -> Vec<Case> {
    let refused =
        || Expect::Either(vec![Expect::Refused(400, "invalid_grant"), Expect::Refused(400, "invalid_dpop_proof")]);
    vec![
        renewed(
            "a public client's refresh token is bound: with the key",
            "spa",
            refresh("spa").header("DPoP", Jwt::proof(0)),
            Expect::Json(vec![is("token_type", "DPoP"), there("refresh_token")]),
        ),
        renewed("without a proof", "spa", refresh("spa"), refused()),
        renewed("with another key", "spa", refresh("spa").header("DPoP", Jwt::proof(1)), refused()),
        Case {
            rfc: "RFC 9449, 10",
            what: "a code that was bound when it was asked for, without a proof",
            ask: vec![authorize("web").set("dpop_jkt", jkt()), redeem("web")],
            expect: refused(),
        },
        Case {
            rfc: "RFC 9449, 10",
            what: "a code that was bound when it was asked for, with another key",
            ask: vec![authorize("web").set("dpop_jkt", jkt()), redeem("web").header("DPoP", Jwt::proof(1))],
            expect: refused(),
        },
        Case {
            rfc: "RFC 9449, 10",
            what: "a code that was bound when it was asked for, with its key",
            ask: vec![authorize("web").set("dpop_jkt", jkt()), redeem("web").header("DPoP", Jwt::proof(0))],
            expect: Expect::Json(vec![Check("access_token/cnf/jkt", Is::Starting(""))]),
        },
    ]
}

/// The thumbprint of the first key (RFC 7638).
fn jkt() -> String {
    let key = public_key(0);
    let text = |name: &str| key[name].as_str().unwrap_or_default().to_owned();
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text("x"), text("y"));
    super::jwt::hashed(&members, 32)
}
