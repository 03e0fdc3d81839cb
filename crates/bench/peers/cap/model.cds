// What the tenant holds, as far as it is listed: the same rows, in a model of SAP CAP.
namespace bench;

entity Packages {
  key ID          : String(36);
      displayName : String;
      description : String;
}

entity Targets {
  key ID            : String(36);
      objectId      : String(36);
      subjectType   : String;
      displayName   : String;
      email         : String;
      principalName : String;
}

entity Assignments {
  key ID               : String(36);
      state            : String;
      status           : String;
      schedule         : String;
      createdDateTime  : Timestamp;
      expiredDateTime  : Timestamp;
      accessPackage    : Association to Packages;
      target           : Association to Targets;
      assignmentPolicy : String(36);
}

@path: '/entitlements'
@requires: 'any'
service Entitlements {
  @readonly
  @cds.query.limit: { default: 100, max: 1000 }
  entity assignments as projection on bench.Assignments;
  @readonly
  entity packages    as projection on bench.Packages;
  @readonly
  entity targets     as projection on bench.Targets;
}
