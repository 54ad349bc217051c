//! Proof Key for Code Exchange (RFC 7636; RFC 9700, section 2.1.1).

use super::ask::{authorize, pkce, redeem};
use super::case::{Ask, Case, Expect, there};
use super::world::{CHALLENGE, VERIFIER};

const ANOTHER: &str = "another-verifier-that-is-long-enough-0123456789";

/// A challenge that is none.
fn malformed(what: &'static str, challenge: &str, method: &str) -> Case {
    Case {
        rfc: "RFC 7636, 4.2",
        what,
        ask: vec![authorize("web").set("code_challenge", challenge).set("code_challenge_method", method)],
        expect: Expect::Told("invalid_request"),
    }
}

/// A code under the usual challenge, and how it is redeemed.
fn redeemed(what: &'static str, ask: Ask, expect: Expect) -> Case {
    Case { rfc: "RFC 7636, 4.6", what, ask: vec![pkce(authorize("web")), ask], expect }
}

pub(super) fn cases() -> Vec<Case> {
    let invalid_grant = || Expect::Refused(400, "invalid_grant");
    vec![
        Case {
            rfc: "RFC 9700, 2.1.1",
            what: "a public client without a challenge",
            ask: vec![authorize("spa").without("code_challenge").without("code_challenge_method")],
            expect: Expect::Told("invalid_request"),
        },
        Case {
            rfc: "RFC 9700, 2.1.1",
            what: "a client that wants it of itself, without a challenge",
            ask: vec![authorize("careful")],
            expect: Expect::Told("invalid_request"),
        },
        Case {
            rfc: "RFC 7636, 4.4.1",
            what: "a challenge of a method that nobody knows",
            ask: vec![authorize("spa").set("code_challenge_method", "S512")],
            expect: Expect::Told("invalid_request"),
        },
        Case {
            rfc: "RFC 7636, 4.3",
            what: "a method in another case is another method",
            ask: vec![authorize("spa").set("code_challenge_method", "s256")],
            expect: Expect::Told("invalid_request"),
        },
        Case {
            rfc: "RFC 7636, 4.3",
            what: "a method without a challenge",
            ask: vec![authorize("web").set("code_challenge_method", "S256")],
            expect: Expect::Told("invalid_request"),
        },
        malformed("a challenge that is too short", "short", "S256"),
        malformed("a challenge that is too long", &"a".repeat(129), "plain"),
        malformed("a challenge with padding", &format!("{CHALLENGE}="), "S256"),
        malformed("a challenge in the other base64", &CHALLENGE.replace('-', "+"), "S256"),
        malformed("a challenge of 44 letters is no SHA-256", &format!("{CHALLENGE}A"), "S256"),
        malformed("a challenge with a line's end", &format!("{CHALLENGE}\n"), "S256"),
        redeemed(
            "the verifier that fits",
            redeem("web").set("code_verifier", VERIFIER),
            Expect::Json(vec![there("access_token")]),
        ),
        redeemed("no verifier", redeem("web"), invalid_grant()),
        redeemed("an empty verifier", redeem("web").set("code_verifier", ""), invalid_grant()),
        redeemed("another verifier", redeem("web").set("code_verifier", ANOTHER), invalid_grant()),
        redeemed("the challenge for a verifier", redeem("web").set("code_verifier", CHALLENGE), invalid_grant()),
        redeemed(
            "the verifier in another case",
            redeem("web").set("code_verifier", VERIFIER.to_ascii_lowercase()),
            invalid_grant(),
        ),
        redeemed("a verifier that is too long", redeem("web").set("code_verifier", "a".repeat(129)), invalid_grant()),
        Case {
            rfc: "RFC 9700, 4.8.2",
            what: "a verifier where the challenge was taken off the request",
            ask: vec![authorize("web"), redeem("web").set("code_verifier", VERIFIER)],
            expect: Expect::Refused(400, "invalid_grant"),
        },
        Case {
            rfc: "RFC 7636, 4.6",
            what: "plain: the verifier is the challenge",
            ask: vec![
                authorize("web").set("code_challenge", ANOTHER).set("code_challenge_method", "plain"),
                redeem("web").set("code_verifier", ANOTHER),
            ],
            expect: Expect::Json(vec![there("access_token")]),
        },
        Case {
            rfc: "RFC 7636, 4.3",
            what: "plain is what is meant without a method",
            ask: vec![authorize("web").set("code_challenge", ANOTHER), redeem("web").set("code_verifier", ANOTHER)],
            expect: Expect::Json(vec![there("access_token")]),
        },
        Case {
            rfc: "RFC 7636, 7.2",
            what: "plain: another verifier",
            ask: vec![
                authorize("web").set("code_challenge", ANOTHER).set("code_challenge_method", "plain"),
                redeem("web").set("code_verifier", VERIFIER),
            ],
            expect: Expect::Refused(400, "invalid_grant"),
        },
        Case {
            rfc: "RFC 7636, 4.6",
            what: "the method is that of the request, whatever comes with the code",
            ask: vec![
                pkce(authorize("web")),
                redeem("web").set("code_verifier", CHALLENGE).set("code_challenge_method", "plain"),
            ],
            expect: Expect::Refused(400, "invalid_grant"),
        },
        Case {
            rfc: "RFC 7636, 4.6",
            what: "a failed guess does not spend the code of who holds the verifier",
            ask: vec![
                pkce(authorize("web")),
                redeem("web").set("code_verifier", ANOTHER).in_vain(),
                redeem("web").set("code_verifier", VERIFIER),
            ],
            expect: Expect::Either(vec![
                Expect::Json(vec![there("access_token")]),
                Expect::Refused(400, "invalid_grant"),
            ]),
        },
        Case {
            rfc: "RFC 7636, 4.5",
            what: "a public client, its code and its verifier",
            ask: vec![authorize("spa"), redeem("spa")],
            expect: Expect::Json(vec![there("access_token"), there("id_token")]),
        },
        Case {
            rfc: "RFC 9700, 2.1.1",
            what: "a public client without its verifier",
            ask: vec![authorize("spa"), redeem("spa").without("code_verifier")],
            expect: Expect::Refused(400, "invalid_grant"),
        },
    ]
}
