//! The admin interface as plain view structs: a page is a heading and panels, and a panel is made of [`Part`]s, of which
//! there are a dozen. A page of its own shape needs no template of its own, only other parts.

mod figures;
mod form;
mod matrix;
mod parts;
mod shell;
mod table;
mod time;

pub use figures::{Figure, Figures};
pub use form::{Choice, Control, Field, FieldSet, Form, Row as FormRow};
pub use matrix::{Matrix, MatrixRow};
pub use parts::{
    Badge, Chart, ChartBar, Checked, Code, Empty, Fact, Facts, Note, Part, Step, Steps, Text, Tone, Tree, TreeNode,
};
pub use shell::{Action, AdminPage, Crumb, Heading, NavItem, NavSection, Panel, Shell, Tab, Width};
pub use table::{Bulk, Cell, Column, Filter, Pager, Row, Search, Sort, Table};
pub use time::Time;
