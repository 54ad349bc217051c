//! Rows of sessions and derived sessions, and of links that lead back into a flow.

pub mod session {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sessions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id_hash: String,
        pub uuid: Uuid,
        pub user_pk: Option<i64>,
        pub data: String,
        pub rev: i64,
        pub created: DateTimeUtc,
        pub last_used: DateTimeUtc,
        pub expires: DateTimeUtc,
        pub last_ip: String,
        pub user_agent: String,
        pub login_event: Option<String>,
        pub auth: Option<String>,
        pub original_pk: Option<i64>,
    }

    no_relations!();
}

pub mod proxy_session {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "proxy_sessions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id_hash: String,
        pub session: Uuid,
        pub provider: Uuid,
        pub user_pk: i64,
        pub created: DateTimeUtc,
        pub expires: DateTimeUtc,
        pub data: String,
    }

    no_relations!();
}

pub mod flow_token {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "flow_tokens")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key_hash: String,
        pub stage: Uuid,
        pub about: String,
        pub user_pk: Option<i64>,
        pub content: String,
        pub used: bool,
        pub created: DateTimeUtc,
        pub expires: DateTimeUtc,
        pub kept_until: DateTimeUtc,
    }

    no_relations!();
}
