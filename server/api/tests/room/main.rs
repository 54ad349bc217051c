//! The surface from the outside, without a network: requests to the routes, over a store in memory.
#![allow(clippy::expect_used)]

mod support;

mod access;
mod admin;
mod administration;
mod authenticators;
mod blueprints;
mod context;
mod documents;
mod entitlements;
mod events;
mod flows;
mod impersonation;
mod invitations;
mod oauth2;
mod objects;
mod overview;
mod people;
mod permissions;
mod policies;
mod previews;
mod replay;
mod revisions;
mod roles;
mod roster;
mod simulation;
mod stages;
mod surface;
