//! Whether times tell anything.

use std::time::Duration;

/// How often one of `these` takes longer than one of `those`, of all pairs (the area under the ROC curve; Mann and
/// Whitney). 0.5: they tell nothing. 1 or 0: whoever sees one answer knows which it was.
pub fn tells(these: &[Duration], those: &[Duration]) -> f64 {
    let beats = |a: &Duration, b: &Duration| match a.cmp(b) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    let won: f64 = these.iter().flat_map(|a| those.iter().map(move |b| beats(a, b))).sum();
    won / (these.len() * those.len()) as f64
}

/// The time that this share of them does not exceed; none without any.
pub fn quantile(times: &[Duration], share: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    if sorted.is_empty() {
        return Duration::ZERO;
    }
    let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len()) - 1;
    sorted[at]
}
