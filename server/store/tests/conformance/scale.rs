//! Ten thousand accounts.

use std::time::{Duration, Instant};

use lockgate_store::{Case, NewUser, Page, UserFilter};

use crate::bench::{Bench, Outcome, new_user, now};

const LIMIT: Duration = Duration::from_millis(50);

pub(crate) async fn ten_thousand_users_are_searched_quickly(bench: &Bench) -> Outcome {
    let users = bench.store.users();
    let group = bench.group("everybody", &[]).await?;
    for thousand in 0..10 {
        let new = |n: usize| NewUser { groups: vec![group], ..new_user(&format!("user-{}", thousand * 1000 + n)) };
        users.create_many((0..1000).map(new).collect(), now()).await?;
    }
    let any = UserFilter::default;
    let lists = [
        (any(), 10_000),
        (UserFilter { page: Page { number: 400, size: 20 }, ..any() }, 10_000),
        (UserFilter { search: Some("SER-123 test".to_owned()), ..any() }, 11),
        (UserFilter { search: Some("nobody".to_owned()), ..any() }, 0),
        (UserFilter { groups_by_name: vec!["everybody".to_owned()], ..any() }, 10_000),
        (UserFilter { is_superuser: Some(true), ..any() }, 0),
        (UserFilter { ordering: vec![("date_joined".to_owned(), true)], ..any() }, 10_000),
    ];
    for (filter, expected) in lists {
        let mut best = Duration::MAX;
        // The best of many: other tests share the machine.
        for _ in 0..20 {
            if best < LIMIT {
                break;
            }
            let start = Instant::now();
            let (_, total) = users.list(&filter, now()).await?;
            best = best.min(start.elapsed());
            assert_eq!(total, expected, "{filter:?}");
        }
        assert!(best < LIMIT, "{best:?} for {filter:?}");
    }
    let start = Instant::now();
    assert!(users.by_username("USER-9999", Case::Fold).await?.is_some());
    assert!(start.elapsed() < LIMIT);
    Ok(())
}
