//! The admin interface, through its forms as a browser without scripts sends them.

mod applications;
mod flows;
mod policies;
