//! What happens to an issue: pure, so that any split of a history into batches gives the same documents.

pub mod samples;
