use std::{
    fmt, iter,
    ops::ControlFlow,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Instant,
};

use futures_util::{TryStreamExt, future};
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult,
    RuntimeErr, Statement, Values,
    metric::Info,
    sqlx::{
        self, AssertSqlSafe, Executor, IntoArguments, PgPool, Postgres, Sqlite,
        pool::{CloseEvent, PoolConnection},
        query::Query,
    },
};
use sea_query_sqlx::SqlxValues;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{
    TRUSTED_IDLE_TIME,
    division::{Division, FOR_OTHERS},
    in_time,
    joint::Queue,
    writer::{WriteTurn, Writer},
};
use crate::{config::Limits, telemetry, worker};

/// The connections to the database that requests share.
///
/// The library's pool asks a connection whether it is well each time that it is given back, which
/// takes about as long as a small statement. A connection that has just carried out a statement is
/// known to be well: single statements pass theirs on to one another, and the library gets it back
/// when nobody wanted it for a while, or when there is a doubt.
#[derive(Clone)]
pub struct Pool(Arc<Inner>);

struct Inner {
    all: DatabaseConnection,
    lanes: AnyLanes,
    observe: Box<Observe>,
}

/// Is told of each statement that was executed.
type Observe = dyn Fn(&Info<'_>) + Send + Sync;

enum AnyLanes {
    Postgres(Lanes<Postgres>),
    Sqlite(Lanes<Sqlite>),
}

/// What statements by themselves go over.
struct Lanes<DB: sqlx::Database> {
    /// That of each worker thread, if they have connections of their own.
    of_workers: Vec<Lane<DB>>,
    /// That of all other threads.
    of_others: Lane<DB>,
}

struct Lane<DB: sqlx::Database> {
    connections: Arc<Connections<DB>>,
    /// What requests wait for that use these connections.
    queue: Arc<Queue>,
}

struct Connections<DB: sqlx::Database> {
    pool: sqlx::Pool<DB>,
    idle: Mutex<Vec<(PoolConnection<DB>, Instant)>>,
    places: Semaphore,
    /// Shared by the statements that wait.
    waiting: Arc<()>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.0.all).finish()
    }
}

impl Pool {
    /// The connections of `all`, and for worker threads some of their own, as `limits` have it.
    /// Statements are counted and traced.
    #[must_use]
    pub fn divided(all: DatabaseConnection, limits: &Limits) -> Self {
        let division = Division::of(limits, all.get_database_backend());
        let more = |_| more_connections(all.get_postgres_connection_pool(), division.of_each_worker);
        let of_workers: Vec<_> = (0..division.workers).map(more).collect();
        Self::new(all, &of_workers, telemetry::executed)
    }

    /// Another connection to the same PostgreSQL, for statements that must not wait for others.
    pub(super) fn apart(&self) -> Self {
        let one = more_connections(self.all().get_postgres_connection_pool(), 1);
        Self::new(one.into(), &[], telemetry::executed)
    }

    /// The connections of `all`; `observe` is told of each statement that the pool executes.
    pub fn observed(all: DatabaseConnection, observe: impl Fn(&Info<'_>) + Send + Sync + 'static) -> Self {
        Self::new(all, &[], observe)
    }

    fn new(
        all: DatabaseConnection,
        of_workers: &[PgPool],
        observe: impl Fn(&Info<'_>) + Send + Sync + 'static,
    ) -> Self {
        let lanes = if all.get_database_backend() == DbBackend::Postgres {
            let shared = all.get_postgres_connection_pool();
            AnyLanes::Postgres(Lanes::new(shared, of_workers, &Writer::default()))
        } else {
            let shared = all.get_sqlite_connection_pool();
            AnyLanes::Sqlite(Lanes::new(shared, &[], &Writer::one_at_a_time()))
        };
        Self(Arc::new(Inner { all, lanes, observe: Box::new(observe) }))
    }

    /// What the requests of this thread wait for, and those of all with which it shares connections.
    pub(super) fn queue(&self) -> &Arc<Queue> {
        match &self.0.lanes {
            AnyLanes::Postgres(lanes) => &lanes.own().queue,
            AnyLanes::Sqlite(lanes) => &lanes.own().queue,
        }
    }

    /// Waits until it is this one's turn to write. Whoever writes otherwise than by [`Pool::join`] asks for it
    /// first, and keeps it until that is done.
    ///
    /// # Errors
    /// When it takes too long.
    pub async fn turn_to_write(&self) -> Result<WriteTurn, DbErr> {
        self.queue().writer.turn().await
    }

    /// How much of the pool is in use.
    #[must_use]
    pub fn usage(&self) -> PoolUse {
        match &self.0.lanes {
            AnyLanes::Postgres(lanes) => lanes.usage(),
            AnyLanes::Sqlite(lanes) => lanes.usage(),
        }
    }

    fn observe<T>(
        &self,
        statement: &Statement,
        began: Instant,
        answer: Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        (self.0.observe)(&Info { elapsed: began.elapsed(), statement, failed: answer.is_err() });
        answer
    }

    /// Executes a statement and adds each row as it comes to what is made of them all: rows weigh more. No more
    /// rows are read after `add` breaks.
    ///
    /// # Errors
    /// Those of the database, and of `add`.
    pub async fn query_fold<T: Default + Send>(
        &self,
        statement: Statement,
        add: impl Fn(&mut T, QueryResult) -> Result<ControlFlow<()>, DbErr> + Send + Sync,
    ) -> Result<T, DbErr> {
        let began = Instant::now();
        let answer = match &self.0.lanes {
            AnyLanes::Postgres(lanes) => lanes.own().connections.query_fold(&statement, add).await,
            AnyLanes::Sqlite(lanes) => lanes.own().connections.query_fold(&statement, add).await,
        };
        self.observe(&statement, began, answer)
    }

    /// Waits for the connections that are in use, and closes all of them. Nobody is given one from now on.
    pub async fn close(&self) {
        match &self.0.lanes {
            AnyLanes::Postgres(lanes) => lanes.close().await,
            AnyLanes::Sqlite(lanes) => lanes.close().await,
        }
    }

    /// The library's pool, for transactions and whatever else takes a connection for itself.
    #[must_use]
    pub fn all(&self) -> &DatabaseConnection {
        &self.0.all
    }
}

/// So many more, to the same server.
fn more_connections(pool: &PgPool, most: u32) -> PgPool {
    let options = pool.options().clone().min_connections(0).max_connections(most);
    options.connect_lazy_with((*pool.connect_options()).clone())
}

/// How many connections there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolUse {
    /// That wait for work.
    pub idle: u32,
    /// That are at work.
    pub used: u32,
    /// That there may be.
    pub most: u32,
    /// How many statements wait for one.
    pub waiting: u32,
}

impl PoolUse {
    fn and(self, other: Self) -> Self {
        Self {
            idle: self.idle + other.idle,
            used: self.used + other.used,
            most: self.most + other.most,
            waiting: self.waiting + other.waiting,
        }
    }
}

impl<DB: sqlx::Database> Lanes<DB> {
    fn new(shared: &sqlx::Pool<DB>, of_workers: &[sqlx::Pool<DB>], writer: &Writer) -> Self {
        let lane = |pool: &sqlx::Pool<DB>, places| Lane {
            connections: Connections::of(pool, places, shared.close_event()),
            queue: Arc::new(Queue::new(writer.clone())),
        };
        let most = |pool: &sqlx::Pool<DB>| pool.options().get_max_connections();
        Self {
            of_workers: of_workers.iter().map(|own| lane(own, most(own))).collect(),
            of_others: lane(shared, most(shared).saturating_sub(FOR_OTHERS).max(1)),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Lane<DB>> {
        iter::once(&self.of_others).chain(&self.of_workers)
    }

    /// This thread's.
    fn own(&self) -> &Lane<DB> {
        worker::index().and_then(|index| self.of_workers.get(index)).unwrap_or(&self.of_others)
    }

    fn usage(&self) -> PoolUse {
        self.all().map(|lane| lane.connections.usage()).fold(PoolUse::default(), PoolUse::and)
    }

    async fn close(&self) {
        future::join_all(self.all().map(|lane| lane.connections.close())).await;
    }
}

impl<DB: sqlx::Database> Connections<DB> {
    fn usage(&self) -> PoolUse {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
        let idle = u32::try_from(self.pool.num_idle() + kept).unwrap_or(u32::MAX);
        PoolUse {
            idle,
            used: self.pool.size().saturating_sub(idle),
            most: self.pool.options().get_max_connections(),
            waiting: u32::try_from(Arc::strong_count(&self.waiting) - 1).unwrap_or(u32::MAX),
        }
    }

    /// So many of a pool, until `closing`.
    fn of(pool: &sqlx::Pool<DB>, places: u32, closing: CloseEvent) -> Arc<Self> {
        let (idle, places) = (Mutex::default(), Semaphore::new(places as usize));
        let connections = Arc::new(Self { pool: pool.clone(), idle, places, waiting: Arc::default() });
        tokio::spawn(Self::tidy_up(Arc::downgrade(&connections), closing));
        connections
    }

    /// Gives back what nobody wanted for a while, and everything when the pool is closed, which waits
    /// for its connections.
    async fn tidy_up(connections: Weak<Self>, mut closing: CloseEvent) {
        let mut is_closed = false;
        while !is_closed && let Some(connections) = connections.upgrade() {
            connections.retain(|since| since.elapsed() < TRUSTED_IDLE_TIME);
            drop(connections);
            is_closed = timeout(TRUSTED_IDLE_TIME, &mut closing).await.is_ok();
        }
        if let Some(connections) = connections.upgrade() {
            connections.close().await;
        }
    }

    async fn close(&self) {
        // From here on none is kept any more.
        let closed = self.pool.close();
        self.retain(|_| false);
        closed.await;
    }

    fn retain(&self, is_wanted: impl Fn(Instant) -> bool) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).retain(|(_, since)| is_wanted(*since));
    }

    async fn take(&self) -> Result<(SemaphorePermit<'_>, PoolConnection<DB>), DbErr> {
        let place = match self.places.try_acquire() {
            Ok(place) => place,
            Err(_) => self.place().await?,
        };
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        // One that is not trusted goes back before another is asked for: there may be no more.
        let kept = kept.filter(|(_, since)| since.elapsed() < TRUSTED_IDLE_TIME);
        let connection = match kept {
            Some((connection, _)) => connection,
            None => self.another().await?,
        };
        Ok((place, connection))
    }

    async fn another(&self) -> Result<PoolConnection<DB>, DbErr> {
        let _waits = Arc::clone(&self.waiting);
        // In a box, since every statement's future would have room for it, and be moved with that.
        Box::pin(self.pool.acquire()).await.map_err(|error| match error {
            sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
            sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
            error => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
        })
    }

    async fn place(&self) -> Result<SemaphorePermit<'_>, DbErr> {
        let _waits = Arc::clone(&self.waiting);
        in_time(self.places.acquire()).await
    }

    /// Keeps a connection that answered well; what an error has left in it is for the library to find.
    fn give<T>(&self, connection: PoolConnection<DB>, answer: &Result<T, sqlx::Error>) {
        if answer.is_err() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // Who tidies up comes once more after it was closed.
        if !self.pool.is_closed() {
            idle.push((connection, Instant::now()));
        }
    }
}

impl<DB> Connections<DB>
where
    DB: sqlx::Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    SqlxValues: IntoArguments<DB>,
{
    async fn execute(&self, statement: &Statement) -> Result<ExecResult, DbErr>
    where
        ExecResult: From<DB::QueryResult>,
    {
        let (_place, mut connection) = self.take().await?;
        let answer = query(statement).execute(&mut *connection).await;
        self.give(connection, &answer);
        answer.map(Into::into).map_err(|error| DbErr::Exec(RuntimeErr::SqlxError(error.into())))
    }

    async fn query_one(&self, statement: &Statement) -> Result<Option<QueryResult>, DbErr>
    where
        QueryResult: From<DB::Row>,
    {
        let (_place, mut connection) = self.take().await?;
        let answer = query(statement).fetch_optional(&mut *connection).await;
        self.give(connection, &answer);
        answer
            .map(|row| row.map(Into::into))
            .map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
    }

    async fn query_fold<T: Default>(
        &self,
        statement: &Statement,
        add: impl Fn(&mut T, QueryResult) -> Result<ControlFlow<()>, DbErr>,
    ) -> Result<T, DbErr>
    where
        QueryResult: From<DB::Row>,
    {
        let (_place, mut connection) = self.take().await?;
        let mut rows = query(statement).fetch(&mut *connection);
        let mut made = T::default();
        let answer = loop {
            match rows.try_next().await {
                Ok(Some(row)) => {
                    let added = add(&mut made, row.into());
                    if !matches!(added, Ok(ControlFlow::Continue(()))) {
                        drop(rows);
                        // It would have all of the other rows read before it is used again.
                        connection.close_on_drop();
                        return added.map(|_| made);
                    }
                }
                Ok(None) => break Ok(made),
                Err(error) => break Err(error),
            }
        };
        drop(rows);
        self.give(connection, &answer);
        answer.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
    }
}

fn query<DB>(statement: &Statement) -> Query<'static, DB, SqlxValues>
where
    DB: sqlx::Database,
    SqlxValues: IntoArguments<DB>,
{
    // Values are bound, never written into the text.
    let values = statement.values.clone().unwrap_or(Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

#[sea_orm::prelude::async_trait::async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.0.all.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let began = Instant::now();
        let answer = match &self.0.lanes {
            AnyLanes::Postgres(lanes) => lanes.own().connections.execute(&statement).await,
            AnyLanes::Sqlite(lanes) => lanes.own().connections.execute(&statement).await,
        };
        self.observe(&statement, began, answer)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.0.all.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let began = Instant::now();
        let answer = match &self.0.lanes {
            AnyLanes::Postgres(lanes) => lanes.own().connections.query_one(&statement).await,
            AnyLanes::Sqlite(lanes) => lanes.own().connections.query_one(&statement).await,
        };
        self.observe(&statement, began, answer)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.query_fold(statement, |rows: &mut Vec<_>, row| {
            rows.push(row);
            Ok(ControlFlow::Continue(()))
        })
        .await
    }
}
