// The unmodified @microsoft/microsoft-graph-client and @azure/identity walk through one version:
//
//     NODE_EXTRA_CA_CERTS=<caFile> node walk.mjs <dev.json> v1.0|beta
//
// The client is untyped: what differs between the versions is in `NAMES` alone.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

import { ClientSecretCredential } from "@azure/identity";
import {
  BatchRequestContent,
  BatchResponseContent,
  Client,
  GraphError,
  PageIterator,
} from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";

const PATIENCE = 60_000;
const EM = "/identityGovernance/entitlementManagement";

const NAMES = {
  "v1.0": {
    catalogs: "catalogs",
    catalogState: "state",
    published: "published",
    resources: "resources",
    resourceRequests: "resourceRequests",
    resource: "resource",
    adminAdd: "adminAdd",
    adminRemove: "adminRemove",
    policies: "assignmentPolicies",
    roleScopes: "resourceRoleScopes",
    role: "role",
    scope: "scope",
    assignments: "assignments",
    assignment: "assignment",
    assignmentState: "state",
    requestState: "state",
    delivered: "delivered",
    expired: "expired",
    inCatalog: (id) => ({ catalog: { id } }),
    policy: (packageId) => ({
      displayName: "Direct",
      description: "By an administrator",
      allowedTargetScope: "notSpecified",
      expiration: { type: "noExpiration" },
      requestorSettings: {},
      requestApprovalSettings: { isApprovalRequiredForAdd: false, stages: [] },
      accessPackage: { id: packageId },
    }),
  },
  beta: {
    catalogs: "accessPackageCatalogs",
    catalogState: "catalogStatus",
    published: "Published",
    resources: "accessPackageResources",
    resourceRequests: "accessPackageResourceRequests",
    resource: "accessPackageResource",
    adminAdd: "AdminAdd",
    adminRemove: "AdminRemove",
    policies: "accessPackageAssignmentPolicies",
    roleScopes: "accessPackageResourceRoleScopes",
    role: "accessPackageResourceRole",
    scope: "accessPackageResourceScope",
    assignments: "accessPackageAssignments",
    assignment: "accessPackageAssignment",
    assignmentState: "assignmentState",
    requestState: "requestState",
    delivered: "Delivered",
    expired: "Expired",
    inCatalog: (catalogId) => ({ catalogId }),
    policy: (accessPackageId) => ({
      accessPackageId,
      displayName: "Direct",
      description: "By an administrator",
      requestorSettings: { scopeType: "NoSubjects", acceptRequests: true, allowedRequestors: [] },
      requestApprovalSettings: null,
    }),
  },
};

function step(what) {
  console.log(`ok  ${what}`);
}

/** Asks again until the answer is good: what happens in the background has no other sign. */
async function until(what, ask, good) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const answer = await ask();
    if (good(answer)) return answer;
    assert(Date.now() < deadline, `${what} within ${PATIENCE} ms`);
    await pause(50);
  }
}

async function refused(call, status, code) {
  await assert.rejects(call, (problem) => {
    assert(problem instanceof GraphError, String(problem));
    assert.equal(problem.statusCode, status);
    assert.equal(problem.code, code);
    assert(problem.requestId, "a refusal has a request id");
    return true;
  });
}

function connect(tenant, version) {
  const account = tenant.clients.find((client) => client.name === "admin");
  const credential = new ClientSecretCredential(
    tenant.tenantId,
    account.clientId,
    account.clientSecret,
    { authorityHost: tenant.authority, disableInstanceDiscovery: true },
  );
  const authProvider = new TokenCredentialAuthenticationProvider(credential, {
    scopes: ["https://graph.microsoft.com/.default"],
  });
  return Client.initWithMiddleware({
    authProvider,
    baseUrl: `${tenant.baseUrl}/`,
    defaultVersion: version,
    customHosts: new Set([new URL(tenant.baseUrl).hostname]),
  });
}

async function walk(tenant, version) {
  const names = NAMES[version];
  const graph = connect(tenant, version);
  const mark = randomUUID().slice(0, 8);

  const group = await graph.api("/groups").post({
    displayName: `Script walkers ${mark}`,
    mailNickname: `scriptwalkers${mark}`,
    mailEnabled: false,
    securityEnabled: true,
  });
  const user = await graph.api("/users").post({
    displayName: `Script walker ${mark}`,
    userPrincipalName: `scriptwalker${mark}@reeve.example`,
    mailNickname: `scriptwalker${mark}`,
    accountEnabled: true,
    passwordProfile: { password: `${randomUUID()}Aa1!` },
  });
  step("a group and a user");

  const catalog = await graph.api(`${EM}/${names.catalogs}`).post({
    displayName: `Script walk ${mark}`,
    description: "Made by a walk",
    [names.catalogState]: names.published,
    isExternallyVisible: false,
  });
  await graph.api(`${EM}/${names.catalogs}/${catalog.id}`).patch({ description: "Changed" });
  assert.equal((await graph.api(`${EM}/${names.catalogs}/${catalog.id}`).get()).description, "Changed");
  step("a catalog, changed and read");

  await graph.api(`${EM}/${names.resourceRequests}`).post({
    ...(version === "v1.0" ? { catalog: { id: catalog.id } } : { catalogId: catalog.id }),
    requestType: names.adminAdd,
    [names.resource]: { originId: group.id, originSystem: "AadGroup" },
  });
  const resources = await until(
    "the group is in the catalog",
    () =>
      graph
        .api(`${EM}/${names.catalogs}/${catalog.id}/${names.resources}`)
        .filter(`originId eq '${group.id}'`)
        .get(),
    (page) => page.value.length === 1,
  );
  step("a group as a resource of the catalog");

  const packageItem = await graph.api(`${EM}/accessPackages`).post({
    displayName: `Script package ${mark}`,
    description: "What walkers need",
    ...names.inCatalog(catalog.id),
  });
  const resource = { id: resources.value[0].id, originId: group.id, originSystem: "AadGroup" };
  const inPackage = version === "v1.0" ? "resource" : "accessPackageResource";
  await graph.api(`${EM}/accessPackages/${packageItem.id}/${names.roleScopes}`).post({
    [names.role]: {
      displayName: "Member",
      originSystem: "AadGroup",
      originId: `Member_${group.id}`,
      [inPackage]: resource,
    },
    [names.scope]: { originId: group.id, originSystem: "AadGroup" },
  });
  const expanded = await graph
    .api(`${EM}/accessPackages/${packageItem.id}`)
    .expand(`${names.roleScopes}($expand=${names.role},${names.scope})`)
    .get();
  assert.equal(expanded[names.roleScopes][0][names.role].displayName, "Member");
  step("a package with the role Member, read by a nested expansion");

  const policy = await graph.api(`${EM}/${names.policies}`).post(names.policy(packageItem.id));
  const replaced = await graph
    .api(`${EM}/${names.policies}/${policy.id}`)
    .put({ ...policy, displayName: "Direct assignment" });
  assert.equal(replaced.displayName, "Direct assignment");
  step("a policy, made and replaced by what was read");

  const made = await graph.api(`${EM}/assignmentRequests`).post({
    requestType: names.adminAdd,
    [names.assignment]: {
      targetId: user.id,
      assignmentPolicyId: policy.id,
      accessPackageId: packageItem.id,
    },
  });
  const request = `${EM}/assignmentRequests/${made.id}`;
  await until(
    "the request is delivered",
    () => graph.api(request).get(),
    (now) => now[names.requestState] === names.delivered,
  );
  const members = async () =>
    (await graph.api(`/groups/${group.id}/members`).select("id").get()).value.map((one) => one.id);
  assert.deepEqual(await members(), [user.id]);
  step("a request, delivered: the user is a member");

  const found = await graph
    .api(`${EM}/${names.assignments}`)
    .filter(`accessPackage/id eq '${packageItem.id}' and target/objectid eq '${user.id}'`)
    .expand("target")
    .count(true)
    .get();
  assert.equal(found["@odata.count"], 1);
  assert.equal(found.value[0].target.objectId, user.id);
  const assignment = found.value[0].id;
  step("the assignment by filter");

  const seen = [];
  const pages = new PageIterator(
    graph,
    await graph.api("/users").select("id").top(2).get(),
    (one) => seen.push(one.id) < 5,
  );
  await pages.iterate();
  assert.equal(new Set(seen).size, 5);
  step("five users, two a page");

  const batch = new BatchRequestContent([
    { id: "1", request: new Request(`${tenant.baseUrl}/${version}${request}`, { method: "GET" }) },
    { id: "2", request: new Request(`${tenant.baseUrl}/${version}/groups/${group.id}`, { method: "GET" }) },
  ]);
  const answers = new BatchResponseContent(
    await graph.api("/$batch").post(await batch.getContent()),
  );
  assert.equal((await answers.getResponseById("1").json()).id, made.id);
  assert.equal((await answers.getResponseById("2").json()).id, group.id);
  step("two reads in a batch");

  await refused(graph.api(`${request}/reprocess`).post({}), 400, "InvalidRequestState");
  await refused(
    graph.api(`${EM}/${names.assignments}/${randomUUID()}/reprocess`).post({}),
    404,
    "ResourceNotFound",
  );
  step("refusals with their codes");

  await graph.api(`/groups/${group.id}/members/${user.id}/$ref`).delete();
  assert.deepEqual(await members(), []);
  await graph.api(`${EM}/${names.assignments}/${assignment}/reprocess`).post({});
  await until("the access is back", members, (ids) => ids.length === 1);
  step("lost access, reprocessed: the user is a member again");

  const removal = await graph.api(`${EM}/assignmentRequests`).post({
    requestType: names.adminRemove,
    [names.assignment]: { id: assignment },
  });
  await until(
    "the removal is delivered",
    () => graph.api(`${EM}/assignmentRequests/${removal.id}`).get(),
    (now) => now[names.requestState] === names.delivered,
  );
  assert.deepEqual(await members(), []);
  const ended = await graph.api(`${EM}/${names.assignments}/${assignment}`).get();
  assert.equal(ended[names.assignmentState], names.expired);
  step("the removal: the user is a member no more");

  await graph.api(`${EM}/accessPackages/${packageItem.id}`).delete();
  await refused(graph.api(`${EM}/accessPackages/${packageItem.id}`).get(), 404, "ResourceNotFound");
  await graph.api(`/users/${user.id}`).delete();
  step("what was made is gone");
}

const [file, version] = process.argv.slice(2);
assert(file && version in NAMES, "usage: node walk.mjs <dev.json> v1.0|beta");
await walk(JSON.parse(readFileSync(file, "utf8")), version);
