//! The device flow (RFC 8628).

use super::ask::{OFFLINE, decide, device, poll, redeem, refresh, userinfo};
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
            rfc: "RFC 8628, 5.1",
            what: "some user codes from one address, and then no more for a while",
            ask: vec![Ask::get("/device").set("code", "BCDF-GHJK").by(SignedIn("ada")).walking().until(429)],
            expect: Expect::Status(429),
        },
        Case {
            rfc: "RFC 8628, 5.2",
            what: "twenty devices at one address, and no more",
            ask: std::iter::repeat_with(|| device("spa")).take(20).chain([device("spa")]).collect(),
            expect: Expect::Status(429),
        },
    ]
}

/// A device of `spa`, what `ada` decides about it, and what follows.
fn decided(rfc: &'static str, what: &'static str, decision: &str, then: Vec<Ask>, expect: Expect) -> Case {
    let mut ask = vec![device("spa")];
    ask.extend(decide("ada", decision));
    ask.extend(then);
    Case { rfc, what, ask, expect }
}

fn polls() -> Vec<Case> {
    let agreed = |what, then, expect| decided(POLLING, what, "allow", then, expect);
    let tokens = || Expect::Json(vec![there("access_token"), there("id_token"), absent("refresh_token")]);
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
        agreed("once somebody has agreed there are tokens", vec![poll("spa")], tokens()),
        agreed(
            "the tokens are of who has agreed",
            vec![poll("spa"), userinfo()],
            Expect::Json(vec![is("preferred_username", "ada")]),
        ),
        decided(
            POLLING,
            "once somebody has refused there are none",
            "deny",
            vec![poll("spa")],
            Expect::Refused(400, "access_denied"),
        ),
        decided(
            POLLING,
            "who has refused cannot agree any more",
            "deny",
            decide("ada", "allow").map(Ask::in_vain).into_iter().chain([poll("spa")]).collect(),
            Expect::Refused(400, "access_denied"),
        ),
        Case {
            rfc: POLLING,
            what: "a page that is opened decides nothing",
            ask: vec![device("spa"), decide("ada", "allow")[0].clone(), poll("spa")],
            expect: Expect::Refused(400, "authorization_pending"),
        },
        Case {
            rfc: "RFC 8628, 5.4",
            what: "another site cannot decide in the visitor's name",
            ask: vec![
                device("spa"),
                decide("ada", "allow")[0].clone(),
                decide("ada", "allow")[1].clone().set("csrf_token", "guess").in_vain(),
                poll("spa"),
            ],
            expect: Expect::Refused(400, "authorization_pending"),
        },
        Case {
            rfc: POLLING,
            what: "a confidential client proves itself when it asks",
            ask: vec![device("web"), poll("web").auth(Auth::Public("web".into()))],
            expect: Expect::Refused(400, "invalid_client"),
        },
        agreed("a device code works once", vec![poll("spa"), poll("spa").after(6)], invalid_grant()),
        agreed("a device code of another client", vec![poll("other")], invalid_grant()),
        agreed(
            "who tries another client's does not spend it",
            vec![poll("other").in_vain(), poll("spa").after(6)],
            tokens(),
        ),
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
        agreed(
            "the user's code is not the device's",
            vec![poll("spa").set("device_code", "<user_code>")],
            invalid_grant(),
        ),
        agreed(
            "a device code is no authorization code",
            vec![redeem("spa").set("code", "<device_code>")],
            invalid_grant(),
        ),
        Case {
            rfc: "OpenID Connect Core, 11",
            what: "with offline_access there is a refresh token, which works",
            ask: [device("spa").set("scope", OFFLINE)]
                .into_iter()
                .chain(decide("ada", "allow"))
                .chain([poll("spa"), refresh("spa")])
                .collect(),
            expect: Expect::Json(vec![there("access_token")]),
        },
        decided(
            "RFC 8628, 5.4",
            "a user code works once",
            "allow",
            decide("bob", "allow").map(Ask::in_vain).into_iter().chain([poll("spa"), userinfo()]).collect(),
            Expect::Json(vec![is("preferred_username", "ada")]),
        ),
    ]
}
