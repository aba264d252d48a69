//! What happens to libraries and mentorships, told to whoever watches.
//!
//! The domain publishes after a change is committed; watchers get what concerns them. With SQLite
//! there is one process, and events go straight to its watchers. With PostgreSQL there may be many,
//! so events go through the database's NOTIFY and come back to every process, this one included. An
//! event is a hint to look again: it carries ids, and what may be seen is decided when it is looked
//! at.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use sea_orm::{
    DatabaseConnection, DbBackend, EntityTrait,
    sqlx::{self, PgPool, postgres::PgListener},
};
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, mpsc};

use crate::{entity::coder, telemetry};

/// How many events may wait to be sent. What comes on top of that is lost, and the log says so.
const OUTBOX_SIZE: usize = 10_000;
/// How many events a watcher may be behind before it is dropped.
const WATCHER_LAG: usize = 64;
/// How many events are sent at once: PostgreSQL takes less than 8,000 bytes.
const BATCH_SIZE: usize = 50;
/// The channel in PostgreSQL.
const CHANNEL: &str = "funcster_events";
/// The time between two tries to reach a database that is gone.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What.
    pub kind: Kind,
    /// Whose library or mentorship it is about.
    pub coder_id: i32,
    /// The snippet, if it is about one.
    pub snippet_id: Option<i32>,
    /// The mentor, if it is about a mentorship.
    pub mentor_id: Option<i32>,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A snippet was stored.
    SnippetCreated,
    /// A snippet was edited, or flagged for review.
    SnippetUpdated,
    /// A snippet was deleted.
    SnippetDeleted,
    /// A mentor has a coder more.
    CoderAdded,
    /// A mentor has a coder less.
    CoderLeft,
}

/// What can be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The library of the coder with this number.
    Library(i32),
    /// The coders of the mentor with this number, and their libraries.
    ReviewQueue(i32),
}

/// The bus. Clones share it; when the last one is gone, so is what carries its events.
#[derive(Clone)]
pub struct Events(Arc<Inner>);

struct Inner {
    watchers: Mutex<HashMap<Topic, broadcast::Sender<Event>>>,
    outbox: mpsc::Sender<Event>,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

impl Events {
    /// A bus for the users of this database. It starts the task that carries its events.
    #[must_use]
    pub fn start(db: &DatabaseConnection) -> Self {
        let (outbox, waiting) = mpsc::channel(OUTBOX_SIZE);
        let inner = Arc::new(Inner { watchers: Mutex::default(), outbox });
        let carrier = Carrier { bus: Arc::downgrade(&inner), batch: Vec::new(), waiting, db: db.clone() };
        tokio::spawn(carrier.carry());
        Self(inner)
    }

    /// Tells the watchers. Never waits.
    pub fn publish(&self, event: Event) {
        let is_sent = self.0.outbox.try_send(event).is_ok();
        telemetry::event_published(is_sent);
        if !is_sent {
            tracing::warn!("too many events wait to be sent: one is lost");
        }
    }

    /// Everything that happens to this from now on. A watcher that falls too far behind, or that may
    /// have missed something by a fault, gets an error in place of what it missed.
    #[must_use]
    pub fn watch(&self, topic: Topic) -> broadcast::Receiver<Event> {
        let mut watchers = self.0.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        // Whom nobody watches any more is forgotten here, where the list would grow.
        if watchers.len() == watchers.capacity() {
            watchers.retain(|_, sender| sender.receiver_count() > 0);
        }
        watchers.entry(topic).or_insert_with(|| broadcast::Sender::new(WATCHER_LAG)).subscribe()
    }
}

impl Inner {
    fn tell(&self, topic: Topic, event: &Event) {
        if let Some(sender) = self.watchers.lock().unwrap_or_else(PoisonError::into_inner).get(&topic) {
            // Whoever was there may have left.
            telemetry::event_delivered(sender.send(event.clone()).unwrap_or(0));
        }
    }

    fn is_any_queue_watched(&self) -> bool {
        let watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut watched = watchers.iter().filter(|(_, sender)| sender.receiver_count() > 0);
        watched.any(|(topic, _)| matches!(topic, Topic::ReviewQueue(_)))
    }
}

/// Takes events from the outbox to the watchers.
struct Carrier {
    bus: Weak<Inner>,
    /// What is being sent. It stays until it has been.
    batch: Vec<Event>,
    waiting: mpsc::Receiver<Event>,
    db: DatabaseConnection,
}

impl Carrier {
    async fn carry(mut self) {
        if self.db.get_database_backend() == DbBackend::Postgres {
            let pool = self.db.get_postgres_connection_pool().clone();
            self.carry_through(&pool).await;
        } else {
            while let Some(event) = self.waiting.recv().await {
                self.deliver(&event).await;
            }
        }
    }

    /// Through PostgreSQL. A connection that is lost is made anew.
    async fn carry_through(&mut self, pool: &PgPool) {
        while !pool.is_closed() && self.bus.strong_count() > 0 {
            if let Err(error) = self.listen_and_notify(pool).await {
                tracing::warn!(%error, "events do not get through");
                self.tell_of_a_gap();
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }

    /// Until the bus is gone (then it ends well) or the connection fails.
    async fn listen_and_notify(&mut self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        loop {
            if !self.batch.is_empty() {
                let payload = serde_json::to_string(&self.batch).unwrap_or_default();
                sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(payload).execute(pool).await?;
                self.batch.clear();
            }
            tokio::select! {
                count = self.waiting.recv_many(&mut self.batch, BATCH_SIZE) => {
                    if count == 0 {
                        return Ok(());
                    }
                }
                notification = listener.try_recv() => match notification? {
                    Some(notification) => {
                        let events: Vec<Event> = serde_json::from_str(notification.payload()).unwrap_or_default();
                        for event in events {
                            self.deliver(&event).await;
                        }
                    }
                    None => self.tell_of_a_gap(),
                },
            }
        }
    }

    /// The connection was lost, and with it whatever happened meanwhile: all watchers have to look
    /// again.
    fn tell_of_a_gap(&self) {
        if let Some(bus) = self.bus.upgrade() {
            bus.watchers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    async fn deliver(&self, event: &Event) {
        let Some(bus) = self.bus.upgrade() else { return };
        if event.snippet_id.is_some() {
            bus.tell(Topic::Library(event.coder_id), event);
        }
        let mentor_id = match event.mentor_id {
            Some(mentor_id) => Some(mentor_id),
            None if bus.is_any_queue_watched() => {
                let coder = coder::Entity::find_by_id(event.coder_id).one(&self.db).await;
                coder.ok().flatten().and_then(|coder| coder.mentor_id)
            }
            None => None,
        };
        if let Some(mentor_id) = mentor_id {
            bus.tell(Topic::ReviewQueue(mentor_id), event);
        }
    }
}
