//! What is expected of the server, and what others were measured to reach: requests in a second, as
//! parts of the transactions with the bare SQL.

use crate::workload::Workload;

/// The least that is good enough, and what is aimed at.
pub(crate) struct Expected {
    pub(crate) required: f64,
    pub(crate) aim: f64,
}

impl Expected {
    pub(crate) const fn of(workload: Workload) -> Self {
        let (required, aim) = match workload {
            Workload::W1 | Workload::W2 => (0.45, 0.55),
            Workload::W3 => (0.45, 0.60),
            Workload::W4 => (0.30, 0.50),
            Workload::W5 => (0.50, 0.65),
        };
        Self { required, aim }
    }
}

/// Another server with the same data and under the same load, as it was measured on another machine.
pub(crate) struct Other {
    pub(crate) name: &'static str,
    /// In the order of [`Workload::ALL`]; `None` for what it cannot answer.
    pub(crate) ratios: [Option<f64>; 5],
}

pub(crate) const ELSEWHERE: [Other; 3] = [
    Other { name: "Yoga *", ratios: [Some(0.104), Some(0.101), Some(0.192), Some(0.114), Some(0.160)] },
    Other {
        name: "PostGraphile *",
        ratios: [Some(0.103), Some(0.127), Some(0.211), Some(0.056), Some(0.173)],
    },
    Other { name: "Flask original *", ratios: [Some(0.042), Some(0.055), Some(0.046), None, Some(0.046)] },
];
