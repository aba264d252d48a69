import { graphql } from "./graphql";

const PERSON = graphql(`
  fragment Person on User {
    id
    username
  }
`);

export const SNIPPET = graphql(`
  fragment SnippetFields on Snippet {
    id
    name
    comments
    needsReview
    version
  }
`);

export const SIGNUP = graphql(`
  mutation Signup($input: SignupInput!) {
    signup(input: $input) { user { id } }
  }
`);

export const LIBRARY = graphql(`
  query Library($first: Int, $after: String, $last: Int, $before: String) {
    viewer {
      ...Person
      ... on Coder {
        mentor { ...Person }
        snippets(first: $first, after: $after, last: $last, before: $before) {
          totalCount
          edges { __typename node { ...SnippetFields } }
          pageInfo { hasNextPage endCursor hasPreviousPage startCursor }
        }
      }
    }
  }
`, [PERSON, SNIPPET]);

export const CODERS = graphql(`
  query Coders {
    viewer {
      ...Person
      ... on Mentor {
        coders { totalCount nodes { ...Person } }
      }
    }
  }
`, [PERSON]);

// The cache keeps a count with the page that it came with: a payload's has to be asked for with the
// arguments of the screen's list. (relayPagination passes over a list without any argument.)
export const CREATE_SNIPPET = graphql(`
  mutation CreateSnippet($input: CreateSnippetInput!) {
    createSnippet(input: $input) {
      snippet {
        ...SnippetFields
        coder { id snippets(first: 20) { totalCount } }
      }
    }
  }
`, [SNIPPET]);

export const UPDATE_SNIPPET = graphql(`
  mutation UpdateSnippet($input: UpdateSnippetInput!) {
    updateSnippet(input: $input) {
      snippet { ...SnippetFields }
    }
  }
`, [SNIPPET]);

export const DELETE_SNIPPET = graphql(`
  mutation DeleteSnippet($input: DeleteSnippetInput!) {
    deleteSnippet(input: $input) {
      deletedSnippetId
      coder { __typename id snippets(first: 20) { totalCount } }
    }
  }
`);

// What the mentor's screen lists is in the payload, with the same arguments: nothing else is needed.
export const ADD_CODER = graphql(`
  mutation AddCoder($input: AddCoderInput!) {
    addCoder(input: $input) {
      coder { ...Person }
      mentor { id coders { totalCount nodes { ...Person } } }
    }
  }
`, [PERSON]);

export const VIEWER_AND_CODERS = graphql(`
  query ViewerAndCoders {
    viewer { ...Person }
    coders { totalCount }
  }
`, [PERSON]);
