//! What policies look at: scores of sign-ins, and earlier passwords.

use chrono::TimeDelta;
use lockgate_store::{ReputationFilter, ReputationSums, ScoreRules};

use crate::bench::{Bench, Outcome, id, later, now};

const RULES: ScoreRules = ScoreRules { lowest: -3, highest: 2, life: TimeDelta::seconds(100) };

pub(crate) async fn sign_ins_are_counted_within_limits_and_for_a_while(bench: &Bench) -> Outcome {
    let scores = bench.store.reputation();
    let sums = async |name: &str, at| scores.sums(Some("10.0.0.1"), Some(name), at).await;
    for (place, (name, ip)) in [("ada", "10.0.0.1"), ("ada", "10.0.0.2"), ("bob", "10.0.0.1")].into_iter().enumerate() {
        scores.count(id(&format!("row {place}")), (name, ip), -1, &RULES, now()).await?;
    }
    assert_eq!(sums("ada", now()).await?, ReputationSums { ip: -2, identifier: -2, both: -1 });
    assert_eq!(scores.sums(None, None, now()).await?, ReputationSums::default());
    for _ in 0..5 {
        scores.count(id("again"), ("ada", "10.0.0.1"), -1, &RULES, later(10)).await?;
    }
    assert_eq!(sums("ada", later(10)).await?, ReputationSums { ip: -4, identifier: -4, both: -3 });
    for _ in 0..9 {
        scores.count(id("again"), ("ada", "10.0.0.1"), 1, &RULES, later(20)).await?;
    }
    assert_eq!(sums("ada", later(20)).await?.both, 2);
    assert_eq!(
        sums("ada", later(119)).await?,
        ReputationSums { ip: 2, identifier: 2, both: 2 },
        "the others have ended"
    );
    assert_eq!(sums("ada", later(120)).await?, ReputationSums::default());
    scores.count(id("again"), ("ada", "10.0.0.1"), -1, &RULES, later(130)).await?;
    assert_eq!(sums("ada", later(130)).await?.both, -1, "what has ended counts from nothing");
    Ok(())
}

pub(crate) async fn scores_are_listed_and_bounded(bench: &Bench) -> Outcome {
    let scores = bench.store.reputation();
    for place in 0..6_i64 {
        let name = format!("name {place}");
        scores.count(id(&name), (&name, "10.0.0.1"), -1, &RULES, later(place)).await?;
    }
    let names = async |filter: ReputationFilter| -> Result<Vec<String>, lockgate_store::StoreError> {
        Ok(scores.list(&filter, later(6)).await?.0.into_iter().map(|score| score.identifier).collect())
    };
    assert_eq!(names(ReputationFilter::default()).await?.first().map(String::as_str), Some("name 5"), "newest first");
    let search = ReputationFilter { search: Some("AME 3".to_owned()), ..ReputationFilter::default() };
    assert!(names(search).await?.len() <= 1);
    let some = vec!["name 1".to_owned(), "name 2".to_owned(), "nobody".to_owned()];
    let some = ReputationFilter { identifiers: Some(some), ..ReputationFilter::default() };
    assert_eq!(names(some).await?, ["name 2", "name 1"]);
    let elsewhere = ReputationFilter { ip: Some("10.0.0.2".to_owned()), ..ReputationFilter::default() };
    assert!(names(elsewhere).await?.is_empty());
    let good = ReputationFilter { score: Some(1), ..ReputationFilter::default() };
    assert!(names(good).await?.is_empty());

    assert_eq!(scores.trim(4).await?, 2, "the oldest go");
    assert_eq!(names(ReputationFilter::default()).await?, ["name 5", "name 4", "name 3", "name 2"]);
    assert_eq!(scores.trim(4).await?, 0);
    assert!(scores.delete(id("name 5")).await? && !scores.delete(id("name 5")).await?);
    assert_eq!(scores.get(id("name 5"), later(6)).await?, None);
    assert_eq!(scores.get(id("name 4"), later(6)).await?.map(|score| score.score), Some(-1));
    assert_eq!(scores.get(id("name 4"), later(200)).await?, None);
    assert_eq!(scores.delete_expired(later(200), 100).await?, 3);
    Ok(())
}

pub(crate) async fn as_many_old_passwords_are_kept_as_are_wanted(bench: &Bench) -> Outcome {
    let (users, ada, bob) = (bench.store.users(), bench.user("ada").await?, bench.user("bob").await?);
    for place in 0..6_i64 {
        users.set_password_hash(ada.pk, Some(&format!("hash {place}")), 3, later(place)).await?;
        users.set_password_hash(bob.pk, Some(&format!("of bob {place}")), 0, later(place)).await?;
    }
    assert_eq!(users.last_password_hashes(ada.pk, 9).await?, ["hash 5", "hash 4", "hash 3", "hash 2"]);
    assert_eq!(users.last_password_hashes(ada.pk, 2).await?, ["hash 5", "hash 4"]);
    assert_eq!(users.last_password_hashes(bob.pk, 9).await?, ["of bob 5"]);
    users.set_password_hash(ada.pk, Some("hash 6"), 1, later(6)).await?;
    assert_eq!(users.last_password_hashes(ada.pk, 9).await?, ["hash 6", "hash 5"]);
    users.set_password_hash(ada.pk, None, 0, later(7)).await?;
    assert!(users.last_password_hashes(ada.pk, 9).await?.is_empty());
    Ok(())
}

pub(crate) async fn a_retired_password_stays_as_old_as_it_is(bench: &Bench) -> Outcome {
    let (users, ada) = (bench.store.users(), bench.user("ada").await?);
    users.set_password_hash(ada.pk, Some("old"), 2, later(1)).await?;
    assert!(users.retire_password(ada.pk, 2, later(50)).await?);
    assert_eq!(users.password_hash(ada.pk).await?, None);
    assert_eq!(users.get(ada.pk).await?.map(|user| user.password_change_date), Some(later(1)));
    assert_eq!(users.last_password_hashes(ada.pk, 2).await?, ["old"], "and is not new again");
    assert!(!users.retire_password(ada.pk, 2, later(51)).await?);
    Ok(())
}
