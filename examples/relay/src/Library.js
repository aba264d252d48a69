import { graphql } from "react-relay";

// A coder's snippets, which can be paged through from both ends.
export const coder = graphql`
  fragment Library_coder on Coder
  @refetchable(queryName: "LibraryPaginationQuery")
  @argumentDefinitions(
    first: { type: "Int" }
    after: { type: "String" }
    last: { type: "Int" }
    before: { type: "String" }
    needsReview: { type: "Boolean" }
  ) {
    ...Team_person
    mentor {
      ...Team_person
    }
    snippets(first: $first, after: $after, last: $last, before: $before, needsReview: $needsReview)
      @connection(key: "Library_snippets", filters: ["needsReview"]) {
      edges {
        node {
          ...Library_snippet
        }
      }
    }
  }
`;

export const snippet = graphql`
  fragment Library_snippet on Snippet @refetchable(queryName: "LibrarySnippetQuery") {
    name
    code
    comments
    version
    updatedAt
  }
`;

export const create = graphql`
  mutation LibraryCreateMutation($input: CreateSnippetInput!, $lists: [ID!]!) {
    createSnippet(input: $input) {
      snippet @appendNode(connections: $lists, edgeTypeName: "SnippetEdge") {
        ...Library_snippet
      }
    }
  }
`;

export const update = graphql`
  mutation LibraryUpdateMutation($input: UpdateSnippetInput!) @raw_response_type {
    updateSnippet(input: $input) {
      snippet {
        ...Library_snippet
      }
    }
  }
`;

export const remove = graphql`
  mutation LibraryDeleteMutation($input: DeleteSnippetInput!, $lists: [ID!]!) {
    deleteSnippet(input: $input) {
      deletedSnippetId @deleteEdge(connections: $lists) @deleteRecord
    }
  }
`;
