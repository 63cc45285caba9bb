//! The library behind the functions that run during a deployment.

pub mod cloud_formation;
