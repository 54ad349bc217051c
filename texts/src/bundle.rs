//! The loaded texts: those of a language when somebody first reads it, and then for as long as the program runs.

use crate::{Language, Sources};
use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use std::{borrow::Cow, sync::OnceLock};
use unic_langid::LanguageIdentifier;

type Bundle = FluentBundle<FluentResource>;

static LOADED: [OnceLock<Bundle>; Language::ALL.len()] = [const { OnceLock::new() }; Language::ALL.len()];

impl Language {
    fn bundle(self) -> &'static Bundle {
        LOADED[self as usize].get_or_init(|| load(self))
    }

    /// A text without variables.
    pub(crate) fn fixed(self, id: &str) -> Cow<'static, str> {
        self.formatted(id, None)
    }

    /// A text with its variables filled in.
    pub(crate) fn filled<'a, const N: usize>(self, id: &str, arguments: [(&'a str, FluentValue<'a>); N]) -> String {
        self.formatted(id, Some(&FluentArgs::from_iter(arguments))).into_owned()
    }

    /// Tests see to it that nothing is missing. If something were, English is better than nothing.
    pub(crate) fn formatted(self, id: &str, arguments: Option<&FluentArgs<'_>>) -> Cow<'static, str> {
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
            return match self {
                Self::English => Cow::Borrowed(""),
                _ => Self::English.formatted(id, arguments),
            };
        };
        bundle.format_pattern(pattern, arguments, &mut Vec::new())
    }
}

fn load(language: Language) -> Bundle {
    // Its tags are well-formed, as a test says.
    let tag: LanguageIdentifier = language.tag().parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![tag]);
    // Marks around what is filled in keep right-to-left names from turning sentences around; none of our sentences
    // could be told from one with marks by whoever searches for it, and no browser needs them for a name alone.
    bundle.set_use_isolating(false);
    let Sources { said, told } = language.sources();
    for source in std::iter::once(said).chain(told) {
        // What is not well-formed is left out, and found by a test.
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, _)| resource);
        // As above for what is there twice.
        let _ = bundle.add_resource(resource);
    }
    bundle
}
