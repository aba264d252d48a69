use std::{net::IpAddr, sync::Arc};

use async_graphql::{
    Context,
    dataloader::{DataLoader, HashMapCache},
};
use sea_orm::DatabaseConnection;

use super::{batches::Batches, loaders::Loaders};
use crate::{app::AppState, auth::Viewer, domain::signup::SignUps};

/// What the resolvers of one request share.
pub(super) struct RequestContext {
    db: DatabaseConnection,
    viewer: Arc<Viewer>,
    client: IpAddr,
    sign_ups: SignUps,
    page_size: u32,
    loader: DataLoader<Loaders, HashMapCache>,
}

impl RequestContext {
    pub(super) fn new(app: &AppState, viewer: Viewer, client: IpAddr, batches: &Batches) -> Self {
        let (db, sign_ups, page_size) = (app.db.clone(), app.sign_ups.clone(), app.limits.graphql.page_size);
        let viewer = Arc::new(viewer);
        let loaders = Loaders { db: db.clone(), viewer: Arc::clone(&viewer) };
        // A batch is as large as the query makes it: cut in pieces, it would take more statements
        // the more rows there are.
        let loader =
            DataLoader::with_cache(loaders, batches.clone(), batches.clone(), HashMapCache::default())
                .max_batch_size(usize::MAX);
        Self { db, viewer, client, sign_ups, page_size, loader }
    }
}

/// Shortcuts to the [`RequestContext`].
pub(super) trait ContextExt<'a> {
    fn db(&self) -> &'a DatabaseConnection;
    fn viewer(&self) -> &'a Viewer;
    fn client(&self) -> IpAddr;
    fn sign_ups(&self) -> &'a SignUps;
    /// The most rows that a page may have.
    fn page_size(&self) -> u32;
    fn loader(&self) -> &'a DataLoader<Loaders, HashMapCache>;
}

impl<'a> ContextExt<'a> for Context<'a> {
    fn db(&self) -> &'a DatabaseConnection {
        &self.data_unchecked::<RequestContext>().db
    }

    fn viewer(&self) -> &'a Viewer {
        &self.data_unchecked::<RequestContext>().viewer
    }

    fn client(&self) -> IpAddr {
        self.data_unchecked::<RequestContext>().client
    }

    fn sign_ups(&self) -> &'a SignUps {
        &self.data_unchecked::<RequestContext>().sign_ups
    }

    fn page_size(&self) -> u32 {
        self.data_unchecked::<RequestContext>().page_size
    }

    fn loader(&self) -> &'a DataLoader<Loaders, HashMapCache> {
        &self.data_unchecked::<RequestContext>().loader
    }
}
