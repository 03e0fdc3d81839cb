//! `reeve dev`: what only a development tenant can, by `/reeve/v1/dev`.

use reqwest::Method;
use serde_json::json;

use super::graph::encoded;
use super::{connect, names};
use crate::args::dev::{DevCommand, FaultsCommand};
use crate::output;
use crate::output::rows::{self, Column, Rows, column};

const CLOCK: &[Column] = &[column("now", &["/now"])];
const FAULT: &[Column] = &[
    column("id", &["/id"]),
    column("target", &["/target"]),
    column("route", &["/route"]),
    column("fault", &["/fault"]),
    column("calls", &["/calls"]),
    column("share", &["/share"]),
    column("met", &["/met"]),
];

/// Runs the command.
pub(crate) async fn run(command: &DevCommand) -> anyhow::Result<()> {
    match command {
        DevCommand::Clock(args) => {
            let graph = connect(&args.client.connect)?;
            let path = "/reeve/v1/dev/clock";
            let told = match &args.advance {
                Some(by) => graph.post(path, &json!({ "advance": by })).await?,
                None => graph.get(path).await?,
            };
            rows::one(args.client.told.output, CLOCK, &told);
            Ok(())
        }
        DevCommand::Faults(command) => faults(command).await,
        DevCommand::Member(args) => {
            let graph = connect(&args.client.connect)?;
            let group = names::group(&graph, &args.group).await?;
            let members = format!("/v1.0/groups/{}/members", encoded(&group));
            if let Some(name) = &args.remove {
                let person = names::person(&graph, name).await?;
                let path = format!("{members}/{}/$ref", encoded(&person));
                let answer = graph.send_patiently(Method::DELETE, &path, None).await?;
                answer.expect_success("taking them out of the group")?;
                output::line(format_args!("`{name}` is out of `{}`", args.group));
            }
            if let Some(name) = &args.add {
                let person = names::person(&graph, name).await?;
                let link = format!("{}/v1.0/directoryObjects/{person}", graph.root());
                let body = json!({ "@odata.id": link });
                graph.post(&format!("{members}/$ref"), &body).await?;
                output::line(format_args!("`{name}` is in `{}`", args.group));
            }
            Ok(())
        }
        DevCommand::Reset(args) => {
            let graph = connect(&args.connect)?;
            let answer = graph
                .send_patiently(Method::POST, "/reeve/v1/dev/reset", None)
                .await?;
            answer.expect_success("the reset")?;
            output::line("the tenant is as it was when the server began to serve");
            Ok(())
        }
    }
}

async fn faults(command: &FaultsCommand) -> anyhow::Result<()> {
    let root = "/reeve/v1/dev/faults";
    match command {
        FaultsCommand::List(client) => {
            let graph = connect(&client.connect)?;
            let mut rows = Rows::new(client.told.output, FAULT);
            graph.for_each(root, |fault| rows.add(&fault)).await?;
            rows.end();
        }
        FaultsCommand::Set(args) => {
            let graph = connect(&args.client.connect)?;
            graph.set_fault(&args.target, Some(&args.fault)).await?;
            output::line(format_args!("`{}` is `{}`", args.target, args.fault));
        }
        FaultsCommand::Clear(args) => {
            let graph = connect(&args.client.connect)?;
            let path = match &args.target {
                Some(target) => format!("{root}/{}", encoded(target)),
                None => root.to_owned(),
            };
            let answer = graph.send_patiently(Method::DELETE, &path, None).await?;
            answer.expect_success("taking faults back")?;
            let what = args.target.as_deref().unwrap_or("everything");
            output::line(format_args!("`{what}` behaves"));
        }
    }
    Ok(())
}
