//! Where addresses are and whose networks they are in, from databases in MaxMind's format. They are read
//! once, at start, into memory.

use lockgate_policies::{Network, Place, Places};
use maxminddb::{Reader, geoip2};
use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
};

/// Paths of the databases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GeoFiles {
    /// Cities or countries.
    pub city: Option<PathBuf>,
    /// Autonomous systems.
    pub asn: Option<PathBuf>,
}

/// The databases.
pub struct GeoDatabases {
    city: Option<Reader<Vec<u8>>>,
    asn: Option<Reader<Vec<u8>>>,
}

impl fmt::Debug for GeoDatabases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GeoDatabases(city: {}, asn: {})", self.city.is_some(), self.asn.is_some())
    }
}

impl GeoDatabases {
    /// Reads them. One that cannot be read is told in the log, and knows nothing.
    pub(crate) fn open(files: &GeoFiles) -> Self {
        Self { city: read(files.city.as_deref()), asn: read(files.asn.as_deref()) }
    }

    /// The network that an address is in, as its database divides them: `192.0.2.0/24`.
    #[must_use]
    pub fn prefix(&self, ip: IpAddr) -> Option<String> {
        let found = self.asn.as_ref()?.lookup(ip).ok()?;
        found.has_data().then(|| found.network().ok().map(|network| network.to_string()))?
    }
}

fn read(path: Option<&Path>) -> Option<Reader<Vec<u8>>> {
    let path = path?;
    let opened = Reader::open_readfile(path);
    opened
        .inspect_err(|error| {
            tracing::warn!(path = %path.display(), %error, "a database of addresses cannot be read; what it would know is unknown");
        })
        .ok()
}

impl Places for GeoDatabases {
    fn place(&self, ip: IpAddr) -> Option<Place> {
        let found: geoip2::City<'_> = self.city.as_ref()?.lookup(ip).ok()?.decode().ok()??;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        // Where somebody is counts before where the network is registered.
        let country = found.country.iso_code.or(found.registered_country.iso_code);
        Some(Place {
            country: text(country),
            continent: text(found.continent.code),
            city: text(found.city.names.english),
            lat: found.location.latitude,
            long: found.location.longitude,
        })
    }

    fn network(&self, ip: IpAddr) -> Option<Network> {
        let found: geoip2::Asn<'_> = self.asn.as_ref()?.lookup(ip).ok()?.decode().ok()??;
        let asn = found.autonomous_system_number?.into();
        Some(Network { asn, organization: found.autonomous_system_organization.unwrap_or_default().to_owned() })
    }

    fn databases(&self) -> (bool, bool) {
        (self.city.is_some(), self.asn.is_some())
    }
}
