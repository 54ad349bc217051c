//! Rows of configuration.

pub mod document {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "documents")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub number: Option<i32>,
        pub kind: String,
        pub name: String,
        pub origin: String,
        pub source_file: Option<String>,
        pub source_line: Option<i32>,
        pub managed: Option<String>,
        pub body: String,
        pub sealed: String,
        pub version: i64,
        pub created: DateTimeUtc,
        pub updated: DateTimeUtc,
    }

    no_relations!();
}

pub mod document_ref {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "document_refs")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub from_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub field: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i32,
        pub to_id: Uuid,
    }

    no_relations!();
}

pub mod revision {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "revisions")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub number: i64,
        pub created: DateTimeUtc,
        pub author: String,
        pub origin: String,
        pub summary: String,
        pub git_commit: Option<String>,
        pub git_dirty: bool,
        pub kept: bool,
    }

    no_relations!();
}

pub mod revision_change {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "revision_changes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub revision: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub object: Uuid,
        pub sort: String,
        pub before: Option<String>,
        pub after: Option<String>,
    }

    no_relations!();
}

pub mod installation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "installation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
        pub value: String,
    }

    no_relations!();
}
