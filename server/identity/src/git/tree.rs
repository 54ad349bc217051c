//! The folder that a commit holds, read object by object: what is no plain file is told, and never followed.

use super::GitError;
use lockgate_flows::{Diagnostic, Folder, MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES, Span};

/// Longest answer to a listing, in bytes: a repository may hold much beside the configuration.
pub(super) const MAX_LISTING: u64 = 32 << 20;

/// Longest answer with contents: what a folder may hold, and a line for each file.
pub(super) const MAX_CONTENTS: u64 = MAX_TOTAL_BYTES + 200 * MAX_FILES as u64;

/// One line of `git ls-tree -r -z -l`.
#[derive(Debug, PartialEq, Eq)]
struct Entry<'a> {
    mode: &'a str,
    object: &'a str,
    size: u64,
    path: &'a str,
}

/// What a listing has to offer: which objects to ask for, in order, and what is wrong already.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    paths: Vec<String>,
    objects: Vec<String>,
    diagnostics: Vec<Diagnostic>,
}

impl Wanted {
    /// Of a listing.
    pub(super) fn of(listing: &[u8]) -> Self {
        let mut wanted = Self::default();
        let mut total = 0;
        for line in listing.split(|b| *b == 0).filter(|line| !line.is_empty()) {
            let Some(entry) = std::str::from_utf8(line).ok().and_then(entry) else {
                let name = String::from_utf8_lossy(line.rsplit(|b| *b == b'\t').next().unwrap_or_default());
                wanted.complain("read", &name, "the name of this file is not UTF-8".to_owned());
                continue;
            };
            let path = entry.path;
            if path.split('/').any(|part| part.starts_with('.')) {
                continue;
            }
            match entry.mode {
                "120000" => wanted.complain("read", path, "links in a repository are not followed".to_owned()),
                "160000" => wanted.complain("read", path, "submodules of a repository are not fetched".to_owned()),
                _ if !Folder::wants(path) => {}
                _ if entry.size > MAX_FILE_BYTES => {
                    let limit = format!("this file is larger than {} MiB", MAX_FILE_BYTES >> 20);
                    wanted.complain("limit", path, limit);
                }
                _ if wanted.paths.len() >= MAX_FILES || total + entry.size > MAX_TOTAL_BYTES => {
                    let limit = format!("{MAX_FILES} files and {} MiB", MAX_TOTAL_BYTES >> 20);
                    wanted.complain("limit", path, format!("a configuration folder may hold {limit}"));
                    break;
                }
                _ => {
                    total += entry.size;
                    wanted.paths.push(path.to_owned());
                    wanted.objects.push(entry.object.to_owned());
                }
            }
        }
        wanted
    }

    fn complain(&mut self, code: &'static str, path: &str, message: String) {
        self.diagnostics.push(Diagnostic::error(code, &Span::whole(path), message));
    }

    /// What `git cat-file --batch` is to be asked.
    pub(super) fn question(&self) -> Vec<u8> {
        self.objects.iter().flat_map(|object| [object.as_bytes(), b"\n"].concat()).collect()
    }

    /// The folder, by what was answered to [`Self::question`].
    pub(super) fn folder(mut self, answer: &[u8]) -> Result<Folder, GitError> {
        let mut texts = Vec::new();
        let mut rest = answer;
        for (path, object) in std::mem::take(&mut self.paths).into_iter().zip(std::mem::take(&mut self.objects)) {
            let broken = || GitError::Failed { what: "reading a commit", told: format!("{object} is not there") };
            let (bytes, after) = content(rest, &object).ok_or_else(broken)?;
            rest = after;
            match std::str::from_utf8(bytes) {
                Ok(text) => texts.push((path, text.to_owned())),
                Err(error) => {
                    let at = error.valid_up_to();
                    let message = format!("this file is not UTF-8: the byte at offset {at} is not text");
                    self.complain("read", &path, message);
                }
            }
        }
        let mut folder = Folder::received(texts);
        folder.diagnostics.append(&mut self.diagnostics);
        Ok(folder)
    }
}

/// `MODE SP TYPE SP OBJECT SP+ SIZE TAB PATH`.
fn entry(line: &str) -> Option<Entry<'_>> {
    let (facts, path) = line.split_once('\t')?;
    let mut facts = facts.split_ascii_whitespace();
    let (mode, _, object, size) = (facts.next()?, facts.next()?, facts.next()?, facts.next()?);
    Some(Entry { mode, object, size: size.parse().unwrap_or_default(), path })
}

/// `OBJECT SP blob SP SIZE LF`, so many bytes, and a line feed; answers the bytes and what follows.
fn content<'a>(answer: &'a [u8], object: &str) -> Option<(&'a [u8], &'a [u8])> {
    let end = answer.iter().position(|b| *b == b'\n')?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let size = head.strip_prefix(object)?.strip_prefix(" blob ")?.parse().ok()?;
    let (bytes, rest) = answer[end + 1..].split_at_checked(size)?;
    Some((bytes, rest.strip_prefix(b"\n")?))
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    fn listing(lines: &[&str]) -> Vec<u8> {
        lines.iter().flat_map(|line| [line.as_bytes(), b"\0"].concat()).collect()
    }

    #[test]
    fn a_commit_is_read_as_a_folder_is() {
        let wanted = Wanted::of(&listing(&[
            "100644 blob aa       4\tapps.yaml",
            "100755 blob bb       3\tb/c d.RHAI",
            "100644 blob cc       9\tREADME.md",
            "100644 blob dd       9\t.github/workflows/x.yaml",
            "120000 blob ee       9\tlinked",
            "160000 commit ff       -\tvendor",
            "100644 blob gg 1048577\tbig.cedar",
            "100644 blob hh       2\tlatin.yaml",
        ]));
        assert_eq!(wanted.question(), b"aa\nbb\nhh\n");
        let folder = wanted.folder(b"aa blob 4\na: 1\nbb blob 3\n1\n\n\nhh blob 2\n\xe9!\n").expect("whole");
        let files: Vec<_> = folder.files.iter().map(|f| (f.path.as_str(), f.text.as_str())).collect();
        assert_eq!(files, [("apps.yaml", "a: 1"), ("b/c d.RHAI", "1\n\n")]);
        let wrong: Vec<_> = folder.diagnostics.iter().map(|d| format!("{}: {}", d.span, d.message)).collect();
        assert_eq!(
            wrong,
            [
                "linked: links in a repository are not followed",
                "vendor: submodules of a repository are not fetched",
                "big.cedar: this file is larger than 1 MiB",
                "latin.yaml: this file is not UTF-8: the byte at offset 0 is not text",
            ]
        );
    }

    #[test]
    fn an_answer_that_is_not_whole_is_none() {
        let wanted = || Wanted::of(&listing(&["100644 blob aa 4\ta.yaml"]));
        for answer in ["aa missing\n", "aa blob 9\na: 1\n", "bb blob 4\na: 1\n", "aa blob 4\na: 1", ""] {
            assert!(wanted().folder(answer.as_bytes()).is_err(), "{answer}");
        }
    }
}
