//! The table of semantics 7.3, written down a second time and by hand, so that neither the table in the code nor the
//! golden file can be wrong on its own.

/// The columns, in the order of the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Administrator,
    Reader,
    CatalogCreator,
    ConnectedOrganizationAdministrator,
    CatalogOwner,
    AccessPackageManager,
    AssignmentManager,
    CatalogReader,
    Requestor,
    Approver,
    WritingApplication,
    ReadingApplication,
    /// In no column: User Administrator, somebody without any role, an application without permission and role.
    None,
}

/// One row. Each cell: `+` allowed, `.` not; for roles of a catalog `+` means in that catalog; `own` is what is the
/// caller's own; `user` means that it is for signed-in users, whatever their roles.
#[rustfmt::skip]
pub(crate) const TABLE: &[(&str, [&str; 12])] = &[
    // The cells: GA and IGA, readers, CC, ConnOrg, CO, APM, APAM, CR, requestor, approver, app RW.All, app Read.All.
    ("list/get catalogs, access packages, resources, roles",
        ["+", "+", "own", ".", "+", "+", "+", "+", ".", ".", "+", "+"]),
    ("create catalog",
        ["+", ".", "+", ".", ".", ".", ".", ".", ".", ".", "+", "."]),
    ("update/delete catalog",
        ["+", ".", ".", ".", "+", ".", ".", ".", ".", ".", "+", "."]),
    ("resource request, refresh",
        ["+", ".", ".", ".", "+", ".", ".", ".", ".", ".", "+", "."]),
    ("role assignment in catalog",
        ["+", ".", ".", ".", "+", ".", ".", ".", ".", ".", "+", "."]),
    ("assign Catalog creator",
        ["+", ".", ".", ".", ".", ".", ".", ".", ".", ".", "+", "."]),
    ("access packages, role scopes, incompatibilities",
        ["+", ".", ".", ".", "+", "+", ".", ".", ".", ".", "+", "."]),
    ("moveToCatalog",
        ["+", ".", ".", ".", "+", "+", ".", ".", ".", ".", "+", "."]),
    ("policies",
        ["+", ".", ".", ".", "+", "+", ".", ".", ".", ".", "+", "."]),
    ("auto-assignment policy",
        ["+", ".", ".", ".", ".", ".", ".", ".", ".", ".", "+", "."]),
    ("read policies",
        ["+", "+", ".", ".", "+", "+", "+", "+", ".", ".", "+", "+"]),
    ("read requests",
        ["+", "+", ".", ".", "+", "+", "+", "+", "own", "own", "+", "+"]),
    ("read assignments, delivered roles",
        ["+", "+", ".", ".", "+", "+", "+", "+", "own", ".", "+", "+"]),
    ("adminAdd/Update/Remove",
        ["+", ".", ".", ".", "+", "+", "+", ".", ".", ".", "+", "."]),
    ("userAdd/Update/Remove",
        ["user"; 12]),
    ("cancel",
        ["+", ".", ".", ".", "+", "+", "+", ".", "own", ".", "+", "."]),
    ("reprocess",
        ["+", ".", ".", ".", "+", "+", "+", ".", ".", ".", "+", "."]),
    ("resume",
        ["+", ".", ".", ".", "+", "+", "+", ".", ".", ".", "+", "."]),
    ("delete request",
        ["+", ".", ".", ".", "+", "+", "+", ".", ".", ".", "+", "."]),
    ("approve/deny",
        [".", ".", ".", ".", ".", ".", ".", ".", ".", "own", ".", "."]),
    ("custom extensions",
        ["+", ".", ".", ".", "+", ".", ".", ".", ".", ".", "+", "."]),
    ("connected organizations, sponsors",
        ["+", ".", ".", "+", ".", ".", ".", ".", ".", ".", "+", "."]),
    ("settings, controlConfigurations, connectors",
        ["+", ".", ".", ".", ".", ".", ".", ".", ".", ".", "+", "."]),
    ("subject lifecycle",
        ["+", ".", ".", ".", "+", "+", "+", ".", ".", ".", "+", "."]),
    ("upload sessions",
        ["+", ".", ".", ".", "+", ".", ".", ".", ".", ".", "+", "."]),
    ("getApplicablePolicyRequirements, filterByCurrentUser",
        ["user"; 12]),
];

/// The cell of a row and a column.
pub(crate) fn cell(row: &str, column: Column) -> &'static str {
    let found = TABLE.iter().find(|(name, _)| *name == row);
    let (_, cells) = found.unwrap_or_else(|| panic!("the table has no row `{row}`"));
    cells.get(column as usize).copied().unwrap_or(".")
}

/// What a whole row needs of the callers: whether it is for signed-in users, whatever their roles.
pub(crate) fn is_for_users(row: &str) -> bool {
    cell(row, Column::Administrator) == "user"
}
