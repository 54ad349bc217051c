//! The admin interface, through its forms as a browser without scripts sends them.

mod applications;
mod every_page;
mod flows;
mod happenings;
mod looks;
mod people;
mod policies;
mod runbook;
mod running;
mod standing;
