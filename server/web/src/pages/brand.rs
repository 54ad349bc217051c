//! What a brand changes about every page.

use crate::{assets, page::Csp};
use lockgate_texts::Language;

/// Light, dark, or as the person's system is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As `prefers-color-scheme` says.
    #[default]
    Automatic,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
    /// As much contrast as there can be, light or dark as `prefers-color-scheme` says.
    Contrast,
}

impl Theme {
    /// From `settings.theme.base` among the attributes of a brand or of somebody; what is unknown is automatic.
    #[must_use]
    pub fn from_setting(setting: &str) -> Self {
        match setting {
            "light" => Self::Light,
            "dark" => Self::Dark,
            "contrast" => Self::Contrast,
            _ => Self::Automatic,
        }
    }

    /// The class on the document's root.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Automatic => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Contrast => "contrast",
        }
    }

    /// The word of the setting.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Contrast => "contrast",
        }
    }

    /// Content of `<meta name="color-scheme">`.
    #[must_use]
    pub fn color_scheme(self) -> &'static str {
        match self {
            Self::Automatic | Self::Contrast => "light dark",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A link at the foot of every page; without an address it is plain text.
#[derive(Debug, Clone)]
pub struct FooterLink {
    /// What is shown.
    pub name: String,
    /// Where it leads.
    pub href: Option<String>,
}

/// The looks of the host that was asked.
#[derive(Debug, Clone)]
pub struct BrandView {
    /// Name beside the logo and in the tab.
    pub title: String,
    /// Address of a logo; none: our mark and the title as text.
    pub logo_url: Option<String>,
    /// Address of a tab icon; none: ours.
    pub favicon_url: Option<String>,
    /// Address of a picture for the water side of the page; none: our drawing.
    pub background_url: Option<String>,
    /// Address **on this host** that serves the brand's own CSS. The policy permits no inline
    /// style, so custom CSS has to be a file of its own.
    pub custom_css_url: Option<String>,
    /// Light or dark.
    pub theme: Theme,
    /// Language of the page; short, since every template names it.
    pub t: Language,
    /// Links at the foot.
    pub footer_links: Vec<FooterLink>,
}

impl Default for BrandView {
    fn default() -> Self {
        Self {
            title: "Lockgate".to_owned(),
            logo_url: None,
            favicon_url: None,
            background_url: None,
            custom_css_url: None,
            theme: Theme::Automatic,
            t: Language::default(),
            footer_links: Vec::new(),
        }
    }
}

impl BrandView {
    /// A picture's address out of a brand's settings: none if it is empty or one of the addresses
    /// that the reference ships as its defaults, where we show our own drawing instead.
    #[must_use]
    pub fn picture(setting: &str) -> Option<String> {
        let default = ["/static/dist/assets/icons/", "/static/dist/assets/images/"]
            .iter()
            .any(|folder| setting.starts_with(folder));
        let shown = !setting.is_empty() && !default;
        shown.then(|| setting.to_owned())
    }

    /// The same in the looks that somebody has chosen, if anybody has.
    #[must_use]
    pub fn liked(self, theme: Option<Theme>) -> Self {
        Self { theme: theme.filter(|theme| *theme != Theme::Automatic).unwrap_or(self.theme), ..self }
    }

    /// Address of the tab icon.
    #[must_use]
    pub fn favicon(&self) -> &str {
        match &self.favicon_url {
            Some(url) => url,
            None => assets::favicon(),
        }
    }

    /// The policy of a page that shows nothing but this brand.
    #[must_use]
    pub fn policy(&self) -> Csp {
        let pictures = [&self.logo_url, &self.favicon_url, &self.background_url];
        pictures.into_iter().flatten().fold(Csp::new(), |policy, url| policy.image(url))
    }
}
