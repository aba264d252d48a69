import { initGraphQLTada } from "gql.tada";
import type { introspection } from "./generated/schema";

/** Gives an operation its types, which TypeScript works out from its text and the schema. */
export const graphql = initGraphQLTada<{
  introspection: typeof introspection;
  scalars: { DateTime: string };
  disableMasking: true;
}>();
