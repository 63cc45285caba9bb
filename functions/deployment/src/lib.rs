//! The library behind the functions that run during a deployment.

pub mod advice;
pub mod cloud_formation;
