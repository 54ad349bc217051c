//! Where links in mails lead.

use crate::{
    Core,
    config::{Snapshot, hosts::in_domain},
    net::{Client, is_loopback, name_of},
};
use lockgate_model::kinds::Brand;

impl Core {
    /// The address, without a slash at its end, that a mail leads to which somebody unknown asks for.
    ///
    /// Who asks names a host, and may name one of their own: a link there would hand them what it lets in by. So only
    /// those count that the configuration knows, and this machine itself, where somebody tries things out.
    #[must_use]
    pub fn mail_base(&self, snapshot: &Snapshot, client: &Client) -> Option<String> {
        if let Some(base) = self.public_base(snapshot) {
            return Some(base);
        }
        let name = name_of(&client.host);
        let brands = snapshot.objects.all::<Brand>();
        let is_known = brands.iter().any(|(_, brand)| in_domain(name, &brand.domain));
        (is_known || is_loopback(name)).then(|| client.base())
    }
}
