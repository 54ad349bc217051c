//! Big figures beside each other.

use super::Tone;
use askama::Template;

/// A figure with what it counts.
#[derive(Debug, Clone, Default)]
pub struct Figure {
    /// The figure, as it is read.
    pub figure: String,
    /// What it counts.
    pub label: String,
    /// More on it; empty: none.
    pub below: String,
    /// Where that is to be seen; empty: nowhere.
    pub href: String,
    /// How it is meant.
    pub tone: Tone,
}

/// Figures beside each other.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "admin/figures.html")]
pub struct Figures(pub Vec<Figure>);
