//! Models of security keys and passkey providers, by the identifier that they attest (WebAuthn, section 6.5.1:
//! AAGUID). A restriction to models names these; what is not in the list cannot be told apart from anything else.

use std::sync::LazyLock;
use uuid::Uuid;

/// A model of authenticators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceType {
    /// What it attests.
    pub aaguid: Uuid,
    /// Its maker's name for it.
    pub description: &'static str,
}

/// One model a line: AAGUID, space, name; the nil AAGUID stands for what attests nothing.
static KNOWN: LazyLock<Vec<DeviceType>> = LazyLock::new(|| {
    let lines = include_str!("device_types.txt").lines();
    let read = |line: &'static str| {
        let (aaguid, description) = line.split_once(' ')?;
        Some(DeviceType { aaguid: aaguid.parse().ok()?, description })
    };
    lines.filter_map(read).collect()
});

/// Every model that is known, by name.
#[must_use]
pub fn device_types() -> &'static [DeviceType] {
    &KNOWN
}

/// The model with this AAGUID.
#[must_use]
pub fn device_type(aaguid: Uuid) -> Option<&'static DeviceType> {
    KNOWN.iter().find(|known| known.aaguid == aaguid)
}

/// Complains of models in a list that nobody knows.
pub(super) fn check_types(field: &str, wanted: &[Uuid], problems: &mut crate::Problems) {
    for (place, aaguid) in wanted.iter().enumerate().filter(|(_, aaguid)| device_type(**aaguid).is_none()) {
        let text = format!("Invalid pk \"{aaguid}\" - object does not exist.");
        problems.add(&format!("/{field}/{place}"), "does_not_exist", text);
    }
}

#[cfg(test)]
mod tests {
    use super::device_types;
    use std::collections::HashSet;

    #[test]
    fn every_line_is_read_and_no_model_is_there_twice() {
        let lines = include_str!("device_types.txt").lines().count();
        let known: HashSet<_> = device_types().iter().map(|known| known.aaguid).collect();
        assert_eq!((device_types().len(), known.len()), (lines, lines));
        assert!(device_types().iter().all(|known| !known.description.is_empty()));
    }
}
