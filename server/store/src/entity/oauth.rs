//! Rows of the OAuth2 provider.

pub mod code {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "oauth_codes")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub pk: i64,
        pub code_hash: String,
        pub session: Uuid,
        pub provider: Uuid,
        pub user_pk: i64,
        pub grant_id: Uuid,
        pub scope: String,
        pub data: String,
        pub created: DateTimeUtc,
        pub expires: DateTimeUtc,
        pub used: bool,
    }

    no_relations!();
}

pub mod oauth_token {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "oauth_tokens")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub pk: i64,
        pub token_hash: String,
        pub kind: String,
        pub grant_id: Uuid,
        pub provider: Uuid,
        pub user_pk: i64,
        pub session: Option<Uuid>,
        pub scope: String,
        pub data: String,
        pub created: DateTimeUtc,
        pub expires: DateTimeUtc,
        pub revoked: bool,
    }

    no_relations!();
}

pub mod device_code {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "oauth_device_codes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub device_hash: String,
        pub user_code_hash: String,
        pub provider: Uuid,
        pub scope: String,
        pub state: String,
        pub user_pk: Option<i64>,
        pub session: Option<Uuid>,
        pub data: String,
        pub poll_seconds: i32,
        pub polled: Option<DateTimeUtc>,
        pub expires: DateTimeUtc,
    }

    no_relations!();
}

pub mod pushed_request {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "oauth_pushed_requests")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub request_hash: String,
        pub provider: Uuid,
        pub parameters: String,
        pub expires: DateTimeUtc,
    }

    no_relations!();
}

pub mod used {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "oauth_used")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key_hash: String,
        pub expires: DateTimeUtc,
    }

    no_relations!();
}

pub mod published_key {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "oauth_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub provider: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub kid: String,
        pub jwk: String,
        pub published_until: DateTimeUtc,
    }

    no_relations!();
}

pub mod login {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "oauth_logins")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub session: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub provider: Uuid,
        pub user_pk: i64,
        pub data: String,
        pub created: DateTimeUtc,
    }

    no_relations!();
}
