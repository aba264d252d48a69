#!/usr/bin/env bash
# The API with nothing but curl:  curl/run.sh [BASE_URL]
# shellcheck disable=SC2016 # the $ in single quotes are of GraphQL
set -euo pipefail
base=${1:-http://localhost:5000}

fail() {
  printf 'curl: %s\n' "$@" >&2
  exit 1
}

# expect PART ANSWER: the answer must have this in it.
expect() {
  [[ $2 == *"$1"* ]] || fail "expected $1" "but got  $2"
}

# graphql TOKEN BODY
graphql() {
  curl -sS "$base/graphql" -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -d "$2"
}

# A server of `funcster-api dev` gives anybody's token for the asking; a tenant wants the password.
mentor=$(curl -fsS "$base/auth0/token/mentor1")
grant=$(curl -fsS "$base/auth0/oauth/token" -d grant_type=password -d client_id=funcster-local \
  -d username=coder1 -d password=Learn-2-code)
coder=${grant#*'"access_token":"'}
coder=${coder%%'"'*}
[[ -n $coder && $coder != "$grant" ]] || fail "this is no token: $grant"

answer=$(graphql "$mentor" '{"query": "{ mentors { nodes { username coders { nodes { username snippets { nodes { name } } } } } } }"}')
expect '{"data":{"mentors":{"nodes":[{"username":"mentor1","coders":{"nodes":[{"username":"' "$answer"
echo 'mentors, coders and snippets are read in one query'

# Queries go by GET, too.
answer=$(curl -sS --get "$base/graphql" -H "Authorization: Bearer $coder" \
  --data-urlencode 'query={ viewer { __typename username } }')
expect '{"data":{"viewer":{"__typename":"Coder","username":"coder1"}}}' "$answer"
echo 'a query goes by GET'

answer=$(graphql "$coder" '{
  "query": "mutation Store($input: CreateSnippetInput!) { createSnippet(input: $input) { snippet { id version } } }",
  "variables": {"input": {"name": "Hello", "code": "print(\"hello\")\n", "needsReview": true}}
}')
expect '{"data":{"createSnippet":{"snippet":{"id":"snippet_' "$answer"
id=${answer#*'"id":"'}
id=${id%%'"'*}

review='mutation Review($input: UpdateSnippetInput!) { updateSnippet(input: $input) { snippet { code comments version } } }'
answer=$(graphql "$mentor" "{
  \"query\": \"$review\",
  \"variables\": {\"input\": {\"id\": \"$id\", \"comments\": \"Reads well.\", \"expectedVersion\": 1}}
}")
expect '"code":"print(\"hello\")\n","comments":"Reads well.","version":2' "$answer"
echo 'a snippet is stored and reviewed'

answer=$(graphql "$coder" "{
  \"query\": \"$review\",
  \"variables\": {\"input\": {\"id\": \"$id\", \"name\": \"Hi\", \"expectedVersion\": 1}}
}")
expect "\"extensions\":{\"code\":\"CONFLICT\",\"id\":\"$id\",\"version\":2}" "$answer"

answer=$(graphql "$coder" '{"query": "{ viewer { username } coders { totalCount } }"}')
expect '"extensions":{"code":"FORBIDDEN","permission":"get:coders"}' "$answer"
expect '"data":{"viewer":{"username":"coder1"},"coders":null}' "$answer"

status=$(curl -sS -o /dev/null -w '%{http_code}' "$base/graphql" -H 'Authorization: Bearer nonsense' \
  -H 'Content-Type: application/json' -d '{"query": "{ viewer { id } }"}')
expect 401 "$status"
echo 'refusals say what is wrong'

answer=$(graphql "$coder" "{\"query\": \"mutation { deleteSnippet(input: { id: \\\"$id\\\" }) { deletedSnippetId } }\"}")
expect "{\"data\":{\"deleteSnippet\":{\"deletedSnippetId\":\"$id\"}}}" "$answer"
echo 'a snippet is deleted'
