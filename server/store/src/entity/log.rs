//! What happened: changes, events and decisions.

pub mod change {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "changes")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub topic: String,
        pub key: String,
        pub created: DateTimeUtc,
    }

    no_relations!();
}

pub mod event {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "events")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub pk: Uuid,
        pub action: String,
        pub app: String,
        pub user_pk: Option<i64>,
        pub username: String,
        pub user: String,
        pub context: String,
        pub client_ip: Option<String>,
        pub brand: String,
        pub created: DateTimeUtc,
        pub expires: DateTimeUtc,
        pub brand_name: String,
        pub authorized_app: String,
        pub device: String,
        pub model_app: String,
        pub model_name: String,
        pub model_pk: String,
        pub subject_pk: Option<i64>,
    }

    no_relations!();
}

pub mod decision {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "decisions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub created: DateTimeUtc,
        pub user_pk: Option<i64>,
        pub username: String,
        pub action: String,
        pub resource: String,
        pub app: String,
        pub allow: bool,
        pub client_ip: Option<String>,
        pub record: String,
    }

    no_relations!();
}
