//! The memory that argon2 works in. A thread that hashes keeps it for its next hash: to take 19 MiB anew each time and to
//! fill them with zeros is a twentieth of the work. It goes when the thread ends, which it does when it rests.

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, PasswordHash},
};
use std::cell::RefCell;

thread_local! {
    static KEPT: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// Whether a password is the one of this hash; the comparison takes the same time for every wrong one.
pub(super) fn accepts(hash: &PasswordHash, password: &[u8]) -> bool {
    computed(hash, password).zip(hash.hash).is_some_and(|(computed, expected)| computed == expected)
}

/// What a hash would be for this password; `None` for a hash that is none of argon2's, or not whole.
fn computed(hash: &PasswordHash, password: &[u8]) -> Option<Output> {
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = hash.version.map(Version::try_from).transpose().ok()?.unwrap_or_default();
    let params = Params::try_from(hash).ok()?;
    let mut room = [0_u8; Output::MAX_LENGTH];
    let out = room.get_mut(..params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN))?;
    fill(&Argon2::new(algorithm, version, params), password, hash.salt.as_ref()?, out).ok()?;
    Output::new(out).ok()
}

fn fill(argon2: &Argon2<'_>, password: &[u8], salt: &[u8], out: &mut [u8]) -> argon2::Result<()> {
    let blocks = argon2.params().block_count();
    // A dear hash from elsewhere is made new soon; its memory is not kept.
    if blocks > Params::default().block_count() {
        return argon2.hash_password_into(password, salt, out);
    }
    KEPT.with_borrow_mut(|kept| {
        if kept.len() < blocks {
            kept.resize(blocks, Block::new());
        }
        argon2.hash_password_into_with_memory(password, salt, out, &mut kept[..blocks])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::{CustomizedPasswordHasher, PasswordVerifier};

    #[test]
    fn what_others_left_in_the_memory_changes_nothing() {
        let default = Params::default().block_count() as u32;
        // Less, as much and more than is kept; two lanes; every algorithm; and again, in used memory.
        let costs = [(default, 2, 1), (64, 3, 2), (default + 64, 1, 1), (8, 1, 1), (default, 2, 1)];
        for (memory, passes, lanes) in costs {
            for algorithm in ["argon2id", "argon2i", "argon2d"] {
                let params = Params::new(memory, passes, lanes, None).expect("costs");
                let made =
                    Argon2::default().hash_password_customized(b"secret", b"saltsalt", Some(algorithm), None, params);
                let hash = made.expect("a hash");
                assert!(accepts(&hash, b"secret"), "{hash}");
                assert!(!accepts(&hash, b"Secret"), "{hash}");
                assert!(Argon2::default().verify_password(b"secret", &hash).is_ok());
            }
        }
        let whole = Argon2::default().hash_password_customized(b"x", b"saltsalt", None, None, Params::default());
        let whole = whole.expect("a hash");
        assert!(!accepts(&PasswordHash { hash: None, ..whole.clone() }, b"x"));
        assert!(!accepts(&PasswordHash { salt: None, ..whole }, b"x"));
    }
}
