//! Everything that goes over the wire, and its description.
//!
//! Each endpoint, action and event has one file, which contains its types and its only description.
//! `docs/openapi.yaml`, `docs/asyncapi.yaml` and `docs/api.md` are generated from these
//! descriptions.

pub mod actions;
pub mod credentials;
pub mod description;
pub mod endpoints;
pub mod entry;
pub mod errors;
pub mod events;
pub mod examples;
pub mod frame;
pub mod limits;
pub mod message;
pub mod person;
pub mod receipt;
pub mod reply;
pub mod synced;
