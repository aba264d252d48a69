// Lists are read by their `edges`: relayStylePagination joins the pages of edges, but not of `nodes`.
import { graphql } from "./generated";

export const SIGNUP = graphql(`
  mutation Signup($input: SignupInput!) {
    signup(input: $input) { user { ...Person } }
  }

  fragment Person on User {
    id
    username
  }
`);

export const MENTORS = graphql(`
  query Mentors {
    mentors {
      edges {
        node {
          ...Person
          coders {
            edges {
              node {
                ...Person
                snippets(first: 5) { edges { node { name } } }
              }
            }
          }
        }
      }
    }
  }
`);

export const VIEWER = graphql(`
  query Viewer {
    viewer {
      ...Person
      ... on Coder { mentor { ...Person } }
    }
  }
`);

export const LIBRARY = graphql(`
  query Library($first: Int, $after: String, $last: Int, $before: String) {
    viewer {
      id
      ... on Coder {
        snippets(first: $first, after: $after, last: $last, before: $before) {
          totalCount
          edges { node { ...SnippetFields } }
          pageInfo { hasNextPage endCursor hasPreviousPage startCursor }
        }
      }
    }
  }

  fragment SnippetFields on Snippet {
    id
    name
    comments
    needsReview
    version
  }
`);

export const REVIEW_QUEUE = graphql(`
  query ReviewQueue {
    viewer {
      ...Person
      ... on Mentor {
        coders {
          edges {
            node {
              ...Person
              snippets(needsReview: true) { edges { node { ...SnippetFields } } }
            }
          }
        }
      }
    }
  }
`);

export const VIEWER_AND_CODERS = graphql(`
  query ViewerAndCoders {
    viewer { ...Person }
    coders { totalCount }
  }
`);

export const CREATE_SNIPPET = graphql(`
  mutation CreateSnippet($input: CreateSnippetInput!) {
    createSnippet(input: $input) {
      snippet {
        ...SnippetFields
        coder { id snippets { totalCount } }
      }
    }
  }
`);

export const UPDATE_SNIPPET = graphql(`
  mutation UpdateSnippet($input: UpdateSnippetInput!) {
    updateSnippet(input: $input) { snippet { ...SnippetFields } }
  }
`);

export const DELETE_SNIPPET = graphql(`
  mutation DeleteSnippet($input: DeleteSnippetInput!) {
    deleteSnippet(input: $input) {
      deletedSnippetId
      coder { id snippets { totalCount } }
    }
  }
`);

export const SELECT_MENTOR = graphql(`
  mutation SelectMentor($input: SelectMentorInput!) {
    selectMentor(input: $input) {
      coder { id mentor { ...Person } }
    }
  }
`);
