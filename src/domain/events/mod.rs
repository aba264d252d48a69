//! What happens to libraries and mentorships, told to whoever watches.
//!
//! The domain publishes after a change is committed; watchers get what concerns them. Events go straight
//! to the watchers in this process, and, with PostgreSQL, to those of other processes on the same
//! database. An event is a hint to look again: it carries ids, and what may be seen is decided when it
//! is looked at.

mod relay;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use itertools::Itertools;
use sea_orm::{ColumnTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, QueryFilter, QuerySelect};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Notify, broadcast, mpsc},
    time::timeout,
};
use tokio_util::task::TaskTracker;

use crate::{
    entity::{coder, is_any_of},
    telemetry,
};

/// How many events may wait to be sent. What comes on top of that is lost, and the log says so.
const OUTBOX_SIZE: usize = 10_000;
/// How many events are taken up at once: PostgreSQL sends less than 8,000 bytes.
const BATCH_SIZE: usize = 50;
/// How long the carrier lets events gather after it has taken some up.
const GATHERING_TIME: Duration = Duration::from_millis(5);
/// How long the database may take to answer. It is waited for no longer than the watchers can wait.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many events a watcher may be behind before it is dropped.
const WATCHER_LAG: usize = 64;

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
    /// Told when somebody begins to watch.
    watched: Arc<Notify>,
    outbox: mpsc::Sender<Event>,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

impl Events {
    /// A bus for the users of this database. What carries its events goes on, among `going_on`, until the bus is
    /// gone and all of them have been told: whoever waits for that waits for all who may publish.
    #[must_use]
    pub fn start(db: &DatabaseConnection, going_on: &TaskTracker) -> Self {
        let (outbox, waiting) = mpsc::channel(OUTBOX_SIZE);
        let watched = Arc::new(Notify::new());
        let inner = Arc::new(Inner { watchers: Mutex::default(), watched: Arc::clone(&watched), outbox });
        let carrier =
            Carrier { bus: Arc::downgrade(&inner), watched, waiting, batch: Vec::new(), db: db.clone() };
        going_on.spawn(carrier.carry());
        Self(inner)
    }

    /// Tells the watchers. Never waits.
    pub fn publish(&self, event: Event) {
        let is_sent = self.0.outbox.try_send(event).is_ok();
        telemetry::event_published(is_sent);
        if !is_sent {
            tracing::warn!("too many events wait to be sent: one is lost");
            self.0.tell_of_a_gap();
        }
    }

    /// Everything that happens to this from now on. A watcher that falls too far behind, or that may
    /// have missed something by a fault, gets an error in place of what it missed; not if too much
    /// waited to be sent in another process, whose log says so.
    #[must_use]
    pub fn watch(&self, topic: Topic) -> broadcast::Receiver<Event> {
        let mut watchers = self.0.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        // Whom nobody watches any more is forgotten here, where the list would grow.
        if watchers.len() == watchers.capacity() {
            watchers.retain(|_, sender| sender.receiver_count() > 0);
        }
        let watcher =
            watchers.entry(topic).or_insert_with(|| broadcast::Sender::new(WATCHER_LAG)).subscribe();
        self.0.watched.notify_one();
        watcher
    }
}

impl Inner {
    fn tell(&self, topic: Topic, event: &Event) {
        if let Some(sender) = self.watchers.lock().unwrap_or_else(PoisonError::into_inner).get(&topic) {
            // Whoever was there may have left.
            telemetry::event_delivered(sender.send(event.clone()).unwrap_or(0));
        }
    }

    /// Something was missed: all watchers have to look again.
    fn tell_of_a_gap(&self) {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn is_any_watched(&self, which: impl Fn(&Topic) -> bool) -> bool {
        let watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.iter().any(|(topic, sender)| which(topic) && sender.receiver_count() > 0)
    }
}

/// Lets events gather after `taken` were taken up, unless there are more already: whoever publishes need
/// not wake the carrier for each.
async fn gather(taken: usize) {
    if taken < BATCH_SIZE {
        tokio::time::sleep(GATHERING_TIME).await;
    }
}

/// Takes events from the outbox to the watchers.
struct Carrier {
    bus: Weak<Inner>,
    watched: Arc<Notify>,
    waiting: mpsc::Receiver<Event>,
    /// What other processes are being told. It stays until they have been.
    batch: Vec<Event>,
    db: DatabaseConnection,
}

impl Carrier {
    async fn carry(mut self) {
        if self.db.get_database_backend() == DbBackend::Postgres {
            let pool = self.db.get_postgres_connection_pool().clone();
            self.carry_with_others(&pool).await;
        } else {
            loop {
                let count = self.waiting.recv_many(&mut self.batch, BATCH_SIZE).await;
                if count == 0 {
                    return;
                }
                self.deliver(&self.batch).await;
                self.batch.clear();
                gather(count).await;
            }
        }
    }

    fn has_watchers(&self) -> bool {
        self.bus.upgrade().is_some_and(|bus| bus.is_any_watched(|_| true))
    }

    fn tell_of_a_gap(&self) {
        if let Some(bus) = self.bus.upgrade() {
            bus.tell_of_a_gap();
        }
    }

    async fn deliver(&self, events: &[Event]) {
        let Some(bus) = self.bus.upgrade() else { return };
        let mentors = match timeout(PATIENCE, self.mentors(&bus, events)).await {
            Ok(Ok(mentors)) => mentors,
            failure => {
                tracing::warn!(?failure, "whom events concern is not known: they are lost");
                return bus.tell_of_a_gap();
            }
        };
        for event in events {
            if event.snippet_id.is_some() {
                bus.tell(Topic::Library(event.coder_id), event);
            }
            if let Some(mentor_id) = event.mentor_id.or_else(|| mentors.get(&event.coder_id).copied()) {
                bus.tell(Topic::ReviewQueue(mentor_id), event);
            }
        }
    }

    /// The mentors of the coders whose snippets events are about, if any mentor watches.
    async fn mentors(&self, bus: &Inner, events: &[Event]) -> Result<HashMap<i32, i32>, DbErr> {
        let of_snippets = events.iter().filter(|event| event.mentor_id.is_none());
        let coders: Vec<_> = of_snippets.map(|event| event.coder_id).unique().collect();
        if coders.is_empty() || !bus.is_any_watched(|topic| matches!(topic, Topic::ReviewQueue(_))) {
            return Ok(HashMap::new());
        }
        let mentors = coder::Entity::find()
            .select_only()
            .columns([coder::Column::Id, coder::Column::MentorId])
            .filter(is_any_of(coder::Column::Id, &coders, self.db.get_database_backend()))
            .filter(coder::Column::MentorId.is_not_null());
        Ok(mentors.into_tuple().all(&self.db).await?.into_iter().collect())
    }
}
