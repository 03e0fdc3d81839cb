//! What is looked at on every page: what axe finds, whether it fits a small screen, and whether a keyboard alone reaches
//! everything in the order in which it is read.

use serde_json::{Value, json};

use crate::window::Window;

/// The rules of WCAG 2.2 AA that a program can judge.
const RULES: [&str; 6] = [
    "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa",
];

/// Runs axe, and calls back with what it finds serious: rule, how bad, where.
const AXE: &str = r"
const [tags, done] = arguments;
axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }).then(
  (found) => done(found.violations
    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
    .map((one) => one.id + ' (' + one.impact + '): ' + one.help + ': '
      + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | '))),
  (error) => done(['axe failed: ' + error]));
";

/// What does not fit: nothing may reach beyond the window.
const FITS: &str = r"
const wide = document.documentElement.scrollWidth;
if (wide <= window.innerWidth) return null;
const out = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > window.innerWidth + 1);
return wide + ' px wide: ' + out.slice(-3).map((one) => one.outerHTML.slice(0, 120)).join(' | ');
";

/// What a page has to have for those who do not see it.
const FRAME: &str = r"
const wrong = [];
const headings = document.querySelectorAll('h1').length;
if (headings !== 1) wrong.push(headings + ' headings of the first level');
let level = 1;
for (const one of document.querySelectorAll('main h1, main h2, main h3, main h4')) {
  const own = Number(one.tagName[1]);
  if (own > level + 1) wrong.push('the heading `' + one.textContent + '` is too deep');
  level = own;
}
if (!document.title.includes(document.querySelector('h1')?.textContent.trim() ?? '')) wrong.push('the title does not name the page: ' + document.title);
const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
if (twice.length) wrong.push('ids are there twice: ' + twice.slice(0, 3));
return wrong;
";

/// Notes what comes into focus; gives how often the tabulator has to be pressed to see it all.
const WATCH_FOCUS: &str = r"
const inputs = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]';
const isGroupsOther = (one) => one.type === 'radio' && !one.checked
  && [...document.getElementsByName(one.name)].some((other) => other.type === 'radio' && (other.checked || other.compareDocumentPosition(one) & 4));
const wanted = [...document.querySelectorAll(inputs)].filter((one) =>
  one.tabIndex >= 0 && !one.disabled && one.checkVisibility({ visibilityProperty: true }) && !isGroupsOther(one));
window.watched = { wanted, stops: [] };
document.addEventListener('focusin', (event) => {
  const one = event.target;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  window.watched.stops.push({
    at: wanted.indexOf(one),
    what: one.outerHTML.slice(0, 120),
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    seen: box.width > 0 && box.height > 0 && box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight,
  });
});
// A date has a stop for day, month and year, and one for its calendar.
return wanted.reduce((sum, one) => sum + (one.type === 'date' ? 4 : 1), 0);
";

/// What is wrong with what came into focus.
const FOCUSED: &str = r"
const { wanted, stops } = window.watched;
const wrong = [];
const first = stops[0];
if (!wanted[0]?.classList.contains('skip')) wrong.push('the page does not begin with a way to its content');
let next = 0;
for (const stop of stops) {
  // Behind the end it begins again.
  if (stop.at === 0 && next >= wanted.length) break;
  if (!stop.ring) wrong.push('focus is not shown on ' + stop.what);
  if (!stop.seen) wrong.push('focus is out of sight on ' + stop.what);
  if (stop.at < 0) continue;
  if (stop.at !== next) wrong.push('the order jumps from ' + next + ' to ' + stop.at + ': ' + stop.what);
  next = stop.at + 1;
}
if (next < wanted.length) wrong.push('not reached: ' + wanted[next].outerHTML.slice(0, 120));
return wrong.slice(0, 5);
";

/// What axe finds, and what does not fit.
pub(crate) async fn at_a_glance(window: &Window, axe: &str, is_narrow: bool) -> Vec<String> {
    let mut wrong = texts(&window.ask(FRAME, Vec::new()).await);
    wrong.extend(by_axe(window, axe, is_narrow).await);
    wrong
}

/// What axe finds, and what does not fit a narrow window.
pub(crate) async fn by_axe(window: &Window, axe: &str, is_narrow: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    if is_narrow && let Some(why) = window.ask(FITS, Vec::new()).await.as_str() {
        wrong.push(why.to_owned());
    }
    let is_there = window.ask("return typeof axe !== 'undefined'", Vec::new());
    if is_there.await != true {
        window.ask(axe, Vec::new()).await;
    }
    let found = window.ask_later(AXE, vec![json!(RULES)]).await;
    wrong.extend(texts(&found));
    wrong
}

/// What a keyboard does not reach, or not as it should.
pub(crate) async fn by_keyboard(window: &Window) -> Vec<String> {
    let stops = window.ask(WATCH_FOCUS, Vec::new()).await;
    let stops = usize::try_from(stops.as_u64().unwrap()).unwrap();
    window.tab(stops).await;
    texts(&window.ask(FOCUSED, Vec::new()).await)
}

fn texts(found: &Value) -> Vec<String> {
    let found = found.as_array().unwrap();
    found
        .iter()
        .map(|one| one.as_str().unwrap().to_owned())
        .collect()
}
