//! Moving in from the old Flask application: what is taken over, what is told before, what is there
//! again on the way back, and many processes that migrate at once.

mod differences;
mod guide;
mod import;
mod interrupted;
mod oddities;
mod old;
mod releases;
mod replicas;
mod rest;
mod schema;
