//! Forms of the portal that were sent and done, or are being done.
//!
//! **Invariant:** of two that send the same form at once, one alone claims it.

use domain::time::Timestamp;

use crate::value::{int, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[CLAIM, FIND, SETTLE, RELEASE, FORGET];

const CLAIM: &str = "INSERT INTO portal_form (form_hash, sent_at) VALUES ($1, $2) \
    ON CONFLICT (form_hash) DO NOTHING";
const FIND: &str = "SELECT leads_to FROM portal_form WHERE form_hash = $1";
const SETTLE: &str = "UPDATE portal_form SET leads_to = $2 WHERE form_hash = $1";
const RELEASE: &str = "DELETE FROM portal_form WHERE form_hash = $1";
const FORGET: &str = "DELETE FROM portal_form WHERE sent_at <= $1";

/// Claims a form; says whether nobody had.
pub fn claim(tx: &mut WriteTx<'_>, form_hash: &str, now: Timestamp) -> Result<bool, Error> {
    let rows = tx.execute(CLAIM, &[text(form_hash), int(now.micros())])?;
    Ok(rows == 1)
}

/// Where the answer to a claimed form led to, if it is known yet; nothing, if the form is not claimed.
pub fn find(tx: &mut ReadTx<'_>, form_hash: &str) -> Result<Option<Option<String>>, Error> {
    let row = tx.query_opt(FIND, &[text(form_hash)])?;
    row.map(|row| Ok(row.opt_text(0)?.map(str::to_owned)))
        .transpose()
}

/// Notes where the answer to a form led to.
pub fn settle(tx: &mut WriteTx<'_>, form_hash: &str, leads_to: &str) -> Result<(), Error> {
    tx.execute(SETTLE, &[text(form_hash), text(leads_to)])
        .map(drop)
}

/// Lets go of a form that came to nothing.
pub fn release(tx: &mut WriteTx<'_>, form_hash: &str) -> Result<(), Error> {
    tx.execute(RELEASE, &[text(form_hash)]).map(drop)
}

/// Forgets what was sent by `before`.
pub fn forget(tx: &mut WriteTx<'_>, before: Timestamp) -> Result<(), Error> {
    tx.execute(FORGET, &[int(before.micros())]).map(drop)
}
