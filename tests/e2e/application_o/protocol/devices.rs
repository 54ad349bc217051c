//! The device flow (RFC 8628).

use super::ask::{OFFLINE, approve, device, poll, redeem, refresh, userinfo};
use super::case::Visitor::{Nobody, SignedIn};
use super::case::{Ask, Auth, Case, Check, Expect, Is, absent, is, there};

const POLLING: &str = "RFC 8628, 3.5";

fn invalid_grant() -> Expect {
    Expect::Refused(400, "invalid_grant")
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = starts();
    cases.extend(polls());
    cases
}

fn starts() -> Vec<Case> {
    vec![
        Case {
            rfc: "RFC 8628, 3.2",
            what: "a device gets its codes, and where to type one of them",
            ask: vec![device("spa")],
            expect: Expect::All(vec![
                Expect::Json(vec![
                    there("device_code"),
                    there("user_code"),
                    is("verification_uri", "<base>/device"),
                    Check("verification_uri_complete", Is::Starting("<base>/device?code=")),
                    is("interval", 5),
                    there("expires_in"),
                ]),
                Expect::Header("cache-control", "no-store"),
            ]),
        },
        Case {
            rfc: "RFC 8628, 3.1",
            what: "a client that nobody knows",
            ask: vec![device("spa").set("client_id", "nobody")],
            expect: Expect::Refused(400, "invalid_client"),
        },
        Case {
            rfc: "RFC 8628, 3.1",
            what: "no client",
            ask: vec![device("spa").without("client_id").auth(Auth::Nothing)],
            expect: Expect::Either(vec![
                Expect::Refused(400, "invalid_client"),
                Expect::Refused(400, "invalid_request"),
            ]),
        },
        Case {
            rfc: "RFC 8628, 3.1",
            what: "a client that has a secret, with a wrong one",
            ask: vec![device("web").auth(Auth::Basic("web".into(), "wrong".into()))],
            expect: Expect::Refused(401, "invalid_client"),
        },
        Case {
            rfc: "RFC 6749, 5.2",
            what: "a client without the grant",
            ask: vec![device("staff")],
            expect: Expect::Refused(400, "unauthorized_client"),
        },
        Case {
            rfc: "RFC 8628, 3.3",
            what: "who opens the address has to sign in",
            ask: vec![device("spa"), Ask::get("/device").set("code", "<user_code>").by(Nobody)],
            expect: Expect::Led("/if/flow/"),
        },
        Case {
            rfc: "RFC 8628, 5.1",
            what: "a user code that nobody was given connects nothing",
            ask: vec![
                device("spa"),
                Ask::get("/device").set("code", "000000000").by(SignedIn("ada")).walking().in_vain(),
                poll("spa"),
            ],
            expect: Expect::Refused(400, "authorization_pending"),
        },
        Case {
            rfc: "RFC 8628, 5.2",
            what: "twenty devices at one address, and no more",
            ask: std::iter::repeat_with(|| device("spa")).take(20).chain([device("spa")]).collect(),
            expect: Expect::Status(429),
        },
    ]
}

fn polls() -> Vec<Case> {
    vec![
        Case {
            rfc: POLLING,
            what: "nobody has decided yet",
            ask: vec![device("spa"), poll("spa")],
            expect: Expect::Refused(400, "authorization_pending"),
        },
        Case {
            rfc: POLLING,
            what: "a device that asks too often is told to wait",
            ask: vec![device("spa"), poll("spa").in_vain(), poll("spa")],
            expect: Expect::Refused(429, "slow_down"),
        },
        Case {
            rfc: POLLING,
            what: "once somebody has agreed there are tokens",
            ask: vec![device("spa"), approve(), poll("spa")],
            expect: Expect::Json(vec![there("access_token"), there("id_token"), absent("refresh_token")]),
        },
        Case {
            rfc: POLLING,
            what: "the tokens are of who has agreed",
            ask: vec![device("spa"), approve(), poll("spa"), userinfo()],
            expect: Expect::Json(vec![is("preferred_username", "ada")]),
        },
        Case {
            rfc: POLLING,
            what: "a confidential client proves itself when it asks",
            ask: vec![device("web"), approve(), poll("web").auth(Auth::Public("web".into()))],
            expect: Expect::Refused(400, "invalid_client"),
        },
        Case {
            rfc: POLLING,
            what: "a device code works once",
            ask: vec![device("spa"), approve(), poll("spa"), poll("spa").after(6)],
            expect: invalid_grant(),
        },
        Case {
            rfc: POLLING,
            what: "a device code of another client",
            ask: vec![device("spa"), approve(), poll("other")],
            expect: invalid_grant(),
        },
        Case {
            rfc: POLLING,
            what: "who tries another client's does not spend it",
            ask: vec![device("spa"), approve(), poll("other").in_vain(), poll("spa").after(6)],
            expect: Expect::Json(vec![there("access_token")]),
        },
        Case {
            rfc: POLLING,
            what: "a device code that nobody was given",
            ask: vec![poll("spa").set("device_code", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG")],
            expect: invalid_grant(),
        },
        Case {
            rfc: POLLING,
            what: "no device code",
            ask: vec![poll("spa").without("device_code")],
            expect: Expect::Refused(400, "invalid_request"),
        },
        Case {
            rfc: "RFC 8628, 3.4",
            what: "the user's code is not the device's",
            ask: vec![device("spa"), approve(), poll("spa").set("device_code", "<user_code>")],
            expect: invalid_grant(),
        },
        Case {
            rfc: "RFC 8628, 3.4",
            what: "a device code is no authorization code",
            ask: vec![device("spa"), approve(), redeem("spa").set("code", "<device_code>")],
            expect: invalid_grant(),
        },
        Case {
            rfc: "OpenID Connect Core, 11",
            what: "with offline_access there is a refresh token, which works",
            ask: vec![device("spa").set("scope", OFFLINE), approve(), poll("spa"), refresh("spa")],
            expect: Expect::Json(vec![there("access_token")]),
        },
        Case {
            rfc: "RFC 8628, 5.4",
            what: "a user code works once",
            ask: vec![
                device("spa"),
                approve(),
                Ask::get("/device").set("code", "<user_code>").by(SignedIn("bob")).walking().in_vain(),
                poll("spa"),
                userinfo(),
            ],
            expect: Expect::Json(vec![is("preferred_username", "ada")]),
        },
    ]
}
