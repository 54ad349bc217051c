//! Userinfo (OpenID Connect Core, section 5.3) and how tokens are shown (RFC
//! 6750).

use serde_json::json;

use super::ask::{USERINFO, authorize, authorize_for, change, redeem, service, userinfo};
use super::case::Visitor::{Comes, Same};
use super::case::{Ask, Auth, Case, Expect, Value, is, there};
use super::jwt::{Jwt, Key};

/// An access token of `ada`, and how it is shown.
fn shown(rfc: &'static str, what: &'static str, ask: Ask, expect: Expect) -> Case {
    Case { rfc, what, ask: vec![authorize("web"), redeem("web"), ask], expect }
}

fn ada() -> Expect {
    Expect::Json(vec![is("preferred_username", "ada"), there("sub")])
}

fn invalid_token() -> Expect {
    Expect::Challenged(401, "Bearer", Some("invalid_token"))
}

fn bare() -> Ask {
    Ask::get(USERINFO)
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = ways();
    cases.extend(refusals());
    cases.extend(ends());
    cases
}

fn ways() -> Vec<Case> {
    vec![
        shown("OpenID Connect Core, 5.3.1", "a token in the header of a GET", userinfo(), ada()),
        shown("OpenID Connect Core, 5.3.1", "a token in the header of a POST", userinfo().method("POST"), ada()),
        shown(
            "RFC 6750, 2.2",
            "a token in the form of a POST",
            bare().method("POST").set("access_token", "<access_token>"),
            ada(),
        ),
        shown(
            "RFC 9110, 11.1",
            "the scheme's case means nothing",
            userinfo().header("Authorization", "bEaReR <access_token>"),
            ada(),
        ),
        shown(
            "RFC 9700, 4.3.2",
            "an answer to a token is for its client alone",
            userinfo(),
            Expect::Either(vec![
                Expect::Header("cache-control", "no-store"),
                Expect::Header("cache-control", "no-store, private"),
            ]),
        ),
        Case {
            rfc: "OpenID Connect Core, 5.3.2",
            what: "the subject is that of the ID token",
            ask: vec![authorize("plain"), redeem("plain"), userinfo()],
            expect: Expect::Json(vec![is("sub", "ada")]),
        },
        Case {
            rfc: "OpenID Connect Core, 5.3.1",
            what: "a script of the client's own origin may ask",
            ask: vec![authorize("spa"), redeem("spa"), userinfo().header("Origin", "https://spa.lockgate.test")],
            expect: Expect::Either(vec![
                Expect::Header("access-control-allow-origin", "https://spa.lockgate.test"),
                Expect::Header("access-control-allow-origin", "*"),
            ]),
        },
    ]
}

fn refusals() -> Vec<Case> {
    vec![
        Case {
            rfc: "RFC 6750, 3.1",
            what: "no token: told which scheme, and of no error",
            ask: vec![bare()],
            expect: Expect::Challenged(401, "Bearer", None),
        },
        Case {
            rfc: "RFC 6750, 3.1",
            what: "a token that is none",
            ask: vec![bare().header("Authorization", "Bearer nonsense")],
            expect: invalid_token(),
        },
        Case {
            rfc: "RFC 6750, 2.1",
            what: "a scheme that is none of ours",
            ask: vec![bare().header("Authorization", "Digest nonsense")],
            expect: Expect::Challenged(401, "Bearer", None),
        },
        Case {
            rfc: "RFC 6750, 2.1",
            what: "an empty token",
            ask: vec![bare().header("Authorization", "Bearer ")],
            expect: Expect::Status(401),
        },
        shown(
            "RFC 6750, 2",
            "two ways at once",
            userinfo().method("POST").set("access_token", "<access_token>"),
            Expect::Challenged(400, "Bearer", Some("invalid_request")),
        ),
        shown(
            "RFC 6750, 2",
            "two headers",
            userinfo().another("Authorization", "Bearer <access_token>"),
            Expect::Either(vec![Expect::Challenged(400, "Bearer", Some("invalid_request")), Expect::Status(400)]),
        ),
        shown(
            "RFC 6750, 2.1",
            "a token with something behind it",
            userinfo().header("Authorization", "Bearer <access_token> more"),
            Expect::Either(vec![invalid_token(), Expect::Challenged(400, "Bearer", Some("invalid_request"))]),
        ),
        shown(
            "RFC 7519, 7.2",
            "a token of which one letter is changed",
            userinfo().header("Authorization", "Bearer <access_token>x"),
            invalid_token(),
        ),
        shown(
            "OpenID Connect Core, 5.3.1",
            "an ID token is no access token",
            userinfo().header("Authorization", "Bearer <id_token>"),
            invalid_token(),
        ),
        shown(
            "RFC 6750, 3.1",
            "the API's token is not for userinfo",
            userinfo().header("Authorization", format!("Bearer {}", lockgate_tests::BOOTSTRAP_TOKEN)),
            invalid_token(),
        ),
        Case {
            rfc: "RFC 8725, 3.1",
            what: "a token that nobody has signed",
            ask: vec![bare().header(
                "Authorization",
                Value::Bearer(Jwt::new(
                    json!({ "iss": "<issuer.web>", "aud": "web", "sub": "ada", "exp": "<now+600>" }),
                    Key::Nothing,
                )),
            )],
            expect: invalid_token(),
        },
        Case {
            rfc: "RFC 6750, 3.1",
            what: "a token without openid",
            ask: vec![authorize("web").set("scope", "profile"), redeem("web"), userinfo()],
            expect: Expect::Challenged(403, "Bearer", Some("insufficient_scope")),
        },
        shown(
            "OpenID Connect Core, 5.3",
            "a method that the endpoint does not have",
            userinfo().method("DELETE"),
            Expect::Status(405),
        ),
        shown(
            "RFC 6749, 2.3.1",
            "a client's secret is no token",
            bare().method("POST").auth(Auth::Basic("web".into(), "x".into())),
            Expect::Status(401),
        ),
    ]
}

fn ends() -> Vec<Case> {
    vec![
        Case {
            rfc: "RFC 6750, 3.1",
            what: "a token that has expired",
            ask: vec![authorize("brief"), redeem("brief"), userinfo().after(3)],
            expect: invalid_token(),
        },
        Case {
            rfc: "RFC 6750, 3.1",
            what: "a token of somebody who was disabled",
            ask: vec![
                authorize("web").by(Comes("disabled_at_userinfo")),
                redeem("web"),
                userinfo(),
                change("PATCH", "core/users/<pk.disabled_at_userinfo>/", json!({ "is_active": false })),
                userinfo(),
            ],
            expect: invalid_token(),
        },
        Case {
            rfc: "the reference",
            what: "a token of somebody who has signed out",
            ask: vec![
                authorize("web").by(Comes("signed_out")),
                redeem("web"),
                userinfo(),
                Ask::get("/flows/-/default/invalidation/").by(Same("signed_out")).walking().in_vain(),
                userinfo(),
            ],
            expect: invalid_token(),
        },
        Case {
            rfc: "OpenID Connect Core, 5.3",
            what: "a token from the authorize endpoint",
            ask: vec![authorize_for("mixed", "code token").without("nonce"), userinfo()],
            expect: Expect::Json(vec![is("preferred_username", "ada")]),
        },
        Case {
            rfc: "OpenID Connect Core, 5.3",
            what: "a program's own token without openid tells nothing",
            ask: vec![service("web").set("scope", "profile"), userinfo()],
            expect: Expect::Challenged(403, "Bearer", Some("insufficient_scope")),
        },
    ]
}
