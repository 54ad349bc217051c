//! What people read, in their language: the texts of pages and mails, and of what a flow tells whoever goes through it.
//!
//! Texts are Fluent files, a folder a language. What the program says itself (`said.ftl`) are methods of [`Language`],
//! made when this crate is built. What the engine, the policies and the built-in configuration say is English where it
//! is written, stored and logged, and [`Language::told`] looks up how another language says it (`told.ftl`,
//! `builtin.ftl`); what nobody has translated, such as the texts of an administrator, stays as it is. What may not
//! enter this room: I/O, what is shown where, and words that only administrators read.

mod argument;
mod bundle;
mod catalogue;
mod choice;
mod time;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod variables;

pub use argument::Argument;

use argument::escaped;
use std::borrow::Cow;

/// A language that pages and mails are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Chinese, in simplified characters.
    Chinese,
}

impl Language {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::English, Self::German, Self::Spanish, Self::French, Self::Chinese];

    /// Its tag (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Chinese => "zh-Hans",
        }
    }

    /// What those who speak it call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::French => "Français",
            Self::Spanish => "Español",
            Self::Chinese => "简体中文",
        }
    }

    /// Its files.
    fn sources(self) -> Sources {
        match self {
            Self::English => sources!("en"),
            Self::German => sources!("de"),
            Self::French => sources!("fr"),
            Self::Spanish => sources!("es"),
            Self::Chinese => sources!("zh-Hans"),
        }
    }
}

/// The files of a language: what the program says itself, and what is looked up.
struct Sources {
    said: &'static str,
    told: [&'static str; 2],
}

macro_rules! sources {
    ($folder:literal) => {
        Sources {
            said: include_str!(concat!("../", $folder, "/said.ftl")),
            told: [
                include_str!(concat!("../", $folder, "/told.ftl")),
                include_str!(concat!("../", $folder, "/builtin.ftl")),
            ],
        }
    };
}
use sources;

include!(concat!(env!("OUT_DIR"), "/said.rs"));
