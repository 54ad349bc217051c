//! Tokens for programs (RFC 6749, section 4.4), in the forms that clients of
//! the reference use; and the password grant, which knows no login password
//! (RFC 9700, section 2.4).

use super::ask::{authorize, introspect, redeem, refresh, service, token, userinfo};
use super::case::{Auth, Case, Check, Expect, Is, absent, is, there};
use super::world::PASSWORD;
use serde_json::json;

const SERVICE: &str = "RFC 6749, 4.4";
const REFERENCE: &str = "the reference";

fn refused() -> Expect {
    Expect::Either(vec![
        Expect::Refused(400, "invalid_grant"),
        Expect::Refused(400, "invalid_client"),
        Expect::Refused(401, "invalid_client"),
    ])
}

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = own_secret();
    cases.extend(accounts());
    cases.extend(federated());
    cases
}

fn own_secret() -> Vec<Case> {
    vec![
        Case {
            rfc: SERVICE,
            what: "(c) a client gets a token for itself",
            ask: vec![service("web")],
            expect: Expect::Json(vec![
                there("access_token"),
                is("token_type", "Bearer"),
                is("expires_in", 3600),
                absent("refresh_token"),
            ]),
        },
        Case {
            rfc: "RFC 6749, 4.4.3",
            what: "no refresh token comes with it, whoever asks for one",
            ask: vec![service("web").set("scope", "openid offline_access")],
            expect: Expect::Json(vec![there("access_token"), absent("refresh_token")]),
        },
        Case {
            rfc: REFERENCE,
            what: "the token speaks for an account that was made for the client",
            ask: vec![service("web").set("scope", "openid profile"), userinfo()],
            expect: Expect::Json(vec![is("preferred_username", "ak-web-client_credentials")]),
        },
        Case {
            rfc: SERVICE,
            what: "a scope that the provider does not have is not granted",
            ask: vec![service("web").set("scope", "openid everything")],
            expect: Expect::Either(vec![
                Expect::Json(vec![is("scope", "openid")]),
                Expect::Refused(400, "invalid_scope"),
            ]),
        },
        Case {
            rfc: "RFC 6749, 5.2",
            what: "a client without the grant",
            ask: vec![service("other")],
            expect: Expect::Refused(400, "unauthorized_client"),
        },
        Case {
            rfc: SERVICE,
            what: "the policies of the application count for programs as well",
            ask: vec![service("staff")],
            expect: Expect::Either(vec![Expect::Refused(400, "invalid_grant"), Expect::Refused(403, "invalid_grant")]),
        },
        Case {
            rfc: SERVICE,
            what: "a client without any redirect URI",
            ask: vec![service("narrow"), introspect("narrow")],
            expect: Expect::Json(vec![is("active", true), is("client_id", "narrow")]),
        },
        Case {
            rfc: "RFC 6749, 4.4.3",
            what: "the token is no refresh token",
            ask: vec![service("web"), refresh("web").set("refresh_token", "<access_token>")],
            expect: Expect::Refused(400, "invalid_grant"),
        },
    ]
}

fn accounts() -> Vec<Case> {
    let account = |grant: &'static str| token("web", grant).set("username", "machine");
    vec![
        Case {
            rfc: REFERENCE,
            what: "(a) an account and its app password",
            ask: vec![account("client_credentials").set("password", "<app_password>")],
            expect: Expect::Json(vec![there("access_token"), absent("refresh_token")]),
        },
        Case {
            rfc: REFERENCE,
            what: "(a) the token speaks for the account",
            ask: vec![
                account("client_credentials").set("password", "<app_password>").set("scope", "openid profile"),
                userinfo(),
            ],
            expect: Expect::Json(vec![is("preferred_username", "machine")]),
        },
        Case {
            rfc: REFERENCE,
            what: "(a) the grant named password is the same",
            ask: vec![account("password").set("password", "<app_password>")],
            expect: Expect::Json(vec![there("access_token"), absent("refresh_token")]),
        },
        Case {
            rfc: "RFC 9700, 2.4",
            what: "the password of a login is none here",
            ask: vec![account("password").set("password", PASSWORD)],
            expect: refused(),
        },
        Case {
            rfc: "RFC 9700, 2.4",
            what: "nor is it as client credentials",
            ask: vec![account("client_credentials").set("username", "ada").set("password", PASSWORD)],
            expect: refused(),
        },
        Case {
            rfc: REFERENCE,
            what: "(a) a wrong app password",
            ask: vec![account("client_credentials").set("password", "wrong")],
            expect: refused(),
        },
        Case {
            rfc: REFERENCE,
            what: "(a) the app password of somebody else",
            ask: vec![account("client_credentials").set("username", "ada").set("password", "<app_password>")],
            expect: refused(),
        },
        Case {
            rfc: REFERENCE,
            what: "(a) the token of the API is no app password",
            ask: vec![
                account("client_credentials")
                    .set("username", "akadmin")
                    .set("password", lockgate_tests::BOOTSTRAP_TOKEN),
            ],
            expect: refused(),
        },
        Case {
            rfc: "RFC 6749, 4.3.2",
            what: "a user name without a password",
            ask: vec![account("client_credentials")],
            expect: Expect::Refused(400, "invalid_request"),
        },
        Case {
            rfc: "RFC 6749, 4.3.2",
            what: "the grant named password without either",
            ask: vec![token("web", "password")],
            expect: Expect::Refused(400, "invalid_request"),
        },
        Case {
            rfc: "RFC 6749, 2.3.1",
            what: "a wrong client secret beside a right app password",
            ask: vec![
                account("client_credentials")
                    .set("password", "<app_password>")
                    .auth(Auth::Basic("web".into(), "wrong".into())),
            ],
            expect: Expect::Refused(401, "invalid_client"),
        },
        Case {
            rfc: REFERENCE,
            what: "(b) account and app password in the place of the secret",
            ask: vec![service("web").auth(Auth::Post("web".into(), "<folded>".into()))],
            expect: Expect::Json(vec![there("access_token"), absent("refresh_token")]),
        },
        Case {
            rfc: REFERENCE,
            what: "(b) with a login password",
            ask: vec![
                // machine:a long enough password
                service("web").auth(Auth::Post("web".into(), "bWFjaGluZTphIGxvbmcgZW5vdWdoIHBhc3N3b3Jk".into())),
            ],
            expect: refused(),
        },
        Case {
            rfc: "RFC 6749, 5.2",
            what: "an app password does not open a client without the grant",
            ask: vec![token("other", "password").set("username", "machine").set("password", "<app_password>")],
            expect: Expect::Refused(400, "unauthorized_client"),
        },
    ]
}

fn federated() -> Vec<Case> {
    let trusting = |token: &'static str| {
        service("trusting")
            .auth(Auth::Public("trusting".into()))
            .set("client_assertion_type", ASSERTION_TYPE)
            .set("client_assertion", token)
    };
    vec![
        Case {
            rfc: REFERENCE,
            what: "(d) a token of a provider that the client trusts",
            ask: vec![authorize("web"), redeem("web"), trusting("<access_token>")],
            expect: Expect::Json(vec![there("access_token"), absent("refresh_token")]),
        },
        Case {
            rfc: REFERENCE,
            what: "(d) its token speaks for an account of the client's own",
            ask: vec![
                authorize("web"),
                redeem("web"),
                trusting("<access_token>").set("scope", "openid profile"),
                userinfo(),
            ],
            expect: Expect::Json(vec![Check("preferred_username", Is::Starting("trusting-"))]),
        },
        Case {
            rfc: REFERENCE,
            what: "(d) a token of a provider that it does not trust",
            ask: vec![
                authorize("other").by(super::case::Visitor::Comes("ada")),
                redeem("other"),
                trusting("<access_token>"),
            ],
            expect: refused(),
        },
        Case {
            rfc: REFERENCE,
            what: "(d) a token that was revoked",
            ask: vec![authorize("web"), redeem("web"), super::ask::revoke("web"), trusting("<access_token>")],
            expect: refused(),
        },
        Case {
            rfc: "RFC 8725, 3.1",
            what: "(d) a token that nobody has signed",
            ask: vec![
                service("trusting")
                    .auth(Auth::Public("trusting".into()))
                    .set("client_assertion_type", ASSERTION_TYPE)
                    .set(
                        "client_assertion",
                        super::jwt::Jwt::new(
                            json!({ "iss": "<issuer.web>", "aud": "web", "sub": "ada", "exp": "<now+600>" }),
                            super::jwt::Key::Nothing,
                        ),
                    ),
            ],
            expect: refused(),
        },
    ]
}
