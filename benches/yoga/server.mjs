// The part of the schema that is measured, served as one does with Node.js: GraphQL Yoga, a DataLoader for each
// list, prepared statements, the tenant's keys kept, and accounts kept by subject. It takes the settings of
// funcster-api, and neither limits nor logs anything.

import { createServer } from "node:http";
import DataLoader from "dataloader";
import { GraphQLError } from "graphql";
import { createSchema, createYoga } from "graphql-yoga";
import { createRemoteJWKSet, jwtVerify } from "jose";
import pg from "pg";

const { API_IDENTIFIER, AUTH0_DOMAIN, DATABASE_URL, HOST, PORT } = process.env;

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 20 });
const keys = createRemoteJWKSet(new URL(".well-known/jwks.json", AUTH0_DOMAIN));
const accounts = new Map();

const columns = "id, coder_id, name, code, needs_review, comments";

async function rows(name, text, ...values) {
  return (await pool.query({ name, text, values })).rows;
}

function listLoader(name, text, parent) {
  return new DataLoader(async (ids) => {
    const children = new Map(ids.map((id) => [id, []]));
    for (const row of await rows(name, text, ids)) children.get(row[parent]).push(row);
    return ids.map((id) => children.get(id));
  });
}

function loaders() {
  return {
    coders: listLoader(
      "coders",
      `SELECT c.id, c.mentor_id, u.username FROM coders c JOIN users u ON u.id = c.user_id
       WHERE c.mentor_id = ANY ($1) ORDER BY c.id`,
      "mentor_id",
    ),
    snippets: listLoader(
      "snippets",
      `SELECT ${columns} FROM snippets WHERE coder_id = ANY ($1) ORDER BY id`,
      "coder_id",
    ),
    toReview: listLoader(
      "to_review",
      `SELECT ${columns} FROM snippets WHERE coder_id = ANY ($1) AND needs_review ORDER BY id`,
      "coder_id",
    ),
  };
}

async function person(name, condition, value) {
  const [found] = await rows(
    name,
    `SELECT c.id AS coder_id, m.id AS mentor_id, u.username FROM users u
     LEFT JOIN coders c ON c.user_id = u.id LEFT JOIN mentors m ON m.user_id = u.id WHERE ${condition}`,
    value,
  );
  return found;
}

async function viewer(request) {
  const token = request.headers.get("authorization").replace("Bearer ", "");
  const { payload } = await jwtVerify(token, keys, { issuer: AUTH0_DOMAIN, audience: API_IDENTIFIER });
  if (!accounts.has(payload.sub)) {
    accounts.set(payload.sub, await person("by_subject", "u.auth0_sub = $1", payload.sub));
  }
  return { permissions: payload.permissions, account: accounts.get(payload.sub) };
}

// A resolver of those who have a permission.
function requires(permission, resolve) {
  return (parent, args, context) => {
    if (!context.permissions.includes(permission)) throw new GraphQLError("forbidden");
    return resolve(args, context);
  };
}

const number = (id) => Number(id.replace("snippet_", ""));

const schema = createSchema({
  typeDefs: `
    type Query {
      snippet(id: ID!): Snippet
      userinfo(username: String!): User
      mentors(first: Int!): MentorConnection!
    }
    type Mutation {
      createSnippet(input: CreateSnippetInput!): SnippetPayload
      updateSnippet(input: UpdateSnippetInput!): SnippetPayload
    }
    input CreateSnippetInput { name: String!, code: String!, needsReview: Boolean = false }
    input UpdateSnippetInput { id: ID!, code: String! }
    type SnippetPayload { snippet: Snippet! }
    interface User { id: ID!, username: String! }
    type Mentor implements User { id: ID!, username: String!, coders: CoderConnection! }
    type Coder implements User { id: ID!, username: String!, snippets(needsReview: Boolean): SnippetConnection! }
    type Snippet {
      id: ID!, databaseId: Int!, name: String!, code: String!, needsReview: Boolean!, comments: String!
    }
    type MentorConnection { nodes: [Mentor!]! }
    type CoderConnection { nodes: [Coder!]! }
    type SnippetConnection { nodes: [Snippet!]! }
  `,
  resolvers: {
    Query: {
      snippet: requires("edit:snippet", async ({ id }, { account }) => {
        const text = `SELECT ${columns} FROM snippets WHERE id = $1 AND coder_id = $2`;
        return (await rows("snippet", text, number(id), account.coder_id))[0];
      }),
      userinfo: requires("get:userinfo", async ({ username }) => {
        const found = await person("by_name", "lower(u.username) = lower($1)", username);
        return found && { ...found, id: found.coder_id ?? found.mentor_id };
      }),
      mentors: requires("get:mentors", async ({ first }) => ({
        nodes: await rows(
          "mentors",
          "SELECT m.id, u.username FROM mentors m JOIN users u ON u.id = m.user_id ORDER BY m.id LIMIT $1",
          first,
        ),
      })),
    },
    Mutation: {
      createSnippet: requires("post:snippet", async ({ input }, { account }) => {
        const text = `INSERT INTO snippets (coder_id, name, code, comments, needs_review, created_at, updated_at)
          VALUES ($1, $2, $3, '', $4, now(), now()) RETURNING ${columns}`;
        const values = [account.coder_id, input.name, input.code, input.needsReview];
        return { snippet: (await rows("create", text, ...values))[0] };
      }),
      updateSnippet: requires("edit:snippet", async ({ input }, { account }) => {
        const text = `UPDATE snippets SET code = $3, version = version + 1, updated_at = now()
          WHERE id = $1 AND coder_id = $2 RETURNING ${columns}`;
        return { snippet: (await rows("update", text, number(input.id), account.coder_id, input.code))[0] };
      }),
    },
    User: { __resolveType: (user) => (user.coder_id ? "Coder" : "Mentor") },
    Mentor: {
      id: ({ id }) => `mentor_${id}`,
      coders: async ({ id }, _, { coders }) => ({ nodes: await coders.load(id) }),
    },
    Coder: {
      id: ({ id }) => `coder_${id}`,
      snippets: async ({ id }, { needsReview }, { snippets, toReview }) => ({
        nodes: await (needsReview ? toReview : snippets).load(id),
      }),
    },
    Snippet: {
      id: ({ id }) => `snippet_${id}`,
      databaseId: ({ id }) => id,
      needsReview: (snippet) => snippet.needs_review,
    },
  },
});

const yoga = createYoga({
  schema,
  graphiql: false,
  logging: false,
  context: async ({ request }) => ({ ...(await viewer(request)), ...loaders() }),
});

createServer((request, response) =>
  request.url === "/readyz" ? response.end() : yoga(request, response),
).listen(Number(PORT), HOST);
