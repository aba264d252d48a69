import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../schema.graphql",
  documents: "src/*.ts",
  generates: {
    // The function `graphql(...)`, which gives each operation in the sources its types.
    "src/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        enumsAsTypes: true,
        // The client asks for every __typename by itself, so the types may count on it.
        nonOptionalTypename: true,
        skipTypeNameForRoot: true,
        // Moments come as text, and a scalar that nobody thought of is an error here, not `any`.
        scalars: { DateTime: "string" },
        strictScalars: true,
        useTypeImports: true,
      },
    },
    // Which types are a User or a Node: without it the cache cannot match `... on User`.
    "src/generated/possible-types.ts": { plugins: ["fragment-matcher"] },
  },
};

export default config;
