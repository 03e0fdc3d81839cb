//! Uploads of access data: what begins one, what completes it, and the CSV files in it.

use csv::{ReaderBuilder, StringRecord, Trim};
use domain::flaw::Flaw;
use domain::upload::{
    Column, NewUploadFile, NewUploadSession, UploadKind, check_header, check_value,
};
use serde_json::Value as Json;

use super::{DecodeError, flag, root};
use crate::body::Node;

/// The contexts that access data can be uploaded for.
const CONTEXTS: &[&str] = &["accessReviewContextData", "applyDecisionContextData"];
const NAMESPACE: &str = "microsoft.graph.";
const PAYLOADS: &str = "customDataProvidedResourcePayloads.";
/// The longest id of a context.
const MAX_REFERENCE: usize = 256;

/// Reads what begins an upload. Its type may be left out, for there is only one.
pub fn create(body: &Json) -> Result<NewUploadSession, DecodeError> {
    let root = root(body)?;
    let kind = match root.member("@odata.type") {
        named if named.is_null() => UploadKind::AccessReview,
        named => {
            let text = named.required_text()?;
            UploadKind::from_name(bare(text)).ok_or_else(|| {
                let known = UploadKind::AccessReview;
                named.invalid(format!("must be `#{NAMESPACE}{known}`, not `{text}`"))
            })?
        }
    };
    let data = root.member("data");
    if data.object()?.is_none() {
        return Err(data.invalid("is required").into());
    }
    let context = data.member("@odata.type");
    if let Some(named) = context.text()? {
        let own = bare(named);
        let own = own.strip_prefix(PAYLOADS).unwrap_or(own);
        if !CONTEXTS.iter().any(|known| known.eq_ignore_ascii_case(own)) {
            let known = CONTEXTS.join(" or ");
            return Err(context
                .invalid(format!("must be {known}, not `{named}`"))
                .into());
        }
    }
    reference(&data.member("reviewDefinitionId"))?;
    let reference_id = reference(&data.member("reviewInstanceId"))?;
    Ok(NewUploadSession {
        kind,
        reference_id,
        data_json: data.json().to_string(),
    })
}

fn reference(node: &Node<'_>) -> Result<String, DecodeError> {
    let text = node.required_text()?;
    if text.trim().is_empty() || text.chars().count() > MAX_REFERENCE {
        return Err(node
            .invalid(format!("must have 1 to {MAX_REFERENCE} letters"))
            .into());
    }
    Ok(text.to_owned())
}

/// The name of a type without what stands in front of it.
fn bare(name: &str) -> &str {
    let name = name.trim_start_matches('#');
    match name.get(..NAMESPACE.len()) {
        Some(front) if front.eq_ignore_ascii_case(NAMESPACE) => {
            name.get(NAMESPACE.len()..).unwrap_or_default()
        }
        _ => name,
    }
}

/// Reads an update of an upload: it can only be completed.
pub fn complete(body: &Json) -> Result<(), DecodeError> {
    let root = root(body)?;
    let done = root.member("isUploadDone");
    match flag(&done)? {
        Some(true) => Ok(()),
        Some(false) => Err(done.invalid("can only become true").into()),
        None => Err(done.invalid("is required, and must be true").into()),
    }
}

/// Reads a file of access data: a first line with the columns, and at least one row. A flaw names row and column, the
/// first line being row 1.
pub fn file(name: &str, content: &[u8]) -> Result<NewUploadFile, DecodeError> {
    let text = std::str::from_utf8(content)
        .map_err(|_| Flaw::new("file", "the file must be UTF-8 text"))?;
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::None)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let mut columns: Option<Vec<Column>> = None;
    let mut row = 0;
    let mut record = StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|_| malformed(row + 1))?
    {
        row += 1;
        match &columns {
            None => columns = Some(check_header(&record.iter().collect::<Vec<_>>())?),
            Some(columns) => check_row(row, columns, &record)?,
        }
    }
    if columns.is_none() {
        return Err(Flaw::new(
            "row 1",
            "the file is empty; its first line names the columns",
        )
        .into());
    }
    if row < 2 {
        return Err(Flaw::new("row 2", "the file has no row below its columns").into());
    }
    Ok(NewUploadFile {
        name: name.to_owned(),
        content: text.to_owned(),
    })
}

fn check_row(row: u64, columns: &[Column], record: &StringRecord) -> Result<(), Flaw> {
    if record.len() != columns.len() {
        return Err(Flaw::new(
            format!("row {row}"),
            format!(
                "the row has {} values for {} columns",
                record.len(),
                columns.len()
            ),
        ));
    }
    for (column, value) in columns.iter().zip(record) {
        check_value(row, *column, value)?;
    }
    Ok(())
}

fn malformed(row: u64) -> Flaw {
    Flaw::new(format!("row {row}"), "the row cannot be read as CSV")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GOOD: &str = "principalId,principalType,permissionId,permissionName,permissionDescription\n\
        7,EntraIdUser,door-1,\"Main, front\",\n8,EntraIdUser,door-2,Back,\"two\nlines\"\n";

    #[test]
    fn a_file_is_kept_as_it_was_sent() {
        let with_mark = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));

        for content in [GOOD, &with_mark] {
            let read = file("doors.csv", content.as_bytes()).unwrap();
            assert_eq!(read.content, content);
            assert_eq!(read.name, "doors.csv");
        }
    }

    #[test]
    fn a_flaw_of_a_file_names_row_and_column() {
        let first = "principalId,principalType,permissionId,permissionName";
        for (content, target) in [
            (String::new(), "row 1"),
            (first.to_owned(), "row 2"),
            ("a,b\n1,2".to_owned(), "row 1, column 1"),
            (format!("{first}\n1,EntraIdUser,2"), "row 2"),
            (
                format!("{first}\n1,EntraIdUser,2,x\n1,Robot,2,x"),
                "row 3, column principalType",
            ),
            (
                format!("{first}\n1,EntraIdUser,,x"),
                "row 2, column permissionId",
            ),
        ] {
            let refused = file("f.csv", content.as_bytes()).unwrap_err();
            assert_eq!(refused.target, target, "{content}");
        }
        assert_eq!(file("f.csv", b"\xff\xfe").unwrap_err().target, "file");
    }

    #[test]
    fn a_session_names_its_context() {
        let read = create(&json!({
            "@odata.type": "#microsoft.graph.customDataProvidedResourceAccessReviewUploadSession",
            "data": {
                "@odata.type": "#microsoft.graph.customDataProvidedResourcePayloads.accessReviewContextData",
                "reviewDefinitionId": "d", "reviewInstanceId": "i"
            }
        }))
        .unwrap();

        assert_eq!(read.reference_id, "i");
        assert_eq!(read.kind, UploadKind::AccessReview);
    }

    #[test]
    fn flaws_of_a_session_name_the_member() {
        for (body, target) in [
            (json!({}), "data"),
            (json!({"@odata.type": "other", "data": {}}), "@odata.type"),
            (
                json!({"data": {"@odata.type": "#microsoft.graph.other"}}),
                "data/@odata.type",
            ),
            (json!({"data": {}}), "data/reviewDefinitionId"),
            (
                json!({"data": {"reviewDefinitionId": "d", "reviewInstanceId": " "}}),
                "data/reviewInstanceId",
            ),
        ] {
            assert_eq!(create(&body).unwrap_err().target, target, "{body}");
        }
    }

    #[test]
    fn ht_1_an_upload_can_only_be_completed() {
        assert!(complete(&json!({"isUploadDone": true, "status": "expired"})).is_ok());
        for body in [
            json!({}),
            json!({"isUploadDone": false}),
            json!({"isUploadDone": "yes"}),
            json!({"isUploadDone": null}),
        ] {
            assert_eq!(
                complete(&body).unwrap_err().target,
                "isUploadDone",
                "{body}"
            );
        }
    }
}
