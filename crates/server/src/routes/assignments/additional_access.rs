//! `GET …/assignments/additionalAccess(…)`, with none, one or both of its parameters (SD-6)

use std::str::FromStr;

use service::reads::{self, Additional};
use wire::address::{Call, Tail};

use crate::error::Error;
use crate::graph::{GraphRequest, nothing, read};
use crate::reply::Reply;

const PACKAGE: &str = "accessPackageId";
const INCOMPATIBLE: &str = "incompatibleAccessPackageId";

/// Assignments to a package whose target also holds one that it does not go with.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let Tail::Call(call) = &request.address().tail else {
        return Err(nothing());
    };
    let which = match (id(call, PACKAGE)?, id(call, INCOMPATIBLE)?) {
        (None, None) => Additional::Any,
        (Some(package), None) => Additional::Of(package),
        (Some(package), Some(other)) => Additional::Pair(package, other),
        (None, Some(_)) => {
            return Err(Error::bad_parameter(
                PACKAGE,
                format!("`{INCOMPATIBLE}` has to come with `{PACKAGE}`"),
            ));
        }
    };
    read::called(request, call.count, |query| {
        reads::additional_access(request.service(), request.ctx(), query, which)
    })
    .await
}

fn id<T: FromStr>(call: &Call, name: &str) -> Result<Option<T>, Error> {
    let parse = |text: &str| {
        text.parse()
            .map_err(|_| Error::bad_parameter(name, format!("`{text}` is not a well-formed id")))
    };
    call.argument(name).map(parse).transpose()
}
