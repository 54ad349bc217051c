//! Scopes and the claims that they open (RFC 6749, section 3.3; OpenID Connect
//! Core, sections 5.4 and 5.5).

use super::ask::{authorize, authorize_for, authorize_offline, redeem, userinfo};
use super::case::Visitor::Comes;
use super::case::{Case, Check, Expect, Is, absent, is, there};

/// The scope parameter, a code, and the answer of the token endpoint.
fn granted(what: &'static str, scope: &str, words: &'static str) -> Case {
    Case {
        rfc: "RFC 6749, 3.3",
        what,
        ask: vec![authorize("web").set("scope", scope), redeem("web")],
        expect: Expect::Json(vec![Check("scope", Is::Words(words))]),
    }
}

/// What userinfo tells for a scope.
fn told(what: &'static str, scope: &str, checks: Vec<Check>) -> Case {
    Case {
        rfc: "OpenID Connect Core, 5.4",
        what,
        ask: vec![authorize("web").set("scope", scope), redeem("web"), userinfo()],
        expect: Expect::Json(checks),
    }
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        granted("the scopes that were asked for are granted, and named", "openid email", "openid email"),
        granted("their order means nothing", "email openid", "openid email"),
        granted("one that comes twice is granted once", "openid openid email", "openid email"),
        granted("one that nobody knows is dropped", "openid magic", "openid"),
        granted("scopes in another case are others", "openid EMAIL", "openid"),
        Case {
            rfc: "RFC 6749, 3.3",
            what: "without a scope the client gets all that need no consent of their own",
            ask: vec![authorize("staff").without("scope").by(Comes("ada")), redeem("staff")],
            expect: Expect::Json(vec![there("access_token"), Check("scope", Is::Starting("openid"))]),
        },
        Case {
            rfc: "OpenID Connect Core, 3.1.2.1",
            what: "without openid it is OAuth2, and there is no ID token",
            ask: vec![authorize("web").set("scope", "profile"), redeem("web")],
            expect: Expect::Json(vec![absent("id_token"), there("access_token"), is("scope", "profile")]),
        },
        Case {
            rfc: "OpenID Connect Core, 3.2.2.1",
            what: "without openid no ID token comes from the authorize endpoint",
            ask: vec![authorize_for("mixed", "id_token").set("scope", "profile")],
            expect: Expect::Either(vec![
                Expect::ToldInFragment("invalid_scope"),
                Expect::ToldInFragment("invalid_request"),
            ]),
        },
        told(
            "profile tells name and groups, and no address",
            "openid profile",
            vec![
                is("preferred_username", "ada"),
                is("name", "ada Example"),
                Check("groups", Is::Holding("Staff")),
                absent("email"),
            ],
        ),
        told(
            "email tells the address, and no name",
            "openid email",
            vec![is("email", "ada@example.org"), absent("name")],
        ),
        told("openid alone tells who it is and no more", "openid", vec![there("sub"), absent("email"), absent("name")]),
        told(
            "a scope that is not this provider's tells nothing",
            "openid phone address",
            vec![there("sub"), absent("phone_number"), absent("address")],
        ),
        told(
            "all scopes tell everything",
            "openid profile email",
            vec![is("email", "ada@example.org"), is("preferred_username", "ada")],
        ),
        Case {
            rfc: "OpenID Connect Core, 11",
            what: "a refresh token comes for offline_access alone",
            ask: vec![authorize("web"), redeem("web")],
            expect: Expect::Json(vec![absent("refresh_token")]),
        },
        Case {
            rfc: "OpenID Connect Core, 11",
            what: "offline_access asks the person, and then there is a refresh token",
            ask: vec![authorize_offline("web").by(Comes("ada")), redeem("web")],
            expect: Expect::Json(vec![there("refresh_token")]),
        },
        Case {
            rfc: "OpenID Connect Core, 11",
            what: "offline_access cannot be had without asking",
            ask: vec![authorize("other").set("scope", "openid offline_access").set("prompt", "none")],
            expect: Expect::Either(vec![Expect::Told("consent_required"), Expect::Told("interaction_required")]),
        },
        Case {
            rfc: "OpenID Connect Core, 11",
            what: "an answer without a code ignores offline_access",
            ask: vec![authorize_for("mixed", "id_token token").set("scope", "openid offline_access")],
            expect: Expect::BackInFragment(vec![absent("refresh_token"), there("access_token")]),
        },
        Case {
            rfc: "OpenID Connect Core, 5.4",
            what: "claims stay out of the ID token where the provider says so",
            ask: vec![authorize("plain"), redeem("plain")],
            expect: Expect::Json(vec![absent("id_token/email"), absent("id_token/name"), is("id_token/sub", "ada")]),
        },
        Case {
            rfc: "OpenID Connect Core, 5.4",
            what: "and are in userinfo then",
            ask: vec![authorize("plain"), redeem("plain"), userinfo()],
            expect: Expect::Json(vec![is("email", "ada@example.org"), is("sub", "ada")]),
        },
        Case {
            rfc: "OpenID Connect Core, 5.5",
            what: "a single claim may be asked for in the ID token",
            ask: vec![
                authorize("plain").set("scope", "openid").set("claims", r#"{"id_token":{"email":{"essential":true}}}"#),
                redeem("plain"),
            ],
            expect: Expect::Json(vec![is("id_token/email", "ada@example.org"), absent("id_token/name")]),
        },
        Case {
            rfc: "OpenID Connect Core, 5.5",
            what: "a single claim may be asked for in userinfo",
            ask: vec![
                authorize("web").set("scope", "openid").set("claims", r#"{"userinfo":{"name":{"essential":true}}}"#),
                redeem("web"),
                userinfo(),
            ],
            expect: Expect::Json(vec![is("name", "ada Example"), absent("email")]),
        },
        Case {
            rfc: "OpenID Connect Core, 5.5",
            what: "claims that are no JSON",
            ask: vec![authorize("web").set("claims", "{")],
            expect: Expect::Told("invalid_request"),
        },
        Case {
            rfc: "OpenID Connect Core, 5.5",
            what: "a claim that nobody knows is left out, essential or not",
            ask: vec![
                authorize("web").set("claims", r#"{"id_token":{"shoe_size":{"essential":true}}}"#),
                redeem("web"),
            ],
            expect: Expect::Json(vec![there("id_token"), absent("id_token/shoe_size")]),
        },
        Case {
            rfc: "OpenID Connect Core, 5.5.1",
            what: "what a token proves cannot be asked to be something else",
            ask: vec![
                authorize("web").set("claims", r#"{"id_token":{"aud":{"value":"other"},"iss":null}}"#),
                redeem("web"),
            ],
            expect: Expect::Json(vec![is("id_token/aud", "web"), is("id_token/iss", "<issuer.web>")]),
        },
        Case {
            rfc: "OpenID Connect Core, 5.5.1",
            what: "a subject that is asked for and is not the visitor",
            ask: vec![
                authorize("plain").set("claims", r#"{"id_token":{"sub":{"value":"bob"}}}"#).set("prompt", "none"),
            ],
            expect: Expect::Told("login_required"),
        },
    ]
}
