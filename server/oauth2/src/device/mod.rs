//! The device authorization grant (RFC 8628): a device without a browser asks for a pair of codes, its
//! owner types the short one on the page and decides, the device exchanges the long one for tokens.

mod agreement;
mod page;
mod request;

pub(crate) use page::DeviceRequest;
pub(crate) use request::answer_to;

/// Path of the page, without a slash at the end: it is read aloud and typed.
pub(crate) const PATH: &str = "/device";

/// A user code as it is compared: however it was typed (RFC 8628, section 6.1).
fn normal(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).take(32).collect()
}

/// A user code as it is shown.
fn shown(code: &str) -> String {
    match code.split_at_checked(4) {
        Some((first, second)) if !second.is_empty() => format!("{first}-{second}"),
        _ => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_typed_in_any_way() {
        for typed in ["BCDF-GHJK", "bcdfghjk", " bcdf ghjk ", "BCDF\u{2013}GHJK"] {
            assert_eq!(normal(typed), "BCDFGHJK", "{typed}");
        }
        assert_eq!(shown("BCDFGHJK"), "BCDF-GHJK");
        assert_eq!(shown(""), "");
    }
}
