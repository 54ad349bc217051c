//! How much of the database a process keeps in memory, as one number: of how many people.

/// The fewest people: a process has to be able to work.
const FEWEST: usize = 100;

/// The most: room for more would be set aside before anybody has come.
const MOST: usize = 10_000_000;

/// Of so many people the facts are kept, and in proportion to it what belongs to them. An entry of each sort that is kept
/// is a few kilobytes; what is pushed out is asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemorySize(usize);

impl Default for MemorySize {
    fn default() -> Self {
        Self(10_000)
    }
}

impl MemorySize {
    /// Memory for this many people, but at least 100 and at most ten million.
    #[must_use]
    pub fn of_people(people: usize) -> Self {
        Self(people.clamp(FEWEST, MOST))
    }

    /// People whose facts are kept.
    #[must_use]
    pub fn principals(self) -> usize {
        self.0
    }

    /// Sessions that are kept, and sign-ins at applications, which are as small.
    #[must_use]
    pub fn sessions(self) -> usize {
        self.0.saturating_mul(5)
    }

    /// Sign-ins that are kept with everything that their permissions say, and access tokens.
    #[must_use]
    pub fn tickets(self) -> usize {
        self.0
    }
}
