//! What the fuzz targets share with the tests of the project.

pub mod targets;
