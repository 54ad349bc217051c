//! Randomness for the states of logins, drawn in blocks: a call of the generator costs more than signing
//! the state, whether it is asked for one state or for many.

use lockgate_engine::ports::Random;
use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

/// Bytes that are drawn at once.
const BLOCK: usize = 1024;

/// Bytes that are given out at once.
const PIECE: usize = 32;

/// A block of randomness.
pub(crate) struct Noise(Mutex<Block>);

struct Block {
    bytes: [u8; BLOCK],
    left: usize,
}

impl fmt::Debug for Noise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Noise")
    }
}

impl Default for Noise {
    fn default() -> Self {
        Self(Mutex::new(Block { bytes: [0; BLOCK], left: 0 }))
    }
}

impl Noise {
    /// The next bytes, which nobody has had and nobody will have.
    pub(crate) fn draw(&self, random: &dyn Random) -> [u8; PIECE] {
        let mut block = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if block.left < PIECE {
            random.fill(&mut block.bytes);
            block.left = BLOCK;
        }
        block.left -= PIECE;
        let from = block.left;
        let mut piece = [0; PIECE];
        // What is given out stays nowhere.
        piece.swap_with_slice(&mut block.bytes[from..from + PIECE]);
        piece
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU8, Ordering};

    /// Fills each block with another byte, and counts within it.
    struct Counted(AtomicU8);

    impl Random for Counted {
        fn fill(&self, buffer: &mut [u8]) {
            let block = self.0.fetch_add(1, Ordering::Relaxed);
            for (at, pair) in buffer.chunks_mut(2).enumerate() {
                pair.copy_from_slice(&[block, u8::try_from(at % 251).expect("small")]);
            }
        }
    }

    #[test]
    fn nothing_is_given_out_twice() {
        let (noise, random) = (Noise::default(), Counted(AtomicU8::new(1)));
        let pieces = 3 * BLOCK / PIECE;
        let drawn: std::collections::HashSet<_> = (0..pieces).map(|_| noise.draw(&random)).collect();
        assert_eq!(drawn.len(), pieces);
        assert_eq!(random.0.into_inner(), 4, "three blocks");
        assert!(!drawn.contains(&[0; PIECE]));
    }
}
