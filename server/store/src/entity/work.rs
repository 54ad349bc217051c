//! What is done in the background, and what comes of it for people.

pub mod notification {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notifications")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub pk: Uuid,
        pub event_pk: Uuid,
        pub user_pk: i64,
        pub severity: String,
        pub body: String,
        pub hyperlink: Option<String>,
        pub hyperlink_label: Option<String>,
        pub seen: bool,
        pub created: DateTimeUtc,
        pub expires: DateTimeUtc,
    }

    no_relations!();
}

pub mod task {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tasks")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub actor: String,
        pub queue: String,
        pub uid: String,
        pub state: String,
        pub outcome: String,
        pub due: DateTimeUtc,
        pub retries: i64,
        pub rel_model: String,
        pub rel_id: Option<String>,
        pub data: String,
        pub logs: String,
        pub previous_logs: String,
        pub created: DateTimeUtc,
        pub changed: DateTimeUtc,
    }

    no_relations!();
}

pub mod schedule {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "schedules")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub actor: String,
        pub crontab: String,
        pub paused: bool,
        pub next_run: DateTimeUtc,
        pub last_outcome: Option<String>,
    }

    no_relations!();
}

pub mod worker {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "workers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub version: String,
        pub seen: DateTimeUtc,
    }

    no_relations!();
}
