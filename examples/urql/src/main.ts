// A coder and a mentor at work, each with a client and a cache of their own.
import assert from "node:assert/strict";
import type { AnyVariables, OperationResult, OperationResultSource } from "@urql/core";
import type { ResultOf, VariablesOf } from "gql.tada";
import { connect, refusal, signIn } from "./client";
import * as operations from "./operations";

/** Somebody new on every run, so that runs do not meet each other's leavings. */
async function newcomer(usertype: "CODER" | "MENTOR") {
  const username = `urql-${usertype.toLowerCase()}-${Date.now().toString(36)}`;
  const password = "Learn-2-code";
  const input = { usertype, username, email: `${username}@example.com`, password };
  const { data, error } = await connect().client.mutation(operations.SIGNUP, { input });
  assert(data?.signup, error);
  const token = await signIn(username, password);
  return { id: data.signup.user.id, token, ...connect(token) };
}

/** Keeps a query on the screen, as a component would; all that was ever shown is in the list. */
async function show<Data, V extends AnyVariables>(source: OperationResultSource<OperationResult<Data, V>>) {
  const shown: Data[] = [];
  const { unsubscribe } = source.subscribe(({ data }) => data && shown.push(data));
  await source.toPromise();
  return { shown, unsubscribe };
}

type Library = ResultOf<typeof operations.LIBRARY>;

/** The connection of snippets in a result. By its type `viewer` may be a mentor, who has none. */
function library(data: Library | undefined) {
  assert(data?.viewer && "snippets" in data.viewer);
  return data.viewer.snippets;
}

const names = (data: Library | undefined) => library(data).edges.map(({ node }) => node.name);

/** Pages through a library, from its start or its end; tells what is on the screen after each page. */
async function gather(token: string, from: "start" | "end"): Promise<string[][]> {
  const { client } = connect(token);
  const gathered: string[][] = [];
  for (let cursor: string | null | undefined, more = true; more; ) {
    const page = from === "start" ? { first: 2, after: cursor } : { last: 2, before: cursor };
    const { data, error } = await client.query(operations.LIBRARY, page);
    assert(data, error);
    gathered.push(names(data));
    const { hasNextPage, endCursor, hasPreviousPage, startCursor } = library(data).pageInfo;
    [more, cursor] = from === "start" ? [hasNextPage, endCursor] : [hasPreviousPage, startCursor];
  }
  return gathered;
}

const coder = await newcomer("CODER");
const mentor = await newcomer("MENTOR");

// A library, which the coder sees on the screen from here on.
const screen = await show(coder.client.query(operations.LIBRARY, { first: 20 }));
for (const name of ["one", "two", "three", "four", "five"]) {
  const input = { name, code: `print("${name}")\n` };
  const { error } = await coder.client.mutation(operations.CREATE_SNIPPET, { input });
  assert(!error, error);
}
const filled = library(screen.shown.at(-1));
assert.equal(filled.totalCount, 5);
assert.equal(filled.edges.length, 5);
console.log("a created snippet is shown");

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

// The mentor takes the coder on: the payload holds both ends of that.
const team = await show(mentor.client.query(operations.CODERS, {}));
await mentor.client.mutation(operations.ADD_CODER, { input: { coderId: coder.id } });
const taken = team.shown.at(-1)?.viewer;
assert(taken && "coders" in taken);
assert.deepEqual([taken.coders.totalCount, taken.coders.nodes.map(({ id }) => id)], [1, [coder.id]]);
console.log("a coder who was taken on is shown");

// An edit: the payload has the snippet's id, so the cache does the rest.
const edit = (who: typeof coder, input: VariablesOf<typeof operations.UPDATE_SNIPPET>["input"]) =>
  who.client.mutation(operations.UPDATE_SNIPPET, { input }).toPromise();
const { id } = filled.edges[0]!.node;
await edit(coder, { id, comments: "Is this how?", needsReview: true });
const edited = library(screen.shown.at(-1)).edges[0]?.node;
assert.deepEqual(edited, { ...filled.edges[0]?.node, comments: "Is this how?", needsReview: true, version: 2 });
console.log("an updated snippet is shown");

// An edit of what the mentor has edited since is shown before the server has answered, and taken
// back when it refuses.
await edit(mentor, { id, comments: "It is.", needsReview: false, expectedVersion: 2 });
screen.shown.length = 0;
const late = await edit(coder, { id, name: "uno", expectedVersion: 2 });
assert.deepEqual(refusal(late.error), { code: "CONFLICT", id, version: 3 });
assert.deepEqual(screen.shown.map((data) => names(data)[0]), ["uno", "one"]);
console.log("an edit is shown at once, and taken back when it is refused");

// Other refusals. A refused field is null, and the rest of the answer is there.
const blank = await edit(coder, { id, name: " " });
assert.deepEqual(refusal(blank.error), { code: "BAD_USER_INPUT", field: "name" });
const part = await coder.client.query(operations.VIEWER_AND_CODERS, {});
assert.equal(part.data?.viewer?.id, coder.id);
assert.equal(part.data.coders, null);
assert.deepEqual(refusal(part.error), { code: "FORBIDDEN", permission: "get:coders" });
const stranger = await connect("not a token").client.query(operations.VIEWER_AND_CODERS, {});
assert.deepEqual(refusal(stranger.error), { code: "UNAUTHENTICATED" });
console.log("refusals say what is wrong");

// Away with it all.
for (const { node } of filled.edges) {
  const { error } = await coder.client.mutation(operations.DELETE_SNIPPET, { input: { id: node.id } });
  assert(!error, error);
  assert(!names(screen.shown.at(-1)).includes(node.name));
}
assert.equal(library(screen.shown.at(-1)).totalCount, 0);
console.log("a deleted snippet is gone");

// All of it was shown without asking twice, and the caches had nothing to complain of.
const queries = (sent: string[]) => sent.filter((name) => !/^(Create|Update|Delete|Add)/.test(name));
assert.deepEqual(queries(coder.sent), ["Library", "ViewerAndCoders"]);
assert.deepEqual(queries(mentor.sent), ["Coders"]);
assert.deepEqual([...coder.complaints, ...mentor.complaints], []);

screen.unsubscribe();
team.unsubscribe();
