//! Introspection (RFC 7662) and revocation (RFC 7009).

use super::ask::{authorize, authorize_offline, introspect, post, redeem, refresh, revoke, service, userinfo};
use super::case::Visitor::Comes;
use super::case::{Ask, Auth, Case, Check, Expect, Is, absent, is, there};

fn inactive() -> Expect {
    Expect::Json(vec![is("active", false), absent("sub"), absent("scope"), absent("client_id"), absent("error")])
}

/// Tokens, and what follows.
fn with_tokens(rfc: &'static str, what: &'static str, then: Vec<Ask>, expect: Expect) -> Case {
    let mut ask = vec![authorize_offline("web").by(Comes("ada")), redeem("web").kept("first")];
    ask.extend(then);
    Case { rfc, what, ask, expect }
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = introspections();
    cases.extend(revocations());
    cases
}

fn introspections() -> Vec<Case> {
    let refresh_token = || introspect("web").set("token", "<refresh_token>");
    vec![
        with_tokens(
            "RFC 7662, 2.2",
            "an access token that is good",
            vec![introspect("web")],
            Expect::All(vec![
                Expect::Json(vec![
                    is("active", true),
                    is("client_id", "web"),
                    there("sub"),
                    there("exp"),
                    is("iss", "<issuer.web>"),
                    Check("scope", Is::Words("openid profile email offline_access")),
                ]),
                Expect::Header("cache-control", "no-store"),
            ]),
        ),
        with_tokens(
            "RFC 7662, 2.2",
            "a refresh token that is good",
            vec![refresh_token()],
            Expect::Json(vec![is("active", true), is("client_id", "web"), there("exp")]),
        ),
        with_tokens(
            "RFC 7662, 2.1",
            "a wrong hint does no harm",
            vec![introspect("web").set("token_type_hint", "refresh_token")],
            Expect::Json(vec![is("active", true)]),
        ),
        with_tokens(
            "RFC 7662, 2.1",
            "a hint that nobody knows does no harm",
            vec![introspect("web").set("token_type_hint", "magic")],
            Expect::Json(vec![is("active", true)]),
        ),
        with_tokens(
            "RFC 7662, 2.1",
            "the secret in the form",
            vec![introspect("web").auth(post("web"))],
            Expect::Json(vec![is("active", true)]),
        ),
        with_tokens("RFC 7662, 4", "another client learns nothing of a token", vec![introspect("other")], inactive()),
        Case {
            rfc: "the reference",
            what: "a provider that a client trusts may ask about the client's tokens",
            ask: vec![service("trusting"), introspect("web")],
            expect: Expect::Json(vec![is("active", true), is("client_id", "trusting")]),
        },
        with_tokens("RFC 7662, 4", "trust does not go the other way", vec![introspect("trusting")], inactive()),
        with_tokens(
            "RFC 7662, 2.2",
            "an ID token is not for introspection",
            vec![introspect("web").set("token", "<id_token>")],
            inactive(),
        ),
        with_tokens(
            "RFC 7662, 2.2",
            "a spent refresh token",
            vec![refresh("web"), introspect("web").set("token", "<first.refresh_token>")],
            inactive(),
        ),
        Case {
            rfc: "RFC 7662, 2.2",
            what: "an access token that has expired",
            ask: vec![authorize("brief"), redeem("brief"), introspect("brief").after(3)],
            expect: inactive(),
        },
        Case {
            rfc: "RFC 7662, 2.2",
            what: "no token of ours",
            ask: vec![introspect("web").set("token", "not a token")],
            expect: inactive(),
        },
        Case {
            rfc: "RFC 7662, 2.1",
            what: "no token",
            ask: vec![introspect("web").without("token")],
            expect: Expect::Either(vec![inactive(), Expect::Refused(400, "invalid_request")]),
        },
        with_tokens(
            "RFC 7662, 2.1",
            "who does not prove to be a client learns nothing",
            vec![introspect("web").auth(Auth::Basic("web".into(), "wrong".into()))],
            Expect::Either(vec![Expect::Refused(401, "invalid_client"), inactive()]),
        ),
        with_tokens(
            "RFC 7662, 2.1",
            "nor does who asks with nothing",
            vec![introspect("web").auth(Auth::Nothing)],
            Expect::Either(vec![
                Expect::Refused(401, "invalid_client"),
                Expect::Refused(400, "invalid_client"),
                inactive(),
            ]),
        ),
        with_tokens(
            "RFC 7662, 2.1",
            "a token of the same provider opens introspection",
            vec![introspect("web").auth(Auth::Nothing).header("Authorization", "Bearer <access_token>")],
            Expect::Json(vec![is("active", true)]),
        ),
        with_tokens(
            "RFC 7662, 2.1",
            "a request in the address is none",
            vec![introspect("web").method("GET")],
            Expect::Status(405),
        ),
    ]
}

fn revocations() -> Vec<Case> {
    let gone = || Expect::Challenged(401, "Bearer", Some("invalid_token"));
    let refresh_token = || revoke("web").set("token", "<refresh_token>");
    vec![
        with_tokens("RFC 7009, 2.2", "a token that is revoked", vec![revoke("web")], Expect::Status(200)),
        with_tokens("RFC 7009, 2.2", "counts no more at once", vec![revoke("web"), userinfo()], gone()),
        with_tokens("RFC 7009, 2.2", "is not active any more", vec![revoke("web"), introspect("web")], inactive()),
        with_tokens(
            "RFC 7009, 2.2",
            "a second time makes no difference",
            vec![revoke("web"), revoke("web")],
            Expect::Status(200),
        ),
        with_tokens(
            "RFC 7009, 2.1",
            "a refresh token that is revoked gives nothing",
            vec![refresh_token(), refresh("web")],
            Expect::Refused(400, "invalid_grant"),
        ),
        with_tokens("RFC 7009, 2.1", "and takes its access tokens along", vec![refresh_token(), userinfo()], gone()),
        with_tokens(
            "RFC 7009, 2.1",
            "a wrong hint does no harm",
            vec![revoke("web").set("token_type_hint", "refresh_token"), userinfo()],
            gone(),
        ),
        with_tokens(
            "RFC 7009, 2.1",
            "another client revokes nothing",
            vec![revoke("other"), userinfo()],
            Expect::Json(vec![there("sub")]),
        ),
        with_tokens(
            "RFC 7009, 2.1",
            "nor does who has a wrong secret",
            vec![revoke("web").auth(Auth::Basic("web".into(), "wrong".into())).in_vain(), userinfo()],
            Expect::Json(vec![there("sub")]),
        ),
        Case {
            rfc: "RFC 7009, 2.1",
            what: "a public client revokes its own token",
            ask: vec![authorize("spa"), redeem("spa"), revoke("spa"), userinfo()],
            expect: gone(),
        },
        Case {
            rfc: "RFC 7009, 2.2",
            what: "a token that nobody knows is as good as revoked",
            ask: vec![revoke("web").set("token", "not a token")],
            expect: Expect::Status(200),
        },
        Case {
            rfc: "RFC 7009, 2.2.1",
            what: "no token",
            ask: vec![revoke("web").without("token")],
            expect: Expect::Either(vec![Expect::Status(200), Expect::Refused(400, "invalid_request")]),
        },
        Case {
            rfc: "RFC 7009, 2.2.1",
            what: "a client that nobody knows",
            ask: vec![revoke("web").auth(Auth::Basic("nobody".into(), "x".into())).set("token", "x")],
            expect: Expect::Refused(401, "invalid_client"),
        },
    ]
}
