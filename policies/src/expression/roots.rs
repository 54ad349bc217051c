//! The values of the variables that a script finds.

use super::{
    Env,
    syntax::{APP, DEVICE, NOW, REQUEST, USER, Want},
    values,
};
use crate::{fact::group_names, world::Device};
use chrono::{Datelike, Timelike};
use chrono_tz::Tz;
use lockgate_model::people::Principal;
use rhai::{Dynamic, Map};

fn object(known: &[&'static str], want: &Want, value: impl Fn(&str) -> Dynamic) -> Dynamic {
    Dynamic::from_map(known.iter().filter(|p| want.has(p)).map(|p| ((*p).into(), value(p))).collect::<Map>())
}

pub(super) fn user(principal: Option<&Principal>, want: &Want) -> Dynamic {
    let Some(principal) = principal else {
        return object(USER, want, |property| match property {
            "is_anonymous" => true.into(),
            "is_authenticated" | "is_active" | "is_superuser" => false.into(),
            "groups" => Dynamic::from_array(Vec::new()),
            "attributes" => Dynamic::from_map(Map::new()),
            "pk" => Dynamic::UNIT,
            _ => values::text(""),
        });
    };
    let account = &principal.user;
    object(USER, want, |property| match property {
        "username" => values::text(&account.username),
        "name" => values::text(&account.name),
        "email" => values::text(&account.email),
        "pk" => account.pk.into(),
        "uid" => values::text(&principal.uid),
        "uuid" => account.uuid.to_string().into(),
        "is_active" => account.is_active.into(),
        "is_superuser" => principal.is_superuser.into(),
        "is_authenticated" => true.into(),
        "is_anonymous" => false.into(),
        "attributes" => values::from_object(&principal.attributes),
        "groups" => Dynamic::from_array(group_names(principal).map(values::text).collect()),
        "type" => values::text(account.user_type.as_str()),
        _ => values::text(&account.path),
    })
}

pub(super) fn request(env: &Env<'_>, want: &Want) -> Dynamic {
    let facts = env.facts;
    object(REQUEST, want, |property| match property {
        "ip" => facts.ip.map_or(Dynamic::UNIT, |ip| ip.to_string().into()),
        "path" => values::text(facts.path),
        "host" => values::text(facts.host),
        "method" => values::text(facts.method),
        "user_agent" => values::text(facts.user_agent),
        "context" => values::from_object(facts.context),
        _ => user(env.user, &Want::All),
    })
}

pub(super) fn now(env: &Env<'_>, want: &Want) -> Dynamic {
    let now = env.facts.now.with_timezone(&env.world.map_or(Tz::UTC, |world| world.zone));
    object(NOW, want, |property| match property {
        "year" => i64::from(now.year()).into(),
        "month" => i64::from(now.month()).into(),
        "day" => i64::from(now.day()).into(),
        "weekday" => i64::from(now.weekday().number_from_monday()).into(),
        "hour" => i64::from(now.hour()).into(),
        "minute" => i64::from(now.minute()).into(),
        "second" => i64::from(now.second()).into(),
        _ => now.timestamp().into(),
    })
}

pub(super) fn app(env: &Env<'_>, want: &Want) -> Dynamic {
    let Some(app) = env.app else { return Dynamic::UNIT };
    object(APP, want, |property| match property {
        "slug" => values::text(&app.slug),
        "name" => values::text(&app.name),
        "group" => values::text(&app.group),
        "entitlement_attributes" => values::from_object(&app.entitlement_attributes),
        _ => Dynamic::from_array(app.entitlements.iter().map(|e| values::text(e)).collect()),
    })
}

pub(super) fn methods(env: &Env<'_>) -> Dynamic {
    let methods = env.facts.login.iter().flat_map(|login| &login.methods);
    Dynamic::from_array(methods.map(|method| values::text(method)).collect())
}

/// A map with everything a database knows of the client's address, or nothing.
pub(super) fn geoip(env: &Env<'_>) -> Dynamic {
    let Some(place) = env.world.and_then(|world| world.place(env.facts.ip)) else { return Dynamic::UNIT };
    let text = |value: &str| if value.is_empty() { Dynamic::UNIT } else { values::text(value) };
    let number = |value: Option<f64>| value.map_or(Dynamic::UNIT, Dynamic::from);
    Dynamic::from_map(Map::from_iter([
        ("country".into(), text(&place.country)),
        ("continent".into(), text(&place.continent)),
        ("city".into(), text(&place.city)),
        ("lat".into(), number(place.lat)),
        ("long".into(), number(place.long)),
    ]))
}

/// A map with number and name of the network of the client's address, or nothing.
pub(super) fn asn(env: &Env<'_>) -> Dynamic {
    let Some(network) = env.world.and_then(|world| world.network(env.facts.ip)) else { return Dynamic::UNIT };
    Dynamic::from_map(Map::from_iter([
        ("asn".into(), network.asn.into()),
        ("as_org".into(), values::text(&network.organization)),
    ]))
}

pub(super) fn device(env: &Env<'_>, want: &Want) -> Dynamic {
    let device = Device::of(env.facts.user_agent);
    object(DEVICE, want, |property| {
        values::text(match property {
            "os" => device.os,
            "browser" => device.browser,
            _ => device.kind,
        })
    })
}
