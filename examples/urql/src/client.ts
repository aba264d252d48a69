import { Client, fetchExchange, type CombinedError } from "@urql/core";
import { cacheExchange, type Cache, type Data, type Entity } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import type { ResultOf, VariablesOf } from "gql.tada";
import { introspection } from "./generated/schema";
import * as operations from "./operations";

type Result<Operation extends keyof typeof operations> = ResultOf<(typeof operations)[Operation]>;
type Variables<Operation extends keyof typeof operations> = VariablesOf<(typeof operations)[Operation]>;

const base = process.argv[2] ?? "http://localhost:5000";

/** The password grant, as a script or an old front end signs somebody in. */
export async function signIn(username: string, password: string): Promise<string> {
  const response = await fetch(`${base}/auth0/oauth/token`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ grant_type: "password", client_id: "funcster-local", username, password }),
  });
  if (!response.ok) throw new Error(`${username} was not signed in: ${await response.text()}`);
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}

/** A client with a cache of its own, the operations that it sent, and the complaints of its cache. */
export function connect(token?: string) {
  const sent: string[] = [];
  const complaints: string[] = [];
  const cache = cacheExchange({
    // With the schema, the cache knows what is a User and what may be null, and objects to an
    // operation or a setting that does not fit.
    schema: introspection,
    logger: (_severity, message) => complaints.push(message),
    resolvers: { Coder: { snippets: relayPagination() } },
    optimistic: {
      // What an edit will come to: the cache shows it at once, and forgets it if it is refused.
      updateSnippet({ input }: Variables<"UPDATE_SNIPPET">, cache) {
        const now = cache.readFragment(operations.SNIPPET, { __typename: "Snippet", id: input.id });
        const snippet = now && { __typename: "Snippet", ...now, ...input, version: now.version + 1 };
        return { __typename: "UpdateSnippetPayload", snippet } as Data;
      },
    },
    updates: {
      Mutation: {
        // The payload brings the snippet and the new count; where it is listed is for the client to say.
        createSnippet({ createSnippet }: Result<"CREATE_SNIPPET">, _args, cache) {
          if (!createSnippet) return;
          cache.updateQuery({ query: operations.LIBRARY, variables: { first: 20 } }, (data) => {
            if (!data?.viewer || !("snippets" in data.viewer)) return data;
            data.viewer.snippets.edges.push({ __typename: "SnippetEdge", node: createSnippet.snippet });
            return data;
          });
        },
        deleteSnippet({ deleteSnippet }: Result<"DELETE_SNIPPET">, _args, cache) {
          if (!deleteSnippet) return;
          const { coder, deletedSnippetId } = deleteSnippet;
          const gone = cache.keyOfEntity({ __typename: "Snippet", id: deletedSnippetId });
          changeLists(cache, coder, (edges) => edges.filter((edge) => cache.resolve(edge, "node") !== gone));
        },
      },
    },
  });
  const client = new Client({
    url: `${base}/graphql`,
    exchanges: [cache, fetchExchange],
    fetchOptions: { headers: token ? { Authorization: `Bearer ${token}` } : {} },
    fetch(url, options) {
      // Short queries go by GET, all else by POST.
      const body = options?.body ? JSON.parse(options.body as string) : undefined;
      sent.push(body?.operationName ?? new URL(url as string).searchParams.get("operationName"));
      return fetch(url, options);
    },
  });
  return { client, sent, complaints };
}

/** Changes each list of snippets that the cache holds of a coder. */
function changeLists(cache: Cache, coder: Entity, change: (edges: string[]) => string[]) {
  for (const { fieldName, fieldKey } of cache.inspectFields(coder)) {
    const list = fieldName === "snippets" && cache.resolve(coder, fieldKey);
    const edges = typeof list === "string" && cache.resolve(list, "edges");
    if (Array.isArray(edges)) cache.link(list as string, "edges", change(edges as string[]));
  }
}

/** What an error carries beside its message; the README of the server lists the codes. */
export function refusal(error: CombinedError | undefined): object {
  if (!error?.graphQLErrors[0]) throw error ?? new Error("nothing was refused");
  return error.graphQLErrors[0].extensions;
}
