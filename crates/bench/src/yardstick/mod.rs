//! The yardsticks: servers that do the same work on the same tables and emit the same bytes, and nothing else. No
//! authentication, no authorisation, no validation, no engine.
//!
//! **Invariant:** a write is answered after the commit that holds it.

mod page;
mod postgres;
mod sqlite;
mod work;

use std::net::Ipv4Addr;
use std::path::PathBuf;

use anyhow::Context;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use self::page::Position;
use self::work::Work;

/// What the yardstick is to be.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A SQLite file of Reeve's schema.
    #[arg(long, conflicts_with = "postgres")]
    sqlite: Option<PathBuf>,
    /// The address of a PostgreSQL database of Reeve's schema.
    #[arg(long)]
    postgres: Option<String>,
    /// Most writes that share a commit.
    #[arg(long, default_value_t = 512)]
    group: usize,
}

/// A write with the place for its answer.
type Job = (Work, oneshot::Sender<anyhow::Result<()>>);

/// What is read.
#[derive(Debug)]
enum Wanted {
    /// A page of all assignments, behind a position.
    Page(Option<Position>),
    /// One assignment.
    One(String),
    /// The first page of a package's assignments.
    Held(Held),
}

/// What of a package's assignments is read.
#[derive(Debug)]
struct Held {
    package: String,
    /// With who holds them.
    with_target: bool,
    /// With how many there are.
    with_count: bool,
}

/// A read with the place for its answer.
type Question = (Wanted, oneshot::Sender<anyhow::Result<Vec<u8>>>);

#[derive(Debug, Clone)]
struct Yardstick {
    writes: mpsc::UnboundedSender<Job>,
    reads: Reads,
}

#[derive(Debug, Clone)]
enum Reads {
    /// There is no database.
    None,
    /// On this thread.
    Sqlite(PathBuf),
    /// On threads of their own.
    Postgres(mpsc::UnboundedSender<Question>),
}

/// Serves until the process is ended.
pub(crate) async fn serve(options: Options) -> anyhow::Result<()> {
    let (writes, jobs) = mpsc::unbounded_channel();
    let reads = match (options.sqlite, options.postgres) {
        (Some(file), _) => {
            sqlite::write(&file, jobs, options.group)?;
            Reads::Sqlite(file)
        }
        (None, Some(url)) => {
            postgres::write(&url, jobs, options.group)?;
            let (reads, questions) = mpsc::unbounded_channel();
            postgres::read(&url, questions)?;
            Reads::Postgres(reads)
        }
        (None, None) => Reads::None,
    };
    let routes = Router::new()
        .route("/nothing", get(async || StatusCode::NO_CONTENT))
        .route("/reprocess/{id}", post(reprocess))
        .route("/requests/{user}/{package}", post(request))
        .route("/submissions/{user}/{package}/{policy}", post(submission))
        .route("/page", get(list))
        .route("/one/{id}", get(one))
        .route("/held/{package}", get(held))
        .with_state(Yardstick { writes, reads });
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    crate::output::line(&format!(
        "yardstick ready http=http://{}",
        listener.local_addr()?
    ));
    Ok(axum::serve(listener, routes).await?)
}

async fn reprocess(State(yardstick): State<Yardstick>, Path(id): Path<String>) -> StatusCode {
    yardstick
        .write(Work::Accept(id), StatusCode::ACCEPTED)
        .await
}

async fn request(
    State(yardstick): State<Yardstick>,
    Path((user, package)): Path<(u64, u64)>,
) -> StatusCode {
    yardstick
        .write(Work::Deliver { user, package }, StatusCode::CREATED)
        .await
}

async fn submission(
    State(yardstick): State<Yardstick>,
    Path((user, package, policy)): Path<(u64, u64, String)>,
) -> StatusCode {
    let work = Work::Submit {
        user,
        package,
        policy,
    };
    yardstick.write(work, StatusCode::CREATED).await
}

/// Where a page begins.
#[derive(Debug, Deserialize)]
struct After {
    created_at: Option<i64>,
    id: Option<String>,
}

async fn list(State(yardstick): State<Yardstick>, Query(after): Query<After>) -> Response {
    let after = after.created_at.zip(after.id);
    yardstick.read(Wanted::Page(after)).await
}

async fn one(State(yardstick): State<Yardstick>, Path(id): Path<String>) -> Response {
    yardstick.read(Wanted::One(id)).await
}

/// With what a page is asked for.
#[derive(Debug, Deserialize)]
struct With {
    #[serde(default)]
    target: bool,
    #[serde(default)]
    count: bool,
}

async fn held(
    State(yardstick): State<Yardstick>,
    Path(package): Path<String>,
    Query(with): Query<With>,
) -> Response {
    let wanted = Held {
        package,
        with_target: with.target,
        with_count: with.count,
    };
    yardstick.read(Wanted::Held(wanted)).await
}

async fn ask(
    questions: &mpsc::UnboundedSender<Question>,
    wanted: Wanted,
) -> anyhow::Result<Vec<u8>> {
    let (sender, answer) = oneshot::channel();
    questions
        .send((wanted, sender))
        .ok()
        .context("the readers are gone")?;
    answer.await?
}

impl Yardstick {
    async fn read(&self, wanted: Wanted) -> Response {
        let page = match &self.reads {
            Reads::None => Err(anyhow::anyhow!("there is no database")),
            Reads::Sqlite(file) => sqlite::read(file, &wanted),
            Reads::Postgres(questions) => ask(questions, wanted).await,
        };
        match page {
            Ok(body) => {
                let kind = [(header::CONTENT_TYPE, page::CONTENT_TYPE)];
                (StatusCode::OK, kind, body).into_response()
            }
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
        }
    }

    async fn write(&self, work: Work, success: StatusCode) -> StatusCode {
        let (sender, answer) = oneshot::channel();
        if self.writes.send((work, sender)).is_err() {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        match answer.await {
            Ok(Ok(())) => success,
            Ok(Err(error)) => {
                eprintln!("{error:#}");
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Err(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Answers a group after its commit.
fn answer(waiting: Vec<oneshot::Sender<anyhow::Result<()>>>, outcome: &anyhow::Result<()>) {
    for sender in waiting {
        let answer = match outcome {
            Ok(()) => Ok(()),
            Err(error) => Err(anyhow::anyhow!("{error:#}")),
        };
        // Who asked may be gone.
        let _ = sender.send(answer);
    }
}
