//! The resource types that are served: what is kept of a user and of a group, and nothing else.
//!
//! An attribute is required where a resource always has a value, so that none can be taken away. Who leaves out
//! `displayName` or `active` of a new user gets a value nevertheless.

use scim::schema::{Attribute, Kind, ResourceType, Schema};

/// The name of the extension with what employers know.
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Users.
pub(super) static USER: ResourceType = ResourceType {
    name: "User",
    endpoint: "/Users",
    description: "People of the directory.",
    schema: &USER_SCHEMA,
    extensions: &[&ENTERPRISE_SCHEMA],
};

/// Groups.
pub(super) static GROUP: ResourceType = ResourceType {
    name: "Group",
    endpoint: "/Groups",
    description: "Groups of the directory.",
    schema: &GROUP_SCHEMA,
    extensions: &[],
};

/// Every resource type.
pub(super) static TYPES: &[&ResourceType] = &[&USER, &GROUP];

const fn text(name: &'static str, description: &'static str) -> Attribute {
    Attribute::new(name, Kind::Text, description)
}

static USER_SCHEMA: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    description: "A person of the directory.",
    attributes: &[
        text("userName", "The name by which the client knows the user. The sign-in name, if it has the form of one.")
            .required()
            .unique(),
        Attribute::new("name", Kind::Complex(NAME), "The parts of the user's name."),
        text("displayName", "The name as it is shown.").required(),
        text("title", "The job title."),
        text("userType", "`Member` or `Guest`.").read_only(),
        text("preferredLanguage", "The language that the user prefers."),
        Attribute::new("active", Kind::Boolean, "Whether the user may sign in.").required(),
        text("password", "The password, where the server keeps one.").case_exact().secret(),
        Attribute::new("emails", Kind::Complex(EMAIL), "The mail address at work. Others are not kept.").multi_valued(),
        Attribute::new("phoneNumbers", Kind::Complex(PHONE), "Phone numbers: one mobile, one fax, any number at work.")
            .multi_valued(),
        Attribute::new("addresses", Kind::Complex(ADDRESS), "The address at work. Others are not kept.").multi_valued(),
        Attribute::new("groups", Kind::Complex(MEMBERSHIP), "The groups that the user is a member of itself.")
            .multi_valued()
            .read_only(),
    ],
};

const NAME: &[Attribute] = &[
    text("givenName", "The given name."),
    text("familyName", "The family name."),
];

const EMAIL: &[Attribute] = &[
    text("value", "The address."),
    text("type", "What it is for.").one_of(&["work"]),
];

const PHONE: &[Attribute] = &[
    text("value", "The number."),
    text("type", "What it is for.").one_of(&["work", "mobile", "fax"]),
];

const ADDRESS: &[Attribute] = &[
    text("streetAddress", "Street and house."),
    text("locality", "Town."),
    text("region", "State or region."),
    text("postalCode", "Postal code."),
    text("country", "Country."),
    text("type", "What it is for.").one_of(&["work"]),
];

const MEMBERSHIP: &[Attribute] = &[
    text("value", "The id of the group.").read_only(),
    Attribute::new("$ref", Kind::Reference(&["Group"]), "Where the group is.").read_only(),
    text("display", "The name of the group.").read_only(),
    text("type", "How the user got into the group.")
        .one_of(&["direct"])
        .read_only(),
];

static ENTERPRISE_SCHEMA: Schema = Schema {
    urn: ENTERPRISE,
    name: "EnterpriseUser",
    description: "What an employer knows about a user.",
    attributes: &[
        text("employeeNumber", "The number that the employer gave."),
        text("costCenter", "The cost center."),
        text("organization", "The company."),
        text("division", "The division."),
        text("department", "The department."),
        Attribute::new("manager", Kind::Complex(MANAGER), "The user's manager."),
    ],
};

const MANAGER: &[Attribute] = &[
    text("value", "The id of the manager."),
    Attribute::new("$ref", Kind::Reference(&["User"]), "Where the manager is."),
];

static GROUP_SCHEMA: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:core:2.0:Group",
    name: "Group",
    description: "A group of the directory.",
    attributes: &[
        text("displayName", "The name.").required(),
        Attribute::new(
            "members",
            Kind::Complex(MEMBER),
            "Who is a member of the group itself.",
        )
        .multi_valued(),
    ],
};

const MEMBER: &[Attribute] = &[
    text("value", "The id of the member.").immutable(),
    Attribute::new(
        "$ref",
        Kind::Reference(&["User", "Group"]),
        "Where the member is.",
    )
    .immutable(),
    text("type", "What the member is.")
        .one_of(&["User", "Group"])
        .immutable(),
];
