import { graphql } from "react-relay";

// The mentors with their coders, of whom there are more by and by.
export const query = graphql`
  query TeamQuery {
    mentors(first: 10) {
      edges {
        node {
          ...Team_mentor
        }
      }
    }
  }
`;

export const mentor = graphql`
  fragment Team_mentor on Mentor
  @refetchable(queryName: "TeamPaginationQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 10 }, after: { type: "String" }) {
    ...Team_person
    coders(first: $first, after: $after) @connection(key: "Team_coders") {
      totalCount
      edges {
        node {
          ...Library_coder
        }
      }
    }
  }
`;

// An interface can be asked for anew too, as all that implement it are a Node.
export const person = graphql`
  fragment Team_person on User @refetchable(queryName: "TeamPersonQuery") {
    username
  }
`;
