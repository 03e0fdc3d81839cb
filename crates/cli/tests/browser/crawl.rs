//! Every page of the portal, found by its links, as each of the four people.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::look;
use crate::window::Window;

/// How many pages of the same kind are looked at.
const OF_A_KIND: usize = 2;

/// The widths that pages are looked at in, in CSS pixels.
const WIDTHS: [u32; 2] = [1920, 360];

/// The addresses that links of the page lead to, with whether each is a page.
const LINKS: &str = r"
const done = arguments[0];
const found = [...new Set([...document.querySelectorAll('a[href]')]
  .filter((one) => one.origin === location.origin && one.checkVisibility())
  .map((one) => one.pathname + one.search))];
done(found);
";

/// Which of these addresses are pages, and not files to be kept.
const PAGES: &str = r"
const [addresses, done] = arguments;
Promise.all(addresses.map((one) => fetch(one, { method: 'HEAD' })
  .then((answer) => (answer.headers.get('content-type') ?? '').startsWith('text/html') && answer.ok ? one : null)))
  .then((found) => done(found.filter((one) => one)), (error) => done(String(error)));
";

/// What was seen on a walk.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The paths of the pages.
    pub(crate) paths: BTreeSet<String>,
    /// What is wrong, by page.
    pub(crate) wrong: Vec<String>,
}

/// Where pictures of pages are put.
pub(crate) fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Walks over all links that somebody finds, and looks at each page.
pub(crate) async fn walk(window: &Window, axe: &str, seen: &mut Seen) {
    let mut waiting = VecDeque::from(["/".to_owned()]);
    let mut known: BTreeSet<String> = waiting.iter().cloned().collect();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(address) = waiting.pop_front() {
        let kind = kind_of(&address);
        let so_far = kinds.entry(kind.clone()).or_default();
        if *so_far == OF_A_KIND {
            continue;
        }
        *so_far += 1;
        let number = *so_far;
        window.size(WIDTHS[0]).await;
        window.scheme("light").await;
        window.visit(&address).await;
        let path = address.split('?').next().unwrap().to_owned();
        seen.paths.insert(path);
        let name = format!("{}{}-{number}", window.who, file_name(&kind));
        let wrong = look_at(window, axe, &name, number == 1).await;
        seen.wrong.extend(
            wrong
                .into_iter()
                .map(|what| format!("{} on {address}: {what}", window.who)),
        );
        for link in links(window, &mut known).await {
            waiting.push_back(link);
        }
    }
}

/// Looks at the page that is open; the first of a kind in each width, in light and in dark, and by keyboard.
pub(crate) async fn look_at(window: &Window, axe: &str, name: &str, is_first: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for width in WIDTHS {
        window.size(width).await;
        for scheme in ["light", "dark"] {
            // Of what is the same but for its content, half is enough.
            if !is_first && (scheme == "dark") != (width == 360) {
                continue;
            }
            window.scheme(scheme).await;
            let found = look::at_a_glance(window, axe, width == 360).await;
            wrong.extend(
                found
                    .into_iter()
                    .map(|what| format!("{width} px, {scheme}: {what}")),
            );
            let file = pictures().join(format!("{name}-{width}-{scheme}.png"));
            window.picture(&file, true).await;
        }
    }
    // Last, as it leaves the focus at the end of the page.
    if is_first {
        let told = look::by_keyboard(window).await;
        wrong.extend(told.into_iter().map(|what| format!("by keyboard: {what}")));
    }
    wrong
}

/// Pages that the page links to and nobody has seen.
async fn links(window: &Window, known: &mut BTreeSet<String>) -> Vec<String> {
    let found = window.ask_later(LINKS, Vec::new()).await;
    let found = found.as_array().unwrap().iter();
    let new: Vec<Value> = found
        .filter(|link| known.insert(link.as_str().unwrap().to_owned()))
        .cloned()
        .collect();
    let pages = window.ask_later(PAGES, vec![json!(new)]).await;
    let pages = pages.as_array().unwrap_or_else(|| panic!("{pages}"));
    pages
        .iter()
        .map(|page| page.as_str().unwrap().to_owned())
        .collect()
}

/// What pages have in common that differ only in what they are about.
fn kind_of(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let segments: Vec<&str> = path
        .split('/')
        .map(|segment| if is_id(segment) { "{id}" } else { segment })
        .collect();
    let mut fields: Vec<&str> = query
        .split('&')
        .filter(|field| !field.is_empty())
        .map(|field| {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            let is_word = value.chars().all(|letter| letter.is_ascii_lowercase());
            if is_word { field } else { name }
        })
        .collect();
    fields.sort_unstable();
    format!("{}?{}", segments.join("/"), fields.join("&"))
}

fn is_id(segment: &str) -> bool {
    segment.len() == 36 && segment.chars().filter(|&letter| letter == '-').count() == 4
}

/// A kind as the name of a file.
fn file_name(kind: &str) -> String {
    let name: String = kind
        .trim_end_matches(['?', '/'])
        .chars()
        .map(|letter| match letter {
            '/' => '_',
            letter if letter.is_ascii_alphanumeric() => letter,
            _ => '-',
        })
        .collect();
    if name.is_empty() {
        "_".to_owned()
    } else {
        name
    }
}

/// The pages that the portal's sources route to and that nobody came to by a link.
pub(crate) fn forgotten(paths: &BTreeSet<String>) -> Vec<String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../portal/src");
    let mut routes = Vec::new();
    collect(&sources, &mut routes);
    assert!(routes.len() > 10, "routes are read otherwise: {routes:?}");
    routes.retain(|route| {
        let is_page = !NO_PAGES
            .iter()
            .any(|none| route.starts_with(none) || route.ends_with(none));
        is_page && !paths.iter().any(|path| leads_to(route, path))
    });
    routes
}

/// What is no page: files, streams, and the way in and out.
const NO_PAGES: [&str; 6] = [
    "/portal/",
    "/favicon.ico",
    "/events",
    "/report",
    "/sign-in",
    "/signed-out",
];

/// The addresses that `.route("…", get(…))` names in these sources.
fn collect(folder: &Path, routes: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, routes);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for call in text.split(".route(").skip(1) {
            let Some((route, handler)) = call
                .trim_start()
                .strip_prefix('"')
                .and_then(|call| call.split_once('"'))
            else {
                continue;
            };
            if handler
                .trim_start_matches([',', ' ', '\n'])
                .starts_with("get(")
            {
                routes.push(route.to_owned());
            }
        }
    }
}

fn leads_to(route: &str, path: &str) -> bool {
    let (route, path): (Vec<&str>, Vec<&str>) =
        (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len()
        && route
            .iter()
            .zip(&path)
            .all(|(own, other)| own.starts_with('{') || own == other)
}
