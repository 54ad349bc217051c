//! Signing out at the client's wish (OpenID Connect RP-Initiated Logout 1.0).

use serde_json::json;

use super::ask::{authorize, end_session, jwks, redeem};
use super::case::Visitor::{Comes, Nobody, Same};
use super::case::{Ask, Case, Expect, absent, is};
use super::jwt::{Jwt, Key};

const BYE: &str = "https://web.lockgate.test/bye";

/// A visitor who has signed in at `web`, and what follows in that browser.
fn signed_in(rfc: &'static str, what: &'static str, then: Ask, expect: Expect) -> Case {
    Case { rfc, what, ask: vec![authorize("web").by(Comes("ada")), redeem("web"), then.by(Same("ada"))], expect }
}

/// The request of a client that does it right.
fn sound() -> Ask {
    end_session("web").set("id_token_hint", "<id_token>").set("post_logout_redirect_uri", BYE).set("state", "the state")
}

fn stays_here() -> Expect {
    Expect::Never(vec![Expect::Elsewhere(Vec::new())])
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = ways_back();
    cases.extend(forgeries());
    cases.extend(without());
    cases
}

fn ways_back() -> Vec<Case> {
    let back = || Expect::Elsewhere(vec![is("state", "the state")]);
    vec![
        Case {
            rfc: "RP-Initiated Logout, 3",
            what: "the visitor is led back, with the state",
            ask: vec![authorize("web").by(Comes("ada")), redeem("web"), sound().by(Same("ada")).walking()],
            expect: back(),
        },
        Case {
            rfc: "RP-Initiated Logout, 2",
            what: "the request may be posted",
            ask: vec![
                authorize("web").by(Comes("ada")),
                redeem("web"),
                sound().method("POST").by(Same("ada")).walking(),
            ],
            expect: back(),
        },
        Case {
            rfc: "RP-Initiated Logout, 3",
            what: "without a state none comes back",
            ask: vec![
                authorize("web").by(Comes("ada")),
                redeem("web"),
                sound().without("state").by(Same("ada")).walking(),
            ],
            expect: Expect::Elsewhere(vec![absent("state")]),
        },
        Case {
            rfc: "RP-Initiated Logout, 2",
            what: "a hint that has expired is good for this",
            ask: vec![
                authorize("brief").by(Comes("ada")),
                redeem("brief"),
                end_session("brief").set("id_token_hint", "<id_token>").by(Same("ada")).after(3),
            ],
            expect: Expect::Led("/if/flow/"),
        },
        Case {
            rfc: "RP-Initiated Logout, 2",
            what: "who is not signed in any more is led back as well",
            ask: vec![authorize("web").by(Comes("ada")), redeem("web"), sound().by(Nobody).walking()],
            expect: back(),
        },
        signed_in(
            "RP-Initiated Logout, 2",
            "the client may name itself, when it is the hint's",
            sound().set("client_id", "web"),
            Expect::Led("/if/flow/"),
        ),
        signed_in(
            "RP-Initiated Logout, 2",
            "the client is not that of the hint",
            sound().set("client_id", "other"),
            Expect::Page(400),
        ),
    ]
}

fn forgeries() -> Vec<Case> {
    let forged = |key: Key| {
        Jwt::new(json!({ "iss": "<issuer.web>", "aud": "web", "sub": "ada", "iat": "<now>", "exp": "<now+600>" }), key)
    };
    let refused = |what: &'static str, ask: Ask| signed_in("RP-Initiated Logout, 3", what, ask, Expect::Page(400));
    vec![
        refused("an address that nobody registered", sound().set("post_logout_redirect_uri", "https://evil.test/")),
        refused(
            "an address with a query more",
            sound().set("post_logout_redirect_uri", "https://web.lockgate.test/bye?x=1"),
        ),
        refused(
            "an address with a slash more",
            sound().set("post_logout_redirect_uri", "https://web.lockgate.test/bye/"),
        ),
        refused(
            "the address of a login is none for leaving",
            sound().set("post_logout_redirect_uri", "https://web.lockgate.test/cb"),
        ),
        refused(
            "an address of another client",
            sound().set("post_logout_redirect_uri", "https://other.lockgate.test/bye"),
        ),
        refused("no hint, and an address", sound().without("id_token_hint")),
        refused("a hint that nobody has signed", sound().set("id_token_hint", forged(Key::Nothing))),
        refused("a hint under a foreign key", sound().set("id_token_hint", forged(Key::Own(1)))),
        refused("a hint that is no token", sound().set("id_token_hint", "nonsense")),
        refused("a hint of which one letter is changed", sound().set("id_token_hint", "<id_token>x")),
        refused("an access token for a hint", sound().set("id_token_hint", "<access_token>x")),
        Case {
            rfc: "RFC 8725, 2.1",
            what: "our public key for a secret",
            ask: vec![jwks("web"), sound().set("id_token_hint", forged(Key::Secret("<certificate>".into())))],
            expect: Expect::Page(400),
        },
        Case {
            rfc: "RP-Initiated Logout, 3",
            what: "a hint of another client",
            ask: vec![authorize("other").by(Comes("ada")), redeem("other"), sound().by(Same("ada"))],
            expect: Expect::Page(400),
        },
        Case {
            rfc: "RP-Initiated Logout, 2",
            what: "an application that is not there",
            ask: vec![end_session("nothing")],
            expect: Expect::Status(404),
        },
    ]
}

fn without() -> Vec<Case> {
    vec![
        signed_in(
            "RP-Initiated Logout, 2",
            "without any parameter the visitor stays here",
            end_session("web"),
            stays_here(),
        ),
        signed_in(
            "RP-Initiated Logout, 3",
            "without an address the visitor stays here",
            sound().without("post_logout_redirect_uri"),
            stays_here(),
        ),
        signed_in(
            "RP-Initiated Logout, 3",
            "with a state alone the visitor stays here",
            end_session("web").set("state", "the state"),
            stays_here(),
        ),
        signed_in(
            "RFC 6749, 3.1",
            "an address that comes twice is none",
            sound().add("post_logout_redirect_uri", "https://evil.test/"),
            Expect::Page(400),
        ),
    ]
}
