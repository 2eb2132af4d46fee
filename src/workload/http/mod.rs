//! HTTP for the workloads that need it: a [server] on the loopback address, and a [client] that reads as the published
//! programs do.

pub(super) mod address;
pub(super) mod client;
pub(super) mod files;
pub(super) mod server;
