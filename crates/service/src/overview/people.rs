//! People, groups and applications by name, for whoever names them in a catalog: as approvers, resources, owners.
//!
//! Whoever manages something in a catalog finds them by name, as a chooser has to. It answers who somebody is and nothing
//! else of them; lists of the directory stay with those who may read it.
//!
//! **Invariant:** nobody else finds anybody here.

use std::collections::{BTreeMap, BTreeSet};

use auth::roles::Action;
use domain::directory::ObjectKind;
use domain::id::ObjectId;
use domain::model;
use domain::query::{Predicate, TextMatch};
use store::ReadTx;

use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::mine::rows::{Row, equals, is_one_of, query};
use crate::reads::scope;

/// Most that are shown; whoever looks for another one writes more of the name.
pub const MOST: usize = 25;

/// Somebody, or something, of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: ObjectId,
    /// What it is.
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
    /// What a user signs in with.
    pub principal_name: Option<String>,
}

impl Found {
    /// What a line of text calls it: the sign-in name of a user who has one, the name of anything else.
    pub fn called(&self) -> &str {
        self.principal_name.as_deref().unwrap_or(&self.name)
    }
}

/// Actions that take choosing somebody of the directory.
const CHOOSING: [Action; 4] = [
    Action::ManagePolicies,
    Action::ManageAccessPackages,
    Action::ManageResources,
    Action::AssignCatalogRole,
];

/// Refuses whoever may choose nobody anywhere.
fn admitted(ctx: &Ctx) -> Result<(), ServiceError> {
    let mut answer = Ok(());
    for action in CHOOSING {
        answer = authorize::admitted(ctx, action);
        if answer.is_ok() {
            break;
        }
    }
    answer
}

/// Those of these kinds whose name, sign-in name or mail address has this text in it, by name.
pub async fn find(
    service: &Service,
    ctx: &Ctx,
    text: &str,
    kinds: &'static [ObjectKind],
) -> Result<Vec<Found>, ServiceError> {
    admitted(ctx)?;
    let entity = &model::DIRECTORY_OBJECT;
    let contains = |field: &str| -> Result<Predicate, ServiceError> {
        Ok(Predicate::Text {
            path: scope::path(entity, &[], field)?,
            matching: TextMatch::Contains,
            text: text.to_owned(),
        })
    };
    let matching = contains("display_name")?
        .or(contains("user_principal_name")?)
        .or(contains("mail")?);
    search(service, matching, kinds, MOST).await
}

/// Those of these kinds that exactly this text means: an id, a sign-in name, a mail address or a name.
pub async fn meant(
    service: &Service,
    ctx: &Ctx,
    text: &str,
    kinds: &'static [ObjectKind],
) -> Result<Vec<Found>, ServiceError> {
    admitted(ctx)?;
    let entity = &model::DIRECTORY_OBJECT;
    let matching = match uuid::Uuid::try_parse(text) {
        Ok(id) => equals(entity, &[], "id", id.hyphenated().to_string())?,
        Err(_) => equals(entity, &[], "display_name", text)?
            .or(equals(entity, &[], "user_principal_name", text)?)
            .or(equals(entity, &[], "mail", text)?),
    };
    search(service, matching, kinds, MOST).await
}

/// Which of these are called what nothing else of their kind is called, so that [`meant`] finds them alone by it. Where there
/// are too many namesakes to count, none of them is.
pub async fn alone(
    service: &Service,
    ctx: &Ctx,
    all: &[Found],
) -> Result<BTreeSet<ObjectId>, ServiceError> {
    const MOST_NAMESAKES: u64 = 500;
    admitted(ctx)?;
    if all.is_empty() {
        return Ok(BTreeSet::new());
    }
    let entity = &model::DIRECTORY_OBJECT;
    let mut wanted = query(
        entity,
        &["object_type", "display_name", "user_principal_name", "mail"],
    )?;
    let called = || all.iter().map(|one| one.called().to_owned());
    wanted.filter = is_one_of(entity, &[], "display_name", called())?
        .or(is_one_of(entity, &[], "user_principal_name", called())?)
        .or(is_one_of(entity, &[], "mail", called())?);
    wanted.limit = Some(MOST_NAMESAKES);
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let found = {
        let wanted = wanted.clone();
        service
            .store
            .read(move |tx| -> Result<_, ServiceError> { Ok(store::list::list(tx, &wanted)?.rows) })
            .await?
    };
    if found.len() as u64 >= MOST_NAMESAKES {
        return Ok(BTreeSet::new());
    }
    for record in &found {
        let row = Row::new(&wanted, record);
        let texts = ["display_name", "user_principal_name", "mail"];
        let texts: BTreeSet<String> = texts
            .iter()
            .map(|name| row.string(name).to_lowercase())
            .collect();
        for text in texts {
            let key = (row.string("object_type"), text);
            *counts.entry(key).or_default() += 1;
        }
    }
    let is_alone = |one: &&Found| {
        let key = (one.kind.as_str().to_owned(), one.called().to_lowercase());
        counts.get(&key) == Some(&1)
    };
    Ok(all.iter().filter(is_alone).map(|one| one.id).collect())
}

async fn search(
    service: &Service,
    matching: Predicate,
    kinds: &'static [ObjectKind],
    most: usize,
) -> Result<Vec<Found>, ServiceError> {
    let entity = &model::DIRECTORY_OBJECT;
    let words = kinds.iter().map(|kind| kind.as_str().to_owned());
    let mut wanted = query(entity, &FIELDS)?;
    wanted.filter = matching.and(is_one_of(entity, &[], "object_type", words)?);
    wanted.limit = Some(most as u64);
    service
        .store
        .read(move |tx| -> Result<Vec<Found>, ServiceError> {
            let found = store::list::list(tx, &wanted)?.rows;
            found
                .iter()
                .map(|record| read(Row::new(&wanted, record)))
                .collect()
        })
        .await
}

const FIELDS: [&str; 4] = ["id", "object_type", "display_name", "user_principal_name"];

fn read(row: Row<'_>) -> Result<Found, ServiceError> {
    let kind = ObjectKind::from_name(row.text("object_type").unwrap_or_default())
        .ok_or_else(|| ServiceError::Internal("an object of no known kind".into()))?;
    Ok(Found {
        id: row.parsed("id")?,
        kind,
        name: row.string("display_name"),
        principal_name: row.owned("user_principal_name"),
    })
}

/// Who these are, as far as the directory still knows them; for what the caller may see that names them.
pub(super) fn names_in(
    tx: &mut ReadTx<'_>,
    ids: &[ObjectId],
) -> Result<BTreeMap<ObjectId, Found>, ServiceError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut wanted = query(&model::DIRECTORY_OBJECT, &FIELDS)?;
    let ids = ids.iter().map(ToString::to_string);
    wanted.filter = is_one_of(&model::DIRECTORY_OBJECT, &[], "id", ids)?;
    let found = store::list::list(tx, &wanted)?.rows;
    let mut names = BTreeMap::new();
    for record in &found {
        let one = read(Row::new(&wanted, record))?;
        names.insert(one.id, one);
    }
    Ok(names)
}
