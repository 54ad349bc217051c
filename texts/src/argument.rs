//! What texts are filled with.

use fluent_bundle::FluentValue;
use std::borrow::Cow;

/// Something that a text can be filled with: a text, or a number that forms its words.
pub trait Argument {
    /// As Fluent takes it.
    fn value(&self) -> FluentValue<'_>;
}

impl<T: Argument + ?Sized> Argument for &T {
    fn value(&self) -> FluentValue<'_> {
        (**self).value()
    }
}

impl Argument for str {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::String(Cow::Borrowed(self))
    }
}

impl Argument for String {
    fn value(&self) -> FluentValue<'_> {
        self.as_str().value()
    }
}

impl Argument for Cow<'_, str> {
    fn value(&self) -> FluentValue<'_> {
        self.as_ref().value()
    }
}

macro_rules! number {
    ($($sort:ty),*) => {
        $(impl Argument for $sort {
            fn value(&self) -> FluentValue<'_> {
                FluentValue::from(*self)
            }
        })*
    };
}
number!(u16, u32, i64, u64, usize);

/// A text so that it stays text in HTML.
pub(crate) fn escaped(value: FluentValue<'_>) -> FluentValue<'_> {
    let FluentValue::String(text) = value else { return value };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&#38;"),
            '<' => out.push_str("&#60;"),
            '>' => out.push_str("&#62;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    FluentValue::String(Cow::Owned(out))
}
