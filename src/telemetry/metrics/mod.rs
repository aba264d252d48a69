//! What happens, in numbers: counted by those that it happens to, told at `/metrics` in the text
//! format of `OpenMetrics` 1.0, which Prometheus reads.

mod endpoint;
mod families;
mod interned;
mod labels;
mod process;
mod told;

use std::sync::LazyLock;

pub use self::endpoint::router;
use self::families::Metrics;
pub(crate) use self::told::*;

/// Of this process. Numbers belong to the process as its memory does, so that whoever counts needs no
/// way to them.
static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::register);
