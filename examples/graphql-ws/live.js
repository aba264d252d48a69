// A mentor watches the review queue while a coder stores, edits and deletes a snippet.
import assert from "node:assert/strict";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const base = process.argv[2] ?? "http://localhost:5000";

async function tokenOf(person) {
  const response = await fetch(`${base}/auth0/token/${person}`);
  assert(response.ok, `a token for ${person}`);
  return response.text();
}

async function mutate(token, query) {
  const response = await fetch(`${base}/graphql`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

const [mentor, coder] = [await tokenOf("mentor1"), await tokenOf("coder1")];
const client = createClient({
  url: `${base.replace(/^http/, "ws")}/graphql`,
  webSocketImpl: WebSocket,
  // A function, so that a connection that is made anew gets a token that is good then.
  connectionParams: async () => ({ Authorization: `Bearer ${mentor}` }),
});

const changes = client.iterate({
  query: "subscription { reviewQueueChanged { kind snippetId coder { username } snippet { name version } } }",
});
// Leaving a `for await` would end the subscription, so its results are taken one by one.
async function next(kind, snippetId) {
  for (;;) {
    const { value, done } = await changes.next();
    assert(!done, "the subscription ended");
    assert.equal(value.errors, undefined, JSON.stringify(value.errors));
    const change = value.data.reviewQueueChanged;
    // Others may be at work in the same place.
    if (change.kind === kind && (snippetId === undefined || change.snippetId === snippetId)) return change;
  }
}

// The subscription begins when somebody asks for its first result, and the server needs a moment.
const created = next("SNIPPET_CREATED");
await new Promise((resolve) => setTimeout(resolve, 500));
const { createSnippet } = await mutate(
  coder,
  'mutation { createSnippet(input: { name: "Live", code: "pass", needsReview: true }) { snippet { id } } }',
);
const id = createSnippet.snippet.id;
assert.equal((await created).coder.username, "coder1");
console.log("the mentor sees what the coder stores");

const input = `id: "${id}"`;
await mutate(coder, `mutation { updateSnippet(input: { ${input}, code: "..." }) { snippet { id } } }`);
assert.equal((await next("SNIPPET_UPDATED", id)).snippet.version, 2);
console.log("and what they edit");

await mutate(coder, `mutation { deleteSnippet(input: { ${input} }) { deletedSnippetId } }`);
assert.equal((await next("SNIPPET_DELETED", id)).snippet, null);
console.log("and what they delete");

await client.dispose();
