//! Key pairs whose halves do not fit.

use super::*;

#[test]
fn a_pair_whose_halves_belong_together_is_sound() {
    for (algorithm, pair) in PAIRS.iter() {
        assert!(check(pair).is_empty(), "{algorithm}: {}", check(pair));
    }
    let alone = CertificateKeyPair { key_data: String::new(), ..pair("RS256").clone() };
    assert!(check(&alone).is_empty());
}

#[test]
fn halves_that_do_not_belong_together_are_told_at_the_key() {
    for (algorithm, other) in [("RS256", "ES256"), ("ES256", "EdDSA")] {
        let mixed = CertificateKeyPair { key_data: pair(other).key_data.clone(), ..pair(algorithm).clone() };
        let problems = check(&mixed);
        assert_eq!(problems.0.iter().map(|p| p.pointer.as_str()).collect::<Vec<_>>(), ["/key_data"]);
    }
    let same_type = made(&rcgen::PKCS_ECDSA_P256_SHA256);
    let mixed = CertificateKeyPair { key_data: same_type.key_data, ..pair("ES256").clone() };
    assert!(!check(&mixed).is_empty());
}

#[test]
fn what_is_no_certificate_is_told_at_the_certificate() {
    for text in ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let broken = CertificateKeyPair { certificate_data: text.to_owned(), ..pair("ES256").clone() };
        let problems = check(&broken);
        let at: Vec<_> = problems.0.iter().map(|p| p.pointer.as_str()).collect();
        assert_eq!(at, ["/certificate_data"], "{text}: {problems}");
    }
}
