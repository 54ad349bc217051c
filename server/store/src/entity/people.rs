//! Rows of users, groups and what belongs to them.

pub mod user {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub pk: i64,
        pub uuid: Uuid,
        pub username: String,
        pub username_norm: String,
        pub name: String,
        pub email: String,
        pub email_norm: String,
        pub search: String,
        pub is_active: bool,
        pub user_type: String,
        pub path: String,
        pub attributes: String,
        pub date_joined: DateTimeUtc,
        pub last_login: Option<DateTimeUtc>,
        pub last_updated: DateTimeUtc,
        pub password_change_date: DateTimeUtc,
    }

    no_relations!();
}

/// Kept by triggers on `users`; never written otherwise.
pub mod user_search {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "user_search")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_pk: i64,
        pub username: String,
        pub name: String,
        pub email: String,
        pub search: String,
        pub date_joined: DateTimeUtc,
        pub is_active: bool,
    }

    no_relations!();
}

/// How many accounts there are, in parts; kept by triggers on `users`.
pub mod user_count {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "user_counts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub bucket: i64,
        pub users: i64,
        pub active: i64,
    }

    no_relations!();
}

pub mod credential {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "credentials")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_pk: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: String,
        pub hash: String,
        pub changed: DateTimeUtc,
    }

    no_relations!();
}

pub mod group {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "groups")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub pk: Uuid,
        pub num_pk: i32,
        pub name: String,
        pub search: String,
        pub is_superuser: bool,
        pub attributes: String,
        pub origin: String,
        pub source_file: Option<String>,
        pub source_line: Option<i32>,
    }

    no_relations!();
}

pub mod group_parent {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "group_parents")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub child_pk: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub parent_pk: Uuid,
    }

    no_relations!();
}

pub mod membership {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "memberships")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_pk: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub group_pk: Uuid,
        pub valid_from: Option<DateTimeUtc>,
        pub valid_until: Option<DateTimeUtc>,
        pub end_noted: bool,
    }

    no_relations!();
}

pub mod user_role {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "user_roles")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_pk: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub role_id: Uuid,
    }

    no_relations!();
}

pub mod token {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tokens")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub pk: Uuid,
        pub identifier: String,
        pub key_hash: String,
        pub key_sealed: String,
        pub intent: String,
        pub user_pk: i64,
        pub description: String,
        pub expires: Option<DateTimeUtc>,
        pub expiring: bool,
        pub managed: Option<String>,
        pub created: DateTimeUtc,
    }

    no_relations!();
}

pub mod consent {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "consents")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub pk: i64,
        pub user_pk: i64,
        pub application: Uuid,
        pub permissions: String,
        pub expires: Option<DateTimeUtc>,
    }

    no_relations!();
}

pub mod authenticator {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "authenticators")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub pk: i64,
        pub kind: String,
        pub user_pk: i64,
        pub name: String,
        pub search: String,
        pub confirmed: bool,
        pub details: String,
        pub created: DateTimeUtc,
        pub last_updated: DateTimeUtc,
        pub last_used: Option<DateTimeUtc>,
        pub secret: String,
        pub external_id: Option<String>,
        pub last_step: i64,
        pub failures: i32,
        pub failed_at: Option<DateTimeUtc>,
    }

    no_relations!();
}

pub mod static_code {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "static_codes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub authenticator_pk: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub code_hash: String,
    }

    no_relations!();
}

pub mod invitation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "invitations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub pk: Uuid,
        pub name: String,
        pub search: String,
        pub fixed_data: String,
        pub single_use: bool,
        pub expires: Option<DateTimeUtc>,
        pub flow_id: Option<Uuid>,
        pub created_by: i64,
        pub created: DateTimeUtc,
    }

    no_relations!();
}

pub mod reputation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "reputation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub pk: Uuid,
        pub identifier: String,
        pub ip: String,
        pub score: i32,
        pub updated: DateTimeUtc,
        pub expires: DateTimeUtc,
    }

    no_relations!();
}

pub mod password_history {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "password_history")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub pk: i64,
        pub user_pk: i64,
        pub hash: String,
        pub replaced: DateTimeUtc,
    }

    no_relations!();
}
