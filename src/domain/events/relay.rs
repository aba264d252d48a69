use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use sea_orm::sqlx::{
    self, PgPool,
    postgres::{PgListener, PgNotification},
};
use serde::{Deserialize, Serialize};

use super::{BATCH_SIZE, Carrier, Event, PATIENCE, gather};
use crate::database::within;

/// The channel in PostgreSQL.
const CHANNEL: &str = "funcster_events";
/// The time between two tries to reach a database that is gone.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// How often a process with watchers says that it has some.
const REMINDER: Duration = Duration::from_secs(10);
/// How long that holds.
const WATCHED_FOR: Duration = Duration::from_secs(30);
/// How long events are kept for a process that has watchers and could not say so yet.
const KEPT_FOR: Duration = Duration::from_secs(5);
/// How many, at most.
const MOST_KEPT: usize = 1_000;

/// What the processes on one database tell each other.
#[derive(Debug, Serialize, Deserialize)]
enum Message {
    /// These happened.
    Happened(Vec<Event>),
    /// I have watchers.
    Watching,
    /// Who has watchers?
    WhoWatches,
}

/// The other processes on the same database.
///
/// A NOTIFY is a transaction of its own and holds up all others that notify, so events are sent only
/// while some process is known to have watchers. Whoever gets its first one says so; what happened in the last
/// moment before that is heard is sent then, or when this process ends, so that a watcher misses nothing, and may be
/// told of what happened just before it came.
pub(super) struct Relay {
    listener: PgListener,
    /// The number of our own connection, whose messages come back.
    own: u32,
    /// Until when other processes have watchers, as far as is known.
    watched_until: Option<Instant>,
    /// When we said last that we have some.
    reminded: Option<Instant>,
    recent: VecDeque<(Instant, Event)>,
}

impl Carrier {
    /// Carries events to our own watchers and to those of other processes. A connection that is lost is
    /// made anew.
    pub(super) async fn carry_with_others(&mut self, pool: &PgPool) {
        while !pool.is_closed() && self.is_needed() {
            match self.relay(pool).await {
                Ok(Ended::WithTheBus) => return,
                Ok(Ended::WithItsConnection) => {}
                Err(error) => {
                    tracing::warn!(%error, "events do not get through to other processes");
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
            }
        }
    }

    fn is_needed(&self) -> bool {
        self.bus.strong_count() > 0 || !self.batch.is_empty() || !self.waiting.is_empty()
    }

    async fn relay(&mut self, pool: &PgPool) -> Result<Ended, sqlx::Error> {
        let mut relay = Relay::connect(pool).await?;
        // What others did until now was not heard: whoever watches already has to look again.
        self.tell_of_a_gap();
        let mut reminder = tokio::time::interval(REMINDER);
        let watched = self.watched.clone();
        loop {
            relay.tell(&self.batch).await?;
            self.batch.clear();
            if self.has_watchers() {
                relay.remind().await?;
            }
            tokio::select! {
                count = self.waiting.recv_many(&mut self.batch, BATCH_SIZE) => {
                    if count == 0 {
                        relay.tell_recent().await?;
                        return Ok(Ended::WithTheBus);
                    }
                    self.deliver(&self.batch).await;
                    gather(count).await;
                }
                heard = relay.listener.try_recv() => match heard? {
                    Some(notification) => {
                        let happened = relay.heed(&notification).await?;
                        self.deliver(&happened).await;
                    }
                    None => return Ok(Ended::WithItsConnection),
                },
                () = watched.notified() => {}
                _ = reminder.tick() => {}
            }
        }
    }
}

/// How relaying came to an end without a failure.
enum Ended {
    WithTheBus,
    WithItsConnection,
}

impl Relay {
    async fn connect(pool: &PgPool) -> Result<Self, sqlx::Error> {
        let mut listener = PgListener::connect_with(pool).await?;
        let own: i32 = within(PATIENCE, async {
            listener.listen(CHANNEL).await?;
            sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut listener).await
        })
        .await?;
        let recent = VecDeque::new();
        let mut relay =
            Self { listener, own: own.cast_unsigned(), watched_until: None, reminded: None, recent };
        relay.send(&Message::WhoWatches).await?;
        Ok(relay)
    }

    /// Tells other processes what happened, if they have watchers, or keeps it for a moment.
    async fn tell(&mut self, events: &[Event]) -> Result<(), sqlx::Error> {
        if events.is_empty() {
            return Ok(());
        }
        let now = Instant::now();
        if self.watched_until.is_some_and(|until| now < until) {
            return self.send(&Message::Happened(events.to_vec())).await;
        }
        self.recent.extend(events.iter().map(|event| (now, event.clone())));
        let is_late = |(since, _): &(Instant, Event)| now.duration_since(*since) > KEPT_FOR;
        while self.recent.len() > MOST_KEPT || self.recent.front().is_some_and(is_late) {
            self.recent.pop_front();
        }
        Ok(())
    }

    /// Tells other processes what was kept for those that could not say yet that they have watchers.
    async fn tell_recent(&mut self) -> Result<(), sqlx::Error> {
        let recent = std::mem::take(&mut self.recent).into_iter();
        let missed = recent.filter(|(since, _)| since.elapsed() <= KEPT_FOR).map(|(_, event)| event);
        for events in missed.collect::<Vec<_>>().chunks(BATCH_SIZE) {
            self.send(&Message::Happened(events.to_vec())).await?;
        }
        Ok(())
    }

    /// Says that we have watchers, unless that was said just now.
    async fn remind(&mut self) -> Result<(), sqlx::Error> {
        if self.reminded.is_some_and(|reminded| reminded.elapsed() < REMINDER) {
            return Ok(());
        }
        self.reminded = Some(Instant::now());
        self.send(&Message::Watching).await
    }

    /// Does what a message of another process asks for, and tells what happened there.
    async fn heed(&mut self, notification: &PgNotification) -> Result<Vec<Event>, sqlx::Error> {
        if notification.process_id() == self.own {
            return Ok(Vec::new());
        }
        match serde_json::from_str(notification.payload()) {
            Ok(Message::Happened(events)) => return Ok(events),
            Ok(Message::WhoWatches) => self.reminded = None,
            Ok(Message::Watching) => {
                self.watched_until = Some(Instant::now() + WATCHED_FOR);
                self.tell_recent().await?;
            }
            // Of a release that knows more, or less.
            Err(_) => {}
        }
        Ok(Vec::new())
    }

    async fn send(&mut self, message: &Message) -> Result<(), sqlx::Error> {
        let payload = serde_json::to_string(message).unwrap_or_default();
        let notify = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(payload);
        within(PATIENCE, notify.execute(&mut self.listener)).await.map(drop)
    }
}
