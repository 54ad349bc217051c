//! Shows its name, or fails on purpose.

use crate::{
    challenge::{Body, Dummy},
    run::{Entered, Failure},
};
use lockgate_model::kinds::DummyStage;

pub(super) fn enter(stage: &DummyStage) -> Result<Entered, Failure> {
    if stage.throw_error {
        return Err(Failure(format!("the dummy stage \"{}\" fails on purpose", stage.name)));
    }
    Ok(Entered::Show(Body::Dummy(Dummy { name: stage.name.clone() })))
}
