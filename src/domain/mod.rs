//! The rules. Every function that acts for somebody takes a [`Viewer`](crate::auth::Viewer), and
//! both edges call the same functions.

pub mod accounts;
pub mod binding;
pub mod counts;
pub mod events;
pub mod import;
pub mod mentorships;
pub mod paging;
pub mod signup;
pub mod snippets;
pub mod usernames;
pub mod users;

use std::{future::Future, net::IpAddr, sync::Arc};

use futures_util::future::OptionFuture;

use crate::{
    Error, Result,
    database::{Pool, ReadPool, Replica},
    room::Room,
    telemetry,
};

use self::{counts::Counts, events::Events};

/// Where changes are made and told, and where things are read.
#[derive(Clone, Debug)]
pub struct Store {
    /// What is changed.
    pub db: Pool,
    /// Where those read that change nothing, if there is one.
    pub replica: Option<Arc<Replica>>,
    /// Who is told.
    pub events: Events,
    /// How long the long lists are.
    pub counts: Counts,
    /// For what requests read and send.
    pub room: Arc<Room>,
}

impl Store {
    /// Closes the connections to the database, as [`Pool::close`], whoever else has the store.
    pub fn close(&self) -> impl Future<Output = ()> + use<> {
        // Not the bus: it is gone with those who publish.
        let (db, replica) = (self.db.clone(), self.replica.clone());
        async move {
            let replica = OptionFuture::from(replica.as_deref().map(Replica::close));
            tokio::join!(db.close(), replica);
        }
    }

    /// Where a request of this client reads that changes nothing. All is there that was written before this was
    /// called.
    pub async fn reader(&self, client: IpAddr) -> ReadPool {
        let reader = match &self.replica {
            Some(replica) => replica.reader(&self.room).await,
            None => self.primary(),
        };
        reader.for_request_of(client)
    }

    /// Where requests read that change something, and whoever reads for long: all is there that was written before
    /// each statement.
    #[must_use]
    pub fn primary(&self) -> ReadPool {
        ReadPool::of(self.db.clone(), &self.room)
    }
}

/// Makes a change to the end, even if whoever asked for it leaves meanwhile: once it is made, it has to be told.
fn to_the_end<T: Send + 'static>(
    change: impl Future<Output = Result<T>> + Send + 'static,
) -> impl Future<Output = Result<T>> {
    let change = tokio::spawn(telemetry::current().carry(change));
    async { change.await.map_err(Error::internal)? }
}
