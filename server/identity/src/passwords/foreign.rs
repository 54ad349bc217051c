//! Hashes of passwords that were made elsewhere: passwords are checked against them once, and get one of ours.

use aws_lc_rs::{
    digest::{SHA256, digest},
    pbkdf2,
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use std::{num::NonZeroU32, str::FromStr};
use subtle::ConstantTimeEq;

/// More rounds than any known installation uses; a larger number is an attack on the pool.
const MAX_PBKDF2_ROUNDS: u32 = 10_000_000;

/// As much takes about a second.
const MAX_BCRYPT_COST: u32 = 14;

/// What scrypt may cost at most: bytes, and lanes.
const MAX_SCRYPT_BYTES: u64 = 256 * 1024 * 1024;
const MAX_SCRYPT_LANES: u32 = 16;

/// Lengths of a hash in bytes.
const SCRYPT_HASH: std::ops::RangeInclusive<usize> = 16..=64;

/// A hash from elsewhere.
pub(super) enum Foreign<'h> {
    /// Django's `pbkdf2_sha256$<rounds>$<salt>$<hash>`.
    Pbkdf2 { rounds: NonZeroU32, salt: &'h str, hash: Vec<u8> },
    /// `$2b$…` and its older forms, also as Django writes it; `digested`: of the password's SHA-256 in hexadecimal.
    Bcrypt { hash: &'h str, digested: bool },
    /// `$scrypt$ln=…,r=…,p=…$<salt>$<hash>`, or Django's `scrypt$<n>$<salt>$<r>$<p>$<hash>`.
    Scrypt { params: scrypt::Params, salt: Vec<u8>, hash: Vec<u8> },
}

impl<'h> Foreign<'h> {
    /// Reads a hash; `None` for what is none of these, and for one that would take more than a login may.
    pub(super) fn read(text: &'h str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix("pbkdf2_sha256$") {
            return pbkdf2(rest);
        }
        if let Some(rest) = text.strip_prefix("$scrypt$") {
            return scrypt(rest);
        }
        if let Some(rest) = text.strip_prefix("scrypt$") {
            return scrypt_of_django(rest);
        }
        if let Some(hash) = text.strip_prefix("bcrypt_sha256$") {
            return bcrypt(hash, true);
        }
        bcrypt(text.strip_prefix("bcrypt$").unwrap_or(text), false)
    }

    /// Whether it is of this password.
    pub(super) fn accepts(&self, password: &str) -> bool {
        match self {
            Self::Pbkdf2 { rounds, salt, hash } => {
                let (salt, password) = (salt.as_bytes(), password.as_bytes());
                pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, *rounds, salt, password, hash).is_ok()
            }
            Self::Bcrypt { hash, digested: true } => {
                let digested = hex::encode(digest(&SHA256, password.as_bytes()));
                bcrypt::verify(digested, hash).unwrap_or(false)
            }
            Self::Bcrypt { hash, digested: false } => bcrypt::verify(password, hash).unwrap_or(false),
            Self::Scrypt { params, salt, hash } => {
                let mut made = vec![0_u8; hash.len()];
                let derived = scrypt::scrypt(password.as_bytes(), salt, params, &mut made);
                derived.is_ok() && bool::from(made.ct_eq(hash))
            }
        }
    }
}

fn pbkdf2(rest: &str) -> Option<Foreign<'_>> {
    let [rounds, salt, hash] = parts(rest)?;
    let rounds: u32 = rounds.parse().ok().filter(|rounds| *rounds <= MAX_PBKDF2_ROUNDS)?;
    let hash = STANDARD.decode(hash).ok().filter(|hash| hash.len() == 32)?;
    Some(Foreign::Pbkdf2 { rounds: NonZeroU32::new(rounds)?, salt, hash })
}

fn bcrypt(hash: &str, digested: bool) -> Option<Foreign<'_>> {
    let cost = bcrypt::HashParts::from_str(hash).ok()?.get_cost();
    (cost <= MAX_BCRYPT_COST).then_some(Foreign::Bcrypt { hash, digested })
}

fn scrypt(rest: &str) -> Option<Foreign<'_>> {
    let [costs, salt, hash] = parts(rest)?;
    let mut costs = costs.split(',');
    let mut cost = |name: &str| -> Option<u32> { costs.next()?.strip_prefix(name)?.parse().ok() };
    let (log_n, r, p) = (cost("ln=")?, cost("r=")?, cost("p=")?);
    sound_scrypt(log_n, r, p, STANDARD_NO_PAD.decode(salt).ok()?, STANDARD_NO_PAD.decode(hash).ok()?)
}

fn scrypt_of_django(rest: &str) -> Option<Foreign<'_>> {
    let [n, salt, r, p, hash] = parts(rest)?;
    let n: u32 = n.parse().ok().filter(|n: &u32| n.is_power_of_two())?;
    let salt = salt.as_bytes().to_vec();
    sound_scrypt(n.ilog2(), r.parse().ok()?, p.parse().ok()?, salt, STANDARD.decode(hash).ok()?)
}

fn sound_scrypt<'h>(log_n: u32, r: u32, p: u32, salt: Vec<u8>, hash: Vec<u8>) -> Option<Foreign<'h>> {
    let bytes = 1_u64.checked_shl(log_n)?.checked_mul(u64::from(r))?.checked_mul(128)?;
    let affordable = bytes <= MAX_SCRYPT_BYTES && p <= MAX_SCRYPT_LANES && SCRYPT_HASH.contains(&hash.len());
    let params = scrypt::Params::new(u8::try_from(log_n).ok()?, r, p).ok().filter(|_| affordable)?;
    Some(Foreign::Scrypt { params, salt, hash })
}

/// Exactly so many parts between dollars.
fn parts<const N: usize>(text: &str) -> Option<[&str; N]> {
    let all: Vec<&str> = text.split('$').collect();
    all.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(hash: &str, password: &str) -> Option<bool> {
        Foreign::read(hash).map(|hash| hash.accepts(password))
    }

    /// What Python's `hashlib`, `crypt` and Django make of these passwords.
    #[test]
    fn each_form_accepts_its_password_and_no_other() {
        for (hash, password) in [
            ("pbkdf2_sha256$1000$c2FsdA$VYdBpIfIQqIf40DWSMXxTqLmbC9Mnjw7L0feDdjbfR0=", "orbit-mango-trellis-58"),
            (
                "scrypt$1024$saltsaltsalt$8$5$1TEJBcsNisBMUbgHrPCI9527JstYLMs2iThcGEsSzbRheoImrxKC2kvfjHbgLwsen7eFew1EsAtJ+VNZAzI5ZA==",
                "orbit-mango-trellis-58",
            ),
            (
                "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHRzYWx0$YzKlB/ltEWRsIwzorXeQ4Hp647Xj06iFBt8cAKfIXoI",
                "orbit-mango-trellis-58",
            ),
            ("$2b$04$CV8LDoyifzmwb.08PFwAz.BMO2ffITleRUp3Zzv50ad8KqzRGJaki", "orbit-mango-trellis-58"),
            ("bcrypt_sha256$$2b$04$MzTOio/mBkqxcRopA8V3b.xAe9uN.xHY56h2T8eZpyU8IiQCRPQB2", "orbit-mango-trellis-58"),
        ] {
            assert_eq!(accepts(hash, password), Some(true), "{hash}");
            assert_eq!(accepts(hash, "orbit-mango-trellis-59"), Some(false), "{hash}");
            assert_eq!(accepts(hash, ""), Some(false), "{hash}");
        }
    }

    /// RFC 7914, section 12.
    #[test]
    fn scrypt_makes_what_the_rfc_says() {
        let hash = hex::decode(
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162\
             2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
        );
        let salt = STANDARD_NO_PAD.encode("NaCl");
        let text = format!("$scrypt$ln=10,r=8,p=16${salt}${}", STANDARD_NO_PAD.encode(hash.expect("hexadecimal")));
        assert_eq!(accepts(&text, "password"), Some(true));
    }

    #[test]
    fn what_costs_too_much_or_is_no_hash_is_not_read() {
        let salt = "c2FsdHNhbHQ";
        let hash = STANDARD_NO_PAD.encode([7_u8; 32]);
        for text in [
            format!("$scrypt$ln=30,r=8,p=1${salt}${hash}"),
            format!("$scrypt$ln=15,r=8,p=99${salt}${hash}"),
            format!("$scrypt$ln=15,r=8${salt}${hash}"),
            format!("$scrypt$ln=15,r=8,p=1${salt}$AAAA"),
            "scrypt$1000$salt$8$1$AAAA".to_owned(),
            "$2b$20$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234".to_owned(),
            "$2b$12$short".to_owned(),
            "bcrypt_sha256$x".to_owned(),
            "pbkdf2_sha256$99999999$salt$AAAA".to_owned(),
            String::new(),
        ] {
            assert!(Foreign::read(&text).is_none(), "{text}");
        }
    }
}
