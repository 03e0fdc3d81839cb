//! Subscriptions to changes, and the notifications they send.

use super::shape::{
    Shape, beta, both, complex, entity, flag, guid, instant, int, many, one, shape, text, texts,
};

#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    shape(entity("subscription"), &[
        both(text("applicationId")),
        both(text("changeType").required()),
        both(text("clientState")),
        both(text("creatorId")),
        both(text("encryptionCertificate")),
        both(text("encryptionCertificateId")),
        both(instant("expirationDateTime").required()),
        both(flag("includeResourceData")),
        both(text("latestSupportedTlsVersion")),
        both(text("lifecycleNotificationUrl")),
        both(text("notificationQueryOptions")),
        both(text("notificationUrl").required()),
        both(text("notificationUrlAppId")),
        both(text("resource").required()),
        both(text("vapidPublicKey")),
        both(text("webPushEncryptionP256dhPublicKey")),
        both(text("webPushEncryptionSecret")),
        beta(text("notificationContentType")),
    ]),
    shape(complex("changeNotification"), &[
        both(one("changeType", "changeType").required()),
        both(text("clientState")),
        both(one("encryptedContent", "changeNotificationEncryptedContent")),
        both(text("id")),
        both(one("lifecycleEvent", "lifecycleEventType")),
        both(text("resource").required()),
        both(one("resourceData", "resourceData")),
        both(instant("subscriptionExpirationDateTime").required()),
        both(guid("subscriptionId").required()),
        both(guid("tenantId").required()),
        beta(int("sequenceNumber").required()),
    ]),
    shape(complex("changeNotificationCollection"), &[
        both(texts("validationTokens")),
        both(many("value", "changeNotification").required()),
    ]),
    shape(complex("changeNotificationEncryptedContent"), &[
        both(text("data").required()),
        both(text("dataKey").required()),
        both(text("dataSignature").required()),
        both(text("encryptionCertificateId").required()),
        both(text("encryptionCertificateThumbprint").required()),
    ]),
    shape(complex("resourceData").is_open(), &[]),
];
