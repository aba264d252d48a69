// Every audit, MUST, SHOULD and MAY alike: the server is meant to pass them all.
import { auditServer } from "graphql-http";

const url = `${process.argv[2] ?? "http://localhost:5000"}/graphql`;
const results = await auditServer({ url });
for (const { status, id, name, reason } of results) {
  if (status !== "ok") console.error(`${status} ${id}: ${name}: ${reason}`);
}
const passed = results.filter(({ status }) => status === "ok").length;
console.log(`${passed} of ${results.length} audits pass`);
process.exitCode = passed === results.length && passed > 0 ? 0 : 1;
