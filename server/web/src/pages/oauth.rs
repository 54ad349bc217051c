//! Pages of the OAuth2 face: a device that waits to be let in, and the question before signing out.

use super::{BrandView, Layout, Permission, Person};
use crate::{
    assets,
    page::{Csp, Page},
};
use askama::Template;
use std::borrow::Cow;

/// Where the forms of [`DevicePage`] go.
pub(super) const DEVICE_PATH: &str = "/device";

/// How far the approval of a device has come.
#[derive(Debug, Clone)]
pub enum DeviceStep {
    /// Type the code. Sends `code`.
    Ask {
        /// What was typed before.
        code: String,
        /// What is wrong with it.
        problem: Option<String>,
    },
    /// Allow or deny. Sends `code`, and `decision` as `allow` or `deny`.
    Confirm {
        /// Name of the application.
        application: String,
        /// Address of its icon.
        icon_url: Option<String>,
        /// To be compared with what the device shows.
        code: String,
        /// What it asks for.
        permissions: Vec<Permission>,
    },
    /// It is decided.
    Done {
        /// Name of the application.
        application: String,
        /// Which way.
        allowed: bool,
    },
}

/// The page where devices are approved.
#[derive(Debug, Clone, Template)]
#[template(path = "device.html")]
pub struct DevicePage {
    /// Looks.
    pub brand: BrandView,
    /// Who decides.
    pub person: Person,
    /// Way to decide as somebody else.
    pub switch_url: String,
    /// Token against cross-site request forgery, sent as [`super::CSRF_FIELD`].
    pub csrf: String,
    /// How far it has come.
    pub step: DeviceStep,
}

impl DevicePage {
    fn layout(&self) -> Layout {
        Layout::Stacked
    }

    fn title(&self) -> Cow<'static, str> {
        match &self.step {
            DeviceStep::Ask { .. } => self.brand.t.connect_device(),
            DeviceStep::Confirm { .. } => self.brand.t.let_device_in(),
            DeviceStep::Done { allowed: true, .. } => self.brand.t.device_connected(),
            DeviceStep::Done { allowed: false, .. } => self.brand.t.device_turned_away(),
        }
    }

    fn problem(&self) -> Option<&str> {
        match &self.step {
            DeviceStep::Ask { problem, .. } => problem.as_deref(),
            _ => None,
        }
    }
}

impl Page for DevicePage {
    fn policy(&self) -> Csp {
        let icon = match &self.step {
            DeviceStep::Confirm { icon_url, .. } => icon_url.as_deref(),
            _ => None,
        };
        icon.into_iter().chain(self.person.avatar_url.as_deref()).fold(self.brand.policy(), Csp::image)
    }
}

/// Asks before signing somebody out of everything, because an application says so.
#[derive(Debug, Clone, Template)]
#[template(path = "sign_out.html")]
pub struct SignOutPage {
    /// Looks.
    pub brand: BrandView,
    /// Who would be signed out.
    pub person: Person,
    /// Name of the application.
    pub application: String,
    /// Token against cross-site request forgery, sent as [`super::CSRF_FIELD`].
    pub csrf: String,
    /// Where the form goes.
    pub action_url: String,
    /// What it sends beside `confirmed`.
    pub fields: Vec<(String, String)>,
}

impl SignOutPage {
    fn layout(&self) -> Layout {
        Layout::Stacked
    }
}

impl Page for SignOutPage {
    fn policy(&self) -> Csp {
        self.person.avatar_url.as_deref().into_iter().fold(self.brand.policy(), Csp::image)
    }
}
