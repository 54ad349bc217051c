//! Which language somebody reads.

use crate::Language;
use unic_langid::LanguageIdentifier;

impl Language {
    /// The language that a tag means, also one with a region (`de-AT`) or written with `_`.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let tag: LanguageIdentifier = tag.parse().ok()?;
        let script = tag.script.as_ref().map(unic_langid::subtags::Script::as_str);
        let region = tag.region.as_ref().map(unic_langid::subtags::Region::as_str);
        match tag.language.as_str() {
            "en" => Some(Self::English),
            "de" => Some(Self::German),
            "fr" => Some(Self::French),
            "es" => Some(Self::Spanish),
            // Who reads traditional characters may prefer another language to simplified ones.
            "zh" if script == Some("Hant") || script.is_none() && matches!(region, Some("TW" | "HK" | "MO")) => None,
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }

    /// The first that there is of: what somebody has chosen, what is usual where they are, and what their browser asks
    /// for (`Accept-Language`, RFC 9110, section 12.5.4); else English.
    #[must_use]
    pub fn choose(own: Option<&str>, usual: Option<&str>, accepted: &str) -> Self {
        let said = [own, usual].into_iter().flatten().find_map(Self::of_tag);
        said.or_else(|| accept_language::parse(accepted).iter().find_map(|tag| Self::of_tag(tag))).unwrap_or_default()
    }
}
