// Walks the table of kinds with `@goauthentik/api` of npm.
//
// Usage: node walk.mjs TABLE ADDRESS [STEM…]   (the API token is in LOCKGATE_TOKEN)
//
// What is wrong is printed, one line each; the exit code is 1 then.

import { readFileSync } from "node:fs";
import client from "@goauthentik/api";

const [tablePath, address, ...wanted] = process.argv.slice(2);
const table = JSON.parse(readFileSync(tablePath, "utf8"));
const kinds = new Map(table.kinds.map((kind) => [kind.stem, kind]));
const names = new Map();
let calls = 0;
let wrong = 0;
/** The text of the last answer. */
let answered = "";

const configuration = new client.Configuration({
  basePath: `${address.replace(/\/$/, "")}/api/v3`,
  accessToken: process.env.LOCKGATE_TOKEN,
  middleware: [{ post: async ({ response }) => { answered = await response.clone().text(); } }],
});

const camel = (name) => name.replace(/_+([a-z0-9])/g, (_, letter) => letter.toUpperCase());

function fails(where, what) {
  wrong += 1;
  console.log(`${where}: ${String(what).replace(/\s+/g, " ").slice(0, 1000)}`);
}

/** What the client's own code says of an operation, whose types are gone at run time. */
function known(operation) {
  const [part] = operation.split("_");
  const api = new client[`${part[0].toUpperCase()}${part.slice(1)}Api`](configuration);
  const method = camel(operation);
  if (!api[`${method}Raw`]) return null;
  const request = api[`${method}RequestOpts`].toString();
  const [, model, body] = /body: \(0, \w+\.(\w+)ToJSON\)\(requestParameters\['(\w+)'\]\)/.exec(request) ?? [];
  const [, answer] = /\w+\.(\w+)FromJSON/.exec(api[`${method}Raw`].toString()) ?? [];
  const dates = new Set([...request.matchAll(/requestParameters\['(\w+)'\]\.toISOString/g)].map((match) => match[1]));
  const parameters = new Set([...request.matchAll(/requestParameters\['(\w+)'\]/g)].map((match) => match[1]));
  return { call: (values) => api[`${method}Raw`](values), model, body, answer, dates, parameters };
}

/** A body of the client; a `null` is written as such. */
function typed(model, body) {
  const value = client[`${model}FromJSON`](body);
  for (const [name, part] of Object.entries(body)) {
    if (part === null) value[camel(name)] = null;
    // The client chooses a model by a member that the reference does not name for the part.
    if (part?.provider_model) value[camel(name)] = { ...client.OAuth2ProviderRequestFromJSON(part), providerModel: part.provider_model };
  }
  return value;
}

async function call(operation, values = {}, body = undefined) {
  const known_ = known(operation);
  if (!known_) throw new Error(`the client has no ${operation}`);
  const parameters = {};
  for (const [name, value] of Object.entries(values)) {
    const own = camel(name);
    if (!known_.parameters.has(own)) throw new Error(`${operation} takes no ${own}`);
    parameters[own] = known_.dates.has(own) ? new Date(value) : value;
  }
  if (body !== undefined) parameters[known_.body] = typed(known_.model, body);
  calls += 1;
  const value = await (await known_.call(parameters)).value();
  for (const one of Array.isArray(value) ? value : [value]) malformed(known_.answer, one);
  for (const one of value?.results ?? []) malformed(/^Paginated(\w+)List$/.exec(known_.answer)?.[1], one);
  return { value, plain: known_.answer && !Array.isArray(value) ? client[`${known_.answer}ToJSON`](value) : value };
}

/** Members that the type requires and the answer lacks. The client does not look by itself. */
function malformed(type, value) {
  const test = client[`instanceOf${type}`];
  if (!test || test(value)) return;
  const required = [...test.toString().matchAll(/'(\w+)' in value/g)].map((match) => match[1]);
  throw new Error(`${type} lacks ${required.filter((name) => value?.[name] === undefined)}`);
}

async function attempt(where, operation, values, body) {
  try {
    return await call(operation, values, body);
  } catch (error) {
    if (error instanceof client.ResponseError) fails(where, `${operation} answers ${error.response.status}: ${answered}`);
    else fails(where, `${operation} is rejected by the client: ${error}`);
    return null;
  }
}

/** Whether an operation is refused as it should be; answers the fields that the error names. */
async function refused(where, status, operation, values, body) {
  try {
    await call(operation, values, body);
    fails(where, `${operation} is not refused with ${status}`);
  } catch (error) {
    if (!(error instanceof client.ResponseError)) fails(where, `${operation} is rejected by the client: ${error}`);
    else if (error.response.status !== status) fails(where, `${operation} answers ${error.response.status} instead of ${status}: ${answered}`);
    else return client.ValidationErrorFromJSON(JSON.parse(answered));
  }
  return null;
}

/** Whether a value that was written is the one that is read. The order of a list is that of the server. */
function same(written, read) {
  if (Array.isArray(written)) {
    return Array.isArray(read) && written.length === read.length && read.every((one) => written.some((other) => same(other, one)));
  }
  if (written !== null && typeof written === "object") {
    return read !== null && typeof read === "object" && Object.entries(written).every(([name, value]) => same(value, read[name]));
  }
  if (typeof written === "string" && /^\d{4}-\d\d-\d\dT.*Z$/.test(written)) return Date.parse(written) === Date.parse(read);
  // The client leaves out what is `null`.
  return (written ?? null) === (read ?? null);
}

/** A value of the table with what its names stand for. */
function fill(value, answer) {
  if (Array.isArray(value)) return value.map((inner) => fill(inner, answer));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fill(inner, answer)]));
  }
  if (typeof value === "string" && value.startsWith("$")) return names.get(value.slice(1)).value;
  if (typeof value === "string" && value.startsWith("@")) return answer[camel(value.slice(1))];
  return value;
}

const kindOf = (stem) => [...kinds.values()].find((kind) => stem === kind.stem || stem?.startsWith(`${kind.stem}_`));
const identity = ({ pk, uuid, pbmUuid, brandUuid, id, messageId, aaguid }) => String(pk ?? uuid ?? pbmUuid ?? brandUuid ?? id ?? messageId ?? aaguid);
const id = (kind, answer) => ({ [kind.key]: answer[camel(kind.id)] });

/** Makes something that others need, and gives it a name. */
async function make(fixture, answer) {
  const where = `fixture ${fixture.name ?? fixture.stem}`;
  let found;
  if (fixture.first) {
    found = (await attempt(where, `${fixture.first}_list`, fixture.where))?.value.results[0];
  } else if (fixture.read) {
    found = (await attempt(where, `${fixture.read}_retrieve`, { [kindOf(fixture.read).key]: fill(fixture.id) }))?.value;
  } else {
    found = (await attempt(where, `${fixture.stem}_create`, {}, fill(fixture.body, answer)))?.value;
  }
  if (fixture.name) names.set(fixture.name, { value: found?.[camel(fixture.member ?? "pk")], stem: fixture.stem, found });
  return found ?? {};
}

async function unmake(fixture, found) {
  const kind = kindOf(fixture.stem);
  await attempt(`fixture ${fixture.stem}`, `${kind.stem}_destroy`, id(kind, found));
}

/** The identities of all that a list holds; null when it fails. */
async function listed(where, stem, values) {
  const found = new Set();
  for (let page = 1; page; ) {
    const answer = await attempt(where, `${stem}_list`, { ...values, page, page_size: 100 });
    if (!answer) return null;
    for (const one of answer.value.results) found.add(identity(one));
    page = answer.value.pagination.next;
  }
  return found;
}

function agrees(where, kind, written, answer) {
  for (const [name, value] of Object.entries(written)) {
    if (kind.secrets?.includes(name)) {
      if (answered.includes(value)) fails(where, `the secret ${name} is in the answer`);
    } else if (!kind.unread?.includes(name) && !same(value, answer.plain[name])) {
      fails(where, `${name} was written as ${JSON.stringify(value)} and is read as ${JSON.stringify(answer.plain[name])}`);
    }
  }
}

async function walk(kind) {
  const { stem } = kind;
  const made = [];
  for (const fixture of kind.fixtures ?? []) made.push([fixture, await make(fixture)]);
  const required = fill(kind.required);
  const full = fill(kind.full);
  const answers = [];
  for (const [name, body] of [["required", required], ["full", full]]) {
    const where = `${stem} ${name}`;
    const answer = await attempt(where, `${stem}_create`, {}, body);
    if (!answer) continue;
    agrees(where, kind, body, answer);
    const again = await attempt(where, `${stem}_retrieve`, id(kind, answer.value));
    if (again && !same(answer.plain, again.plain)) fails(where, `is created and read differently: ${JSON.stringify([answer.plain, again.plain])}`);
    answers.push(answer.value);
  }
  if (answers.length === 2) {
    const around = [];
    for (const fixture of kind.around ?? []) around.unshift([fixture, await make({ name: "around", ...fixture }, answers[1])]);
    await lists(kind, full, ...answers);
    await uses(kind, answers[1]);
    for (const [fixture, found] of around) await unmake(fixture, found);
    await changes(kind, required, full, answers[0]);
  }
  for (const answer of answers) {
    await attempt(`${stem} delete`, `${stem}_destroy`, id(kind, answer));
    await refused(`${stem} delete`, 404, `${stem}_retrieve`, id(kind, answer));
  }
  const left = await listed(`${stem} delete`, stem, {});
  if (left && answers.some((answer) => left.has(identity(answer)))) fails(stem, "is listed after it was deleted");
  for (const [fixture, found] of made.reverse()) await unmake(fixture, found);
}

async function lists(kind, full, one, other) {
  const { stem } = kind;
  const [without, having] = [identity(one), identity(other)];
  const everything = await listed(`${stem} list`, stem, {});
  if (everything && !(everything.has(without) && everything.has(having))) fails(stem, "is not listed after it was created");
  const page = await attempt(`${stem} page`, `${stem}_list`, { page: 1, page_size: 1 });
  if (page && !(page.value.results.length === 1 && page.value.pagination.count >= 2 && page.value.pagination.next === 2)) {
    fails(`${stem} page`, `a page of one is wrong: ${JSON.stringify(page.value.pagination)}`);
  }
  const filters = Object.fromEntries((kind.same ?? []).map((name) => [name, { in: full[name], out: null }]));
  for (const [name, value] of Object.entries(kind.filters ?? {})) {
    const isPair = value !== null && typeof value === "object" && !Array.isArray(value);
    filters[name] = isPair ? value : { in: value, out: null };
  }
  if (kind.search) filters.search = { in: kind.search, out: null };
  await filtered(kind, filters, other, without);
}

async function filtered({ stem }, filters, other, without) {
  const having = identity(other);
  const { parameters } = known(`${stem}_list`);
  for (const [name, value] of Object.entries(filters)) {
    // One of ours alone.
    if (!parameters.has(camel(name))) continue;
    const where = `${stem} filter ${name}`;
    if ("in" in value) {
      const filter = fill(value.in, other);
      const found = await listed(where, stem, { [name]: filter });
      // A date of the language has no microseconds, which the moment of an answer has.
      if (found && !having_date(value.in, filter) && !found.has(having)) fails(where, `${filter} leaves out what has it`);
      // `null`: what was created with the required fields alone does not have it.
      if (found && value.out === null && found.has(without)) fails(where, `${filter} lists what does not have it`);
    }
    if (value.out !== undefined && value.out !== null) {
      const filter = fill(value.out, other);
      const found = await listed(where, stem, { [name]: filter });
      if (found?.has(having)) fails(where, `${filter} lists what does not have it`);
    }
  }
}

const having_date = (value, filled) => typeof value === "string" && value.startsWith("@") && filled instanceof Date;

/** `used_by` of the object, and of what it refers to. */
async function uses(kind, other) {
  const { stem } = kind;
  if (!kind.without?.includes("used_by")) await attempt(`${stem} used_by`, `${stem}_used_by_list`, id(kind, other));
  for (const [field, value] of Object.entries(kind.full)) {
    for (const name of Array.isArray(value) ? value : [value]) {
      if (typeof name !== "string" || !name.startsWith("$") || kind.unused?.includes(field)) continue;
      const { stem: from, found } = names.get(name.slice(1));
      const used = kindOf(from);
      if (!used) continue;
      const users = await attempt(`${used.stem} used_by`, `${used.stem}_used_by_list`, id(used, found));
      if (users && !users.value.some((user) => user.pk === identity(other))) fails(`${used.stem} used_by`, `does not tell that ${stem} uses it as ${field}`);
    }
  }
}

async function changes(kind, required, full, one) {
  const { stem } = kind;
  for (const name of kind.unique) {
    const error = await refused(`${stem} twice`, 400, `${stem}_create`, {}, required);
    if (error && !(error[name] || error[camel(name)] || error.nonFieldErrors)) fails(`${stem} twice`, `the answer does not tell ${name}: ${answered}`);
  }
  const own = Object.fromEntries(kind.unique.map((name) => [name, required[name]]));
  const body = { ...full, ...own, ...fill(kind.put ?? {}) };
  const updated = await attempt(`${stem} update`, `${stem}_update`, id(kind, one), body);
  if (updated) agrees(`${stem} update`, kind, body, updated);
  const patch = fill(kind.patch);
  const patched = await attempt(`${stem} patch`, `${stem}_partial_update`, id(kind, one), patch);
  if (!patched) return;
  agrees(`${stem} patch`, kind, { ...body, ...patch }, patched);
  const again = await attempt(`${stem} patch`, `${stem}_retrieve`, id(kind, one));
  if (again) agrees(`${stem} patch`, kind, { ...body, ...patch }, again);
}

/** A kind that is not created through the API. */
async function find(kind) {
  const { stem, without = [] } = kind;
  for (const fixture of kind.fixtures ?? []) await make(fixture);
  const page = await attempt(stem, `${stem}_list`, fill(kind.where));
  if (!page) return;
  const [one] = page.value.results;
  if (!one) {
    fails(stem, "there is none");
    return;
  }
  if (!(await listed(stem, stem, {}))?.has(identity(one))) fails(stem, "is not listed without a filter");
  await filtered(kind, kind.filters ?? {}, one);
  const answer = await attempt(stem, `${stem}_retrieve`, id(kind, one));
  if (answer && !same(one, answer.value)) fails(stem, `is listed and read differently: ${JSON.stringify([one, answer.value])}`);
  if (!without.includes("used_by")) await attempt(stem, `${stem}_used_by_list`, id(kind, one));
  if (!without.includes("update")) {
    const body = fill(kind.put ?? kind.patch);
    const patch = fill(kind.patch);
    for (const [operation, sent, told] of [["update", body, body], ["partial_update", patch, { ...body, ...patch }]]) {
      const changed = await attempt(stem, `${stem}_${operation}`, id(kind, one), sent);
      if (changed) agrees(`${stem} ${operation}`, kind, told, changed);
    }
  }
  if (!without.includes("delete")) {
    await attempt(stem, `${stem}_destroy`, id(kind, one));
    await refused(stem, 404, `${stem}_retrieve`, id(kind, one));
  }
}

for (const fixture of table.fixtures) await make(fixture);
for (const kind of table.kinds) {
  if (wanted.length && !wanted.includes(kind.stem)) continue;
  await walk(kind).catch((error) => fails(kind.stem, `the walk ends: ${error.stack}`));
}
for (const kind of table.found) {
  if (wanted.length && !wanted.includes(kind.stem)) continue;
  await find(kind).catch((error) => fails(kind.stem, `the walk ends: ${error.stack}`));
}
for (const one of table.calls) {
  if ((wanted.length && !wanted.includes(one.operation)) || one.not_by?.javascript) continue;
  await attempt("call", one.operation, fill(one.arguments ?? {}), one.body && fill(one.body));
}
console.log(`${table.kinds.length + table.found.length} kinds, ${calls} calls, ${wrong} wrong`);
process.exit(wrong ? 1 : 0);
