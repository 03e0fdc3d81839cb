//! From the steps of an address to the ids that commands take.

use std::str::FromStr;

use domain::query::{Entity, Field, Path, Predicate, Query, Value};
use service::entrance::{self, Asked};
use service::{Code, Ctx, ServiceError, reads};
use wire::address::{Address, Key, Step};

use super::{GraphRequest, table};
use crate::error::Error;
use crate::routes::asks;

impl GraphRequest<'_> {
    /// The id of the object that the path ends at.
    pub(crate) async fn object_id<T: FromStr>(&self) -> Result<T, Error> {
        self.id_at(self.address().parents()).await
    }

    /// The id of the object that the path ends inside of: of the group in `groups/{id}/members`.
    pub(crate) async fn parent_id<T: FromStr>(&self) -> Result<T, Error> {
        let parents = self.address().parents();
        let index = parents.checked_sub(1).ok_or_else(nothing)?;
        self.id_at(index).await
    }

    /// What kind of object the path ends inside of, if it does.
    pub(crate) fn parent(&self) -> Option<&'static Entity> {
        let index = self.address().parents().checked_sub(1)?;
        let step = self.address().steps.get(index)?;
        Some(step.of.entity)
    }

    /// The ids in the path, unchecked, for commands that look at the whole way themselves: that of the last object, and
    /// that of the object before it, if there is one.
    pub(crate) fn named_ids<T: FromStr, P: FromStr>(&self) -> Result<(T, Option<P>), Error> {
        ids_in(self.address())
    }

    /// The id of the object at step `index`, after making sure that the path leads there. What the caller may know
    /// and do is the command's to decide: it is given an id that the caller named.
    async fn id_at<T: FromStr>(&self, index: usize) -> Result<T, Error> {
        let step = self.address().steps.get(index).ok_or_else(nothing)?;
        let text = match &step.key {
            Some(Key::Id(id)) if index == 0 => id.clone(),
            Some(_) => self.walk_to(index, step).await?,
            None => return Err(nothing()),
        };
        read(&text)
    }

    async fn walk_to(&self, index: usize, step: &Step) -> Result<String, Error> {
        let asked = table::at(self.address())
            .iter()
            .find(|route| route.method == *self.method())
            .and_then(|route| asks::of(route.of, route.place, &route.method))
            .unwrap_or(Asked::Own);
        let guide = entrance::guide(self.service(), self.ctx(), asked)?;
        let link = self.link(&guide.way, index).await?;
        let key = step.of.entity.key().ok_or_else(nothing)?;
        let filter = if index == self.address().parents() {
            self.address().filter(link.as_ref())
        } else {
            named(step, key)
        };
        let query = Query {
            fields: vec![key],
            filter,
            limit: Some(1),
            ..Query::of(step.of.entity)
        };
        let page = reads::get(self.service(), &guide.end, query).await?;
        page.rows
            .first()
            .and_then(|row| row.values.first()?.as_text())
            .map(str::to_owned)
            .ok_or_else(nothing)
    }

    /// Walks over the objects before step `index` and answers the value that links the last of them to it.
    pub(crate) async fn link(&self, ctx: &Ctx, index: usize) -> Result<Option<Value>, Error> {
        let mut link: Option<Value> = None;
        for before in 0..index {
            let query = self
                .address()
                .parent_query(before, link.as_ref())
                .ok_or_else(nothing)?;
            let page = reads::get(self.service(), ctx, query).await?;
            let row = page.rows.into_iter().next().ok_or_else(nothing)?;
            link = row.values.into_iter().next();
        }
        Ok(link)
    }
}

/// The id of the last object of a path, and that of the object before it, if there is one.
pub(super) fn ids_in<T: FromStr, P: FromStr>(address: &Address) -> Result<(T, Option<P>), Error> {
    let id = read(address.last_id().ok_or_else(nothing)?)?;
    let parent = address
        .parents()
        .checked_sub(1)
        .and_then(|index| address.id(index));
    Ok((id, parent.map(read).transpose()?))
}

fn read<T: FromStr>(text: &str) -> Result<T, Error> {
    text.parse()
        .map_err(|_| Error::bad_request(format!("`{text}` is not a well-formed id")))
}

/// The condition that names the object of a step by its key alone.
fn named(step: &Step, key: &'static Field) -> Predicate {
    match &step.key {
        Some(Key::Id(id)) => Predicate::equals(key, Value::Text(id.clone())),
        Some(Key::Field(field, text)) => Predicate::Compare {
            path: Path::of(field),
            comparison: domain::query::Comparison::Eq,
            value: Value::Text(text.clone()),
        },
        Some(Key::Only) | None => Predicate::False,
    }
}

/// A path of several objects, or by another key than the id, is answered alike wherever it breaks off: that an object is there, but not to be known, must not
/// show by other words than that it is not there (ER-5).
pub(super) fn alike(request: &GraphRequest<'_>, error: Error) -> Error {
    let steps = &request.address().steps;
    let is_long = steps.len() > 1;
    let is_id = matches!(
        steps.first().and_then(|step| step.key.as_ref()),
        Some(Key::Id(_))
    );
    match error {
        Error::Service(ServiceError::Refused {
            code: Code::ResourceNotFound,
            target: None,
            ..
        }) if is_long || !is_id => nothing(),
        other => other,
    }
}

/// What a path that leads nowhere is answered with.
pub(crate) fn nothing() -> Error {
    Error::NotFound("the object does not exist".to_owned())
}
