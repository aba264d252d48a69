//! What the resolvers of one request share, and those of subscriptions with each other.

use std::{
    collections::HashMap,
    future::Future,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use async_graphql::{
    Context, ContextBase,
    dataloader::{DataLoader, HashMapCache},
    runtime::{TokioSpawner, TokioTimer},
};
use futures_util::task::SpawnExt;

use super::{batches::Batches, loaders::Reader};
use crate::{
    Error, Result,
    app::App,
    auth::{Authority, Viewer},
    database::ReadPool,
    domain::{Store, signup::SignUps},
    room::Portion,
};

type Loader = DataLoader<Reader, HashMapCache>;

/// What the resolvers of one request share.
pub(super) struct RequestContext {
    app: App,
    client: IpAddr,
    /// None when nothing drives them, and what is read is read at once.
    batches: Option<Batches>,
    loader: Arc<Loader>,
    /// What the response takes.
    response: Arc<Portion>,
    may_write: bool,
}

/// Whether what is resolved may be JSON already. No object may be merged with another one then, and
/// the transport has to know.
pub(super) fn may_write<T>(ctx: &ContextBase<'_, T>) -> bool {
    ctx.data_unchecked::<RequestContext>().may_write
}

/// Has the response take so many bytes more.
///
/// # Errors
/// Those of its [`Portion`].
pub(super) fn take<T>(ctx: &ContextBase<'_, T>, bytes: usize) -> Result<()> {
    ctx.data_unchecked::<RequestContext>().response.take(bytes)
}

impl RequestContext {
    /// For a query or mutation that reads in `db`, and whose loads `batches` runs.
    pub(super) fn new(
        app: &App,
        db: ReadPool,
        viewer: Viewer,
        client: IpAddr,
        batches: Batches,
        response: Arc<Portion>,
    ) -> Self {
        let reader = Reader { db, viewer: Arc::new(viewer) };
        // A batch is as large as the query makes it: cut in pieces, it would take more statements
        // the more rows there are.
        let loader =
            DataLoader::with_cache(reader, batches.clone(), batches.clone(), HashMapCache::default())
                .max_batch_size(usize::MAX);
        Self::of(app, client, Arc::new(loader), Some(batches), response)
    }

    /// For a subscription, which lasts: every event is looked at anew.
    pub(super) fn live(app: &App, viewer: Viewer, client: IpAddr, response: Arc<Portion>) -> Self {
        let loader = app.live_loaders.of(viewer, |viewer| {
            let reader = Reader { db: app.store.primary(), viewer: Arc::new(viewer) };
            let (spawner, timer) = (TokioSpawner::current(), TokioTimer::default());
            let loader = DataLoader::with_cache(reader, spawner, timer, HashMapCache::default());
            loader.enable_all_cache(false);
            loader
        });
        Self::of(app, client, loader, None, response)
    }

    fn of(
        app: &App,
        client: IpAddr,
        loader: Arc<Loader>,
        batches: Option<Batches>,
        response: Arc<Portion>,
    ) -> Self {
        Self { app: App::clone(app), client, batches, loader, response, may_write: false }
    }

    /// For an operation whose lists of rows `may_write` themselves as JSON, or may not.
    pub(super) fn writing(self, may_write: bool) -> Self {
        Self { may_write, ..self }
    }

    /// For a mutation: what one of its fields read may not be true any more after the next.
    pub(super) fn without_cache(self) -> Self {
        self.loader.enable_all_cache(false);
        self
    }
}

/// The loaders of subscriptions: those who may see the same share one, so that what an event has each
/// of them read is read together.
#[derive(Default)]
pub struct LiveLoaders(Mutex<HashMap<Authority, Weak<Loader>>>);

impl LiveLoaders {
    fn of(&self, viewer: Viewer, make: impl FnOnce(Viewer) -> Loader) -> Arc<Loader> {
        let mut loaders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if loaders.len() == loaders.capacity() {
            loaders.retain(|_, loader| loader.strong_count() > 0);
        }
        let slot = loaders.entry(viewer.authority()).or_default();
        slot.upgrade().unwrap_or_else(|| {
            let loader = Arc::new(make(viewer));
            *slot = Arc::downgrade(&loader);
            loader
        })
    }
}

/// Shortcuts to the [`RequestContext`].
pub(super) trait ContextExt<'a> {
    fn store(&self) -> &'a Store;
    fn viewer(&self) -> &'a Viewer;
    fn client(&self) -> IpAddr;
    fn sign_ups(&self) -> &'a SignUps;
    /// The most rows that a page may have.
    fn page_size(&self) -> u32;
    fn loader(&self) -> &'a Loader;
    /// Reads together with what the loaders read, so that what hangs below is read together too.
    fn read<T, F>(&self, work: impl FnOnce(Reader) -> F + Send) -> impl Future<Output = Result<T>> + Send
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static;
}

impl<'a> ContextExt<'a> for Context<'a> {
    fn store(&self) -> &'a Store {
        &self.data_unchecked::<RequestContext>().app.store
    }

    fn viewer(&self) -> &'a Viewer {
        &self.loader().loader().viewer
    }

    fn client(&self) -> IpAddr {
        self.data_unchecked::<RequestContext>().client
    }

    fn sign_ups(&self) -> &'a SignUps {
        &self.data_unchecked::<RequestContext>().app.sign_ups
    }

    fn page_size(&self) -> u32 {
        self.data_unchecked::<RequestContext>().app.limits.graphql.page_size
    }

    fn loader(&self) -> &'a Loader {
        &self.data_unchecked::<RequestContext>().loader
    }

    async fn read<T, F>(&self, work: impl FnOnce(Reader) -> F + Send) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let reader = self.loader().loader().clone();
        match &self.data_unchecked::<RequestContext>().batches {
            Some(batches) => batches.spawn_with_handle(work(reader)).map_err(Error::internal)?.await,
            None => Box::pin(work(reader)).await,
        }
    }
}
