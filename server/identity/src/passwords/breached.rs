//! A file of leaked passwords, as the downloader of haveibeenpwned.com writes it: a line a password, `SHA1:COUNT`, in
//! the order of the hashes. It has tens of gigabytes: what is looked up is found by halving, with one small read for
//! each half, and nothing of it is kept in memory.

use std::{
    fs::{File, Metadata},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::PathBuf,
    sync::{Mutex, PoisonError},
};
use thiserror::Error;

/// Digits of a SHA-1.
const DIGITS: usize = 40;

/// The longest line, in bytes, with its end.
const LINE: u64 = 128;

/// Places at which the order of the file is looked at before it is believed, and bytes that are read at each.
const SAMPLES: u64 = 1024;
const SAMPLE: u64 = 1024;

/// Why a file of leaked passwords cannot be used.
#[derive(Debug, Error)]
pub enum BreachedError {
    /// It is not there, or may not be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is a folder, a pipe, or something else.
    #[error("it is no file")]
    NoFile,
    /// Nothing is in it.
    #[error("it is empty")]
    Empty,
    /// A line is none of such a file.
    #[error(
        "at byte {0} there is no line with a SHA-1 (40 digits from 0 to F), alone or followed by a colon and a number"
    )]
    Line(u64),
    /// The lines are in another order.
    #[error("it is not sorted by hash: what comes at byte {0} belongs before it")]
    Order(u64),
    /// The machine has no thread for it.
    #[error("nobody was there to read it")]
    Nobody,
}

/// Which file was found to be in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    written: (i64, i64),
}

impl Stamp {
    fn of(known: &Metadata) -> Self {
        let written = (known.mtime(), known.mtime_nsec());
        Self { device: known.dev(), inode: known.ino(), length: known.len(), written }
    }
}

/// A file of leaked passwords.
#[derive(Debug)]
pub(crate) struct Breached {
    path: PathBuf,
    in_order: Mutex<Option<Stamp>>,
}

/// A line: where it begins, where the next one does, its hash, and how often its password was leaked.
struct Line {
    start: u64,
    end: u64,
    hash: [u8; DIGITS],
    count: Option<u64>,
}

impl Breached {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, in_order: Mutex::default() }
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// How often the password with this hash was leaked; a line without a number counts as any number. Blocks.
    ///
    /// # Errors
    /// [`BreachedError`]. A file that is not in order is not asked, since it would deny what it has.
    pub(crate) fn count(&self, hash: &[u8; DIGITS]) -> Result<u64, BreachedError> {
        let (file, length) = self.open()?;
        let (mut low, mut high) = (0, length);
        while low < high {
            let line = line_around(&file, low + (high - low) / 2, low, high)?;
            match line.hash.cmp(hash) {
                std::cmp::Ordering::Less => low = line.end,
                std::cmp::Ordering::Greater => high = line.start,
                std::cmp::Ordering::Equal => return Ok(line.count.unwrap_or(u64::MAX)),
            }
        }
        Ok(0)
    }

    /// Whether the file can be used. Blocks.
    ///
    /// # Errors
    /// [`BreachedError`].
    pub(crate) fn check(&self) -> Result<(), BreachedError> {
        self.open().map(drop)
    }

    /// Opens the file, anew each time: it may be replaced while the server runs.
    fn open(&self) -> Result<(File, u64), BreachedError> {
        let file = File::open(&self.path)?;
        let known = file.metadata()?;
        if !known.is_file() {
            return Err(BreachedError::NoFile);
        }
        let stamp = Stamp::of(&known);
        let believed = *self.in_order.lock().unwrap_or_else(PoisonError::into_inner);
        if believed != Some(stamp) {
            in_order(&file, known.len())?;
            *self.in_order.lock().unwrap_or_else(PoisonError::into_inner) = Some(stamp);
        }
        Ok((file, known.len()))
    }
}

/// Looks at samples from the whole file: at a thousand places, some lines each.
fn in_order(file: &File, length: u64) -> Result<(), BreachedError> {
    if length == 0 {
        return Err(BreachedError::Empty);
    }
    let mut before = [0; DIGITS];
    let step = (length / SAMPLES).max(SAMPLE);
    let mut at = 0;
    while at < length {
        let mut line = line_around(file, at, 0, length)?;
        let until = (at + SAMPLE).min(length);
        loop {
            if line.hash < before {
                return Err(BreachedError::Order(line.start));
            }
            before = line.hash;
            if line.end >= until {
                break;
            }
            line = line_around(file, line.end, line.end, length)?;
        }
        at = (at + step).max(line.end);
    }
    Ok(())
}

/// The line that a byte is part of, between two bytes at which lines begin.
fn line_around(file: &File, at: u64, low: u64, high: u64) -> Result<Line, BreachedError> {
    let from = at.saturating_sub(LINE).max(low);
    let to = (at + LINE).min(high);
    let mut bytes = vec![0; usize::try_from(to - from).unwrap_or_default()];
    file.read_exact_at(&mut bytes, from)?;
    let middle = usize::try_from(at - from).unwrap_or_default();
    let start = match bytes[..middle].iter().rposition(|byte| *byte == b'\n') {
        Some(end_before) => end_before + 1,
        None if from == low => 0,
        None => return Err(BreachedError::Line(from)),
    };
    let place = |offset: usize| from + u64::try_from(offset).unwrap_or_default();
    let rest = &bytes[start..];
    let (text, end) = match rest.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&rest[..end], start + end + 1),
        None if to == high => (rest, bytes.len()),
        None => return Err(BreachedError::Line(place(start))),
    };
    let (hash, count) = read(text).ok_or(BreachedError::Line(place(start)))?;
    Ok(Line { start: place(start), end: place(end), hash, count })
}

fn read(line: &[u8]) -> Option<([u8; DIGITS], Option<u64>)> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (hash, rest) = line.split_first_chunk::<DIGITS>()?;
    if !hash.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let count = match rest {
        [] => None,
        [b':', number @ ..] => Some(std::str::from_utf8(number).ok()?.trim().parse().ok()?),
        _ => return None,
    };
    Some((hash.to_ascii_uppercase().try_into().ok()?, count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fmt::Write as _, fs, path::Path};

    /// A hash that is as good as any, in order of its number.
    fn hash(number: u64) -> String {
        format!("{:016X}{number:08X}{number:016X}", number.wrapping_mul(0x0000_9E37_79B9_7F4A))
    }

    fn file(folder: &Path, text: &str) -> Breached {
        let path = folder.join("leaked.txt");
        fs::write(&path, text).expect("written");
        Breached::new(path)
    }

    fn count(breached: &Breached, hash: &str) -> Result<u64, BreachedError> {
        breached.count(hash.as_bytes().try_into().expect("forty digits"))
    }

    #[test]
    fn every_line_is_found_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        for end in ["\n", "\r\n"] {
            for lines in [1, 2, 3, 5_000] {
                let mut text = String::new();
                for number in 0..lines {
                    write!(text, "{}:{}{end}", hash(2 * number + 1), number * number + 1).expect("written");
                }
                for text in [text.as_str(), text.trim_end()] {
                    let breached = file(folder.path(), text);
                    for number in 0..lines {
                        assert_eq!(count(&breached, &hash(2 * number + 1)).expect("known"), number * number + 1);
                        assert_eq!(count(&breached, &hash(2 * number)).expect("not known"), 0);
                    }
                    assert_eq!(count(&breached, &hash(2 * lines + 1)).expect("not known"), 0);
                    assert_eq!(count(&breached, &"F".repeat(40)).expect("not known"), 0);
                }
            }
        }
    }

    #[test]
    fn lines_without_numbers_and_with_small_letters_count_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let lines: Vec<String> = (1..100).map(hash).collect();
        let breached = file(folder.path(), &lines.join("\n").to_lowercase());
        assert_eq!(count(&breached, &hash(50)).expect("known"), u64::MAX);
        assert_eq!(count(&breached, &hash(100)).expect("not known"), 0);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_and_it_is_not_asked() {
        let folder = tempfile::tempdir().expect("a folder");
        let line = |number| format!("{}:1\n", hash(number));
        let in_order: String = (0..30_000).map(line).collect();
        let turned: String = (0..30_000).rev().map(line).collect();
        let swapped = in_order.replacen(&hash(3), &"F".repeat(40), 1);
        for (text, told) in [
            (String::new(), "it is empty"),
            (turned, "it is not sorted by hash"),
            (swapped, "it is not sorted by hash"),
            ("password\n123456\n".to_owned(), "at byte 0 there is no line with a SHA-1"),
            ("0123456789ABCDEF0123456789ABCDEF:3\n".to_owned(), "at byte 0 there is no line with a SHA-1"),
            (format!("{}:many\n", hash(1)), "at byte 0 there is no line"),
            (format!("{}{}\n", hash(1), "0".repeat(300)), "at byte 0 there is no line"),
        ] {
            let breached = file(folder.path(), &text);
            let error = breached.check().expect_err("it is wrong").to_string();
            assert!(error.starts_with(told), "{told}: {error}");
            assert!(count(&breached, &hash(1)).is_err(), "{told}");
        }
        let gone = Breached::new(folder.path().join("gone.txt"));
        assert!(gone.check().expect_err("it is gone").to_string().starts_with("it cannot be read: No such file"));
        assert!(matches!(Breached::new(folder.path().to_owned()).check(), Err(BreachedError::NoFile)));
    }

    #[test]
    fn a_file_that_is_replaced_is_looked_at_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let breached = file(folder.path(), &format!("{}:7\n", hash(1)));
        assert_eq!(count(&breached, &hash(1)).expect("known"), 7);
        fs::write(breached.path(), format!("{}:1\n{}:1\n", hash(9), hash(1))).expect("written");
        assert!(matches!(count(&breached, &hash(1)), Err(BreachedError::Order(_))));
        fs::write(breached.path(), format!("{}:1\n{}:12\n", hash(1), hash(9))).expect("written");
        assert_eq!(count(&breached, &hash(9)).expect("known"), 12);
    }
}
