//! Answers to commands that made or changed an object: the object as the client would read it.

use domain::query::{Predicate, Record, Value};
use http::StatusCode;
use http::header::{ETAG, LOCATION};
use odata::accept::MetadataLevel;
use odata::query::QueryOptions;
use service::reads;
use wire::address::Tail;
use wire::encode;
use wire::resolve::{self, Plan};
use wire::table::Type;

use super::GraphRequest;
use super::locate::nothing;
use crate::error::Error;
use crate::reply::Reply;

impl GraphRequest<'_> {
    /// 201 with the object that a `POST` to the collection at the request's address made.
    pub(crate) async fn created(&self, id: &str) -> Result<Reply, Error> {
        let of = self.address().target();
        let reply = self.object(StatusCode::CREATED, of, id).await?;
        let location = format!("{}/{}/{id}", self.root(), self.address().path());
        Ok(reply.with(LOCATION, &location))
    }

    /// 201 with an object as it was when it was accepted, which may be gone on since, or which is not kept at all.
    pub(crate) fn accepted(&self, id: &str, value: impl Fn(&str) -> Value) -> Result<Reply, Error> {
        let plan = self.plan_of(self.address().target(), id)?;
        let record = Record {
            values: plan
                .query
                .fields
                .iter()
                .map(|field| value(field.name))
                .collect(),
            expanded: vec![Vec::new(); plan.query.expand.len()],
            counts: Vec::new(),
        };
        let reply = self.print(StatusCode::CREATED, &plan, &record);
        let location = format!("{}/{}/{id}", self.root(), self.address().path());
        Ok(reply.with(LOCATION, &location))
    }

    /// An object by its id, as it is now. It is read for the server itself: whoever has just made it may see it, even
    /// where the role that lets them came with it.
    pub(crate) async fn object(
        &self,
        status: StatusCode,
        of: &'static Type,
        id: &str,
    ) -> Result<Reply, Error> {
        let plan = self.plan_of(of, id)?;
        let ctx = self.service().system();
        let page = reads::get(self.service(), &ctx, plan.query.clone()).await?;
        let record = page.rows.first().ok_or_else(nothing)?;
        Ok(self.print(status, &plan, record))
    }

    fn plan_of(&self, of: &'static Type, id: &str) -> Result<Plan, Error> {
        let key = of.entity.key().ok_or_else(nothing)?;
        Ok(resolve::resolve(resolve::Request {
            version: self.version(),
            cloud: self.cloud(),
            of,
            filter: Predicate::equals(key, Value::Text(id.to_owned())),
            is_single: true,
            is_derived: false,
            is_annotated: self.metadata() == MetadataLevel::Full,
            options: &QueryOptions::default(),
            max_page_size: None,
            after: None,
        })?)
    }

    fn print(&self, status: StatusCode, plan: &Plan, record: &Record) -> Reply {
        let context = match self.address().tail {
            Tail::Collection => self.context(&format!("{}/$entity", self.address().path())),
            _ => encode::context(self.root(), self.address(), true),
        };
        let json = encode::entity(plan, record, self.frame(), &context);
        let reply = self.document(status, json);
        match encode::etag(plan, record) {
            Some(etag) => reply.with(ETAG, &etag),
            None => reply,
        }
    }
}
