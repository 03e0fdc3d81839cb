// What makes pages nicer. Every page works without it.
"use strict";

// Times in the reader's zone.
const formats = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
function tellTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (isNaN(at)) continue;
    time.title = time.textContent;
    time.textContent = formats.format(at);
  }
}
tellTimes(document);

// Days of forms are those of the reader's zone; without this they are those of UTC, and the page says so.
for (const zone of document.querySelectorAll("[data-zone]")) {
  zone.value = String(new Date().getTimezoneOffset());
  for (const note of zone.form.querySelectorAll("[data-utc]")) note.hidden = true;
}

// The text of a file that is chosen, in a field where it can be looked at before it is sent.
for (const file of document.querySelectorAll("[data-into]")) {
  file.closest("[hidden]").hidden = false;
  file.addEventListener("change", async () => {
    const into = document.getElementById(file.dataset.into);
    if (file.files.length > 0) into.value = await file.files[0].text();
  });
}

// A mark for all boxes of a list.
for (const all of document.querySelectorAll("[data-all]")) {
  const boxes = () => all.form.querySelectorAll(`input[name="${all.dataset.all}"]`);
  all.closest("[hidden]").hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes()) box.checked = all.checked;
  });
}

// Progress as it comes. The server draws it, escaped like every page.
for (const live of document.querySelectorAll("[data-events]")) {
  const source = new EventSource(live.dataset.events);
  const draw = (event) => {
    const focused = live.contains(document.activeElement) ? document.activeElement.id : "";
    live.innerHTML = JSON.parse(event.data);
    tellTimes(live);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  };
  source.addEventListener("progress", draw);
  source.addEventListener("end", (event) => {
    draw(event);
    source.close();
    for (const note of document.querySelectorAll("[data-refresh]")) note.hidden = true;
  });
}

// Nothing is sent twice by a second click.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
