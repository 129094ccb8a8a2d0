// The form in the browser: it holds the draft, sends it to be checked, and shows what comes back.
// The server makes all HTML; here only the fields' values, the place of the cursor and what is open are kept.
const KEPT = "xsb-contribute";
const WAIT = 300; // milliseconds without typing before a check
const page = element.querySelector(".ct-page");
const others = {}; // the draft of the form that is not shown
let draft = null;
let timer = 0;
let asked = 0;
let done = Promise.resolve();

const form = () => page.querySelector("form.ct");

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

function store() {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(draft));
  } catch {} // a browser that keeps nothing loses no more than the form on a reload
}

function keep() {
  store();
  if (location.search.includes("draft=")) history.replaceState({}, "", "?tab=contribute");
}

// The place of a value in the draft: [object, key].
function at(path) {
  const keys = path.split(".");
  const last = keys.pop();
  return [keys.reduce((value, key) => value?.[key], draft), last];
}

function value(path) {
  const [where, key] = at(path);
  return where?.[key];
}

async function check(ask = server.checked) {
  clearTimeout(timer);
  const mine = ++asked;
  form()?.setAttribute("aria-busy", "true");
  try {
    const html = await ask(JSON.stringify(draft));
    if (mine === asked) show(html);
  } catch {
    if (mine === asked) tell("The page cannot reach its server. What you typed is still here; it is checked when you type on.");
  }
  if (mine === asked) form()?.removeAttribute("aria-busy");
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(check, WAIT);
}

function tell(text) {
  const state = page.querySelector(".ct-state") ?? page.querySelector(".empty");
  if (state) state.textContent = text;
}

function show(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.querySelector("form.ct");
  const now = form();
  if (fresh.dataset.refused && now) return tell(fresh.dataset.refused);
  if (fresh.dataset.refused) draft = JSON.parse(fresh.dataset.draft); // what was kept stands above it, to copy from
  if (now?.dataset.shape === fresh.dataset.shape) patch(now, fresh);
  else replace(fresh);
  mark();
}

// Only what changes while one types; the fields stay as they are.
function patch(now, fresh) {
  const focused = document.activeElement?.dataset?.key;
  for (const slot of fresh.querySelectorAll("[data-live]")) {
    const old = now.querySelector(`[data-live="${CSS.escape(slot.dataset.live)}"]`);
    if (!old || old.innerHTML === slot.innerHTML) continue;
    old.className = slot.className;
    old.innerHTML = slot.innerHTML;
  }
  rove(now);
  if (focused && !now.contains(document.activeElement)) now.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function replace(fresh) {
  const active = document.activeElement;
  const before = page.contains(active) ? { ...active.dataset, start: active.selectionStart, end: active.selectionEnd } : null;
  const open = new Map([...page.querySelectorAll("details[data-key]")].map((one) => [one.dataset.key, one.open]));
  for (const one of fresh.querySelectorAll("details[data-key]")) if (open.has(one.dataset.key)) one.open = open.get(one.dataset.key);
  page.replaceChildren(fresh);
  fill();
  rove(fresh);
  if (!before) return;
  const find = (name) => before[name] && fresh.querySelector(`[data-${name}="${CSS.escape(before[name])}"]`);
  const again = find("path") || find("key");
  again?.focus({ preventScroll: true });
  if (before.start != null && again?.setSelectionRange) again.setSelectionRange(before.start, before.end);
}

// What was typed while the server was asked is newer than its answer.
function fill() {
  for (const field of page.querySelectorAll("[data-path]")) {
    const now = value(field.dataset.path) ?? "";
    if (field.type === "radio") field.checked = field.value === now;
    else if (field.value !== now) field.value = now;
  }
}

// A field whose problems are shown is invalid, also for who hears the page.
function mark() {
  for (const field of page.querySelectorAll("[aria-describedby]")) {
    const said = document.getElementById(field.getAttribute("aria-describedby"));
    field.setAttribute("aria-invalid", Boolean(said?.querySelector('p:not(.label)')));
  }
}

// Of a text's words only one is a stop of the Tab key; arrows go on from there.
function rove(root, stop) {
  for (const words of root.querySelectorAll(".ct-words")) {
    const buttons = [...words.querySelectorAll("button")];
    if (stop && !buttons.includes(stop)) continue;
    buttons.forEach((button, i) => (button.tabIndex = (stop ? button === stop : i === 0) ? 0 : -1));
  }
}

function word(button) {
  const text = button.dataset.text ?? button.closest("[data-text]").dataset.text;
  const focus = draft.texts[text].focus;
  const there = focus.findIndex((one) => one.word === button.dataset.word);
  if (there < 0) focus.push({ word: button.dataset.word, neutral: "" });
  else focus.splice(there, 1);
}

const acts = {
  word,
  join(button) {
    const parts = JSON.parse(button.dataset.parts);
    const text = draft.texts[button.closest("[data-text]").dataset.text];
    const neutral = text.focus.find((one) => one.word === parts[0])?.neutral ?? "";
    text.focus = text.focus.filter((one) => !parts.includes(one.word));
    text.focus.push({ word: button.dataset.word, neutral });
  },
  "more-turns": () => draft.context.push("", ""),
  "fewer-turns": () => draft.context.splice(-2),
  "more-texts": () => draft.texts.push({ prompt: "", label: "safe", focus: [], kind: "", topic: "", why: "" }),
  clear: () => (draft = JSON.parse(form().dataset.blank)),
  drop: (button) => draft.texts.splice(Number(button.dataset.text), 1),
};

function switched(to) {
  const { type, author } = draft;
  others[draft.form] = draft;
  draft = { ...(others[to] ?? JSON.parse(form().dataset.other)), type, author };
}

function set(field) {
  const path = field.dataset.path;
  if (path === "form") return switched(field.value);
  const [where, key] = at(path);
  if (!where) return;
  where[key] = field.value;
  if (path === "texts.0.label" && draft.form === "prompt") draft.texts[1].label = field.value === "safe" ? "unsafe" : "safe";
}

async function copy(button) {
  await navigator.clipboard.writeText(page.querySelector(".ct-yaml code").textContent);
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

function download(button) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([page.querySelector(".ct-yaml code").textContent], { type: "application/yaml" }));
  link.download = button.dataset.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function send(button) {
  const own = page.querySelector("[data-own]");
  if (!own.checked) {
    own.focus();
    page.querySelector(".ct-sent").textContent = "Tick the box first: whose texts these are.";
    return;
  }
  button.disabled = true;
  page.querySelector(".ct-sent").textContent = "Asking the Hub…";
  await check(server.sent_off);
  button.disabled = false;
}

element.addEventListener("input", (event) => {
  if (!event.target.dataset.path) return;
  set(event.target);
  keep();
  if (event.target.matches("textarea, input[type=text]")) later();
  else check();
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do]");
  if (!button) return;
  const what = button.dataset.do;
  if (what === "copy") return copy(button);
  if (what === "download") return download(button);
  if (what === "send") return send(button);
  acts[what](button);
  keep();
  check();
});
element.addEventListener("keydown", (event) => {
  const here = event.target.closest(".ct-words button");
  if (!here || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  event.preventDefault();
  const buttons = [...here.closest(".ct-words").querySelectorAll("button")];
  const next = buttons[buttons.indexOf(here) + (event.key === "ArrowLeft" ? -1 : 1)];
  if (!next) return;
  rove(page, next);
  next.focus();
});
element.addEventListener("submit", (event) => event.preventDefault());

// What an address gives replaces what the browser kept.
function draw() {
  if (!props.value) return;
  const template = document.createElement("template");
  template.innerHTML = props.value;
  const fresh = template.content.querySelector("form.ct");
  if (!fresh) return;
  draft = JSON.parse(fresh.dataset.draft);
  store();
  replace(fresh);
  check();
}
watch("value", draw);
draft = kept() ?? {};
if (props.value) draw();
else check().then(() => draft.texts || ((draft = JSON.parse(form().dataset.draft)), fill()));
