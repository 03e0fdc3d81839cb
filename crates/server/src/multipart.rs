//! Reading the one body that is no JSON: `multipart/form-data` with one file in it.
//!
//! **Invariant:** a file is read whole or refused; nothing of a body with two files is used.

use bytes::Bytes;
use domain::upload::MAX_FILE_SIZE;
use http::{HeaderMap, header};
use multer::Multipart;

use crate::error::Error;

/// The largest such body, in bytes: a file and what is around it.
pub(crate) const LIMIT: usize = MAX_FILE_SIZE + 16 * 1024;

/// The types that clients give CSV files; browsers and tools do not agree on one.
const TYPES: &[&str] = &[
    "text/csv",
    "application/csv",
    "application/vnd.ms-excel",
    "application/octet-stream",
    "text/plain",
];
/// The longest name of a file, in characters.
const MAX_NAME: usize = 255;

/// A file that was sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FilePart {
    /// Its name, without the folders that some clients put in front of it.
    pub(crate) name: String,
    /// What is in it.
    pub(crate) content: Bytes,
}

/// Whether the path is that of an action that takes a file.
pub(crate) fn takes_file(path: &str) -> bool {
    let last = path.trim_end_matches('/').rsplit('/').next();
    let bare = last.map(|last| last.rsplit('.').next().unwrap_or(last));
    bare.is_some_and(|name| name.eq_ignore_ascii_case("uploadFile"))
}

/// The file of a body; there has to be exactly one.
pub(crate) async fn file(headers: &HeaderMap, body: &Bytes) -> Result<FilePart, Error> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let boundary = multer::parse_boundary(content_type)
        .map_err(|_| Error::UnsupportedMediaType(essence(content_type).to_owned()))?;
    let whole = body.clone();
    let stream =
        futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(whole) });
    let mut parts = Multipart::new(stream, boundary);
    let mut found = None;
    while let Some(part) = parts.next_field().await.map_err(|_| malformed())? {
        let Some(name) = part.file_name().map(str::to_owned) else {
            continue;
        };
        let kind = part
            .content_type()
            .map(|kind| kind.essence_str().to_owned());
        if let Some(kind) = kind.filter(|kind| !TYPES.contains(&kind.as_str())) {
            return Err(Error::UnsupportedMediaType(kind));
        }
        let content = part.bytes().await.map_err(|_| malformed())?;
        if content.len() > MAX_FILE_SIZE {
            return Err(Error::TooLarge {
                limit: MAX_FILE_SIZE,
            });
        }
        let part = FilePart {
            name: checked(&name)?,
            content,
        };
        if found.replace(part).is_some() {
            return Err(invalid("one file is uploaded at a time"));
        }
    }
    found.ok_or_else(|| invalid("the body has no file; a file is a part with a `filename`"))
}

fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

fn malformed() -> Error {
    Error::bad_request("the body is not well-formed multipart/form-data")
}

fn invalid(message: &str) -> Error {
    Error::InvalidModel {
        target: "file".to_owned(),
        message: message.to_owned(),
    }
}

/// The name without folders.
fn checked(name: &str) -> Result<String, Error> {
    let bare = name.rsplit(['/', '\\']).next().unwrap_or(name).trim();
    if bare.is_empty() || bare.chars().count() > MAX_NAME || bare.chars().any(char::is_control) {
        let message = format!("the name of the file must have 1 to {MAX_NAME} letters");
        return Err(invalid(&message));
    }
    Ok(bare.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(content_type: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        headers
    }

    async fn sent(parts: &str) -> Result<FilePart, Error> {
        let body = Bytes::from(parts.replace('\n', "\r\n"));
        file(&typed("multipart/form-data; boundary=cut"), &body).await
    }

    #[tokio::test]
    async fn the_file_is_read_whole_and_its_folder_is_not() {
        let part = sent(
            "--cut\nContent-Disposition: form-data; name=\"note\"\n\nhello\n\
            --cut\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\\\data\\\\doors.csv\"\n\
            Content-Type: application/octet-stream\n\na,b\n1,2\n--cut--\n",
        )
        .await
        .unwrap();

        assert_eq!(part.name, "doors.csv");
        assert_eq!(part.content, Bytes::from("a,b\r\n1,2"));
    }

    #[tokio::test]
    async fn none_two_and_broken_bodies_are_refused() {
        let one = "--cut\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\n\nx\n";
        for (body, status) in [
            ("--cut--\n".to_owned(), 400),
            (format!("{one}{one}--cut--\n"), 400),
            (one.to_owned(), 400),
            ("nothing".to_owned(), 400),
            (
                "--cut\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\n\
                Content-Type: image/png\n\nx\n--cut--\n"
                    .to_owned(),
                415,
            ),
            (
                format!(
                    "--cut\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\n\n{}\n--cut--\n",
                    "x".repeat(MAX_FILE_SIZE + 1)
                ),
                413,
            ),
        ] {
            let refused = sent(&body).await.unwrap_err();
            assert_eq!(refused.status(), status, "{body:.80}");
        }
    }

    #[tokio::test]
    async fn er_11_other_types_are_refused() {
        for content_type in ["application/json", "multipart/form-data", "text/csv"] {
            let refused = file(&typed(content_type), &Bytes::new()).await.unwrap_err();
            assert_eq!(refused.status(), 415, "{content_type}");
        }
    }

    #[test]
    fn only_the_action_takes_files() {
        for path in [
            "a/uploadFile",
            "a/UPLOADFILE/",
            "a/microsoft.graph.uploadFile",
        ] {
            assert!(takes_file(path), "{path}");
        }
        for path in ["a/uploadFile/b", "", "uploadFiles"] {
            assert!(!takes_file(path), "{path}");
        }
    }
}
