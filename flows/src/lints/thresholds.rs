//! Limits between which nothing lies.

use super::view::View;
use crate::diagnostics::Diagnostic;
use lockgate_model::kinds::CaptchaStage;

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for (document, stage) in view.own::<CaptchaStage>() {
        let [least, most] = [stage.score_min_threshold, stage.score_max_threshold];
        let both = [least, most].into_iter().all(CaptchaStage::is_threshold);
        if both && least > most {
            let text = format!("no score lies between {least} and {most}");
            let complaint = Diagnostic::error("threshold", &view.at(document, "/score_min_threshold"), text);
            found.push(complaint.expected(
                "a `score_min_threshold` (0.5 unless set) that is not above `score_max_threshold` (1 unless set)",
            ));
        }
    }
}
