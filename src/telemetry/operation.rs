use std::time::Instant;

use async_graphql::parser::types::OperationType;

use super::{
    metrics::{self, Subscribed},
    record,
};

/// A query or mutation while it is executed: when it is dropped, it is over.
pub(crate) struct Executing {
    r#type: &'static str,
    began: Instant,
    /// None when nobody waited for it.
    succeeded: Option<bool>,
}

/// A query or mutation begins.
pub(crate) fn executing(name: Option<&str>, kind: Option<OperationType>) -> Executing {
    record::named(name);
    let r#type = match kind {
        Some(OperationType::Query) => "query",
        Some(OperationType::Mutation) => "mutation",
        Some(OperationType::Subscription) => "subscription",
        None => "unknown",
    };
    Executing { r#type, began: Instant::now(), succeeded: None }
}

impl Executing {
    /// It was executed, with errors or without.
    pub(crate) fn end(mut self, succeeded: bool) {
        self.succeeded = Some(succeeded);
    }
}

impl Drop for Executing {
    fn drop(&mut self) {
        let outcome = match self.succeeded {
            Some(true) => "ok",
            Some(false) => "error",
            None => "abandoned",
        };
        record::with(|record| {
            // Strangers could fill the places that there are for names with names of their own.
            let is_to_be_learned = self.succeeded == Some(true) && record.is_identified();
            let name = record.operation.get().map(|name| &**name);
            metrics::operation(name, self.r#type, outcome, self.began.elapsed(), is_to_be_learned);
        });
    }
}

/// Somebody subscribes: when this is dropped, it is over.
pub(crate) fn subscribed(name: Option<&str>) -> Subscribed {
    record::named(name);
    Subscribed::begin()
}
