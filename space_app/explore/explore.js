// Explore in the browser: fields become the page's address at once, and the server fills in what is found.
const form = element.querySelector("form");
const search = form.elements.q;
const [filters, found, results] = [".filters", ".found", ".results"].map((one) => element.querySelector(one));
let serial = 0; // of what was asked last; an answer to something earlier is not drawn
let timer;
let drawn = null;

const here = () => new URLSearchParams(location.search).get("tab") === "explore";

function ask(address) {
  clearTimeout(timer);
  results.setAttribute("aria-busy", "true");
  trigger("submit", { address, serial: ++serial });
}

function choose() {
  const asked = new URLSearchParams({ tab: "explore" });
  for (const { name, value } of [...filters.querySelectorAll("select"), search]) if (value) asked.set(name, value);
  history.replaceState({}, "", `?${asked}`);
  ask(location.search);
}

function fill(part, html) {
  const name = part.contains(document.activeElement) ? document.activeElement.name : null;
  part.innerHTML = html;
  if (name) part.querySelector(`[name="${CSS.escape(name)}"]`)?.focus();
}

function draw() {
  const shown = props.value;
  if (!shown || (shown.serial && shown.serial !== serial)) return;
  if (!shown.serial) {
    serial++;
    search.value = shown.q;
    if (here()) history.replaceState({}, "", shown.address);
  }
  form.hidden = !shown.filters;
  fill(filters, shown.filters);
  if (drawn?.results !== shown.results) results.innerHTML = shown.results;
  results.removeAttribute("aria-busy");
  found.textContent = shown.say;
  // Another page, or a record, begins at its top; so does the way of the keys through it.
  if (drawn && drawn.place !== shown.place) {
    results.focus({ preventScroll: true });
    element.scrollIntoView();
  }
  drawn = shown;
}

form.addEventListener("submit", (event) => (event.preventDefault(), choose()));
form.addEventListener("change", (event) => event.target !== search && choose());
search.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(choose, 150);
});
watch("value", draw);
draw();
// Who comes by a click on the tab finds what was there before, and the first time all records.
new IntersectionObserver(([entry]) => {
  if (!entry.isIntersecting || location.search.replace(/^\?(tab=explore)?$/, "")) return;
  if (drawn) history.replaceState({}, "", drawn.address);
  else ask("?tab=explore");
}).observe(element);
