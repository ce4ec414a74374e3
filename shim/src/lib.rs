//! The one program of issuetracker inside the container of a user: copies stderr, changes nothing.

pub mod segment;
