//! `subscription`.

use domain::model;
use serde_json::Value as Json;

use crate::table::{Edm, Lacking, Read, Type, both, id, instant, lacking, text};

const UNENCRYPTED: &str =
    "notifications name what changed, and carry nothing of it that would be encrypted";
const NO_PUSH: &str = "notifications are posted by HTTP alone";

/// A subscription to changes.
pub static SUBSCRIPTION: Type = Type {
    entity: &model::SUBSCRIPTION,
    v1: Some("subscription"),
    beta: Some("subscription"),
    properties: &[
        id(),
        text("resource", "resource"),
        text("applicationId", "application_id"),
        text("changeType", "change_types"),
        text("clientState", "client_state"),
        text("notificationUrl", "notification_url"),
        text("notificationUrlAppId", "notification_url_app_id"),
        text("lifecycleNotificationUrl", "lifecycle_url"),
        instant("expirationDateTime", "expires_at"),
        text("creatorId", "creator_id"),
        text("latestSupportedTlsVersion", "tls_version"),
        both(
            "includeResourceData",
            Edm::Boolean,
            Read::Constant(|_| Json::Bool(false)),
        ),
    ],
    navigations: &[],
    open: None,
    searched: &[],
    lacking: LACKING,
};

const LACKING: &[Lacking] = &[
    lacking("encryptionCertificate", UNENCRYPTED),
    lacking("encryptionCertificateId", UNENCRYPTED),
    lacking("notificationContentType", NO_PUSH),
    lacking("notificationQueryOptions", UNENCRYPTED),
    lacking("vapidPublicKey", NO_PUSH),
    lacking("webPushEncryptionP256dhPublicKey", NO_PUSH),
    lacking("webPushEncryptionSecret", NO_PUSH),
];
