//! The authorization code (RFC 6749, sections 4.1.2 and 4.1.3).

use serde_json::json;

use super::ask::{TOKEN, authorize, authorize_offline, change, post, redeem, refresh, token, userinfo, usual};
use super::case::Visitor::Comes;
use super::case::{Ask, Case, Expect, absent, is, there};

const CODE: &str = "RFC 6749, 4.1.3";

fn invalid_grant() -> Expect {
    Expect::Refused(400, "invalid_grant")
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = bindings();
    cases.extend(replays());
    cases.extend(requests());
    cases
}

fn bindings() -> Vec<Case> {
    vec![
        Case {
            rfc: "RFC 6749, 5.1",
            what: "a code gives tokens, with all that is said of them",
            ask: vec![authorize("web"), redeem("web")],
            expect: Expect::All(vec![
                Expect::Json(vec![
                    there("access_token"),
                    is("token_type", "Bearer"),
                    is("expires_in", 3600),
                    is("scope", "openid profile email"),
                    there("id_token"),
                ]),
                Expect::Header("cache-control", "no-store"),
                Expect::Header("pragma", "no-cache"),
            ]),
        },
        Case {
            rfc: CODE,
            what: "a code that nobody issued",
            ask: vec![redeem("web").set("code", "0123456789abcdefghijklmnopqrstuvwxyz")],
            expect: invalid_grant(),
        },
        Case {
            rfc: CODE,
            what: "no code",
            ask: vec![redeem("web").without("code")],
            expect: Expect::Refused(400, "invalid_request"),
        },
        Case {
            rfc: CODE,
            what: "an empty code is none",
            ask: vec![redeem("web").set("code", "")],
            expect: Expect::Refused(400, "invalid_request"),
        },
        Case {
            rfc: CODE,
            what: "a code of another client",
            ask: vec![authorize("web"), redeem("other").set("redirect_uri", "https://web.lockgate.test/cb")],
            expect: invalid_grant(),
        },
        Case {
            rfc: CODE,
            what: "who redeems another client's code does not spend it",
            ask: vec![
                authorize("web"),
                redeem("other").set("redirect_uri", "https://web.lockgate.test/cb").in_vain(),
                redeem("web"),
            ],
            expect: Expect::Json(vec![there("access_token")]),
        },
        Case {
            rfc: CODE,
            what: "a code of a confidential client, by a public one",
            ask: vec![authorize("web"), redeem("spa").set("redirect_uri", "https://web.lockgate.test/cb")],
            expect: invalid_grant(),
        },
        Case {
            rfc: CODE,
            what: "another of the client's own addresses",
            ask: vec![authorize("web"), redeem("web").set("redirect_uri", "https://web.lockgate.test/second?fixed=1")],
            expect: invalid_grant(),
        },
        Case {
            rfc: CODE,
            what: "no address, where the request named one",
            ask: vec![authorize("web"), redeem("web").without("redirect_uri")],
            expect: invalid_grant(),
        },
        Case {
            rfc: CODE,
            what: "the address with another port, on loopback",
            ask: vec![authorize("native"), redeem("native").set("redirect_uri", "http://127.0.0.1:51005/cb")],
            expect: invalid_grant(),
        },
        Case {
            rfc: "RFC 6749, 4.1.2",
            what: "a code that has waited too long",
            ask: vec![authorize("fleeting"), redeem("fleeting").after(3)],
            expect: invalid_grant(),
        },
        Case {
            rfc: CODE,
            what: "an access token is no code",
            ask: vec![authorize("web"), redeem("web"), redeem("web").set("code", "<access_token>")],
            expect: invalid_grant(),
        },
        Case {
            rfc: "RFC 9700, 2.1",
            what: "a code of a form that was posted may be redeemed as any other",
            ask: vec![authorize("web").set("response_mode", "form_post"), redeem("web")],
            expect: Expect::Json(vec![there("access_token")]),
        },
    ]
}

fn replays() -> Vec<Case> {
    vec![
        Case {
            rfc: "RFC 6749, 4.1.2",
            what: "a code that comes twice",
            ask: vec![authorize("web"), redeem("web"), redeem("web")],
            expect: invalid_grant(),
        },
        Case {
            rfc: "RFC 6749, 4.1.2",
            what: "a code that comes twice takes its access token back",
            ask: vec![authorize("web"), redeem("web"), redeem("web").in_vain(), userinfo()],
            expect: Expect::Challenged(401, "Bearer", Some("invalid_token")),
        },
        Case {
            rfc: "RFC 6749, 4.1.2",
            what: "a code that comes twice takes its refresh token back",
            ask: vec![
                authorize_offline("web").by(Comes("ada")),
                redeem("web"),
                redeem("web").in_vain(),
                refresh("web"),
            ],
            expect: invalid_grant(),
        },
        Case {
            rfc: "RFC 6749, 4.1.2",
            what: "and what that refresh token has given meanwhile",
            ask: vec![
                authorize_offline("web").by(Comes("ada")),
                redeem("web"),
                refresh("web"),
                redeem("web").in_vain(),
                userinfo(),
            ],
            expect: Expect::Challenged(401, "Bearer", Some("invalid_token")),
        },
        Case {
            rfc: "RFC 6749, 4.1.2",
            what: "another client's second attempt takes nothing back",
            ask: vec![
                authorize("web"),
                redeem("web"),
                redeem("other").set("redirect_uri", "https://web.lockgate.test/cb").in_vain(),
                userinfo(),
            ],
            expect: Expect::Json(vec![there("sub")]),
        },
        Case {
            rfc: "RFC 9700, 4.13",
            what: "who was disabled meanwhile gets no tokens for the code",
            ask: vec![
                authorize("web").by(Comes("disabled_at_code")),
                change("PATCH", "core/users/<pk.disabled_at_code>/", json!({ "is_active": false })),
                redeem("web"),
            ],
            expect: invalid_grant(),
        },
        Case {
            rfc: "RFC 9700, 4.13",
            what: "who has left the group meanwhile gets no tokens for the code",
            ask: vec![
                authorize("staff").by(Comes("leaver_at_code")),
                change("POST", "core/groups/<group.Staff>/remove_user/", json!({ "pk": "<#pk.leaver_at_code>" })),
                redeem("staff"),
            ],
            expect: invalid_grant(),
        },
    ]
}

fn requests() -> Vec<Case> {
    vec![
        Case {
            rfc: "RFC 6749, 5.2",
            what: "no grant type",
            ask: vec![Ask::post(TOKEN).auth(usual("web")).set("code", "x")],
            expect: Expect::Refused(400, "invalid_request"),
        },
        Case {
            rfc: "RFC 6749, 5.2",
            what: "a grant type that nobody knows",
            ask: vec![token("web", "urn:example:grant:magic")],
            expect: Expect::Refused(400, "unsupported_grant_type"),
        },
        Case {
            rfc: "RFC 6749, 5.2",
            what: "implicit is no grant of the token endpoint",
            ask: vec![token("mixed", "implicit")],
            expect: Expect::Refused(400, "unsupported_grant_type"),
        },
        Case {
            rfc: "RFC 6749, 5.2",
            what: "a grant type that the provider does not have",
            ask: vec![token("narrow", "authorization_code").set("code", "x").set("redirect_uri", "https://x.test/")],
            expect: Expect::Refused(400, "unauthorized_client"),
        },
        Case {
            rfc: "RFC 6749, 4.1.3",
            what: "the client's name in the form as well, when it is the same",
            ask: vec![authorize("web"), redeem("web").set("client_id", "web")],
            expect: Expect::Json(vec![there("access_token")]),
        },
        Case {
            rfc: "RFC 6749, 3.2",
            what: "a parameter that nobody knows is ignored",
            ask: vec![authorize("web"), redeem("web").set("extra", "foobar")],
            expect: Expect::Json(vec![there("access_token"), absent("extra")]),
        },
        Case {
            rfc: "RFC 6749, 3.2",
            what: "a parameter that comes twice",
            ask: vec![authorize("web"), redeem("web").add("code", "<code>")],
            expect: Expect::Refused(400, "invalid_request"),
        },
        Case {
            rfc: "RFC 6749, 2.3.1",
            what: "the secret in the form does as well",
            ask: vec![authorize("web"), redeem("web").auth(post("web"))],
            expect: Expect::Json(vec![there("access_token")]),
        },
    ]
}
