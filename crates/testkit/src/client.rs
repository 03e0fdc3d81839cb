//! Somebody who calls the API.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::app::Inner;
use crate::audited;
use crate::reply::Reply;

/// A caller with a token, or without. Cheap to clone; may be used from many tasks at once.
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
    token: Option<String>,
    headers: Vec<(String, String)>,
}

impl Client {
    pub(crate) fn new(inner: Arc<Inner>, token: Option<String>) -> Self {
        Self {
            inner,
            token,
            headers: Vec::new(),
        }
    }

    /// The same caller, who sends this header too.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, None, Vec::new()).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        self.call(Method::DELETE, path, None, Vec::new()).await
    }

    /// POST with a document.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, &body).await
    }

    /// POST without a body.
    pub async fn post_empty(&self, path: &str) -> Reply {
        self.call(Method::POST, path, None, Vec::new()).await
    }

    /// POST with any bytes of any type.
    pub async fn post_bytes(&self, path: &str, content_type: &str, body: &[u8]) -> Reply {
        let typed = Some(content_type);
        self.call(Method::POST, path, typed, body.to_vec()).await
    }

    /// PATCH.
    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, &body).await
    }

    /// PUT.
    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, &body).await
    }

    /// Any method without a body.
    pub async fn ask(&self, method: Method, path: &str) -> Reply {
        self.call(method, path, None, Vec::new()).await
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Reply {
        let typed = Some("application/json");
        self.call(method, path, typed, body.to_string().into_bytes())
            .await
    }

    /// GET of an answer that goes on: its status, and its body as it comes.
    pub async fn watch(&self, path: &str) -> (StatusCode, Body) {
        let request = self.request(Method::GET, path, None, Vec::new());
        let response = self.inner.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, body)
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Request<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "reeve.test");
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(body)).unwrap()
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Reply {
        let path = path.replace(' ', "%20");
        let asked = format!("{method} {path}");
        let only_checks = String::from_utf8_lossy(&body).contains("\"isValidationOnly\":true");
        let is_write = method != Method::GET && method != Method::HEAD && !only_checks;
        let request = self.request(method, &path, content_type, body);
        let response = self.inner.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let reply = Reply {
            asked,
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        };
        if is_write && reply.status.is_success() {
            audited::expect(&self.inner.service, &path, &reply).await;
        }
        reply
    }
}
