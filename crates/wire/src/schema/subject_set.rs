//! Who is meant without being named: `subjectSet` in v1.0, `userSet` in beta.

use super::shape::{
    Shape, beta, beta_shape, both, complex, flag, int, renamed, shape, shapes, text, v1, v1_shape,
    ways,
};

#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    shapes(complex("subjectSet").is_abstract(), complex("userSet").is_abstract(), &[
        beta(flag("isBackup")),
    ]),
    beta_shape(complex("subjectSet").is_abstract(), &[]),
    shapes(complex("singleUser").from("subjectSet"), complex("singleUser").from("userSet"), &[
        both(text("description")),
        renamed(text("userId"), "id"),
    ]),
    v1_shape(complex("singleServicePrincipal").from("subjectSet"), &[
        v1(text("description")),
        v1(text("servicePrincipalId")),
    ]),
    shapes(complex("groupMembers").from("subjectSet"), complex("groupMembers").from("userSet"), &[
        both(text("description")),
        renamed(text("groupId"), "id"),
    ]),
    shapes(complex("connectedOrganizationMembers").from("subjectSet"), complex("connectedOrganizationMembers").from("userSet"), &[
        renamed(text("connectedOrganizationId"), "id"),
        both(text("description")),
    ]),
    shapes(complex("requestorManager").from("subjectSet"), complex("requestorManager").from("userSet"), &[
        both(int("managerLevel")),
    ]),
    v1_shape(complex("targetManager").from("subjectSet"), &[
        v1(int("managerLevel")),
    ]),
    v1_shape(complex("targetApplicationOwners").from("subjectSet"), &[]),
    shapes(complex("internalSponsors").from("subjectSet"), complex("internalSponsors").from("userSet"), &[]),
    shapes(complex("externalSponsors").from("subjectSet"), complex("externalSponsors").from("userSet"), &[]),
    shapes(complex("attributeRuleMembers").from("subjectSet"), complex("attributeRuleMembers").from("userSet"), &[
        both(text("description")),
        both(text("membershipRule")),
    ]),
    shapes(complex("targetUserSponsors").from("subjectSet"), complex("targetUserSponsors").from("userSet"), &[]),
    shapes(complex("targetAgentIdentitySponsorsOrOwners").from("subjectSet"), complex("targetAgentIdentitySponsorsOrOwners").from("userSet"), &[]),
    shape(complex("identityGovernance.groupBasedSubjectSet").from("subjectSet"), &[
        both(ways("groups", "group")),
    ]),
    shape(complex("identityGovernance.ruleBasedSubjectSet").from("subjectSet"), &[
        both(text("rule").required()),
    ]),
];
