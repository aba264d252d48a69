//! Where a request reads, and how many bytes of texts may be in memory of what it reads.

use std::{
    future::Future,
    net::IpAddr,
    ops::ControlFlow,
    sync::{Arc, OnceLock},
};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use super::{Pool, Replica, joint::Queue};
use crate::{
    Result,
    room::{Portion, Room, Tentative},
};

/// Where requests read: at the replica as long as it answers, and else at the primary. And how much may be in memory
/// of what they read.
#[derive(Clone, Debug)]
pub struct ReadPool {
    primary: Pool,
    replica: Option<Arc<Replica>>,
    room: Arc<Room>,
    /// That of the one request that reads there.
    portion: Option<Arc<Portion>>,
}

impl ReadPool {
    /// The primary, for any requests.
    #[must_use]
    pub fn of(primary: Pool, room: &Arc<Room>) -> Self {
        Self::at(None, primary, room)
    }

    /// The replica, if it may be read, and the primary.
    pub(super) fn at(replica: Option<Arc<Replica>>, primary: Pool, room: &Arc<Room>) -> Self {
        Self { primary, replica, room: Arc::clone(room), portion: None }
    }

    /// The same for one request of this client, which has one portion for all that it reads.
    #[must_use]
    pub fn for_request_of(self, client: IpAddr) -> Self {
        Self { portion: Some(self.room.portion(Some(client))), ..self }
    }

    /// The same with a portion that nothing was read into, and for no more than so many bytes.
    #[must_use]
    pub fn up_to(self, bytes: usize) -> Self {
        Self { portion: Some(self.portion().another(bytes)), ..self }
    }

    /// The same for several requests, of which no more than so many bytes may be in memory until each has taken of its
    /// own portion: they are few, and take no room.
    pub(super) fn shared_up_to(self, bytes: usize) -> Self {
        Self { portion: Some(Room::of(bytes).portion(None)), ..self }
    }

    /// What texts that are read take of: the request's portion, or one for the statement alone.
    #[must_use]
    pub fn portion(&self) -> Arc<Portion> {
        self.portion.clone().unwrap_or_else(|| self.room.portion(None))
    }

    /// What the requests of this thread wait for that read where this one does.
    pub(super) fn queue(&self) -> &Arc<Queue> {
        self.replica.as_deref().map_or(&self.primary, Replica::pool).queue()
    }

    /// As [`Pool::query_fold`]. What was made of a part of the rows, when the replica fails, is made anew.
    ///
    /// # Errors
    /// Those of the primary, and of `add`.
    pub async fn query_fold<T: Default + Send>(
        &self,
        statement: Statement,
        add: impl Fn(&mut T, QueryResult) -> Result<ControlFlow<()>, DbErr> + Send + Sync,
    ) -> Result<T, DbErr> {
        self.read(|pool| pool.query_fold(statement.clone(), &add)).await
    }

    /// The same for rows with texts, where `add` tells how many bytes these have: they take of the
    /// [portion](Self::portion).
    ///
    /// # Errors
    /// Those of the primary, of `add`, and of the portion.
    pub async fn query_texts<T: Default + Send>(
        &self,
        statement: Statement,
        add: impl Fn(&mut T, QueryResult) -> Result<usize, DbErr> + Send + Sync,
    ) -> Result<T> {
        let portion = self.portion();
        let refused = OnceLock::new();
        let add = |(made, taken): &mut (T, Tentative), row| {
            let bytes = add(made, row)?;
            Ok(match taken.take(&portion, bytes) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    // The first is the one that is told.
                    let _ = refused.set(error);
                    ControlFlow::Break(())
                }
            })
        };
        let (made, taken) = self.query_fold(statement, add).await?;
        if let Some(error) = refused.into_inner() {
            return Err(error);
        }
        taken.keep();
        Ok(made)
    }

    /// What the replica answers; what the primary does, if it does not.
    async fn read<'a, T, F>(&'a self, query: impl Fn(&'a Pool) -> F) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        if let Some(replica) = &self.replica
            && let Some(answer) = replica.answer(&query).await
        {
            return Ok(answer);
        }
        query(&self.primary).await
    }
}

#[sea_orm::prelude::async_trait::async_trait]
impl ConnectionTrait for ReadPool {
    fn get_database_backend(&self) -> DbBackend {
        self.primary.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.primary.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.primary.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.read(|pool| pool.query_one_raw(statement.clone())).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.read(|pool| pool.query_all_raw(statement.clone())).await
    }
}
