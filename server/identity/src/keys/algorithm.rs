//! The signature algorithms of JSON Web Algorithms (RFC 7518, section 3; RFC 8037, section 3.1). `none`
//! is not among them, so nothing can ask for it.

use aws_lc_rs::digest;

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    EdDsa,
}

use Algorithm::{EdDsa, Es256, Es384, Es512, Hs256, Hs384, Hs512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};

const NAMES: [(&str, Algorithm); 14] = [
    ("HS256", Hs256),
    ("HS384", Hs384),
    ("HS512", Hs512),
    ("RS256", Rs256),
    ("RS384", Rs384),
    ("RS512", Rs512),
    ("PS256", Ps256),
    ("PS384", Ps384),
    ("PS512", Ps512),
    ("ES256", Es256),
    ("ES384", Es384),
    ("ES512", Es512),
    ("EdDSA", EdDsa),
    // The name that says which curve (RFC 9864, section 2.2); we know of one only.
    ("Ed25519", EdDsa),
];

/// Names of the algorithms that signatures are verified with.
pub fn all_algorithms() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name)
}

/// Names of those with a public key, which is all that a proof of possession may use (RFC 9449, section 4.2).
pub fn public_algorithms() -> impl Iterator<Item = &'static str> {
    let secret = |algorithm: &Algorithm| matches!(algorithm, Hs256 | Hs384 | Hs512);
    NAMES.iter().filter(move |(_, algorithm)| !secret(algorithm)).map(|(name, _)| *name)
}

impl Algorithm {
    /// Its name in headers and metadata.
    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, algorithm)| *algorithm == self).map_or("", |(name, _)| name)
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
    }

    /// What half hashes are made with (OpenID Connect Core, section 3.1.3.6): the hash of the algorithm.
    /// That of Ed25519 is SHA-512 (RFC 8032, section 5.1).
    pub(super) fn hash(self) -> &'static digest::Algorithm {
        match self {
            Hs256 | Rs256 | Ps256 | Es256 => &digest::SHA256,
            Hs384 | Rs384 | Ps384 | Es384 => &digest::SHA384,
            Hs512 | Rs512 | Ps512 | Es512 | EdDsa => &digest::SHA512,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_is_found_under_its_name_and_none_is_no_algorithm() {
        for (name, algorithm) in NAMES {
            assert_eq!(Algorithm::of_name(name), Some(algorithm));
            assert_eq!(Algorithm::of_name(algorithm.name()), Some(algorithm));
        }
        for name in ["none", "None", "NONE", "", "hs256", "RSA-OAEP-256"] {
            assert_eq!(Algorithm::of_name(name), None, "{name}");
        }
    }
}
