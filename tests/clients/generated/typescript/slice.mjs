// Prints the part of an OpenAPI document that some operations need, for clients that take long to compile.
// Usage: node slice.mjs DOCUMENT OPERATIONS   (a file with one operationId a line)
import { readFileSync } from "node:fs";
import { load } from "js-yaml";

const [path, wanted] = process.argv.slice(2);
const document = load(readFileSync(path, "utf8"));
const operations = new Set(readFileSync(wanted, "utf8").split("\n").filter(Boolean));

const paths = {};
for (const [address, methods] of Object.entries(document.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    if (operations.delete(operation.operationId)) (paths[address] ??= {})[method] = operation;
  }
}
if (operations.size > 0) throw new Error(`not in the document: ${[...operations].join(", ")}`);

const components = { securitySchemes: document.components.securitySchemes };
function collect(value) {
  if (value === null || typeof value !== "object") return;
  for (const inner of Object.values(value)) collect(inner);
  const [, sort, name] = /^#\/components\/(\w+)\/(\w+)$/.exec(value.$ref) ?? [];
  if (!name || components[sort]?.[name]) return;
  const found = document.components[sort]?.[name];
  if (!found) throw new Error(`${value.$ref} leads nowhere`);
  (components[sort] ??= {})[name] = found;
  collect(found);
}
collect(paths);
console.log(JSON.stringify({ ...document, paths, components }));
