// Makes a database of SAP CAP with the rows of a tenant's SQLite file, and the indexes that its lists need.
//
// node fill.mjs DATABASE TENANT
import cds from "@sap/cds";
import Database from "better-sqlite3";

const [file, tenant] = process.argv.slice(2);
const model = await cds.load("model.cds");
const database = new Database(file);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = OFF");
for (const statement of cds.compile(model).to.sql({ dialect: "sqlite" })) {
  database.exec(statement);
}
database.prepare("ATTACH ? AS tenant").run(tenant);
database.exec(`
  INSERT INTO bench_Packages (ID, displayName, description)
    SELECT id, display_name, description FROM tenant.access_package;
  INSERT INTO bench_Targets (ID, objectId, subjectType, displayName, email, principalName)
    SELECT id, object_id, subject_type, display_name, email, principal_name FROM tenant.subject;
  INSERT INTO bench_Assignments (ID, state, status, schedule, createdDateTime, accessPackage_ID, target_ID, assignmentPolicy)
    SELECT id, state, status, schedule, strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000000.0, 'unixepoch'),
      access_package_id, target_id, assignment_policy_id FROM tenant.assignment;
  CREATE INDEX assignment_package ON bench_Assignments (accessPackage_ID, createdDateTime DESC, ID);
  CREATE INDEX assignment_order ON bench_Assignments (createdDateTime DESC, ID);
  ANALYZE;
`);
database.close();
