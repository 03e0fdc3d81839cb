//! A small organisation on a throw-away store: users, groups bound to targets, packages, assignments.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration as RealTime;

use connector_api::Connector;
use delivery::{Engine, EngineOptions, Registry, TargetOptions};
use domain::access_package::RoleScopeId;
use domain::assignment::{self, Assignment};
use domain::assignment_request::{self, AssignmentRequest, RequestType};
use domain::catalog::{CatalogState, CatalogType};
use domain::directory::{Group, GroupChanges, User, UserChanges};
use domain::id::{
    AccessPackageId, AssignmentId, CatalogId, GrantId, ObjectId, PolicyId, RequestId, ResourceId,
    ResourceRoleId, ResourceScopeId, SubjectId,
};
use domain::ledger::Phase;
use domain::policy::TargetScope;
use domain::resource::{DriftAction, OriginSystem};
use domain::time::{Duration, Timestamp};
use service::clock::{Clock, Ids};
use service::settings::Settings;
use service::{Service, ServiceError};
use store::access_package::AccessPackage;
use store::assignment_policy::AssignmentPolicy;
use store::catalog::Catalog;
use store::directory::target_binding::{self, TargetBinding};
use store::ledger::entry::{self, Entry};
use store::resource::{Resource, ResourceRole, ResourceScope};
use store::resource_role_scope::ResourceRoleScope;
use store::{Location, Options, Store, WriteTx};

use crate::fake::Grant;

/// The name of the target in memory.
pub(crate) const TARGET: &str = "crm";
/// How long a call to it may take; real time, and the only wait in these tests.
pub(crate) const DEADLINE: RealTime = RealTime::from_millis(40);
pub(crate) const START: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);

/// The organisation.
pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) users: Vec<(ObjectId, SubjectId)>,
    pub(crate) packages: Vec<Package>,
    catalog: CatalogId,
    live: BTreeMap<(usize, usize), AssignmentId>,
    _folder: tempfile::TempDir,
}

/// A package with a role of a group of its own, and one of a group that all share.
pub(crate) struct Package {
    pub(crate) id: AccessPackageId,
    policy: PolicyId,
}

/// A group that packages can hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) group: ObjectId,
    id: RoleScopeId,
    pub(crate) resource: ResourceId,
}

impl Place {
    /// The role's id in its origin.
    pub(crate) fn role(self) -> String {
        format!("Member_{}", self.group)
    }
}

pub(crate) fn options() -> TargetOptions {
    TargetOptions {
        call_deadline: DEADLINE,
        ..TargetOptions::default()
    }
}

impl World {
    /// So many users and packages, and no groups yet.
    pub(crate) fn new(users: usize, packages: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite {
            path: folder.path().join("reeve.db"),
        };
        let store = Store::open(&location, &Options::default()).unwrap();
        store.migrate(START).unwrap();
        let service = Service::new(
            store,
            Clock::manual(START),
            Ids::counted(1),
            Settings::default(),
        );
        let catalog = insert_catalog(&service);
        let mut world = Self {
            service,
            users: Vec::new(),
            packages: Vec::new(),
            catalog,
            live: BTreeMap::new(),
            _folder: folder,
        };
        for number in 0..packages {
            let package = world.package(catalog, number);
            world.packages.push(package);
        }
        for number in 0..users {
            let user = world.user(number);
            world.users.push(user);
        }
        world
    }

    /// An engine whose target is this connector.
    pub(crate) fn engine(&self, connector: &Arc<impl Connector + 'static>) -> Engine {
        self.engine_with(connector, options())
    }

    pub(crate) fn engine_with(
        &self,
        connector: &Arc<impl Connector + 'static>,
        options: TargetOptions,
    ) -> Engine {
        let connector: Arc<dyn Connector> = connector.clone();
        let registry = Registry::new(&self.service)
            .with(TARGET, connector, options)
            .unwrap();
        Engine::new(self.service.clone(), registry, EngineOptions::default())
    }

    pub(crate) fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut WriteTx<'_>) -> Result<T, ServiceError> + Send + 'static,
    ) -> T {
        self.service.store.write_blocking(work).unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.service.clock.now()
    }

    fn package(&self, catalog_id: CatalogId, number: usize) -> Package {
        let moment = self.service.moment();
        let package = AccessPackage {
            id: moment.id(AccessPackageId::new),
            catalog_id,
            display_name: format!("Package {number}"),
            description: None,
            is_hidden: false,
            is_role_scopes_visible: true,
            unique_name: None,
            created_by: None,
            created_at: START,
            modified_by: None,
            modified_at: START,
            version: 1,
        };
        let policy = AssignmentPolicy {
            id: moment.id(PolicyId::new),
            access_package_id: package.id,
            display_name: "Everybody".to_owned(),
            description: None,
            allowed_target_scope: TargetScope::NotSpecified,
            can_extend: false,
            settings: r#"{"v":1}"#.to_owned(),
            created_by: None,
            created_at: START,
            modified_by: None,
            modified_at: START,
            version: 1,
        };
        let made = Package {
            id: package.id,
            policy: policy.id,
        };
        self.write(move |tx| {
            store::access_package::insert(tx, &package)?;
            Ok(store::assignment_policy::insert(tx, &policy)?)
        });
        made
    }

    fn user(&self, number: usize) -> (ObjectId, SubjectId) {
        let moment = self.service.moment();
        let id = moment.id(ObjectId::new);
        let fresh = moment.id(SubjectId::new);
        let changes = UserChanges {
            user_principal_name: Some(format!("user{number}@example.com")),
            display_name: Some(format!("User {number}")),
            ..UserChanges::default()
        };
        let user = User::create(id, START, &changes).unwrap();
        let subject = self.write(move |tx| {
            store::directory::user::insert(tx, &user)?;
            Ok(store::subject::ensure(tx, id, fresh, START)?.unwrap().id)
        });
        (id, subject)
    }

    /// A new group as a resource; bound to the target in memory, or the directory's own.
    pub(crate) fn group(&self, target: Option<&str>) -> Place {
        let moment = self.service.moment();
        let group = moment.id(ObjectId::new);
        let resource_id = moment.id(ResourceId::new);
        let id = RoleScopeId {
            role: moment.id(ResourceRoleId::new),
            scope: moment.id(ResourceScopeId::new),
        };
        let changes = GroupChanges {
            display_name: Some("Group".to_owned()),
            ..GroupChanges::default()
        };
        let made = Group::create(group, START, &changes).unwrap();
        let (target, catalog) = (target.map(ToOwned::to_owned), self.catalog);
        self.write(move |tx| {
            store::directory::group::insert(tx, &made)?;
            if let Some(target) = target.clone() {
                target_binding::set(
                    tx,
                    &TargetBinding {
                        object_id: group,
                        target,
                        address: None,
                    },
                )?;
            }
            insert_resource(tx, catalog, resource_id, group, id)
        });
        Place {
            group,
            id,
            resource: resource_id,
        }
    }

    /// Puts a group's role into a package, or takes it out; assignments follow.
    pub(crate) fn holds(&self, package: usize, place: Place, is_held: bool) {
        let package = self.packages[package].id;
        let moment = self.service.moment();
        self.write(move |tx| {
            let role_scope = ResourceRoleScope {
                id: place.id,
                access_package_id: package,
                created_by: None,
                created_at: START,
            };
            if is_held {
                store::resource_role_scope::insert(tx, &role_scope)?;
            } else {
                store::resource_role_scope::delete(tx, package, place.id)?;
            }
            Ok(service::planning::package_changed(tx, &moment, package)?)
        });
    }

    /// An administrator assigns a package to a user.
    pub(crate) fn assign(&mut self, user: usize, package: usize) -> RequestId {
        let (moment, target) = (self.service.moment(), self.users[user].1);
        let assignment = Assignment {
            id: moment.id(AssignmentId::new),
            access_package_id: self.packages[package].id,
            assignment_policy_id: self.packages[package].policy,
            target_id: target,
            state: assignment::State::Delivering,
            status: "Delivering".to_owned(),
            schedule: "null".to_owned(),
            starts_at: moment.now,
            ends_at: None,
            is_extended: false,
            expired_at: None,
            created_at: moment.now,
            modified_at: moment.now,
            version: 1,
        };
        self.live.insert((user, package), assignment.id);
        let request = self.request(&assignment, RequestType::AdminAdd);
        let id = request.id;
        self.write(move |tx| {
            store::assignment::insert(tx, &assignment)?;
            Ok(store::assignment_request::insert(tx, &request)?)
        });
        id
    }

    /// Asks for a live assignment to be removed, or to be enforced again. Nothing happens while a request is open.
    pub(crate) fn ask(
        &mut self,
        user: usize,
        package: usize,
        kind: RequestType,
    ) -> Option<RequestId> {
        let id = *self.live.get(&(user, package))?;
        let (subject, package_id) = (self.users[user].1, self.packages[package].id);
        let store = &self.service.store;
        let (open, found) = store
            .read_blocking(move |tx| -> Result<_, store::Error> {
                Ok((
                    store::assignment_request::find_open(tx, subject, package_id)?,
                    store::assignment::find(tx, id)?,
                ))
            })
            .unwrap();
        if open.is_some() {
            return None;
        }
        let mut assignment = found.unwrap();
        let request = self.request(&assignment, kind);
        let request_id = request.id;
        let event = match kind {
            RequestType::AdminRemove => assignment::Event::RemovalStarted,
            _ => assignment::Event::Reprocessed,
        };
        assignment.take(event, self.now()).ok()?;
        if kind == RequestType::AdminRemove {
            self.live.remove(&(user, package));
        }
        self.write(move |tx| {
            store::assignment::save(tx, &assignment)?;
            Ok(store::assignment_request::insert(tx, &request)?)
        });
        Some(request_id)
    }

    fn request(&self, assignment: &Assignment, request_type: RequestType) -> AssignmentRequest {
        let moment = self.service.moment();
        AssignmentRequest {
            id: moment.id(RequestId::new),
            request_type,
            is_extension: false,
            access_package_id: assignment.access_package_id,
            assignment_policy_id: Some(assignment.assignment_policy_id),
            assignment_id: Some(assignment.id),
            requestor_id: assignment.target_id,
            target_id: assignment.target_id,
            created_by: self.users[0].0,
            state: assignment_request::State::Delivering,
            status: "Delivering".to_owned(),
            justification: None,
            answers: "[]".to_owned(),
            schedule: "null".to_owned(),
            starts_at: Some(moment.now),
            ends_at: None,
            lasts_for: None,
            bypass_approval: true,
            plan_due: true,
            failure: None,
            created_at: moment.now,
            delivering_since: Some(moment.now),
            completed_at: None,
            first_completed_at: None,
            version: 1,
        }
    }

    /// Whether the user holds the package, or a request about it is open.
    pub(crate) fn is_assigned(&self, user: usize, package: usize) -> bool {
        let (subject, package) = (self.users[user].1, self.packages[package].id);
        let read = self
            .service
            .store
            .read_blocking(move |tx| -> Result<bool, store::Error> {
                Ok(
                    store::assignment::find_live(tx, subject, package)?.is_some()
                        || store::assignment_request::find_open(tx, subject, package)?.is_some(),
                )
            });
        read.unwrap()
    }

    /// An operator sets everything to work that was given up, or is not as it should be.
    pub(crate) fn retry_given_up(&self) {
        let is_off = |entry: &Entry| {
            entry.phase == Phase::NeedsAttention || !entry.observed.agrees_with(entry.desired)
        };
        let grants: Vec<GrantId> = self
            .ledger()
            .iter()
            .filter(|entry| is_off(entry))
            .map(|entry| entry.id)
            .collect();
        let now = self.now();
        self.write(move |tx| {
            Ok(store::ledger::plan::wake(
                tx,
                &grants,
                store::ledger::plan::Haste::Interactive,
                now,
            )?)
        });
    }

    /// Where a request stands.
    pub(crate) fn state_of(&self, id: RequestId) -> assignment_request::State {
        let found = self
            .service
            .store
            .read_blocking(move |tx| store::assignment_request::find(tx, id));
        found.unwrap().unwrap().state
    }

    /// Every row of the ledger.
    pub(crate) fn ledger(&self) -> Vec<Entry> {
        let subjects: Vec<SubjectId> = self.users.iter().map(|(_, subject)| *subject).collect();
        let read =
            self.service
                .store
                .read_blocking(move |tx| -> Result<Vec<Entry>, store::Error> {
                    let mut entries = Vec::new();
                    for subject in subjects {
                        entries.extend(entry::of_subject(tx, subject)?);
                    }
                    Ok(entries)
                });
        read.unwrap()
    }

    /// What the ledger wants to be granted in the target.
    pub(crate) fn desired(&self) -> BTreeSet<Grant> {
        let objects: BTreeMap<SubjectId, ObjectId> = self
            .users
            .iter()
            .map(|(object, subject)| (*subject, *object))
            .collect();
        let wanted = self
            .ledger()
            .into_iter()
            .filter(|entry| entry.desired && entry.target == TARGET);
        wanted
            .map(|entry| (entry.role_origin_id, objects[&entry.subject_id]))
            .collect()
    }

    /// Moves the clock to the next instant at which something is due, or by the time that a breaker holds; false if
    /// nothing waits for time.
    pub(crate) async fn skip_ahead(&self) -> bool {
        let Some(next) = service::deliveries::next_due(&self.service).await.unwrap() else {
            return false;
        };
        let by = next
            .micros()
            .saturating_sub(self.now().micros())
            .max(15_000_000);
        self.service.clock.advance(Duration::from_micros(by));
        true
    }

    /// Lets the engine work and the clock run until nothing is left to wait for.
    pub(crate) async fn run_down(&self, engine: &Engine) {
        for _ in 0..2_000 {
            engine.settle().await.unwrap();
            if !self.skip_ahead().await {
                return;
            }
        }
        panic!(
            "there is always something left to wait for: {:?}",
            self.ledger().first()
        );
    }
}

fn insert_catalog(service: &Service) -> CatalogId {
    let id = service.moment().id(CatalogId::new);
    let catalog = Catalog {
        id,
        display_name: "Sales".to_owned(),
        description: None,
        catalog_type: CatalogType::UserManaged,
        state: CatalogState::Published,
        is_externally_visible: true,
        unique_name: None,
        created_by: None,
        created_at: START,
        modified_by: None,
        modified_at: START,
        version: 1,
    };
    service
        .store
        .write_blocking(move |tx| store::catalog::insert(tx, &catalog))
        .unwrap();
    id
}

fn insert_resource(
    tx: &mut WriteTx<'_>,
    catalog_id: CatalogId,
    resource_id: ResourceId,
    group: ObjectId,
    id: RoleScopeId,
) -> Result<(), ServiceError> {
    let resource = Resource {
        id: resource_id,
        catalog_id,
        origin_system: OriginSystem::AadGroup,
        origin_id: group.to_string(),
        display_name: "Group".to_owned(),
        description: None,
        resource_type: None,
        url: None,
        attributes: "[]".to_owned(),
        drift_action: DriftAction::Report,
        notification_endpoint: None,
        created_by: None,
        created_at: START,
        modified_at: START,
        version: 1,
    };
    let role = ResourceRole {
        id: id.role,
        resource_id,
        origin_system: OriginSystem::AadGroup,
        origin_id: format!("Member_{group}"),
        display_name: "Member".to_owned(),
        description: None,
    };
    let scope = ResourceScope {
        id: id.scope,
        resource_id,
        origin_system: OriginSystem::AadGroup,
        origin_id: group.to_string(),
        display_name: "Root".to_owned(),
        description: None,
        is_root_scope: true,
    };
    store::resource::insert(tx, &resource)?;
    store::resource::insert_role(tx, &role)?;
    Ok(store::resource::insert_scope(tx, &scope)?)
}
