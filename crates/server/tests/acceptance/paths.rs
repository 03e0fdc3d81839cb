//! The paths of reprocess (semantics 4.1): every test of the contract goes through all that it applies to.

use testkit::Case;

/// What a path reprocesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Request,
    Assignment,
}

/// One way to say "reprocess".
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path {
    /// Its number in the semantics.
    pub(crate) name: &'static str,
    pub(crate) of: Of,
    collection: &'static str,
    /// The requests are reached through their assignment.
    is_nested: bool,
    is_qualified: bool,
}

const fn path(name: &'static str, of: Of, collection: &'static str) -> Path {
    Path {
        name,
        of,
        collection,
        is_nested: false,
        is_qualified: false,
    }
}

const PATHS: &[Path] = &[
    path("P1", Of::Request, "v1.0/assignmentRequests"),
    path("P2", Of::Assignment, "v1.0/assignments"),
    path("P3", Of::Assignment, "v1.0/accessPackageAssignments"),
    path("P4", Of::Request, "beta/assignmentRequests"),
    path("P5", Of::Request, "beta/accessPackageAssignmentRequests"),
    path("P6", Of::Assignment, "beta/accessPackageAssignments"),
    Path {
        is_nested: true,
        ..path("P7", Of::Request, "beta/accessPackageAssignments")
    },
];

/// All paths, each with the plain and the qualified name of the action (RP-1).
pub(crate) fn all() -> Vec<Path> {
    let both = |path: &Path| {
        [false, true].map(|is_qualified| Path {
            is_qualified,
            ..*path
        })
    };
    PATHS.iter().flat_map(both).collect()
}

/// The paths to requests.
pub(crate) fn to_requests() -> Vec<Path> {
    all()
        .into_iter()
        .filter(|path| path.of == Of::Request)
        .collect()
}

/// The paths to assignments.
pub(crate) fn to_assignments() -> Vec<Path> {
    all()
        .into_iter()
        .filter(|path| path.of == Of::Assignment)
        .collect()
}

impl Path {
    /// Whether it goes to a request through its assignment.
    pub(crate) const fn is_nested(&self) -> bool {
        self.is_nested
    }

    /// The path to the case's request, or to its assignment.
    pub(crate) fn to(&self, case: &Case) -> String {
        self.with(&case.request, &case.assignment)
    }

    /// The path with these ids, well-formed or not.
    pub(crate) fn with(&self, request: &str, assignment: &str) -> String {
        let (version, collection) = self.collection.split_once('/').unwrap();
        let root = format!("/{version}/identityGovernance/entitlementManagement/{collection}");
        let object = match (self.of, self.is_nested) {
            (Of::Assignment, _) => format!("{root}/{assignment}"),
            (Of::Request, false) => format!("{root}/{request}"),
            (Of::Request, true) => {
                format!("{root}/{assignment}/accessPackageAssignmentRequests/{request}")
            }
        };
        let prefix = if self.is_qualified {
            "microsoft.graph."
        } else {
            ""
        };
        format!("{object}/{prefix}reprocess")
    }
}
