//! Pictures for people: initials on a coloured square, drawn here so that no page asks a third party.

use std::fmt::Write as _;

/// An SVG as data URI, made from a name: the same name gives the same picture.
#[must_use]
pub fn initials(name: &str) -> String {
    let hash = name.bytes().fold(2_166_136_261_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(16_777_619));
    let letters: String = name
        .split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| word.chars().next())
        .take(2)
        .flat_map(char::to_uppercase)
        .take(2)
        .collect();
    let svg = format!(
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 64 64">"#,
            r#"<rect width="64" height="64" fill="hsl({},42%,38%)"/>"#,
            r##"<text x="32" y="33" fill="#fff" font-family="sans-serif" font-size="26" "##,
            r#"text-anchor="middle" dominant-baseline="central">{}</text></svg>"#
        ),
        hash % 360,
        letters
    );
    let mut uri = String::from("data:image/svg+xml,");
    for byte in svg.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'/' | b':' | b'=' | b',' => {
                uri.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            _ => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn no_name_breaks_out_of_the_attribute() {
        for name in ["Ada Lovelace", "\"><script>", "", "日本", "ß", "a' onload='x"] {
            let uri = initials(name);
            assert!(uri.starts_with("data:image/svg+xml,"), "{uri}");
            assert!(!uri.contains(['"', '\'', '<', '>', ' ']), "{uri}");
        }
        assert!(initials("Ada Lovelace").contains("AL"));
    }
}
