// Sends what the compiler made to the server, with the variables that Relay's runtime would give.
import assert from "node:assert/strict";

const base = process.argv[2] ?? "http://localhost:5000";

async function token(username) {
  const response = await fetch(`${base}/auth0/oauth/token`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ grant_type: "password", client_id: "funcster-local", username, password: "Learn-2-code" }),
  });
  assert(response.ok, `${username} was not signed in: ${response.status}`);
  return (await response.json()).access_token;
}

async function send(token, operation, variables) {
  const { params } = (await import(`./src/__generated__/${operation}.graphql.js`)).default;
  const response = await fetch(`${base}/graphql`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ operationName: params.name, query: params.text, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, `${operation}: ${JSON.stringify(errors)}`);
  return data;
}

const mentor = await token("mentor1");
const coder = await token("coder1");

const { mentors } = await send(mentor, "TeamQuery", {});
const team = mentors.edges[0].node;
const more = await send(mentor, "TeamPaginationQuery", {
  id: team.id,
  first: 1,
  after: team.coders.edges[0].cursor,
});
assert.equal(more.node.coders.edges[0].node.id, team.coders.edges[1].node.id);
assert.equal((await send(mentor, "TeamPersonQuery", { id: team.id })).node.username, team.username);

// For a connection that is paged both ways, Relay sends null for the end that it does not mean.
const id = team.coders.edges[0].node.id;
const forward = { id, first: 1, after: null, last: null, before: null };
const backward = { id, first: null, after: null, last: 1, before: null };
const first = (await send(mentor, "LibraryPaginationQuery", forward)).node.snippets;
const last = (await send(mentor, "LibraryPaginationQuery", backward)).node.snippets;
assert.deepEqual([first.pageInfo.hasNextPage, last.pageInfo.hasPreviousPage], [true, true]);
assert.notEqual(first.edges[0].node.id, last.edges[0].node.id);

const input = { name: "Relay", code: "print('relay')\n" };
const { snippet } = (await send(coder, "LibraryCreateMutation", { input })).createSnippet;
const change = { id: snippet.id, comments: "Compiled." };
const changed = (await send(coder, "LibraryUpdateMutation", { input: change })).updateSnippet.snippet;
const { node } = await send(coder, "LibrarySnippetQuery", { id: snippet.id });
assert.deepEqual({ ...node, __typename: undefined }, { ...changed, __typename: undefined });
const gone = (await send(coder, "LibraryDeleteMutation", { input: { id: snippet.id } })).deleteSnippet;
assert.equal(gone.deletedSnippetId, snippet.id);

console.log("the compiled operations are answered");
