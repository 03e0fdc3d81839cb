//! What the poster counts, for Prometheus.
//!
//! **Invariant:** labels are words of a closed list, never addresses: those are the subscribers' own.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use service::subscriptions::Outcome;

/// The poster's metrics; clones share their values.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    posts: Family<Label, Counter>,
    notifications: Family<Label, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Label {
    outcome: &'static str,
}

impl Metrics {
    /// Makes the metrics visible in a registry.
    pub fn register(&self, registry: &mut Registry) {
        let feed = registry.sub_registry_with_prefix("reeve_feed");
        feed.register(
            "posts",
            "Posts of change notifications by what they came to",
            self.posts.clone(),
        );
        feed.register(
            "notifications",
            "Change notifications in those posts",
            self.notifications.clone(),
        );
    }

    /// Counts a post.
    pub(crate) fn count(&self, notifications: usize, outcome: &Outcome) {
        let outcome = match outcome {
            Outcome::Taken => "taken",
            Outcome::Failed { .. } => "failed",
            Outcome::Gone => "gone",
        };
        let label = Label { outcome };
        self.posts.get_or_create(&label).inc();
        let many = u64::try_from(notifications).unwrap_or(u64::MAX);
        self.notifications.get_or_create(&label).inc_by(many);
    }
}
