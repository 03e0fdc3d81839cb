//! Subjects: what entitlement management itself knows about an identity.

use crate::word::words;

words! {
    /// Whether the account of a guest is looked after (EX-5).
    pub enum SubjectLifecycle {
        /// Nobody said.
        NotDefined = "notDefined",
        /// No: it was there before, or was let go.
        NotGoverned = "notGoverned",
        /// Yes: it goes when its last access goes (EX-6).
        Governed = "governed",
    }
}
