//! Which entries of the audit log are wanted, and in which order.

use lockgate_model::kinds::EventActions;
use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{ColumnTrait, Condition, Order, Select};

use super::EventPlace;
use crate::entity::event;
use crate::paging::{self, Page};
use crate::text::{containing, fold, micros};
use crate::user_filter::{DateFilter, text_is, within};

/// Which entries are wanted; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Part of action, app, username, address or context.
    pub search: Option<String>,
    /// One of these actions; empty means any.
    pub actions: Vec<String>,
    /// Part of the action, without regard to case.
    pub action_part: Option<String>,
    /// Exact app.
    pub app: Option<String>,
    /// Exact username.
    pub username: Option<String>,
    /// Who did it.
    pub user_pk: Option<i64>,
    /// Who did it, or whom it is about.
    pub concerned: Option<i64>,
    /// Who did it, or on whose behalf somebody did.
    pub person: Option<EventPerson>,
    /// Keys of applications, one of which was opened or changed.
    pub applications: Vec<String>,
    /// Later than this entry.
    pub after: Option<EventPlace>,
    /// Exact address.
    pub client_ip: Option<String>,
    /// Exact name of the brand.
    pub brand_name: Option<String>,
    /// The application that was opened: its key.
    pub authorized_app: Option<String>,
    /// The device: its key.
    pub device: Option<String>,
    /// The part of the program that the thing belongs to which the entry is about.
    pub model_app: Option<String>,
    /// The kind of that thing.
    pub model_name: Option<String>,
    /// Its key.
    pub model_pk: Option<String>,
    /// When.
    pub created: DateFilter,
    /// `pk`, `created`, `expires`, `action`, `app`, `client_ip`, `user`, each with whether it descends; newest
    /// first if none.
    pub ordering: Vec<(String, bool)>,
    /// Which page.
    pub page: Page,
}

/// Somebody who stands in entries: by number as whom it was done, by name who did it. The two differ where somebody acts as
/// another user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPerson {
    /// Number of the account, where it is known.
    pub pk: Option<i64>,
    /// Its name, where it is known.
    pub username: Option<String>,
}

impl EventPerson {
    fn condition(&self) -> Condition {
        use event::Column;
        Condition::any()
            .add_option(self.pk.map(|pk| Column::UserPk.eq(pk)))
            .add_option(self.username.as_deref().map(|name| text_is(Column::Username, name)))
    }
}

/// That an entry is about one of these applications.
fn with_application(keys: &[String]) -> Condition {
    use event::Column;
    let any = |any: Condition, key: &String| {
        let changed = Condition::all().add(text_is(Column::ModelPk, key)).add(Column::ModelName.eq("application"));
        any.add(text_is(Column::AuthorizedApp, key)).add(changed)
    };
    keys.iter().fold(Condition::any(), any)
}

/// That an entry is later than another one.
fn later(place: EventPlace) -> Condition {
    use event::Column;
    let at = micros(place.created);
    let same = Condition::all().add(Column::Created.eq(at)).add(Column::Pk.gt(place.pk));
    Condition::any().add(Column::Created.gt(at)).add(same)
}

/// That an action contains this. Known ones are asked for by name, so that an index finds them; those that somebody
/// made up are looked through only where no known one contains it.
fn with_part(part: &str) -> Expr {
    use event::Column;
    let part = fold(part);
    let known: Vec<&String> = EventActions::words().iter().filter(|word| word.contains(&part)).collect();
    if known.is_empty() {
        let action = Expr::expr(Func::lower(Expr::col((event::Entity, Column::Action))));
        return action.like(containing(&part));
    }
    Column::Action.is_in(known.into_iter().cloned())
}

impl EventFilter {
    pub(super) fn condition(&self) -> Condition {
        use event::Column;
        let part = self.search.as_deref().filter(|search| !search.is_empty()).map(|search| {
            let columns = [Column::Action, Column::App, Column::Username, Column::ClientIp, Column::Context];
            let any = |any: Condition, column: Column| any.add(column.like(containing(search)));
            columns.into_iter().fold(Condition::any(), any)
        });
        let actions = (!self.actions.is_empty()).then(|| {
            let any = |any: Condition, action: &String| any.add(text_is(Column::Action, action));
            self.actions.iter().fold(Condition::any(), any)
        });
        let action_part = self.action_part.as_deref().map(with_part);
        let texts = [
            (Column::App, &self.app),
            (Column::Username, &self.username),
            (Column::ClientIp, &self.client_ip),
            (Column::BrandName, &self.brand_name),
            (Column::AuthorizedApp, &self.authorized_app),
            (Column::Device, &self.device),
            (Column::ModelApp, &self.model_app),
            (Column::ModelName, &self.model_name),
            (Column::ModelPk, &self.model_pk),
        ];
        let all = Condition::all().add_option(part).add_option(actions).add_option(action_part);
        let equal = |all: Condition, (column, text): (Column, &Option<String>)| {
            all.add_option(text.as_deref().map(|text| text_is(column, text)))
        };
        texts
            .into_iter()
            .fold(all, equal)
            .add_option(self.user_pk.map(|pk| Column::UserPk.eq(pk)))
            .add_option(self.concerned.map(|pk| Column::UserPk.eq(pk).or(Column::SubjectPk.eq(pk))))
            .add_option(self.person.as_ref().map(EventPerson::condition))
            .add_option((!self.applications.is_empty()).then(|| with_application(&self.applications)))
            .add_option(self.after.map(later))
            .add(within(Column::Created, self.created))
    }

    pub(super) fn ordered(&self, select: Select<event::Entity>) -> Select<event::Entity> {
        use event::Column;
        let column = |field: &str| match field {
            "pk" => Some(Column::Pk),
            "created" => Some(Column::Created),
            "expires" => Some(Column::Expires),
            "action" => Some(Column::Action),
            "app" => Some(Column::App),
            "client_ip" => Some(Column::ClientIp),
            "user" => Some(Column::Username),
            _ => None,
        };
        paging::ordered(select, &self.ordering, column, (Column::Created, Order::Desc), (Column::Pk, Order::Desc))
    }
}
