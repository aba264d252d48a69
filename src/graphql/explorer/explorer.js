"use strict";

const people = document.getElementById("people");
const person = document.getElementById("person");
const personState = document.getElementById("person-state");
const PERSON_KEY = "funcster:person";

const WELCOME = `# Welcome to the Funcster API. Choose above whom to act as, then run this.
{
  viewer {
    __typename
    username
  }
  mentors {
    nodes {
      username
      coders {
        nodes {
          username
          snippets {
            nodes {
              name
            }
          }
        }
      }
    }
  }
}
`;

let token;

async function actAs(name) {
  token = undefined;
  personState.value = "";
  if (!name) return;
  const response = await fetch(people.dataset.tokenAddress + encodeURIComponent(name));
  if (response.ok) {
    token = await response.text();
  } else {
    personState.value = `There is no token for ${name}: ${await response.text()}`;
  }
}

// A request waits for the token of the person who was chosen last.
let acting = Promise.resolve();

function offerPeople() {
  const names = people.dataset.names.split(" ").filter(Boolean);
  if (names.length === 0) return;
  for (const name of names) person.add(new Option(name, name));
  const remembered = localStorage.getItem(PERSON_KEY);
  person.value = names.includes(remembered) ? remembered : names[0];
  person.addEventListener("change", () => {
    localStorage.setItem(PERSON_KEY, person.value);
    acting = actAs(person.value);
  });
  people.hidden = false;
  acting = actAs(person.value);
}

// The results of one operation: one, or, of a subscription, one after the other as server-sent events
// (the "distinct connections" mode of graphql-sse).
async function* results(parameters, headers, signal) {
  await acting;
  const response = await fetch("/graphql", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/graphql-response+json, application/json;q=0.9, text/event-stream;q=0.5",
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
    body: JSON.stringify(parameters),
    signal,
  });
  if (!response.headers.get("content-type").startsWith("text/event-stream")) {
    yield await response.json();
    return;
  }
  let buffer = "";
  for await (const text of chunks(response.body.pipeThrough(new TextDecoderStream()))) {
    const events = (buffer + text).split("\n\n");
    buffer = events.pop();
    for (const event of events) {
      const fields = event.split("\n");
      const data = fields.find((field) => field.startsWith("data: "));
      if (fields.includes("event: next") && data) yield JSON.parse(data.slice("data: ".length));
    }
  }
}

async function* chunks(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function fetcher(parameters, options = {}) {
  const stopping = new AbortController();
  const stream = results(parameters, options.headers, stopping.signal);
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => stream.next(),
      return: () => {
        stopping.abort();
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
}

offerPeople();
if (window.React && window.ReactDOM && window.GraphiQL) {
  const explorer = React.createElement(GraphiQL, { fetcher, defaultQuery: WELCOME });
  ReactDOM.createRoot(document.getElementById("graphiql")).render(explorer);
} else {
  document.getElementById("trouble").hidden = false;
}
