// A coder and a mentor at work, each with a client and a cache of their own.
import assert from "node:assert/strict";
import { connect, refusal, refused, shown, signIn } from "./client";
import type { LibraryQuery, ReviewQueueQuery, SignupInput, UpdateSnippetInput } from "./generated/graphql";
import * as operations from "./operations";

const password = "Learn-2-code";

/** Somebody new on every run, so that runs do not meet each other's leavings. */
async function newcomer(usertype: SignupInput["usertype"]) {
  const username = `apollo-${usertype.toLowerCase()}-${Date.now().toString(36)}`;
  const input = { usertype, username, email: `${username}@example.com`, password };
  const { data } = await connect().client.mutate({ mutation: operations.SIGNUP, variables: { input } });
  assert(data?.signup);
  const token = await signIn(username, password);
  return { id: data.signup.user.id, username, token, ...connect(token) };
}

/** The connection of snippets in a result. By its type `viewer` may be a mentor, who has none. */
function library(data: LibraryQuery) {
  assert(data.viewer?.__typename === "Coder");
  return data.viewer.snippets;
}

const names = (data: LibraryQuery) => library(data).edges.map(({ node }) => node.name);

/** Pages through a library, from its start or its end; tells what is on the screen after each page. */
async function gather(token: string, from: "start" | "end"): Promise<string[][]> {
  const { client } = connect(token);
  const variables = from === "start" ? { first: 2 } : { last: 2 };
  const watched = client.watchQuery({ query: operations.LIBRARY, variables });
  const screen = watched.subscribe({});
  const gathered: string[][] = [];
  for (;;) {
    const data = await shown(watched, (data) => names(data).length > (gathered.at(-1)?.length ?? 0));
    gathered.push(names(data));
    const { hasNextPage, endCursor, hasPreviousPage, startCursor } = library(data).pageInfo;
    if (!(from === "start" ? hasNextPage : hasPreviousPage)) break;
    await watched.fetchMore({ variables: from === "start" ? { after: endCursor } : { before: startCursor } });
  }
  screen.unsubscribe();
  return gathered;
}

// Mentors, their coders, the coders' snippets.
const demo = connect(await signIn("mentor1", password));
const { data: tree } = await demo.client.query({ query: operations.MENTORS });
const mentor1 = tree?.mentors?.edges.find(({ node }) => node.username === "mentor1")?.node;
assert(mentor1?.coders.edges.some(({ node }) => node.snippets.edges.length > 0));
console.log("mentors, coders and snippets are read in one query");

// A library, which the coder sees on the screen from here on.
const coder = await newcomer("CODER");
const mentor = await newcomer("MENTOR");
const watched = coder.client.watchQuery({ query: operations.LIBRARY, variables: {} });
const screen = watched.subscribe({});
assert.equal(library(await shown(watched)).totalCount, 0);

for (const name of ["one", "two", "three", "four", "five"]) {
  await coder.client.mutate({
    mutation: operations.CREATE_SNIPPET,
    variables: { input: { name, code: `print("${name}")\n` } },
    // The payload brings the new snippet and how many there are now. That it belongs at the end of
    // the list is for the client to say: it may be showing another page, or a filtered list.
    update(cache, { data }) {
      const node = data?.createSnippet?.snippet;
      if (!node) return;
      cache.updateQuery({ query: operations.LIBRARY, variables: {} }, (shown) => {
        if (shown?.viewer?.__typename !== "Coder") return;
        const { snippets } = shown.viewer;
        const edges = [...snippets.edges, { __typename: "SnippetEdge" as const, node }];
        return { viewer: { ...shown.viewer, snippets: { ...snippets, edges } } };
      });
    },
  });
}
const filled = await shown(watched, (data) => names(data).length === 5);
assert.equal(library(filled).totalCount, 5);
console.log("a created snippet is shown");

// Pages, both ways.
assert.deepEqual(await gather(coder.token, "start"), [
  ["one", "two"],
  ["one", "two", "three", "four"],
  ["one", "two", "three", "four", "five"],
]);
assert.deepEqual(await gather(coder.token, "end"), [
  ["four", "five"],
  ["two", "three", "four", "five"],
  ["one", "two", "three", "four", "five"],
]);
console.log("pages are joined, from the start and from the end");

// An edit: the payload has the snippet's id, so the cache does the rest.
const [one] = library(filled).edges.map(({ node }) => node);
assert(one);
await coder.client.mutate({
  mutation: operations.UPDATE_SNIPPET,
  variables: { input: { id: one.id, comments: "Is this how?", needsReview: true } },
});
await shown(watched, (data) => library(data).edges[0]?.node.comments === "Is this how?");
console.log("an updated snippet is shown");

// A choice of a mentor: the payload has the coder's id.
const profile = coder.client.watchQuery({ query: operations.VIEWER });
const profileScreen = profile.subscribe({});
await shown(profile, ({ viewer }) => viewer?.__typename === "Coder" && viewer.mentor === null);
await coder.client.mutate({
  mutation: operations.SELECT_MENTOR,
  variables: { input: { mentorId: mentor.id } },
});
await shown(profile, ({ viewer }) => viewer?.__typename === "Coder" && viewer.mentor?.id === mentor.id);
console.log("a chosen mentor is shown");

// The mentor's screen. A snippet that has been reviewed stays in the list that the cache holds, as
// the cache cannot know what needsReview filters by; so the screen filters once more.
const queue = mentor.client.watchQuery({ query: operations.REVIEW_QUEUE });
const queueScreen = queue.subscribe({});
const waiting = ({ viewer }: ReviewQueueQuery) =>
  viewer?.__typename === "Mentor"
    ? viewer.coders.edges
        .flatMap(({ node }) => node.snippets.edges)
        .filter(({ node }) => node.needsReview)
        .map(({ node }) => node.name)
    : [];
assert.deepEqual(waiting(await shown(queue)), ["one"]);
await mentor.client.mutate({
  mutation: operations.UPDATE_SNIPPET,
  variables: { input: { id: one.id, comments: "It is.", needsReview: false, expectedVersion: 2 } },
});
await shown(queue, (data) => waiting(data).length === 0);
console.log("a reviewed snippet leaves the mentor's queue");

// Refusals. The coder has not seen the review yet.
const edit = (input: UpdateSnippetInput) =>
  coder.client.mutate({ mutation: operations.UPDATE_SNIPPET, variables: { input } });
assert.deepEqual(await refused(edit({ id: one.id, name: "uno", expectedVersion: 2 })), {
  code: "CONFLICT",
  id: one.id,
  version: 3,
});
assert.deepEqual(await refused(edit({ id: one.id, name: " " })), { code: "BAD_USER_INPUT", field: "name" });
// A refused field is null, and the rest of the answer is there.
const part = await coder.client.query({ query: operations.VIEWER_AND_CODERS, errorPolicy: "all" });
assert.equal(part.data?.viewer?.id, coder.id);
assert.equal(part.data.coders, null);
assert.deepEqual(refusal(part.error), { code: "FORBIDDEN", permission: "get:coders" });
const stranger = connect("not a token").client.query({ query: operations.VIEWER });
assert.equal((await refused(stranger)).code, "UNAUTHENTICATED");
console.log("refusals say what is wrong");

// Everything so far was shown without asking twice.
const queries = (sent: string[]) => sent.filter((name) => !/^(Create|Update|Select)/.test(name));
assert.deepEqual(queries(coder.sent), ["Library", "Viewer", "ViewerAndCoders"]);
assert.deepEqual(queries(mentor.sent), ["ReviewQueue"]);

// Away with it all. A list leaves out what has been evicted; the payload has the new count.
for (const { node } of library(filled).edges) {
  await coder.client.mutate({
    mutation: operations.DELETE_SNIPPET,
    variables: { input: { id: node.id } },
    update(cache, { data }) {
      const id = data?.deleteSnippet?.deletedSnippetId;
      cache.evict({ id: cache.identify({ __typename: "Snippet", id }) });
    },
  });
  await shown(watched, (data) => !names(data).includes(node.name));
}
const emptied = library(await shown(watched));
assert.equal(emptied.totalCount, 0);
assert.equal(emptied.edges.length, 0);
assert.equal(queries(coder.sent).filter((name) => name === "Library").length, 1);
console.log("a deleted snippet is gone");

for (const open of [screen, profileScreen, queueScreen]) open.unsubscribe();
