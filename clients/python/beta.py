"""The unmodified `msgraph-beta-sdk` walks through beta: the same road as v1.0, by the names of beta."""

import asyncio
import sys
import uuid

from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph_beta import GraphRequestAdapter, GraphServiceClient
from msgraph_beta.generated.identity_governance.entitlement_management.access_package_assignment_resource_roles.access_package_assignment_resource_roles_request_builder import (
    AccessPackageAssignmentResourceRolesRequestBuilder,
)
from msgraph_beta.generated.identity_governance.entitlement_management.access_packages.item.access_package_item_request_builder import (
    AccessPackageItemRequestBuilder,
)
from msgraph_beta.generated.models.access_package import AccessPackage
from msgraph_beta.generated.models.access_package_assignment import AccessPackageAssignment
from msgraph_beta.generated.models.access_package_assignment_policy import AccessPackageAssignmentPolicy
from msgraph_beta.generated.models.access_package_assignment_request import AccessPackageAssignmentRequest
from msgraph_beta.generated.models.access_package_catalog import AccessPackageCatalog
from msgraph_beta.generated.models.access_package_localized_content import AccessPackageLocalizedContent
from msgraph_beta.generated.models.access_package_resource import AccessPackageResource
from msgraph_beta.generated.models.access_package_resource_request import AccessPackageResourceRequest
from msgraph_beta.generated.models.access_package_resource_role import AccessPackageResourceRole
from msgraph_beta.generated.models.access_package_resource_role_scope import AccessPackageResourceRoleScope
from msgraph_beta.generated.models.access_package_resource_scope import AccessPackageResourceScope
from msgraph_beta.generated.models.access_package_text_input_question import AccessPackageTextInputQuestion
from msgraph_beta.generated.models.approval_settings import ApprovalSettings
from msgraph_beta.generated.models.approval_stage import ApprovalStage
from msgraph_beta.generated.models.group import Group
from msgraph_beta.generated.models.o_data_errors.o_data_error import ODataError
from msgraph_beta.generated.models.password_profile import PasswordProfile
from msgraph_beta.generated.models.requestor_settings import RequestorSettings
from msgraph_beta.generated.models.single_user import SingleUser
from msgraph_beta.generated.models.user import User

from tenant import Tenant, check, refused, same, step, until


async def read_every_collection(graph: GraphServiceClient) -> None:
    em = graph.identity_governance.entitlement_management
    role_management = graph.role_management.entitlement_management
    for collection in (
        em.access_package_assignment_approvals,
        em.access_package_assignment_policies,
        em.access_package_assignment_requests,
        em.access_package_assignment_resource_roles,
        em.access_package_assignments,
        em.access_package_catalogs,
        em.access_package_resource_environments,
        em.access_package_resource_requests,
        em.access_package_resource_role_scopes,
        em.access_package_resources,
        em.access_packages,
        em.assignment_requests,
        em.connected_organizations,
        em.control_configurations,
        em.external_origin_resource_connectors,
        em.subjects,
        role_management.resource_namespaces,
        role_management.role_assignment_schedules,
        role_management.role_assignments,
        role_management.role_definitions,
        role_management.transitive_role_assignments,
    ):
        page = await collection.get()
        check(page.value is not None, f"{type(collection).__name__} is a collection")
    settings = await em.settings.get()
    check(settings.days_until_external_user_deleted_after_blocked is not None, "the settings have days")
    step("every collection, and the settings")


async def walk(tenant: Tenant) -> None:
    adapter = GraphRequestAdapter(tenant.sign_in())
    adapter.base_url = f"{tenant.base_url}/beta"
    graph = GraphServiceClient(request_adapter=adapter)
    em = graph.identity_governance.entitlement_management
    mark = uuid.uuid4().hex[:8]

    group = await graph.groups.post(
        Group(
            display_name=f"Beta walkers {mark}",
            mail_nickname=f"betawalkers{mark}",
            mail_enabled=False,
            security_enabled=True,
        )
    )
    user = await graph.users.post(
        User(
            display_name=f"Beta walker {mark}",
            user_principal_name=f"betawalker{mark}@reeve.example",
            mail_nickname=f"betawalker{mark}",
            account_enabled=True,
            password_profile=PasswordProfile(password=uuid.uuid4().hex + "Aa1!"),
        )
    )
    step("a group and a user")

    catalog = await em.access_package_catalogs.post(
        AccessPackageCatalog(
            display_name=f"Beta walk {mark}",
            description="Made by a walk",
            catalog_status="Published",
            is_externally_visible=False,
        )
    )
    same(catalog.catalog_status, "Published", "the catalog's status")
    step("a catalog")

    await em.access_package_resource_requests.post(
        AccessPackageResourceRequest(
            catalog_id=catalog.id,
            request_type="AdminAdd",
            execute_immediately=True,
            justification="For the walk",
            access_package_resource=AccessPackageResource(
                origin_id=group.id, origin_system="AadGroup"
            ),
        )
    )
    inside = em.access_package_catalogs.by_access_package_catalog_id(catalog.id)
    resources = await until(
        "the group is in the catalog",
        inside.access_package_resources.get,
        lambda page: len(page.value) == 1,
    )
    resource = resources.value[0]
    step("a group as a resource of the catalog")

    package = await em.access_packages.post(
        AccessPackage(
            catalog_id=catalog.id,
            display_name=f"Beta walk package {mark}",
            description="What walkers need",
            is_hidden=False,
        )
    )
    item = em.access_packages.by_access_package_id(package.id)
    await item.access_package_resource_role_scopes.post(
        AccessPackageResourceRoleScope(
            access_package_resource_role=AccessPackageResourceRole(
                display_name="Member",
                origin_system="AadGroup",
                origin_id=f"Member_{group.id}",
                access_package_resource=AccessPackageResource(id=resource.id, origin_id=group.id),
            ),
            access_package_resource_scope=AccessPackageResourceScope(
                origin_id=group.id, origin_system="AadGroup"
            ),
        )
    )
    Query = AccessPackageItemRequestBuilder.AccessPackageItemRequestBuilderGetQueryParameters
    nested = "accessPackageResourceRole,accessPackageResourceScope"
    expanded = await item.get(
        RequestConfiguration(
            query_parameters=Query(expand=[f"accessPackageResourceRoleScopes($expand={nested})"])
        )
    )
    held = expanded.access_package_resource_role_scopes
    same(len(held), 1, "the number of roles in the package")
    same(held[0].access_package_resource_role.display_name, "Member", "the role in the package")
    same(held[0].access_package_resource_scope.is_root_scope, True, "whether the scope is the root")
    step("a package with the role Member, read by a nested expansion")

    policy = await em.access_package_assignment_policies.post(
        AccessPackageAssignmentPolicy(
            access_package_id=package.id,
            display_name="On request",
            description="One stage, one question",
            duration_in_days=90,
            requestor_settings=RequestorSettings(
                scope_type="AllExistingDirectoryMemberUsers",
                accept_requests=True,
                allowed_requestors=[],
            ),
            request_approval_settings=ApprovalSettings(
                is_approval_required=False,
                is_approval_required_for_extension=False,
                is_requestor_justification_required=False,
                approval_mode="NoApproval",
                approval_stages=[],
            ),
            questions=[
                AccessPackageTextInputQuestion(
                    is_required=False,
                    sequence=1,
                    text=AccessPackageLocalizedContent(
                        default_text="Why?", localized_texts=[]
                    ),
                )
            ],
        )
    )
    same(policy.questions[0].text.default_text, "Why?", "the question")
    same(policy.duration_in_days, 90, "the duration")
    policy.request_approval_settings = ApprovalSettings(
        is_approval_required=True,
        is_approval_required_for_extension=False,
        is_requestor_justification_required=False,
        approval_mode="SingleStage",
        approval_stages=[
            ApprovalStage(
                approval_stage_time_out_in_days=14,
                is_approver_justification_required=False,
                is_escalation_enabled=False,
                escalation_time_in_minutes=0,
                primary_approvers=[SingleUser(id=user.id, is_backup=False)],
                escalation_approvers=[],
            )
        ],
    )
    replaced = await em.access_package_assignment_policies.by_access_package_assignment_policy_id(
        policy.id
    ).put(policy)
    stage = replaced.request_approval_settings.approval_stages[0]
    check(isinstance(stage.primary_approvers[0], SingleUser), "the approver is a singleUser")
    same(stage.primary_approvers[0].id, user.id, "the approver")
    step("a policy with a question, replaced by one with a stage")

    direct = await em.access_package_assignment_policies.post(
        AccessPackageAssignmentPolicy(
            access_package_id=package.id,
            display_name="Direct",
            description="By an administrator",
            requestor_settings=RequestorSettings(
                scope_type="NoSubjects", accept_requests=True, allowed_requestors=[]
            ),
        )
    )
    # `targetId` is undeclared on what is sent, and means the directory's id there.
    made = await em.assignment_requests.post(
        AccessPackageAssignmentRequest(
            request_type="AdminAdd",
            access_package_assignment=AccessPackageAssignment(
                target_id=user.id, assignment_policy_id=direct.id, access_package_id=package.id
            ),
        )
    )
    older = em.access_package_assignment_requests.by_access_package_assignment_request_id(made.id)
    await until(
        "the request is delivered", older.get, lambda now: now.request_state == "Delivered"
    )
    members = graph.groups.by_group_id(group.id).members
    same([one.id for one in (await members.get()).value], [user.id], "the group's members")
    step("a request, delivered and read by its older name")

    Roles = AccessPackageAssignmentResourceRolesRequestBuilder.AccessPackageAssignmentResourceRolesRequestBuilderGetQueryParameters
    roles = await em.access_package_assignment_resource_roles.get(
        RequestConfiguration(
            query_parameters=Roles(
                filter=f"accessPackageSubject/objectId eq '{user.id}'",
                expand=["accessPackageResourceRole", "accessPackageAssignments"],
            )
        )
    )
    same(len(roles.value), 1, "the number of delivered roles")
    role = roles.value[0]
    same(role.status, "Fulfilled", "the delivered role's status")
    assignment = role.access_package_assignments[0]
    same(assignment.access_package_id, package.id, "what the role was delivered for")
    step("the delivered role, and the assignment it was delivered for")

    await refused(older.reprocess.post(), ODataError, 400, "InvalidRequestState")
    await members.by_directory_object_id(user.id).ref.delete()
    handle = em.access_package_assignments.by_access_package_assignment_id(assignment.id)
    await handle.reprocess.post()
    await until("the access is back", members.get, lambda page: len(page.value) == 1)
    step("lost access, reprocessed: the user is a member again")

    removal = await em.assignment_requests.post(
        AccessPackageAssignmentRequest(
            request_type="AdminRemove",
            access_package_assignment=AccessPackageAssignment(id=assignment.id),
        )
    )
    await until(
        "the removal is delivered",
        em.assignment_requests.by_access_package_assignment_request_id(removal.id).get,
        lambda now: now.request_state == "Delivered",
    )
    same((await handle.get()).assignment_state, "Expired", "the ended assignment's state")
    check(not (await members.get()).value, "nobody is a member any more")
    step("the removal: the user is a member no more")

    await read_every_collection(graph)

    await item.delete()
    await refused(item.get(), ODataError, 404, "ResourceNotFound")
    await graph.users.by_user_id(user.id).delete()
    step("what was made is gone")


if __name__ == "__main__":
    asyncio.run(walk(Tenant.read(sys.argv[1])))
