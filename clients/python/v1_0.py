"""The unmodified `msgraph-sdk` walks through v1.0: from an empty catalog to access that was lost and came back."""

import asyncio
import sys
import uuid

from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.identity_governance.entitlement_management.assignment_requests.assignment_requests_request_builder import (
    AssignmentRequestsRequestBuilder,
)
from msgraph.generated.identity_governance.entitlement_management.assignments.assignments_request_builder import (
    AssignmentsRequestBuilder,
)
from msgraph.generated.identity_governance.entitlement_management.entitlement_management_request_builder import (
    EntitlementManagementRequestBuilder,
)
from msgraph.generated.models.access_package import AccessPackage
from msgraph.generated.models.access_package_assignment import AccessPackageAssignment
from msgraph.generated.models.access_package_assignment_approval_settings import (
    AccessPackageAssignmentApprovalSettings,
)
from msgraph.generated.models.access_package_assignment_policy import AccessPackageAssignmentPolicy
from msgraph.generated.models.access_package_assignment_request import AccessPackageAssignmentRequest
from msgraph.generated.models.access_package_assignment_requestor_settings import (
    AccessPackageAssignmentRequestorSettings,
)
from msgraph.generated.models.access_package_assignment_state import AccessPackageAssignmentState
from msgraph.generated.models.access_package_catalog import AccessPackageCatalog
from msgraph.generated.models.access_package_catalog_state import AccessPackageCatalogState
from msgraph.generated.models.access_package_catalog_type import AccessPackageCatalogType
from msgraph.generated.models.access_package_request_state import AccessPackageRequestState
from msgraph.generated.models.access_package_request_type import AccessPackageRequestType
from msgraph.generated.models.access_package_resource import AccessPackageResource
from msgraph.generated.models.access_package_resource_request import AccessPackageResourceRequest
from msgraph.generated.models.access_package_resource_role import AccessPackageResourceRole
from msgraph.generated.models.access_package_resource_role_scope import AccessPackageResourceRoleScope
from msgraph.generated.models.access_package_resource_scope import AccessPackageResourceScope
from msgraph.generated.models.allowed_target_scope import AllowedTargetScope
from msgraph.generated.models.connected_organization import ConnectedOrganization
from msgraph.generated.models.connected_organization_state import ConnectedOrganizationState
from msgraph.generated.models.domain_identity_source import DomainIdentitySource
from msgraph.generated.models.expiration_pattern import ExpirationPattern
from msgraph.generated.models.expiration_pattern_type import ExpirationPatternType
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.user import User

from tenant import Tenant, check, refused, same, step, until


async def meet_a_partner(
    tenant: Tenant, em: EntitlementManagementRequestBuilder, user: User, mark: str
) -> None:
    sponsored = await em.connected_organizations.post(
        ConnectedOrganization(
            display_name=f"Walk partner {mark}",
            description="A partner",
            state=ConnectedOrganizationState.Configured,
            identity_sources=[
                DomainIdentitySource(domain_name=f"{mark}.example", display_name="Partner")
            ],
        )
    )
    source = sponsored.identity_sources[0]
    check(isinstance(source, DomainIdentitySource), "the source is a domainIdentitySource")
    partner = em.connected_organizations.by_connected_organization_id(sponsored.id)
    await partner.internal_sponsors.ref.post(
        ReferenceCreate(odata_id=f"{tenant.base_url}/v1.0/users/{user.id}")
    )
    sponsors = await partner.internal_sponsors.get()
    check(isinstance(sponsors.value[0], User), "the sponsor is a user")
    await partner.delete()
    step("a connected organization with a sponsor")


async def read_every_collection(graph: GraphServiceClient) -> None:
    em = graph.identity_governance.entitlement_management
    role_management = graph.role_management.entitlement_management
    for collection in (
        em.access_package_assignment_approvals,
        em.access_packages,
        em.assignment_policies,
        em.assignment_requests,
        em.assignments,
        em.catalogs,
        em.connected_organizations,
        em.control_configurations,
        em.external_origin_resource_connectors,
        em.resource_environments,
        em.resource_requests,
        em.resource_role_scopes,
        em.resources,
        em.subjects,
        role_management.resource_namespaces,
        role_management.role_assignment_schedule_instances,
        role_management.role_assignment_schedule_requests,
        role_management.role_assignment_schedules,
        role_management.role_assignments,
        role_management.role_definitions,
        role_management.role_eligibility_schedules,
    ):
        page = await collection.get()
        check(page.value is not None, f"{type(collection).__name__} is a collection")
    settings = await em.settings.get()
    check(bool(settings.external_user_lifecycle_action), "the settings say what becomes of guests")
    step("every collection, and the settings")


async def walk(tenant: Tenant) -> None:
    adapter = GraphRequestAdapter(tenant.sign_in())
    adapter.base_url = f"{tenant.base_url}/v1.0"
    graph = GraphServiceClient(request_adapter=adapter)
    em = graph.identity_governance.entitlement_management
    mark = uuid.uuid4().hex[:8]

    group = await graph.groups.post(
        Group(
            display_name=f"Walkers {mark}",
            mail_nickname=f"walkers{mark}",
            mail_enabled=False,
            security_enabled=True,
        )
    )
    user = await graph.users.post(
        User(
            display_name=f"Walker O'Hara {mark}",
            user_principal_name=f"walker{mark}@reeve.example",
            mail_nickname=f"walker{mark}",
            account_enabled=True,
            password_profile=PasswordProfile(password=uuid.uuid4().hex + "Aa1!"),
        )
    )
    step("a group and a user")

    catalog = await em.catalogs.post(
        AccessPackageCatalog(
            display_name=f"Walk {mark}",
            description="Made by a walk",
            catalog_type=AccessPackageCatalogType.UserManaged,
            state=AccessPackageCatalogState.Published,
            is_externally_visible=False,
        )
    )
    await em.catalogs.by_access_package_catalog_id(catalog.id).patch(
        AccessPackageCatalog(description="Changed by a walk")
    )
    read = await em.catalogs.by_access_package_catalog_id(catalog.id).get()
    same(read.description, "Changed by a walk", "the catalog's description")
    same(read.state, AccessPackageCatalogState.Published, "the catalog's state")
    step("a catalog, changed and read")

    await em.resource_requests.post(
        AccessPackageResourceRequest(
            request_type=AccessPackageRequestType.AdminAdd,
            catalog=AccessPackageCatalog(id=catalog.id),
            resource=AccessPackageResource(origin_id=group.id, origin_system="AadGroup"),
        )
    )
    catalog_item = em.catalogs.by_access_package_catalog_id(catalog.id)
    resources = await until(
        "the group is in the catalog", catalog_item.resources.get, lambda page: len(page.value) == 1
    )
    resource = resources.value[0]
    same(resource.origin_id, group.id, "the resource's origin")
    step("a group as a resource of the catalog")

    package = await em.access_packages.post(
        AccessPackage(
            display_name=f"Walk package {mark}",
            description="What walkers need",
            is_hidden=False,
            catalog=AccessPackageCatalog(id=catalog.id),
        )
    )
    item = em.access_packages.by_access_package_id(package.id)
    await item.resource_role_scopes.post(
        AccessPackageResourceRoleScope(
            role=AccessPackageResourceRole(
                display_name="Member",
                origin_system="AadGroup",
                origin_id=f"Member_{group.id}",
                resource=AccessPackageResource(
                    id=resource.id, origin_id=group.id, origin_system="AadGroup"
                ),
            ),
            scope=AccessPackageResourceScope(origin_id=group.id, origin_system="AadGroup"),
        )
    )
    step("a package with the role Member")

    policy = await em.assignment_policies.post(
        AccessPackageAssignmentPolicy(
            display_name="Direct",
            description="By an administrator",
            allowed_target_scope=AllowedTargetScope.NotSpecified,
            expiration=ExpirationPattern(type=ExpirationPatternType.NoExpiration),
            requestor_settings=AccessPackageAssignmentRequestorSettings(),
            request_approval_settings=AccessPackageAssignmentApprovalSettings(
                is_approval_required_for_add=False, is_approval_required_for_update=False, stages=[]
            ),
            access_package=AccessPackage(id=package.id),
        )
    )
    policy.display_name = "Direct assignment"
    replaced = await em.assignment_policies.by_access_package_assignment_policy_id(policy.id).put(
        policy
    )
    same(replaced.display_name, "Direct assignment", "the replaced policy's name")
    step("a policy, made and replaced")

    # Undeclared in the v1.0 metadata, and yet what the documentation sends.
    wanted = AccessPackageAssignment(
        additional_data={
            "targetId": user.id,
            "assignmentPolicyId": policy.id,
            "accessPackageId": package.id,
        }
    )
    made = await em.assignment_requests.post(
        AccessPackageAssignmentRequest(
            request_type=AccessPackageRequestType.AdminAdd, assignment=wanted
        )
    )
    request = em.assignment_requests.by_access_package_assignment_request_id(made.id)
    await until(
        "the request is delivered",
        request.get,
        lambda now: now.state == AccessPackageRequestState.Delivered,
    )
    members = graph.groups.by_group_id(group.id).members
    page = await members.get()
    same([member.id for member in page.value], [user.id], "the group's members")
    step("a request, delivered: the user is a member")

    Query = AssignmentsRequestBuilder.AssignmentsRequestBuilderGetQueryParameters
    found = await em.assignments.get(
        RequestConfiguration(
            query_parameters=Query(
                filter=f"accessPackage/id eq '{package.id}' and target/objectid eq '{user.id}'",
                expand=["target", "accessPackage($select=id,displayName)"],
                count=True,
            )
        )
    )
    same(found.odata_count, 1, "the count")
    assignment = found.value[0]
    same(assignment.state, AccessPackageAssignmentState.Delivered, "the assignment's state")
    same(assignment.target.object_id, user.id, "the expanded target")
    same(assignment.access_package.display_name, f"Walk package {mark}", "the expanded package")
    step("the assignment by filter, with what it is about")

    Requests = AssignmentRequestsRequestBuilder.AssignmentRequestsRequestBuilderGetQueryParameters
    first = await em.assignment_requests.get(
        RequestConfiguration(query_parameters=Requests(top=1, filter="state eq 'Delivered'"))
    )
    if first.odata_next_link:
        second = await em.assignment_requests.with_url(first.odata_next_link).get()
        check(second.value[0].id != first.value[0].id, "the next page goes on")
    step("pages by their next link")

    await refused(request.reprocess.post(), ODataError, 400, "InvalidRequestState")
    await refused(
        em.assignments.by_access_package_assignment_id(str(uuid.uuid4())).reprocess.post(),
        ODataError,
        404,
        "ResourceNotFound",
    )
    step("refusals as typed errors")

    await members.by_directory_object_id(user.id).ref.delete()
    check(not (await members.get()).value, "somebody took the user out of the group")
    await em.assignments.by_access_package_assignment_id(assignment.id).reprocess.post()
    await until("the access is back", members.get, lambda page: len(page.value) == 1)
    step("lost access, reprocessed: the user is a member again")

    other = await em.access_packages.post(
        AccessPackage(
            display_name=f"Walk other {mark}",
            description="Not together with the first",
            catalog=AccessPackageCatalog(id=catalog.id),
        )
    )
    await item.incompatible_access_packages.ref.post(
        ReferenceCreate(
            odata_id=f"{tenant.base_url}/v1.0/identityGovernance/entitlementManagement/accessPackages/{other.id}"
        )
    )
    incompatible = await item.incompatible_access_packages.get()
    same([one.id for one in incompatible.value], [other.id], "what is incompatible")
    await item.incompatible_access_packages.by_access_package_id1(other.id).ref.delete()
    step("an incompatible package, by reference")

    removal = await em.assignment_requests.post(
        AccessPackageAssignmentRequest(
            request_type=AccessPackageRequestType.AdminRemove,
            assignment=AccessPackageAssignment(id=assignment.id),
        )
    )
    await until(
        "the removal is delivered",
        em.assignment_requests.by_access_package_assignment_request_id(removal.id).get,
        lambda now: now.state == AccessPackageRequestState.Delivered,
    )
    check(not (await members.get()).value, "nobody is a member any more")
    ended = await em.assignments.by_access_package_assignment_id(assignment.id).get()
    same(ended.state, AccessPackageAssignmentState.Expired, "the ended assignment's state")
    step("the removal: the user is a member no more")

    await meet_a_partner(tenant, em, user, mark)
    await read_every_collection(graph)

    await em.access_packages.by_access_package_id(other.id).delete()
    await item.delete()
    await refused(item.get(), ODataError, 404, "ResourceNotFound")
    await graph.users.by_user_id(user.id).delete()
    step("what was made is gone")


if __name__ == "__main__":
    asyncio.run(walk(Tenant.read(sys.argv[1])))
