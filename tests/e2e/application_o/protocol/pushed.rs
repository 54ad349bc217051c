//! Pushed authorization requests (RFC 9126).

use super::ask::{AUTHORIZE, authorize, pkce, push, pushed, redeem};
use super::case::Visitor::{Nobody, SignedIn};
use super::case::{Ask, Auth, Case, Check, Expect, Is, there};

const PUSHED: &str = "RFC 9126, 2";

/// A request that cannot be pushed.
fn refused(rfc: &'static str, what: &'static str, ask: Ask, error: &'static str) -> Case {
    Case { rfc, what, ask: vec![ask], expect: Expect::Refused(400, error) }
}

/// What the visitor's browser carries is not what was pushed.
fn wrong(what: &'static str, ask: Vec<Ask>) -> Case {
    let expect =
        Expect::Either(vec![Expect::Page(400), Expect::Told("invalid_request"), Expect::Told("invalid_request_uri")]);
    Case { rfc: "RFC 9126, 4", what, ask, expect }
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = at_the_endpoint();
    cases.extend(at_authorize());
    cases
}

fn at_the_endpoint() -> Vec<Case> {
    vec![
        Case {
            rfc: "RFC 9126, 2.2",
            what: "a request is pushed, and gets a name",
            ask: vec![push("web")],
            expect: Expect::All(vec![Expect::Status(201), Expect::Header("cache-control", "no-store")]),
        },
        Case {
            rfc: "RFC 9126, 2.2",
            what: "the name is a URN that lasts for some seconds",
            ask: vec![push("web")],
            expect: Expect::Members(vec![
                Check("request_uri", Is::Starting("urn:ietf:params:oauth:request_uri:")),
                there("expires_in"),
            ]),
        },
        refused(
            PUSHED,
            "an address that is not registered",
            push("web").set("redirect_uri", "https://evil.test/"),
            "invalid_request",
        ),
        refused(PUSHED, "no address", push("web").without("redirect_uri"), "invalid_request"),
        refused(PUSHED, "no response type", push("web").without("response_type"), "invalid_request"),
        refused(
            PUSHED,
            "a response type that nobody knows",
            push("web").set("response_type", "magic"),
            "unsupported_response_type",
        ),
        refused(
            "RFC 9126, 2.1",
            "a reference in a request that is pushed",
            push("web").set("request_uri", "urn:ietf:params:oauth:request_uri:x"),
            "invalid_request",
        ),
        refused(
            "RFC 9700, 2.1.1",
            "a public client without a challenge",
            push("spa").without("code_challenge").without("code_challenge_method"),
            "invalid_request",
        ),
        refused(
            "RFC 7636, 4.4.1",
            "a challenge of a method that nobody knows",
            pkce(push("web")).set("code_challenge_method", "S512"),
            "invalid_request",
        ),
        refused(
            "OpenID Connect Core, 3.1.2.1",
            "a prompt that contradicts itself",
            push("web").set("prompt", "none login"),
            "invalid_request",
        ),
        refused(
            "RFC 6749, 3.1",
            "a parameter that comes twice",
            push("web").add("state", "another"),
            "invalid_request",
        ),
        refused(
            PUSHED,
            "a client that does not prove itself",
            push("web").auth(Auth::Public("web".into())),
            "invalid_client",
        ),
        refused(
            PUSHED,
            "a client that nobody knows",
            push("web").set("client_id", "nobody").auth(Auth::Nothing),
            "invalid_client",
        ),
        Case {
            rfc: PUSHED,
            what: "a wrong secret",
            ask: vec![push("web").auth(Auth::Basic("web".into(), "wrong".into()))],
            expect: Expect::Refused(401, "invalid_client"),
        },
        Case {
            rfc: PUSHED,
            what: "the form names another client than the header",
            ask: vec![push("web").set("client_id", "other")],
            expect: Expect::Either(vec![
                Expect::Refused(400, "invalid_request"),
                Expect::Refused(401, "invalid_client"),
            ]),
        },
        Case {
            rfc: "RFC 9126, 2.3",
            what: "a request in an address is not pushed",
            ask: vec![Ask::get("/application/o/par/").set("client_id", "web")],
            expect: Expect::Status(405),
        },
    ]
}

fn at_authorize() -> Vec<Case> {
    vec![
        Case {
            rfc: "RFC 9126, 4",
            what: "a pushed request is answered as any other",
            ask: vec![push("web").set("nonce", "pushed"), pushed("web")],
            expect: Expect::BackOf("web", vec![there("code")]),
        },
        Case {
            rfc: "RFC 9126, 4",
            what: "its code is redeemed as any other",
            ask: vec![push("web").set("nonce", "pushed"), pushed("web"), redeem("web")],
            expect: Expect::Json(vec![super::case::is("id_token/nonce", "pushed")]),
        },
        wrong("a pushed request works once", vec![push("web"), pushed("web"), pushed("web")]),
        wrong("a pushed request of another client", vec![push("web"), pushed("other")]),
        wrong(
            "a name that nobody was given",
            vec![
                pushed("web").set("request_uri", "urn:ietf:params:oauth:request_uri:0123456789abcdefghijklmnopqrstuv"),
            ],
        ),
        wrong(
            "an address for a name: nothing is fetched",
            vec![pushed("web").set("request_uri", "https://web.lockgate.test/request.jwt")],
        ),
        wrong("a name without a client", vec![push("web"), pushed("web").without("client_id")]),
        Case {
            rfc: "RFC 9126, 4",
            what: "what comes beside the name does not count",
            ask: vec![
                push("web"),
                pushed("web").set("scope", "openid offline_access").set("redirect_uri", "https://evil.test/"),
            ],
            expect: Expect::Either(vec![Expect::Page(400), Expect::BackOf("web", vec![there("code")])]),
        },
        Case {
            rfc: "RFC 9126, 5",
            what: "a client that pushes its requests is not answered otherwise",
            ask: vec![authorize("pushing")],
            expect: Expect::Told("invalid_request"),
        },
        Case {
            rfc: "RFC 9126, 5",
            what: "and is when it does",
            ask: vec![push("pushing"), pushed("pushing")],
            expect: Expect::BackOf("pushing", vec![there("code")]),
        },
        Case {
            rfc: "RFC 9126, 4",
            what: "a pushed request survives the login that it leads to",
            ask: vec![push("web"), pushed("web").by(super::case::Visitor::Comes("ada"))],
            expect: Expect::BackOf("web", vec![there("code")]),
        },
        Case {
            rfc: "RFC 9126, 4",
            what: "a pushed request of a public client, with its challenge",
            ask: vec![push("spa"), pushed("spa").by(SignedIn("ada")), redeem("spa")],
            expect: Expect::Json(vec![there("access_token")]),
        },
        Case {
            rfc: "RFC 9126, 4",
            what: "the endpoint with a name alone is answered by a page",
            ask: vec![Ask::get(AUTHORIZE).set("request_uri", "urn:ietf:params:oauth:request_uri:x").by(Nobody)],
            expect: Expect::Page(400),
        },
    ]
}
