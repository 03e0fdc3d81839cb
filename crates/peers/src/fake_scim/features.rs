//! What the fake server can do, and what goes wrong.

/// What the server can do and how it answers.
#[derive(Debug, Clone)]
pub struct Features {
    /// How it treats `filter`.
    pub filtering: Filtering,
    /// Whether it versions resources and honours `If-Match`.
    pub etag: bool,
    /// Whether it takes bulk requests.
    pub bulk: Option<Bulk>,
    /// How it answers a PATCH that worked.
    pub patch_answer: PatchAnswer,
    /// Most resources on one page of a list.
    pub page_size: usize,
    /// Whether removing an absent member by path filter is 400 `noTarget`.
    pub strict_removal: bool,
    /// Whether it has `/ServiceProviderConfig`.
    pub discovery: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            filtering: Filtering::Supported,
            etag: true,
            bulk: None,
            patch_answer: PatchAnswer::Body,
            page_size: 100,
            strict_removal: false,
            discovery: true,
        }
    }
}

/// How the server treats `filter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filtering {
    /// Announced and done.
    Supported,
    /// Announced as unsupported; a filter is ignored and everybody is answered.
    Unsupported,
    /// Announced as supported, yet ignored.
    Lies,
    /// Announced as supported, but only a single comparison: `or` is 400 `invalidFilter`.
    SingleOnly,
}

/// The limits of bulk requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bulk {
    /// Most operations in one request.
    pub max_operations: usize,
    /// Most bytes in one request.
    pub max_payload: usize,
}

/// How a PATCH that worked is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchAnswer {
    /// 200 with the resource.
    Body,
    /// 204 without a body, even if attributes are asked for.
    NoContent,
    /// Announced as unsupported, and 501.
    NotSupported,
}

/// Which requests go wrong, and how.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Only this method; any if `None`.
    pub method: Option<&'static str>,
    /// Only paths that contain this text.
    pub path: &'static str,
    /// What happens.
    pub fault: Fault,
    /// How often; for ever if `None`.
    pub times: Option<usize>,
}

impl Rule {
    /// Every request with that method.
    pub fn on(method: &'static str, fault: Fault) -> Self {
        Self {
            method: Some(method),
            path: "",
            fault,
            times: None,
        }
    }

    /// Every request.
    pub fn always(fault: Fault) -> Self {
        Self {
            method: None,
            path: "",
            fault,
            times: None,
        }
    }

    /// Only so often.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// Only paths that contain `path`.
    #[must_use]
    pub fn at(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }
}

/// What goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Not applied, never answered.
    Hang,
    /// Not applied; the connection is cut.
    Drop,
    /// Applied; the connection is cut without an answer.
    DropAfterApplying,
    /// Applied; the connection is cut in the middle of the answer.
    HalfAnswer,
    /// Applied, and answered as late as that.
    Late(std::time::Duration),
    /// Not applied; this status with a SCIM error body of this `scimType`.
    Status(u16, Option<&'static str>),
    /// Not applied; this status with `Retry-After`.
    RetryAfter(u16, String),
    /// Not applied; 200 with a web page.
    NotScim,
}
