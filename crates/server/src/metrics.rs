//! What is counted about the HTTP side, for Prometheus.

use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// From one millisecond to eight seconds.
const BUCKETS: [f64; 12] = [
    0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 8.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: &'static str,
    status: u16,
}

/// The counters; cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    requests: Family<Labels, Counter>,
    seconds: Histogram,
    panics: Counter,
}

impl Metrics {
    /// Counters that `registry` shows.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            seconds: Histogram::new(BUCKETS),
            panics: Counter::default(),
        };
        registry.register(
            "reeve_http_requests",
            "HTTP requests answered, by method and status",
            metrics.requests.clone(),
        );
        registry.register_with_unit(
            "reeve_http_request_duration",
            "Time from a request's headers to its answer",
            Unit::Seconds,
            metrics.seconds.clone(),
        );
        registry.register(
            "reeve_http_panics",
            "Requests whose handler panicked",
            metrics.panics.clone(),
        );
        metrics
    }

    pub(crate) fn answered(&self, method: &Method, status: StatusCode, took: Duration) {
        let labels = Labels {
            method: name(method),
            status: status.as_u16(),
        };
        self.requests.get_or_create(&labels).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn panicked(&self) {
        self.panics.inc();
    }
}

/// The method as a label; those that clients make up share one, so that labels stay few.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
