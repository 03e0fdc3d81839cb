// Serves what fill.mjs made, by the OData adapter of SAP CAP. Says where on the first line of its output.
//
// node serve.mjs DATABASE
console.log = console.info = console.debug = console.warn = () => {};

const { default: cds } = await import("@sap/cds");
const { default: express } = await import("express");

cds.env.requires.db = { impl: "@cap-js/sqlite", kind: "sqlite", credentials: { url: process.argv[2] } };
cds.env.requires.auth = { impl: "@sap/cds/lib/srv/middlewares/auth/dummy-auth", kind: "dummy" };
const model = await cds.load("model.cds");
cds.model = cds.compile.for.nodejs(model);
cds.db = await cds.connect.to("db");
const app = express();
cds.app = app;
await cds.serve("all").from(cds.model).in(app);
const server = app.listen(0, "127.0.0.1", () => {
  process.stdout.write(`cap ready http=http://127.0.0.1:${server.address().port}\n`);
});
