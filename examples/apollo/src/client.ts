import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache } from "@apollo/client";
import type { ObservableQuery, OperationVariables } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import { filter, firstValueFrom, map, timeout } from "rxjs";
import possibleTypes from "./generated/possible-types";

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

/** A client with a cache of its own, and the names of the operations that it has sent. */
export function connect(token?: string) {
  const sent: string[] = [];
  const record = new ApolloLink((operation, forward) => {
    sent.push(operation.operationName ?? "");
    return forward(operation);
  });
  const http = new HttpLink({
    uri: `${base}/graphql`,
    headers: token ? { Authorization: `Bearer ${token}` } : {},
  });
  const cache = new InMemoryCache({
    ...possibleTypes,
    typePolicies: {
      // The cache needs no keyFields: what has a place of its own in it has an id. Of the arguments
      // of a list, the filter makes another list; the rest make pages of the same. (Written as
      // ["needsReview"], a list that is asked for without any argument would be a third one.)
      Coder: { fields: { snippets: relayStylePagination((args) => `${args?.needsReview ?? "all"}`) } },
      Mentor: { fields: { coders: relayStylePagination() } },
      Query: {
        fields: {
          availableCoders: relayStylePagination(),
          coders: relayStylePagination(),
          mentors: relayStylePagination(),
        },
      },
    },
  });
  return { client: new ApolloClient({ link: ApolloLink.from([record, http]), cache }), sent };
}

/** What a watched query shows, as soon as all of it is there and it is what is `wanted`. */
export function shown<Data, Variables extends OperationVariables>(
  watched: ObservableQuery<Data, Variables>,
  wanted: (data: Data) => boolean = () => true,
): Promise<Data> {
  const complete = watched.pipe(
    filter(({ dataState }) => dataState === "complete"),
    map(({ data }) => data as Data),
  );
  return firstValueFrom(complete.pipe(filter(wanted), timeout(5000)));
}

/** What an error carries beside its message; the README of the server lists the codes. */
export interface Refusal {
  code: string;
  field?: string;
  permission?: string;
  version?: number;
}

/** The first error of an answer; anything else that went wrong is thrown on. */
export function refusal(error: unknown): Refusal {
  if (!CombinedGraphQLErrors.is(error)) throw error ?? new Error("nothing was refused");
  return { code: "none", ...error.errors[0]?.extensions };
}

/** How something was refused that must not succeed. */
export function refused(promise: Promise<unknown>): Promise<Refusal> {
  return promise.then(() => refusal(undefined), refusal);
}
