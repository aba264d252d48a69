//! What keeps a server going: copies of its data, a trusted way to the database, and the programs around it.

mod backup;
mod cluster;
mod connections;
mod healthcheck;
mod read_replica;
mod restarts;
mod tls;
mod version;
