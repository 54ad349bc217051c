//! The refresh token (RFC 6749, section 6; RFC 9700, section 4.14).

use serde_json::json;

use super::ask::{authorize_offline, change, post, redeem, refresh, userinfo};
use super::case::Visitor::Comes;
use super::case::{Ask, Case, Check, Expect, Is, absent, is, there};

const REFRESH: &str = "RFC 6749, 6";
const ROTATION: &str = "RFC 9700, 4.14.2";

fn invalid_grant() -> Expect {
    Expect::Refused(400, "invalid_grant")
}

/// A sign-in that gives a refresh token, and what follows.
fn after_sign_in(rfc: &'static str, what: &'static str, client: &str, then: Vec<Ask>, expect: Expect) -> Case {
    let mut ask = vec![authorize_offline(client).by(Comes("ada")), redeem(client).kept("first")];
    ask.extend(then);
    Case { rfc, what, ask, expect }
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = rotation();
    cases.extend(bounds());
    cases.extend(people());
    cases
}

fn rotation() -> Vec<Case> {
    let again = || refresh("web").set("refresh_token", "<first.refresh_token>");
    vec![
        after_sign_in(
            ROTATION,
            "a refresh token is replaced when it is used",
            "web",
            vec![refresh("web")],
            Expect::Json(vec![
                there("access_token"),
                is("token_type", "Bearer"),
                Check("refresh_token", Is::Not("<first.refresh_token>")),
                Check("access_token", Is::Not("<first.access_token>")),
            ]),
        ),
        after_sign_in(
            ROTATION,
            "its successor works",
            "web",
            vec![refresh("web"), refresh("web")],
            Expect::Json(vec![there("refresh_token")]),
        ),
        after_sign_in(ROTATION, "a spent one does not", "web", vec![refresh("web"), again()], invalid_grant()),
        after_sign_in(
            ROTATION,
            "the use of a spent one ends its successor",
            "web",
            vec![refresh("web"), again().in_vain(), refresh("web")],
            invalid_grant(),
        ),
        after_sign_in(
            ROTATION,
            "and the access tokens of the family",
            "web",
            vec![refresh("web"), again().in_vain(), userinfo()],
            Expect::Challenged(401, "Bearer", Some("invalid_token")),
        ),
        after_sign_in(
            ROTATION,
            "the first access token as well",
            "web",
            vec![refresh("web"), again().in_vain(), userinfo().header("Authorization", "Bearer <first.access_token>")],
            Expect::Challenged(401, "Bearer", Some("invalid_token")),
        ),
        after_sign_in(
            REFRESH,
            "one that is good for long is kept where the provider says so",
            "lasting",
            vec![refresh("lasting"), refresh("lasting").set("refresh_token", "<first.refresh_token>")],
            Expect::Json(vec![is("refresh_token", "<first.refresh_token>")]),
        ),
        after_sign_in(
            "OpenID Connect Core, 12.2",
            "the new ID token is of the same person, login and client",
            "web",
            vec![refresh("web")],
            Expect::Json(vec![
                is("id_token/aud", "web"),
                is("id_token/iss", "<issuer.web>"),
                there("id_token/auth_time"),
                absent("id_token/nonce"),
                Check("id_token/at_hash", Is::HashOf("access_token")),
            ]),
        ),
    ]
}

fn bounds() -> Vec<Case> {
    vec![
        after_sign_in(
            REFRESH,
            "a narrower scope",
            "web",
            vec![refresh("web").set("scope", "openid")],
            Expect::Json(vec![is("scope", "openid")]),
        ),
        after_sign_in(
            REFRESH,
            "a narrower scope opens no more in userinfo",
            "web",
            vec![refresh("web").set("scope", "openid"), userinfo()],
            Expect::Json(vec![there("sub"), absent("email")]),
        ),
        after_sign_in(
            REFRESH,
            "the scope of the grant is kept for the next time",
            "web",
            vec![refresh("web").set("scope", "openid"), refresh("web")],
            Expect::Json(vec![Check("scope", Is::Words("openid profile email offline_access"))]),
        ),
        after_sign_in(
            REFRESH,
            "a scope that the provider has, and the person has not granted",
            "other",
            vec![refresh("other").set("scope", "openid email")],
            Expect::Refused(400, "invalid_scope"),
        ),
        after_sign_in(
            REFRESH,
            "a scope that nobody knows",
            "web",
            vec![refresh("web").set("scope", "openid everything")],
            Expect::Refused(400, "invalid_scope"),
        ),
        after_sign_in(
            REFRESH,
            "a refused scope does not spend the token",
            "web",
            vec![refresh("web").set("scope", "everything").in_vain(), refresh("web")],
            Expect::Json(vec![there("access_token")]),
        ),
        after_sign_in(REFRESH, "another client's", "web", vec![refresh("other")], invalid_grant()),
        after_sign_in(
            REFRESH,
            "who tries another client's does not spend it",
            "web",
            vec![refresh("other").in_vain(), refresh("web")],
            Expect::Json(vec![there("access_token")]),
        ),
        after_sign_in(
            REFRESH,
            "a wrong secret does not spend it",
            "web",
            vec![
                refresh("web").auth(super::case::Auth::Basic("web".into(), "wrong".into())).in_vain(),
                refresh("web").auth(post("web")),
            ],
            Expect::Json(vec![there("access_token")]),
        ),
        after_sign_in(
            REFRESH,
            "an access token is no refresh token",
            "web",
            vec![refresh("web").set("refresh_token", "<access_token>")],
            invalid_grant(),
        ),
        after_sign_in(
            REFRESH,
            "a refresh token is no access token",
            "web",
            vec![userinfo().header("Authorization", "Bearer <refresh_token>")],
            Expect::Challenged(401, "Bearer", Some("invalid_token")),
        ),
        after_sign_in(REFRESH, "one that has expired", "brief", vec![refresh("brief").after(3)], invalid_grant()),
        Case {
            rfc: REFRESH,
            what: "one that nobody issued",
            ask: vec![refresh("web").set("refresh_token", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG")],
            expect: invalid_grant(),
        },
        Case {
            rfc: REFRESH,
            what: "none",
            ask: vec![refresh("web").without("refresh_token")],
            expect: Expect::Refused(400, "invalid_request"),
        },
        after_sign_in(
            "RFC 9700, 2.2.2",
            "a public client's is replaced as well",
            "spa",
            vec![refresh("spa")],
            Expect::Json(vec![Check("refresh_token", Is::Not("<first.refresh_token>"))]),
        ),
        after_sign_in(
            REFRESH,
            "a confidential client's, by a public one",
            "web",
            vec![refresh("spa")],
            invalid_grant(),
        ),
    ]
}

fn people() -> Vec<Case> {
    vec![
        Case {
            rfc: ROTATION,
            what: "who was disabled gets no new tokens",
            ask: vec![
                authorize_offline("web").by(Comes("disabled")),
                redeem("web"),
                change("PATCH", "core/users/<pk.disabled>/", json!({ "is_active": false })),
                refresh("web"),
            ],
            expect: invalid_grant(),
        },
        Case {
            rfc: ROTATION,
            what: "who has left the group gets no new tokens",
            ask: vec![
                authorize_offline("staff").set("scope", "openid offline_access").by(Comes("leaver")),
                redeem("staff"),
                change("POST", "core/groups/<group.Staff>/remove_user/", json!({ "pk": "<#pk.leaver>" })),
                refresh("staff"),
            ],
            expect: invalid_grant(),
        },
    ]
}
