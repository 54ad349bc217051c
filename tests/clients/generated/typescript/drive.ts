// Drives the API with openapi-fetch over the types that openapi-typescript made; see ../README.md.
import { deepStrictEqual as same } from "node:assert";
import createClient from "openapi-fetch";
import type { components, paths } from "./lockgate.js";

type ValidationError = components["schemas"]["ValidationError"];

const baseUrl = process.env.LOCKGATE_URL + "/api/v3";
const headersOf = (token: string | undefined) => ({ Authorization: `Bearer ${token}` });
const client = createClient<paths>({ baseUrl, headers: headersOf(process.env.LOCKGATE_TOKEN) });

type Answer<T, E> = { data?: T; error?: E; response: Response };

/** What was answered, which has to be no error. */
function good<T, E>(answer: Answer<T, E>): NonNullable<T> {
  const { data, error, response } = answer;
  if (!data) throw new Error(`${response.url}: ${response.status} ${JSON.stringify(error)}`);
  return data;
}

/** The error that was answered, which has to have this status. */
function bad<T, E>(status: number, answer: Answer<T, E>): NonNullable<E> {
  same(answer.response.status, status);
  if (!answer.error) throw new Error(`${answer.response.url}: no error`);
  return answer.error;
}

/** Nothing is answered to a deletion: neither a body nor an error. */
function gone({ data, error, response }: Answer<unknown, unknown>) {
  same([response.status, data, error], [204, undefined, undefined]);
}

// Sign in.
const stranger = createClient<paths>({ baseUrl, headers: headersOf("nobody") });
bad(403, await stranger.GET("/core/users/me/"));
same(good(await client.GET("/core/users/me/")).user.username, "akadmin");

// Page through users.
const made = [];
for (const n of [0, 1, 2, 3]) {
  const body = { username: `typescript-${n}`, name: `TypeScript ${n}` };
  made.push(good(await client.POST("/core/users/", { body })));
}
const found = [];
for (let page = 1; page !== 0; ) {
  const query = { search: "typescript-", ordering: "username", page, page_size: 2 };
  const users = good(await client.GET("/core/users/", { params: { query } }));
  same([users.pagination.count, users.pagination.total_pages], [4, 2]);
  found.push(...users.results);
  page = users.pagination.next;
}
same(found.map(({ pk, uuid, last_login }) => [pk, uuid, last_login]), made.map(({ pk, uuid }) => [pk, uuid, null]));

// Create a group, and an application with a provider and a binding.
const group = good(
  await client.POST("/core/groups/", { body: { name: "typescript", users: made.slice(0, 1).map(({ pk }) => pk) } }),
);
const flow = async (slug: string) => {
  return good(await client.GET("/flows/instances/{slug}/", { params: { path: { slug } } })).pk;
};
const provider = good(
  await client.POST("/providers/oauth2/", {
    body: {
      name: "typescript",
      authorization_flow: await flow("default-provider-authorization-implicit-consent"),
      invalidation_flow: await flow("default-provider-invalidation-flow"),
      redirect_uris: [{ matching_mode: "strict", url: "https://app.example.com/callback" }],
    },
  }),
);
same(provider.client_type, "confidential");
const application = good(
  await client.POST("/core/applications/", {
    body: { name: "TypeScript", slug: "typescript", provider: provider.pk, meta_publisher: "Somebody" },
  }),
);
const binding = good(
  await client.POST("/policies/bindings/", { body: { target: application.pk, group: group.pk, order: 0 } }),
);

// Change them.
const ofProvider = { params: { path: { id: provider.pk } } };
const ofApplication = { params: { path: { slug: "typescript" } } };
const ofBinding = { params: { path: { policy_binding_uuid: binding.pk } } };
const ofGroup = { params: { path: { group_uuid: group.pk } } };
good(await client.PATCH("/providers/oauth2/{id}/", { ...ofProvider, body: { client_type: "public" } }));
good(await client.PATCH("/core/applications/{slug}/", { ...ofApplication, body: { meta_description: "Changed." } }));
good(await client.PATCH("/policies/bindings/{policy_binding_uuid}/", { ...ofBinding, body: { order: 7 } }));

// Read them back; what was not changed is as it was.
const readProvider = good(await client.GET("/providers/oauth2/{id}/", ofProvider));
same([readProvider.client_type, readProvider.assigned_application_slug], ["public", "typescript"]);
same(readProvider.client_secret, provider.client_secret);
same(readProvider.redirect_uris.map(({ url }) => url), ["https://app.example.com/callback"]);
const readApplication = good(await client.GET("/core/applications/{slug}/", ofApplication));
same([readApplication.meta_description, readApplication.meta_publisher], ["Changed.", "Somebody"]);
same(readApplication.provider_obj?.pk, provider.pk);
const readBinding = good(await client.GET("/policies/bindings/{policy_binding_uuid}/", ofBinding));
same([readBinding.order, readBinding.target, readBinding.group_obj?.name], [7, application.pk, "typescript"]);
const readGroup = good(await client.GET("/core/groups/{group_uuid}/", ofGroup));
same(readGroup.users_obj?.map(({ username }) => username), ["typescript-0"]);

// Errors are values: about the body as a whole, and about a field.
const unbound = await client.POST("/policies/bindings/", { body: { target: application.pk, order: 0 } });
const wrong = bad(400, unbound) as ValidationError;
same(wrong.non_field_errors, ["Exactly one of 'policy', 'group' and 'user' must be set."]);
const nameless = await client.POST("/core/applications/", { body: { name: "", slug: "typescript-2" } });
const wrongName = bad(400, nameless) as ValidationError;
same(wrongName.name, ["This field may not be blank."]);

// Delete them.
gone(await client.DELETE("/policies/bindings/{policy_binding_uuid}/", ofBinding));
gone(await client.DELETE("/core/applications/{slug}/", ofApplication));
gone(await client.DELETE("/providers/oauth2/{id}/", ofProvider));
gone(await client.DELETE("/core/groups/{group_uuid}/", ofGroup));
for (const { pk } of made) gone(await client.DELETE("/core/users/{id}/", { params: { path: { id: pk } } }));
bad(404, await client.GET("/core/groups/{group_uuid}/", ofGroup));

console.log("typescript: done");
