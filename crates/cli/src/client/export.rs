//! `reeve export`: what governs access and who has it, one JSON object a line, or all as a seed; read through Graph alone.

use serde_json::{Value, json};

use super::graph::Graph;
use super::{ENTITLEMENTS, connect};
use crate::args::ExportArgs;
use crate::output::rows::{Column, Rows, column};
use crate::{output, tenant_file};

/// Kinds in the order in which they could be made again, with what each is read with.
const KINDS: &[(&str, &str)] = &[
    ("catalog", "/catalogs?$top=200"),
    (
        "accessPackage",
        "/accessPackages?$expand=catalog($select=id),resourceRoleScopes($expand=role,scope)&$top=100",
    ),
    (
        "assignmentPolicy",
        "/assignmentPolicies?$expand=accessPackage($select=id)&$top=100",
    ),
    (
        "assignment",
        "/assignments?$expand=accessPackage($select=id),assignmentPolicy($select=id),target&$top=500",
    ),
];

/// What is told of an object in a table.
const OBJECT: &[Column] = &[
    column("kind", &["/kind"]),
    column("id", &["/object/id"]),
    column(
        "name",
        &["/object/displayName", "/object/target/displayName"],
    ),
    column("of", &["/object/catalog/id", "/object/accessPackage/id"]),
    column("state", &["/object/state"]),
];

/// Runs the command.
pub(crate) async fn run(args: &ExportArgs) -> anyhow::Result<()> {
    let graph = connect(&args.connect)?;
    if args.seed {
        output::text(tenant_file::write(&graph).await?);
        return Ok(());
    }
    let mut rows = Rows::new(args.output, OBJECT);
    for (kind, path) in KINDS {
        export(&graph, kind, path, &mut rows).await?;
    }
    rows.end();
    Ok(())
}

async fn export(graph: &Graph, kind: &str, path: &str, rows: &mut Rows) -> anyhow::Result<()> {
    graph
        .for_each(&format!("{ENTITLEMENTS}{path}"), |mut object| {
            strip(&mut object);
            rows.add(&json!({ "kind": kind, "object": object }));
        })
        .await
}

/// Takes away what tells about the answer and not about the object.
fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !name.contains("@odata.") || name == "@odata.type");
            members.values_mut().for_each(strip);
        }
        Value::Array(members) => members.iter_mut().for_each(strip),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_information_goes_and_types_stay() {
        let mut object = json!({
            "@odata.context": "c",
            "@odata.type": "#t",
            "a@odata.context": "c",
            "list": [{ "@odata.etag": "e", "id": "1" }],
        });

        strip(&mut object);

        assert_eq!(
            object,
            json!({ "@odata.type": "#t", "list": [{ "id": "1" }] })
        );
    }
}
