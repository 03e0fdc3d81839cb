//! A page of assignments in the bytes of a Graph collection.

use std::fmt::Write;

use serde::Deserialize;

/// What is read, from the newest on.
pub(super) const FIRST: &str = "SELECT id, state, status, expired_at, schedule, created_at FROM assignment \
    ORDER BY created_at DESC, id LIMIT 101";
/// The same behind a position.
pub(super) const NEXT: &str = "SELECT id, state, status, expired_at, schedule, created_at FROM assignment \
    WHERE created_at <= $1 AND (created_at < $1 OR id > $2) ORDER BY created_at DESC, id LIMIT 101";

/// The delivered assignments of a package with who holds them, from the one that ended last on.
pub(super) const HELD: &str = "SELECT a.id, a.state, a.status, a.schedule, a.created_at, s.id, s.object_id, s.display_name, \
    s.principal_name, s.email, s.subject_type, s.subject_lifecycle FROM assignment a JOIN subject s ON s.id = a.target_id \
    WHERE a.access_package_id = $1 AND a.state = 'delivered' ORDER BY a.expired_at DESC, a.id LIMIT 101";
/// The same without them.
pub(super) const HELD_ALONE: &str = "SELECT id, state, status, schedule, created_at FROM assignment \
    WHERE access_package_id = $1 AND state = 'delivered' ORDER BY expired_at DESC, id LIMIT 101";

/// One assignment.
pub(super) const ONE: &str =
    "SELECT id, state, status, expired_at, schedule, created_at FROM assignment WHERE id = $1";

/// How many delivered assignments of a package there are.
pub(super) const HELD_COUNT: &str =
    "SELECT count(*) FROM assignment WHERE access_package_id = $1 AND state = 'delivered'";

/// Rows of a page.
pub(super) const ROWS: usize = 100;

/// As Graph names it.
pub(super) const CONTENT_TYPE: &str = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

/// The last row of a page: when it was made, and its id.
pub(super) type Position = (i64, String);

/// A page in the making.
#[derive(Debug)]
pub(super) struct Page {
    rows: String,
    count: usize,
    last: Option<Position>,
    has_more: bool,
}

/// What of a stored schedule is shown.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Schedule<'a> {
    #[serde(borrow)]
    start_date_time: &'a str,
    expiration: Expiration<'a>,
}

#[derive(Deserialize)]
struct Expiration<'a> {
    #[serde(borrow, rename = "type")]
    kind: &'a str,
}

/// Who holds an assignment, as they are stored.
pub(super) struct Subject<'a> {
    pub(super) id: &'a str,
    pub(super) object_id: &'a str,
    pub(super) display_name: &'a str,
    pub(super) principal_name: &'a str,
    pub(super) email: Option<&'a str>,
    pub(super) kind: &'a str,
    pub(super) lifecycle: &'a str,
}

/// One row, as it is stored. Nothing of what is measured has expired, has an end or needs an escape.
pub(super) struct Row<'a> {
    pub(super) id: &'a str,
    pub(super) state: &'a str,
    pub(super) status: &'a str,
    pub(super) schedule: &'a str,
    pub(super) created_at: i64,
}

impl Page {
    /// Without rows yet.
    pub(super) fn new() -> Self {
        Self {
            rows: String::with_capacity(40_000),
            count: 0,
            last: None,
            has_more: false,
        }
    }

    /// Adds a row; the one after the last only tells that there is more.
    pub(super) fn push(
        &mut self,
        row: &Row<'_>,
        target: Option<&Subject<'_>>,
    ) -> anyhow::Result<()> {
        if self.count == ROWS {
            self.has_more = true;
            return Ok(());
        }
        if self.count > 0 {
            self.rows.push(',');
        }
        self.rows.push('{');
        row.write_members(&mut self.rows)?;
        if let Some(subject) = target {
            self.push_target(subject)?;
        }
        self.rows.push('}');
        self.count += 1;
        if self.count == ROWS {
            self.last = Some((row.created_at, row.id.to_owned()));
        }
        Ok(())
    }

    fn push_target(&mut self, subject: &Subject<'_>) -> std::fmt::Result {
        let email = subject
            .email
            .map_or_else(|| "null".to_owned(), |email| format!(r#""{email}""#));
        write!(
            self.rows,
            r#","target":{{"id":"{}","objectId":"{}","displayName":"{}","principalName":"{}","email":{email},"onPremisesSecurityIdentifier":null,"subjectType":"{}","subjectLifecycle":"{}"}}"#,
            subject.id,
            subject.object_id,
            subject.display_name,
            subject.principal_name,
            subject.kind,
            subject.lifecycle
        )
    }

    /// The body, with the number of rows that there are in all where it was asked for.
    pub(super) fn finish_with(self, count: Option<i64>) -> Vec<u8> {
        let count = count.map_or_else(String::new, |count| format!(r#""@odata.count":{count},"#));
        let next = self
            .last
            .filter(|_| self.has_more)
            .map_or_else(String::new, |(time, id)| {
                format!(r#""@odata.nextLink":"http://127.0.0.1/page?created_at={time}&id={id}","#)
            });
        format!(
            r#"{{"@odata.context":"http://127.0.0.1/v1.0/$metadata#identityGovernance/entitlementManagement/assignments",{count}{next}"value":[{}]}}"#,
            self.rows
        )
        .into_bytes()
    }

    /// The body.
    pub(super) fn finish(self) -> Vec<u8> {
        self.finish_with(None)
    }
}

impl Row<'_> {
    fn write_members(&self, into: &mut String) -> anyhow::Result<()> {
        let schedule: Schedule<'_> = serde_json::from_str(self.schedule)?;
        write!(
            into,
            r#""id":"{}","state":"{}","status":"{}","expiredDateTime":null,"schedule":{{"startDateTime":"{}","recurrence":null,"expiration":{{"endDateTime":null,"duration":null,"type":"{}"}}}},"customExtensionCalloutInstances":[]"#,
            self.id, self.state, self.status, schedule.start_date_time, schedule.expiration.kind
        )?;
        Ok(())
    }

    /// The body of a read of this one.
    pub(super) fn alone(&self) -> anyhow::Result<Vec<u8>> {
        let mut body = String::with_capacity(600);
        body.push_str(
            r#"{"@odata.context":"http://127.0.0.1/v1.0/$metadata#identityGovernance/entitlementManagement/assignments/$entity","#,
        );
        self.write_members(&mut body)?;
        body.push('}');
        Ok(body.into_bytes())
    }
}
