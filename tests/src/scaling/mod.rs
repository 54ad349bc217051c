//! What an installation of any size costs, as a model: what each thing costs that somebody does ([`Costs`], measured),
//! what a fleet of nodes makes of it ([`Fleet`], simulated), and what a small one really does ([`Small`]), by which the
//! model is checked.
//!
//! Everything is deterministic: the same plan comes to the same figures.

mod costs;
mod fleet;
mod lru;
mod measure;
mod plans;
mod queue;
mod random;
mod small;
mod work;

pub use costs::{Cost, Costs, MEASURED};
pub use fleet::{Figures, Fleet, Moment, Report, Trouble};
pub use lru::Lru;
pub use measure::{Effort, Meter, Phase};
pub use plans::{PLANS, Plan, Region};
pub use queue::Queue;
pub use random::{Random, Zipf};
pub use small::{Reading, Small};
pub use work::{Expected, Work};
