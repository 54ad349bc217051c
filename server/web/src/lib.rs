//! The HTML face: login flow pages, the user portal and the pages that say no.
//!
//! Everything is rendered on the server from plain view structs ([`pages`]) and works without
//! JavaScript; one small script of our own only makes it more comfortable. What may not enter:
//! SQL, policies, protocol logic, and anything that a page would load from elsewhere.

pub mod assets;
pub mod page;
pub mod pages;
