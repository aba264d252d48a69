//! What resolvers ask for one by one, and is read in batches. One instance serves one request.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    hash::Hash,
    sync::Arc,
};

use async_graphql::dataloader::Loader;
use futures_util::future::try_join_all;

use super::snippets::Snippet;
use crate::{
    Error, Result,
    auth::Viewer,
    database::ReadPool,
    domain::{
        mentorships,
        paging::{Page, Slice},
        snippets, users,
    },
    entity::{
        coder::Coder,
        mentor::Mentor,
        snippet::{self, Columns, Library},
    },
};

/// Reads for one viewer.
#[derive(Clone)]
pub(super) struct Reader {
    pub(super) db: ReadPool,
    pub(super) viewer: Arc<Viewer>,
}

/// A coder by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CoderNumber(pub i32);

/// A mentor by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct MentorNumber(pub i32);

/// A snippet by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SnippetNumber(pub i32);

/// Something that belongs to a parent, and was asked for with arguments.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Of<P, A> {
    pub parent: P,
    pub arguments: A,
}

/// A page of a mentor's coders.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CoderPage(pub Page);

/// The number of a mentor's coders.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CoderCount;

/// A page of a coder's snippets.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SnippetPage {
    pub needs_review: Option<bool>,
    pub columns: Columns,
    pub page: Page,
}

/// The number of a coder's snippets.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SnippetCount {
    pub needs_review: Option<bool>,
}

impl Loader<CoderNumber> for Reader {
    type Value = Coder;
    type Error = Error;

    async fn load(&self, keys: &[CoderNumber]) -> Result<HashMap<CoderNumber, Coder>> {
        let ids = keys.iter().map(|key| key.0).collect();
        let coders = users::coders_by_id(&self.db, ids).await?;
        Ok(coders.into_iter().map(|(id, coder)| (CoderNumber(id), coder)).collect())
    }
}

impl Loader<MentorNumber> for Reader {
    type Value = Mentor;
    type Error = Error;

    async fn load(&self, keys: &[MentorNumber]) -> Result<HashMap<MentorNumber, Mentor>> {
        let ids = keys.iter().map(|key| key.0).collect();
        let mentors = users::mentors_by_id(&self.db, ids).await?;
        Ok(mentors.into_iter().map(|(id, mentor)| (MentorNumber(id), mentor)).collect())
    }
}

impl Loader<SnippetNumber> for Reader {
    type Value = Result<Arc<Snippet>>;
    type Error = Error;

    async fn load(&self, keys: &[SnippetNumber]) -> Result<HashMap<SnippetNumber, Self::Value>> {
        let ids = keys.iter().map(|key| key.0).collect();
        let snippets = snippets::by_ids(&self.db, &self.viewer, ids).await?;
        let shared = |snippet: Result<snippet::Model>| snippet.map(|snippet| Arc::new(snippet.into()));
        Ok(snippets.into_iter().map(|(id, snippet)| (SnippetNumber(id), shared(snippet))).collect())
    }
}

impl Loader<Of<MentorNumber, CoderPage>> for Reader {
    type Value = Arc<Slice<super::users::Coder>>;
    type Error = Error;

    async fn load(
        &self,
        keys: &[Of<MentorNumber, CoderPage>],
    ) -> Result<HashMap<Of<MentorNumber, CoderPage>, Self::Value>> {
        by_arguments(keys.iter().copied(), async |CoderPage(page), mentors| {
            let pages = mentorships::coders_of(&self.db, numbers(&mentors), page).await?;
            Ok(pages
                .into_iter()
                .map(|(mentor_id, page)| (mentor_id, Arc::new(page.map(Into::into))))
                .collect())
        })
        .await
    }
}

impl Loader<Of<MentorNumber, CoderCount>> for Reader {
    type Value = i64;
    type Error = Error;

    async fn load(
        &self,
        keys: &[Of<MentorNumber, CoderCount>],
    ) -> Result<HashMap<Of<MentorNumber, CoderCount>, i64>> {
        by_arguments(keys.iter().copied(), async |CoderCount, mentors| {
            mentorships::count_coders_of(&self.db, &numbers(&mentors)).await
        })
        .await
    }
}

impl Loader<Of<Library, SnippetPage>> for Reader {
    type Value = Arc<Slice<Snippet>>;
    type Error = Error;

    async fn load(
        &self,
        keys: &[Of<Library, SnippetPage>],
    ) -> Result<HashMap<Of<Library, SnippetPage>, Self::Value>> {
        // Two fields that differ in nothing but the columns are read together.
        let mut columns: HashMap<_, Columns> = HashMap::new();
        for SnippetPage { needs_review, page, columns: more } in keys.iter().map(|key| key.arguments) {
            let columns = columns.entry((needs_review, page)).or_insert(more);
            *columns = columns.and(more);
        }
        let widened = |Of { parent, arguments }: &Of<Library, SnippetPage>| {
            let columns = columns[&(arguments.needs_review, arguments.page)];
            Of { parent: *parent, arguments: SnippetPage { columns, ..*arguments } }
        };
        let wide: HashSet<_> = keys.iter().map(widened).collect();
        let pages = by_arguments(wide, async |SnippetPage { needs_review, columns, page }, libraries| {
            let pages =
                snippets::in_pages(&self.db, &self.viewer, &libraries, needs_review, columns, page).await?;
            Ok(pages.into_iter().map(|(coder_id, page)| (coder_id, Arc::new(page.map(Into::into)))).collect())
        })
        .await?;
        Ok(keys.iter().filter_map(|key| Some((*key, Arc::clone(pages.get(&widened(key))?)))).collect())
    }
}

impl Loader<Of<Library, SnippetCount>> for Reader {
    type Value = i64;
    type Error = Error;

    async fn load(
        &self,
        keys: &[Of<Library, SnippetCount>],
    ) -> Result<HashMap<Of<Library, SnippetCount>, i64>> {
        by_arguments(keys.iter().copied(), async |SnippetCount { needs_review }, libraries| {
            snippets::counts(&self.db, &self.viewer, &libraries, needs_review).await
        })
        .await
    }
}

/// A parent, as the domain knows it by number.
trait Parent: Copy + Eq + Hash {
    fn number(self) -> i32;
}

impl Parent for MentorNumber {
    fn number(self) -> i32 {
        self.0
    }
}

impl Parent for Library {
    fn number(self) -> i32 {
        self.coder_id
    }
}

fn numbers(parents: &[impl Parent]) -> Vec<i32> {
    parents.iter().map(|parent| parent.number()).collect()
}

/// Reads for all parents that were asked for with the same arguments at once. `read` finds by number.
async fn by_arguments<P, A, V, F>(
    keys: impl IntoIterator<Item = Of<P, A>>,
    read: impl Fn(A, Vec<P>) -> F,
) -> Result<HashMap<Of<P, A>, V>>
where
    P: Parent,
    A: Copy + Eq + Hash,
    V: Clone,
    F: Future<Output = Result<HashMap<i32, V>>>,
{
    let mut parents: HashMap<A, Vec<P>> = HashMap::new();
    for key in keys {
        parents.entry(key.arguments).or_default().push(key.parent);
    }
    let reads = parents.into_iter().map(|(arguments, parents)| {
        let values = read(arguments, parents.clone());
        async move {
            let values = values.await?;
            let value =
                move |parent: P| Some((Of { parent, arguments }, values.get(&parent.number())?.clone()));
            Ok::<_, Error>(parents.into_iter().filter_map(value))
        }
    });
    Ok(try_join_all(reads).await?.into_iter().flatten().collect())
}
