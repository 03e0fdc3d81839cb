//! A sample organisation for a development tenant: people with managers and departments, groups, applications, and what
//! it offers them.
//!
//! **Invariant:** people are known by their sign-in names; where the first of them exists, the organisation does. What it
//! offers takes several transactions: until all are done it is remembered for whom, and the next start goes on.

use std::collections::BTreeMap;

use domain::change::Change;
use domain::directory::{
    AppRole, Group, GroupChanges, GroupRole, ServicePrincipal, ServicePrincipalChanges, User,
    UserChanges,
};
use domain::id::{AppId, AppRoleId, ObjectId};
use serde_json::{Value as Json, json};
use store::directory::{group, membership, service_principal, user};
use store::{WriteTx, setting};

use super::accounts::DOMAIN;
use crate::ctx::{Moment, Service};
use crate::directory::flawed;
use crate::error::ServiceError;

/// A department: who leads it, and who works in it.
struct Department {
    name: &'static str,
    head: (&'static str, &'static str, &'static str),
    staff: &'static [(&'static str, &'static str)],
    job_title: &'static str,
}

const DEPARTMENTS: &[Department] = &[
    Department {
        name: "Management",
        head: ("Maud", "Miller", "Managing Director"),
        staff: &[("Milo", "Marsh"), ("Mina", "Mercer")],
        job_title: "Assistant",
    },
    Department {
        name: "Finance",
        head: ("Fiona", "Field", "Head of Finance"),
        staff: &[
            ("Felix", "Fisher"),
            ("Flora", "Forester"),
            ("Frank", "Fuller"),
            ("Frida", "Frost"),
            ("Finn", "Flint"),
        ],
        job_title: "Accountant",
    },
    Department {
        name: "Sales",
        head: ("Sally", "Stone", "Head of Sales"),
        staff: &[
            ("Sam", "Shepherd"),
            ("Sophie", "Spicer"),
            ("Seth", "Sawyer"),
            ("Selma", "Slater"),
            ("Simon", "Smith"),
            ("Stella", "Summer"),
        ],
        job_title: "Account Manager",
    },
    Department {
        name: "Engineering",
        head: ("Edgar", "Elm", "Head of Engineering"),
        staff: &[
            ("Ella", "East"),
            ("Emil", "Ember"),
            ("Erik", "Ewing"),
            ("Esther", "Early"),
            ("Eva", "Ellis"),
            ("Evan", "Engel"),
            ("Elias", "Eaton"),
        ],
        job_title: "Engineer",
    },
    Department {
        name: "Support",
        head: ("Ulla", "Under", "Head of Support"),
        staff: &[
            ("Ugo", "Upton"),
            ("Una", "Usher"),
            ("Uri", "Upward"),
            ("Ursula", "Urban"),
            ("Uwe", "Unger"),
        ],
        job_title: "Support Agent",
    },
];

/// Groups besides one for each department: name, what for, and whose departments' groups are nested in it.
const GROUPS: &[(&str, &str, &[&str])] = &[
    (
        "All Staff",
        "Everybody, through the groups of the departments.",
        &["Management", "Finance", "Sales", "Engineering", "Support"],
    ),
    (
        "Customer Contact",
        "Whoever speaks with customers.",
        &["Sales", "Support"],
    ),
    ("VPN Users", "May connect from outside.", &[]),
    ("Project Harvest", "Works on the harvest project.", &[]),
];

/// Applications with the roles that they offer.
const APPLICATIONS: &[(&str, &[(&str, &str)])] = &[
    (
        "Ledgerbook",
        &[
            ("Reader", "Ledger.Read"),
            ("Bookkeeper", "Ledger.Write"),
            ("Auditor", "Ledger.Audit"),
        ],
    ),
    (
        "Orderdesk",
        &[
            ("Agent", "Orders.Handle"),
            ("Supervisor", "Orders.Supervise"),
        ],
    ),
    ("Wiki", &[]),
];

/// Who of the tenant's own accounts approves.
const APPROVER: &str = "bob";
/// Who of them owns the groups that belong to no department: whoever owns a group may put it into a catalog.
const OWNER: &str = "admin";

/// Under what an organisation is remembered whose offers are not all made.
const UNDER_WAY: &str = "sampleOrganisation";

/// The ids of a sample organisation, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SampleOrganisation {
    /// People by sign-in name.
    pub users: BTreeMap<String, ObjectId>,
    /// Groups by name.
    pub groups: BTreeMap<String, ObjectId>,
    /// Applications by name.
    pub applications: BTreeMap<String, ObjectId>,
}

impl SampleOrganisation {
    fn to_json(&self) -> Json {
        let ids = |named: &BTreeMap<String, ObjectId>| {
            let ids = named.iter();
            Json::Object(
                ids.map(|(name, id)| (name.clone(), json!(id.to_string())))
                    .collect(),
            )
        };
        json!({
            "users": ids(&self.users),
            "groups": ids(&self.groups),
            "applications": ids(&self.applications),
        })
    }

    fn of_json(text: &str) -> Option<Self> {
        let json: Json = serde_json::from_str(text).ok()?;
        let ids = |key: &str| -> Option<BTreeMap<String, ObjectId>> {
            let named = json.get(key)?.as_object()?.iter();
            named
                .map(|(name, id)| Some((name.clone(), id.as_str()?.parse().ok()?)))
                .collect()
        };
        Some(Self {
            users: ids("users")?,
            groups: ids("groups")?,
            applications: ids("applications")?,
        })
    }
}

/// Makes the sample organisation, or ends what a start that was broken off began; `None` if all of it is there already.
pub async fn sample_organisation(
    service: &Service,
) -> Result<Option<SampleOrganisation>, ServiceError> {
    let moment = service.moment();
    let made = service
        .store
        .write(move |tx| {
            let first = DEPARTMENTS
                .first()
                .map(|department| sign_in_name(department.head.0));
            if let Some(first) = first
                && user::find_by_name(tx, &first)?.is_some()
            {
                let under_way = setting::find(tx, UNDER_WAY)?;
                return Ok(under_way.and_then(|text| SampleOrganisation::of_json(&text)));
            }
            let mut made = SampleOrganisation::default();
            let mut director = None;
            for department in DEPARTMENTS {
                let head = add_department(tx, &moment, department, director, &mut made)?;
                director = director.or(Some(head));
            }
            for (name, description, nested) in GROUPS {
                let members: Vec<ObjectId> = nested
                    .iter()
                    .filter_map(|name| made.groups.get(*name))
                    .copied()
                    .collect();
                let id = add_group(tx, &moment, name, description, director, &members)?;
                made.groups.insert((*name).to_owned(), id);
            }
            add_approver(tx, &made)?;
            add_owner(tx, &made)?;
            for (name, roles) in APPLICATIONS {
                let id = add_application(tx, &moment, name, roles)?;
                made.applications.insert((*name).to_owned(), id);
            }
            setting::set(tx, UNDER_WAY, &made.to_json().to_string())?;
            Ok::<_, ServiceError>(Some(made))
        })
        .await?;
    service.callers.invalidate();
    if let Some(organisation) = &made {
        super::offers::offer(service, organisation).await?;
        service
            .store
            .write(|tx| setting::remove(tx, UNDER_WAY))
            .await?;
    }
    Ok(made)
}

/// Somebody whose password is known belongs to the groups that approve, so that requests can be decided.
fn add_approver(tx: &mut WriteTx<'_>, made: &SampleOrganisation) -> Result<(), ServiceError> {
    let Some(approver) = user::find_by_name(tx, &sign_in_name(APPROVER))? else {
        return Ok(());
    };
    for name in super::offers::approving() {
        if let Some(group) = made.groups.get(name) {
            membership::add(tx, *group, GroupRole::Member, &[approver.id])?;
        }
    }
    Ok(())
}

/// Somebody whose password is known owns groups, so that they can be put into catalogs.
fn add_owner(tx: &mut WriteTx<'_>, made: &SampleOrganisation) -> Result<(), ServiceError> {
    let Some(owner) = user::find_by_name(tx, &sign_in_name(OWNER))? else {
        return Ok(());
    };
    for (name, ..) in GROUPS {
        if let Some(group) = made.groups.get(*name) {
            membership::add(tx, *group, GroupRole::Owner, &[owner.id])?;
        }
    }
    Ok(())
}

fn sign_in_name(given_name: &str) -> String {
    format!("{}@{DOMAIN}", given_name.to_lowercase())
}

/// Adds the people of a department and their group; answers who leads it.
fn add_department(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    department: &Department,
    director: Option<ObjectId>,
    made: &mut SampleOrganisation,
) -> Result<ObjectId, ServiceError> {
    let (given_name, surname, job_title) = department.head;
    let head = add_person(
        tx,
        moment,
        department,
        (given_name, surname),
        job_title,
        director,
        made,
    )?;
    let mut members = vec![head];
    for name in department.staff {
        members.push(add_person(
            tx,
            moment,
            department,
            *name,
            department.job_title,
            Some(head),
            made,
        )?);
    }
    let description = format!("Everybody in {}.", department.name);
    let group = add_group(
        tx,
        moment,
        department.name,
        &description,
        Some(head),
        &members,
    )?;
    made.groups.insert(department.name.to_owned(), group);
    Ok(head)
}

fn add_person(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    department: &Department,
    (given_name, surname): (&str, &str),
    job_title: &str,
    manager_id: Option<ObjectId>,
    made: &mut SampleOrganisation,
) -> Result<ObjectId, ServiceError> {
    let name = sign_in_name(given_name);
    let changes = UserChanges {
        user_principal_name: Some(name.clone()),
        display_name: Some(format!("{given_name} {surname}")),
        given_name: Change::Set(given_name.to_owned()),
        surname: Change::Set(surname.to_owned()),
        mail: Change::Set(name.clone()),
        mail_nickname: Change::Set(given_name.to_lowercase()),
        job_title: Change::Set(job_title.to_owned()),
        department: Change::Set(department.name.to_owned()),
        company_name: Change::Set("Reeve Example".to_owned()),
        employee_id: Change::Set(format!("{:04}", 1001 + made.users.len())),
        manager_id,
        ..UserChanges::default()
    };
    let person = User::create(moment.id(ObjectId::new), moment.now, &changes).map_err(flawed)?;
    crate::directory::users::insert(tx, &person, None)?;
    made.users.insert(name, person.id);
    Ok(person.id)
}

fn add_group(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    name: &str,
    description: &str,
    owner: Option<ObjectId>,
    members: &[ObjectId],
) -> Result<ObjectId, ServiceError> {
    let changes = GroupChanges {
        display_name: Some(name.to_owned()),
        description: Change::Set(description.to_owned()),
        mail_nickname: Change::Set(name.to_lowercase().replace(' ', "-")),
        ..GroupChanges::default()
    };
    let created = Group::create(moment.id(ObjectId::new), moment.now, &changes).map_err(flawed)?;
    group::insert(tx, &created)?;
    membership::add(tx, created.id, GroupRole::Member, members)?;
    membership::add(tx, created.id, GroupRole::Owner, owner.as_slice())?;
    Ok(created.id)
}

fn add_application(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    name: &str,
    roles: &[(&str, &str)],
) -> Result<ObjectId, ServiceError> {
    let offered = |(display_name, value): &(&str, &str)| AppRole {
        id: moment.id(AppRoleId::new),
        display_name: Some((*display_name).to_owned()),
        description: Some(format!("{display_name} of {name}")),
        value: Some((*value).to_owned()),
        is_enabled: true,
        allowed_member_types: vec!["User".to_owned()],
    };
    let changes = ServicePrincipalChanges {
        display_name: Some(name.to_owned()),
        app_role_assignment_required: Some(true),
        app_roles: Some(roles.iter().map(offered).collect()),
        ..ServicePrincipalChanges::default()
    };
    let (id, app_id) = (moment.id(ObjectId::new), moment.id(AppId::new));
    let created = ServicePrincipal::create(id, app_id, moment.now, &changes).map_err(flawed)?;
    service_principal::insert(tx, &created)?;
    Ok(created.id)
}
