//! Token exchange (RFC 8693): a token of ours for another of the same person.

use super::ask::{ACCESS_TOKEN, authorize, exchange, redeem, revoke, userinfo, usual};
use super::case::{Ask, Auth, Case, Expect, absent, is, there};

const EXCHANGE: &str = "RFC 8693, 2.1";

fn exchanged(rfc: &'static str, what: &'static str, then: Vec<Ask>, expect: Expect) -> Case {
    let mut ask = vec![authorize("web"), redeem("web").kept("first")];
    ask.extend(then);
    Case { rfc, what, ask, expect }
}

pub(super) fn cases() -> Vec<Case> {
    let refused = |error| Expect::Refused(400, error);
    vec![
        exchanged(
            "RFC 8693, 2.2",
            "a client exchanges a token of its own",
            vec![exchange("web")],
            Expect::Json(vec![
                there("access_token"),
                is("issued_token_type", ACCESS_TOKEN),
                is("token_type", "Bearer"),
                absent("refresh_token"),
            ]),
        ),
        exchanged(
            EXCHANGE,
            "a client exchanges a token of a provider that it trusts",
            vec![exchange("trusting")],
            Expect::Json(vec![is("issued_token_type", ACCESS_TOKEN), is("access_token/aud", "trusting")]),
        ),
        exchanged(
            EXCHANGE,
            "the new token is of the same person",
            vec![exchange("trusting"), userinfo()],
            Expect::Json(vec![is("preferred_username", "ada")]),
        ),
        exchanged(
            EXCHANGE,
            "its scope goes not beyond that of the first",
            vec![exchange("web").set("scope", "openid offline_access")],
            Expect::Json(vec![is("scope", "openid")]),
        ),
        exchanged(
            "RFC 8693, 2.2.2",
            "nothing of the first token's scope is asked for",
            vec![exchange("web").set("scope", "offline_access")],
            refused("invalid_scope"),
        ),
        exchanged(
            EXCHANGE,
            "a token of a provider that it does not trust",
            vec![exchange("other")],
            refused("invalid_grant"),
        ),
        exchanged(EXCHANGE, "a token that was revoked", vec![revoke("web"), exchange("web")], refused("invalid_grant")),
        exchanged(
            "RFC 7009, 2.1",
            "who takes the first back takes the second back",
            vec![exchange("trusting"), redeem("web").in_vain(), userinfo()],
            Expect::Challenged(401, "Bearer", Some("invalid_token")),
        ),
        exchanged(
            EXCHANGE,
            "an ID token is no access token",
            vec![exchange("web").set("subject_token", "<id_token>")],
            refused("invalid_grant"),
        ),
        exchanged(
            EXCHANGE,
            "a type of token that we do not exchange",
            vec![exchange("web").set("subject_token_type", "urn:ietf:params:oauth:token-type:saml2")],
            refused("invalid_request"),
        ),
        exchanged(
            EXCHANGE,
            "a type of token that we do not issue",
            vec![exchange("web").set("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token")],
            refused("invalid_request"),
        ),
        exchanged(EXCHANGE, "no type", vec![exchange("web").without("subject_token_type")], refused("invalid_request")),
        exchanged(EXCHANGE, "no token", vec![exchange("web").without("subject_token")], refused("invalid_request")),
        exchanged(
            EXCHANGE,
            "an actor, which we do not know",
            vec![exchange("web").set("actor_token", "<access_token>").set("actor_token_type", ACCESS_TOKEN)],
            refused("invalid_request"),
        ),
        exchanged(
            "RFC 8693, 2.2.2",
            "a token for somebody else",
            vec![exchange("web").set("audience", "other")],
            refused("invalid_target"),
        ),
        exchanged(
            "RFC 8693, 2.2.2",
            "a token for another resource",
            vec![exchange("web").set("resource", "https://elsewhere.test/")],
            refused("invalid_target"),
        ),
        exchanged(
            EXCHANGE,
            "a client that does not prove itself",
            vec![exchange("web").auth(Auth::Public("web".into()))],
            refused("invalid_client"),
        ),
        exchanged(
            "RFC 6749, 5.2",
            "a client without the grant",
            vec![exchange("staff").auth(usual("staff"))],
            refused("unauthorized_client"),
        ),
    ]
}
