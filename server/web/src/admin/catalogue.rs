//! What the lists show: columns and filters of everything that has more than a name.

use super::{
    resource::{ColumnDef, FilterDef, Resource, Source, column, ordered, text},
    spec::{Holds, Spec, label},
};
use crate::pages::admin::{Badge, Cell, Tone};
use lockgate_model::kind::{Family, KINDS, KindDef, Lookup, by_name};
use serde_json::{Value, json};

/// A kind as its declaration has it.
pub(super) fn of_kind(kind: &'static KindDef) -> Resource {
    let meta = kind.meta;
    let key = match meta.lookup {
        Lookup::Uuid(_) if meta.kind == "brand" => "brand_uuid",
        Lookup::Uuid(_) | Lookup::Number(_) => "pk",
        Lookup::Slug(_) if meta.kind == "flow" || meta.kind == "application" => "slug",
        Lookup::Slug(_) => "name",
    };
    Resource {
        slug: String::new(),
        api: format!("/{}/", meta.path),
        kind: meta.kind,
        key,
        noun: in_sentence(meta.verbose_name),
        plural: in_sentence(meta.verbose_name_plural),
        lead: "",
        columns: &[NAME],
        filters: &[],
        always: &[],
        named: &[],
        searched: !meta.search.is_empty(),
        ordering: meta.ordering,
        source: Source::Kind(kind),
        tabs: tabs_of(meta.family, meta.kind),
        has_used_by: true,
        can_delete: true,
    }
}

/// Views of one, by what it is.
fn tabs_of(family: Family, kind: &str) -> &'static [(&'static str, &'static str)] {
    match (family, kind) {
        (Family::Policy, _) => &[("test/", "Test"), ("explain/", "Explain"), ("what-if/", "What-if")],
        (Family::Mapping, _) => &[("test/", "Test")],
        (Family::Provider, "oauth2_provider") => &[("claims/", "Claims")],
        _ => &[],
    }
}

/// A name whose words are all capital, as one that begins a sentence; words with further capitals stay.
fn in_sentence(name: &str) -> String {
    let mut words = name.split(' ').enumerate().map(|(index, word)| {
        let mut letters = word.chars();
        let Some(first) = letters.next() else { return String::new() };
        match letters.as_str() {
            rest if index == 0 => first.to_uppercase().collect::<String>() + rest,
            rest if rest.chars().all(|c| !c.is_uppercase()) => first.to_lowercase().collect::<String>() + rest,
            _ => word.to_owned(),
        }
    });
    let begun = words.next().unwrap_or_default();
    words.fold(begun, |text, word| format!("{text} {word}"))
}

fn kind(name: &str, slug: &str) -> Resource {
    // Names of this file are names of the registry: a test opens every one.
    let def = by_name(name).unwrap_or(&KINDS[0]);
    Resource { slug: slug.to_owned(), ..of_kind(def) }
}

const NAME: ColumnDef =
    ColumnDef { label: "Name", order: "name", numeric: false, cell: |value| Cell::from(text(value, "name")) };

fn badge_of(value: &Value, member: &str) -> Cell {
    let word = text(value, member);
    if word.is_empty() { Cell::Nothing } else { Cell::badge(label(word), Tone::Plain) }
}

fn names(value: &Value, member: &str, slug: &str, key: &str) -> Cell {
    let list = value[member].as_array().map(Vec::as_slice).unwrap_or_default();
    let link = |one: &Value| {
        let to = super::resource::part(&super::resource::key_text(&one[key]));
        (text(one, "name").to_owned(), format!("{}{slug}/{to}/", super::ROOT))
    };
    if list.is_empty() { Cell::Nothing } else { Cell::Links(list.iter().map(link).collect()) }
}

static APPLICATIONS: &[ColumnDef] = &[
    ordered("Application", "name", |value| Cell::Thing {
        text: text(value, "name").to_owned(),
        href: String::new(),
        below: text(value, "meta_description").to_owned(),
        picture: crate::pages::BrandView::picture(text(value, "meta_icon")),
        round: false,
    }),
    ordered("Slug", "slug", |value| Cell::Code(text(value, "slug").to_owned())),
    ordered("Group", "group", |value| Cell::from(text(value, "group"))),
    column("Provider", |value| {
        let provider = &value["provider_obj"];
        match super::resource::of_target("provider").filter(|_| provider.is_object()) {
            Some(providers) => Cell::link(text(provider, "name"), providers.href(provider)),
            None => Cell::Nothing,
        }
    }),
    column("Opens at", |value| Cell::from(text(value, "meta_launch_url"))),
];

static PROVIDERS: &[ColumnDef] = &[
    NAME,
    column("Type", |value| Cell::badge(text(value, "verbose_name"), Tone::Plain)),
    column("Application", |value| match text(value, "assigned_application_slug") {
        "" => Cell::badge("No application", Tone::Warn),
        slug => Cell::link(text(value, "assigned_application_name"), format!("{}applications/{slug}/", super::ROOT)),
    }),
];

static USERS: &[ColumnDef] = &[
    ordered("User", "username", |value| Cell::Thing {
        text: text(value, "username").to_owned(),
        href: String::new(),
        below: text(value, "name").to_owned(),
        picture: None,
        round: true,
    }),
    ordered("E-mail", "email", |value| Cell::from(text(value, "email"))),
    column("State", |value| {
        let mut badges = vec![match value["is_active"].as_bool() {
            Some(true) => Badge::new("Active", Tone::Good),
            _ => Badge::new("Inactive", Tone::Bad),
        }];
        if value["is_superuser"] == json!(true) {
            badges.push(Badge::new("Superuser", Tone::Info));
        }
        if text(value, "type") != "internal" {
            badges.push(Badge::new(label(text(value, "type")), Tone::Plain));
        }
        Cell::Badges(badges)
    }),
    ordered("Last sign-in", "last_login", |value| Cell::time(value["last_login"].as_str())),
];

static GROUPS: &[ColumnDef] = &[
    NAME,
    column("Within", |value| names(value, "parents_obj", "groups", "pk")),
    column("Members", |value| Cell::Number(value["users"].as_array().map_or(0, Vec::len) as i64)),
    column("Superusers", |value| {
        if value["is_superuser"] == json!(true) { Cell::badge("Superusers", Tone::Info) } else { Cell::Nothing }
    }),
];

static FLOWS: &[ColumnDef] = &[
    ordered("Flow", "slug", |value| Cell::Link {
        text: text(value, "slug").to_owned(),
        href: String::new(),
        below: text(value, "title").to_owned(),
    }),
    ordered("Purpose", "designation", |value| badge_of(value, "designation")),
    column("Stages", |value| Cell::Number(value["stages"].as_array().map_or(0, Vec::len) as i64)),
    column("Policies", |value| Cell::Number(value["policies"].as_array().map_or(0, Vec::len) as i64)),
];

static STAGES: &[ColumnDef] = &[
    NAME,
    column("Type", |value| Cell::badge(text(value, "verbose_name"), Tone::Plain)),
    column("In flows", |value| {
        let flows = value["flow_set"].as_array().map(Vec::as_slice).unwrap_or_default();
        let link =
            |flow: &Value| (text(flow, "slug").to_owned(), format!("{}flows/{}/", super::ROOT, text(flow, "slug")));
        if flows.is_empty() {
            Cell::badge("In no flow", Tone::Warn)
        } else {
            Cell::Links(flows.iter().map(link).collect())
        }
    }),
];

static POLICIES: &[ColumnDef] = &[
    NAME,
    column("Type", |value| Cell::badge(text(value, "verbose_name"), Tone::Plain)),
    column("Bound to", |value| match value["bound_to"].as_i64() {
        Some(0) | None => Cell::badge("Nothing", Tone::Warn),
        Some(count) => Cell::Number(count),
    }),
];

static MAPPINGS: &[ColumnDef] = &[
    NAME,
    column("Type", |value| Cell::badge(text(value, "verbose_name"), Tone::Plain)),
    column("Shipped as", |value| Cell::from(text(value, "managed"))),
];

static PROMPTS: &[ColumnDef] = &[
    NAME,
    ordered("Field", "field_key", |value| Cell::Code(text(value, "field_key").to_owned())),
    ordered("Label", "label", |value| Cell::from(text(value, "label"))),
    ordered("Type", "type", |value| badge_of(value, "type")),
];

/// What a binding is for, by the name that the list found; by its key for who may not see that.
fn target(value: &Value, kinds: &[&str]) -> Cell {
    let told = &value["target_obj"];
    let of = super::resource::of_model(text(told, "meta_model_name")).filter(|of| kinds.contains(&of.kind));
    match of {
        Some(of) => Cell::link(of.name(told), of.href(told)),
        None if told.is_object() => Cell::from(text(told, "name")),
        None => Cell::Code(text(value, "target").to_owned()),
    }
}

static BINDINGS: &[ColumnDef] = &[
    column("Bound", |value| Cell::from(super::policies::bindings::subject_words(value))),
    column("To", |value| target(value, &["application", "flow", "notification_rule"])),
    ColumnDef {
        label: "Order",
        order: "order",
        numeric: true,
        cell: |value| Cell::Number(value["order"].as_i64().unwrap_or_default()),
    },
    column("Enabled", |value| Cell::Yes(value["enabled"] == json!(true))),
];

static STEPS: &[ColumnDef] = &[
    column("Stage", |value| Cell::from(text(&value["stage_obj"], "name"))),
    column("Flow", |value| target(value, &["flow"])),
    ColumnDef {
        label: "Order",
        order: "order",
        numeric: true,
        cell: |value| Cell::Number(value["order"].as_i64().unwrap_or_default()),
    },
];

static ROLES: &[ColumnDef] = &[NAME];

static INVITATIONS: &[ColumnDef] = &[
    NAME,
    ordered("Ends", "expires", |value| match value["expires"].as_str() {
        Some(time) => Cell::time(Some(time)),
        None => Cell::badge("Never", Tone::Warn),
    }),
    column("Made by", |value| Cell::from(text(&value["created_by"], "username"))),
    column("For one account", |value| Cell::Yes(value["single_use"] == json!(true))),
    column("Flow", |value| match text(&value["flow_obj"], "slug") {
        "" => Cell::from("Any"),
        slug => Cell::link(slug, format!("{}flows/{slug}/", super::ROOT)),
    }),
];

static TOKENS: &[ColumnDef] = &[
    ordered("Identifier", "identifier", |value| Cell::Code(text(value, "identifier").to_owned())),
    ordered("Of", "user__username", |value| {
        let user = &value["user_obj"];
        Cell::link(text(user, "username"), format!("{}users/{}/", super::ROOT, user["pk"]))
    }),
    ordered("For", "intent", |value| badge_of(value, "intent")),
    ordered("Ends", "expires", |value| match value["expiring"] == json!(true) {
        true => Cell::time(value["expires"].as_str()),
        false => Cell::badge("Never", Tone::Warn),
    }),
    column("Description", |value| Cell::from(text(value, "description"))),
];

static CERTIFICATES: &[ColumnDef] = &[
    NAME,
    column("Key", |value| badge_of(value, "key_type")),
    column("Private key", |value| Cell::Yes(value["private_key_available"] == json!(true))),
    column("Ends", |value| Cell::time(value["cert_expiry"].as_str())),
];

static BRANDS: &[ColumnDef] = &[
    ordered("Domain", "domain", |value| Cell::Code(text(value, "domain").to_owned())),
    ordered("Title", "branding_title", |value| Cell::from(text(value, "branding_title"))),
    column(
        "Default",
        |value| if value["default"] == json!(true) { Cell::badge("Default", Tone::Info) } else { Cell::Nothing },
    ),
];

static RULES: &[ColumnDef] = &[
    NAME,
    ordered("Severity", "severity", |value| badge_of(value, "severity")),
    column("Told", |value| Cell::from(text(&value["destination_group_obj"], "name"))),
];

static TRANSPORTS: &[ColumnDef] = &[NAME, ordered("By", "mode", |value| Cell::from(text(value, "mode_verbose")))];

static OUTPOSTS: &[ColumnDef] = &[
    NAME,
    column("Type", |value| badge_of(value, "type")),
    column("Providers", |value| Cell::Number(value["providers"].as_array().map_or(0, Vec::len) as i64)),
];

static REPUTATION: &[ColumnDef] = &[
    ordered("Name", "identifier", |value| Cell::from(text(value, "identifier"))),
    ordered("Address", "ip", |value| Cell::Code(text(value, "ip").to_owned())),
    ordered("Score", "score", |value| Cell::Number(value["score"].as_i64().unwrap_or_default())),
    ordered("Since", "updated", |value| Cell::time(value["updated"].as_str())),
];

static BLUEPRINTS: &[ColumnDef] = &[
    NAME,
    column("State", |value| badge_of(value, "status")),
    column("Applied", |value| Cell::time(value["last_applied"].as_str())),
];

static USER_FILTERS: &[FilterDef] = &[
    FilterDef {
        param: "is_active",
        label: "State",
        options: &[("", "All"), ("true", "Active"), ("false", "Inactive")],
    },
    FilterDef {
        param: "is_superuser",
        label: "Rights",
        options: &[("", "All"), ("true", "Superusers"), ("false", "Others")],
    },
    FilterDef {
        param: "second_factor",
        label: "Second factor",
        options: &[("", "All"), ("true", "With one"), ("false", "Without one")],
    },
    FilterDef {
        param: "type",
        label: "Type",
        options: &[
            ("", "All"),
            ("internal", "Internal"),
            ("external", "External"),
            ("service_account", "Service accounts"),
        ],
    },
];

static FLOW_FILTERS: &[FilterDef] = &[FilterDef {
    param: "designation",
    label: "Purpose",
    options: &[
        ("", "All"),
        ("authentication", "Authentication"),
        ("authorization", "Authorization"),
        ("enrollment", "Enrollment"),
        ("invalidation", "Invalidation"),
        ("recovery", "Recovery"),
        ("stage_configuration", "Stage configuration"),
        ("unenrollment", "Unenrollment"),
    ],
}];

static TOKEN_FILTERS: &[FilterDef] = &[FilterDef {
    param: "intent",
    label: "For",
    options: &[
        ("", "All"),
        ("api", "API"),
        ("app_password", "App password"),
        ("recovery", "Recovery"),
        ("verification", "Verification"),
    ],
}];

fn user_fields() -> Vec<Spec> {
    vec![
        Spec::new("username", Holds::Text).required().hint("What the account is called everywhere. Unique."),
        Spec::new("name", Holds::Text).hint("The person's name."),
        Spec::new("email", Holds::Text).label("E-mail").hint("For recovery, and for applications that ask for it."),
        Spec::new("is_active", Holds::Bool).label("Active").by_default(json!(true)).hint("An inactive account can do nothing, and its sessions end."),
        Spec::new("groups", Holds::Ref("group".into(), true)).hint("Groups that the account is in itself."),
        Spec::new("type", Holds::One(["internal", "external", "service_account"].map(str::to_owned).into()))
            .by_default(json!("internal"))
            .hint("Internal: a person of the house. External: sees applications, and no portal. Service account: a program."),
        Spec::new("path", Holds::Text).by_default(json!("users")).hint("Folder in the directory."),
        Spec::new("roles", Holds::Ref("role".into(), true)).hint("Roles that the account holds itself."),
        Spec::new("attributes", Holds::Json).hint("Free-form data, as JSON; mappings and policies can read it."),
    ]
}

fn group_fields() -> Vec<Spec> {
    vec![
        Spec::new("name", Holds::Text).required().hint("Unique."),
        Spec::new("parents", Holds::Ref("group".into(), true))
            .label("Within")
            .hint("Groups that it is in: members are members of these, too."),
        Spec::new("is_superuser", Holds::Bool).label("Superusers").hint("Members may do everything."),
        Spec::new("roles", Holds::Ref("role".into(), true)).hint("Roles that members hold."),
        Spec::new("attributes", Holds::Json).hint("Free-form data, as JSON, under the members' own."),
    ]
}

fn invitation_fields() -> Vec<Spec> {
    vec![
        Spec::new("name", Holds::Text).required().hint("For you: letters, digits, hyphens and underscores."),
        Spec::new("flow", Holds::Ref("flow".into(), false))
            .or_null()
            .hint("The only flow that it is for; none: any that takes invitations."),
        Spec::new("expires", Holds::Time).label("Ends").or_null().hint("In UTC. Empty: never."),
        Spec::new("single_use", Holds::Bool)
            .label("For one account")
            .by_default(json!(true))
            .hint("It makes one account and no more."),
        Spec::new("fixed_data", Holds::Json)
            .label("Answers")
            .hint("Answers that are given already, by the keys of prompts: {\"email\": \"ada@example.com\"}."),
    ]
}

fn token_fields() -> Vec<Spec> {
    vec![
        Spec::new("identifier", Holds::Text).required().hint("Unique: letters, digits, hyphens and underscores."),
        Spec::new("user", Holds::Ref("user".into(), false)).label("Of").hint("Whose it is; yours when empty."),
        Spec::new("intent", Holds::One(vec!["api".into(), "app_password".into()]))
            .label("For")
            .by_default(json!("api"))
            .hint("The API, or a program that can only send a user name and a password."),
        Spec::new("description", Holds::Text),
        Spec::new("expiring", Holds::Bool).label("Ends").by_default(json!(true)),
        Spec::new("expires", Holds::Time).label("When").or_null().hint("In UTC."),
    ]
}

#[allow(clippy::too_many_lines, reason = "one declaration after the other")]
pub(super) fn own() -> Vec<Resource> {
    let people = |slug: &str, api: &str, kind: &'static str, key: &'static str, noun: &str, plural: &str| Resource {
        slug: slug.to_owned(),
        api: format!("/{api}/"),
        kind,
        key,
        noun: noun.to_owned(),
        plural: plural.to_owned(),
        lead: "",
        columns: &[NAME],
        filters: &[],
        always: &[],
        named: &[],
        searched: true,
        ordering: "",
        source: Source::None,
        tabs: &[],
        has_used_by: true,
        can_delete: true,
    };
    let union = |slug: &str, api: &str, kind: &'static str, family: Family, noun: &str, plural: &str| Resource {
        source: Source::Union(family),
        ordering: "name",
        ..people(slug, api, kind, "pk", noun, plural)
    };
    vec![
        Resource {
            columns: APPLICATIONS,
            always: &[("superuser_full_list", "true")],
            lead: "What people open. Who may is decided by the policies, groups and users bound to each.",
            tabs: &[("access/", "Access"), ("bindings/", "Policy bindings"), ("setup/", "Set-up")],
            ..kind("application", "applications")
        },
        Resource {
            columns: PROVIDERS,
            lead: "How applications ask who somebody is: each provider serves one application.",
            ..union("providers", "providers/all", "oauth2_provider", Family::Provider, "Provider", "Providers")
        },
        Resource {
            columns: USERS,
            filters: USER_FILTERS,
            lead: "Everybody with an account: people and programs.",
            source: Source::Fields(user_fields),
            ordering: "username",
            tabs: &[
                ("access/", "Access"),
                ("factors/", "Factors"),
                ("sessions/", "Sessions"),
                ("events/", "Events"),
                ("permissions/", "Permissions"),
            ],
            ..people("users", "core/users", "user", "pk", "User", "Users")
        },
        Resource {
            columns: GROUPS,
            lead: "Groups say who reaches what. A member of a group is a member of the groups around it.",
            source: Source::Fields(group_fields),
            // Of a large group they are megabytes.
            always: &[("include_users", "false")],
            ordering: "name",
            tabs: &[("members/", "Members")],
            ..people("groups", "core/groups", "group", "pk", "Group", "Groups")
        },
        Resource {
            columns: ROLES,
            lead: "What holders may administer.",
            tabs: &[("permissions/", "Permissions"), ("holders/", "Holders")],
            ..kind("role", "roles")
        },
        Resource {
            columns: INVITATIONS,
            lead: "Links by which somebody makes an account.",
            source: Source::Fields(invitation_fields),
            ordering: "-expires",
            ..people("invitations", "stages/invitation/invitations", "invitation", "pk", "Invitation", "Invitations")
        },
        Resource {
            columns: TOKENS,
            filters: TOKEN_FILTERS,
            lead: "Keys of programs. The key itself is shown to who may see it.",
            source: Source::Fields(token_fields),
            ordering: "identifier",
            ..people("tokens", "core/tokens", "token", "identifier", "Token", "Tokens and app passwords")
        },
        Resource {
            columns: FLOWS,
            filters: FLOW_FILTERS,
            lead: "The ways that people go: stages, one after the other.",
            tabs: &[("stages/", "Stages"), ("try/", "Try"), ("bindings/", "Policy bindings")],
            ..kind("flow", "flows")
        },
        Resource {
            columns: STAGES,
            lead: "What flows are made of.",
            ..union("stages", "stages/all", "identification_stage", Family::Stage, "Stage", "Stages")
        },
        Resource {
            columns: BINDINGS,
            named: &["target"],
            lead: "Groups, users and policies that decide about something. Each is at home on the page of what it is bound to.",
            ..kind("policy_binding", "policy-bindings")
        },
        Resource {
            columns: STEPS,
            named: &["target"],
            lead: "Stages in their flows. Each is at home on the page of its flow.",
            ..kind("flow_stage_binding", "flow-stage-bindings")
        },
        Resource { columns: PROMPTS, lead: "Fields that prompt stages ask for.", ..kind("prompt", "prompts") },
        Resource {
            columns: POLICIES,
            lead: "What decides. A policy counts where it is bound.",
            ..union("policies", "policies/all", "expression_policy", Family::Policy, "Policy", "Policies")
        },
        Resource {
            columns: MAPPINGS,
            lead: "What tokens and notifications say.",
            ..union(
                "mappings",
                "propertymappings/all",
                "scope_mapping",
                Family::Mapping,
                "Property mapping",
                "Property mappings",
            )
        },
        Resource {
            columns: REPUTATION,
            lead: "What is known of names and addresses by how their sign-ins went.",
            ordering: "score",
            can_delete: true,
            ..people("reputation", "policies/reputation/scores", "reputation", "pk", "Score", "Reputation scores")
        },
        Resource {
            columns: RULES,
            lead: "Who is told of which events: of those that the policies bound to a rule let through.",
            tabs: &[("bindings/", "Bindings")],
            ..kind("notification_rule", "notification-rules")
        },
        Resource {
            columns: TRANSPORTS,
            lead: "How people are told.",
            ..kind("notification_transport", "notification-transports")
        },
        Resource { columns: BRANDS, lead: "Looks and flows of a domain.", ..kind("brand", "brands") },
        Resource {
            columns: CERTIFICATES,
            lead: "Keys that sign tokens, and certificates of others.",
            noun: "Certificate".to_owned(),
            plural: "Certificates".to_owned(),
            ..kind("key_pair", "certificates")
        },
        Resource {
            columns: OUTPOSTS,
            lead: "Which providers the gate in this server serves.",
            ..kind("outpost", "outposts")
        },
        Resource {
            columns: BLUEPRINTS,
            lead: "Files of the product that our users come from, laid over the rest.",
            ..kind("blueprint_instance", "blueprints")
        },
    ]
}
