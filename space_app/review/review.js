// The review page in the browser: words, keys and focus. What follows a button is decided on the server.
const card = element.querySelector(".rv-card");
const status = element.querySelector("[role=status]");
const keys = element.querySelector("dialog");
const TEXT = "textarea, select, input:not([type=radio]), [contenteditable]";
const STOPS = ".rv-word, .rv-join";

const shows = () => element.offsetParent !== null;
const pressed = (button) => button.getAttribute("aria-pressed") === "true";

function draw() {
  card.innerHTML = props.value;
  dress();
  const form = card.querySelector("form");
  if (!form) return;
  status.textContent = form.dataset.say;
  if (shows()) card.querySelector("[data-focus]")?.focus();
}

// A button between two chosen neighbours of one turn, by which they become one phrase.
function dress() {
  const words = [...card.querySelectorAll(".rv-word")];
  words.forEach((word, i) => {
    const before = words[i - 1];
    if (before?.dataset.turn !== word.dataset.turn) return;
    const both = pressed(before) && pressed(word);
    if (!both) delete word.dataset.joined;
    const gap = before.closest(".rv-chunk").nextElementSibling;
    const joined = "joined" in word.dataset;
    const there = gap.querySelector(".rv-join");
    if (!both) there?.remove();
    else if (there) there.setAttribute("aria-pressed", joined);
    else gap.append(join(word, before, joined));
    gap.classList.toggle("joined", joined);
  });
  if (!card.querySelector(`${STOPS}[tabindex="0"]`)) rove(words[0]);
}

function join(word, before, joined) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "rv-join", textContent: "join", tabIndex: -1 });
  button.setAttribute("aria-pressed", joined);
  button.setAttribute("aria-label", `join ${before.textContent} and ${word.textContent}`);
  button.onclick = () => {
    if ("joined" in word.dataset) delete word.dataset.joined;
    else word.dataset.joined = "";
    dress();
  };
  return button;
}

// Of all words only one is a stop of the Tab key; the arrows go on from there.
function rove(stop) {
  card.querySelectorAll(STOPS).forEach((other) => (other.tabIndex = other === stop ? 0 : -1));
}

function walk(key) {
  const stops = [...card.querySelectorAll(STOPS)];
  const last = stops.length - 1;
  const here = stops.indexOf(document.activeElement);
  const resume = stops.findIndex((stop) => stop.tabIndex === 0);
  const to = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: last }[key];
  const next = stops[here < 0 ? resume : Math.min(last, Math.max(0, to))];
  rove(next);
  next.focus();
}

// The numbers of the chosen words, a list for each Focus.
function focus() {
  const groups = [];
  for (const word of card.querySelectorAll(".rv-word")) {
    if (!pressed(word)) continue;
    const number = Number(word.dataset.word);
    if ("joined" in word.dataset) groups.at(-1).push(number);
    else groups.push([number]);
  }
  return groups;
}

function act(what) {
  const form = card.querySelector("form");
  const fields = new FormData(form);
  const sent = { do: what, serial: Number(form.dataset.serial), name: form.dataset.name, focus: focus() };
  for (const name of ["name", "label", "comment", "prompt", "why"]) if (fields.has(name)) sent[name] = fields.get(name);
  for (const name of ["words", "neutral"]) sent[name] = fields.getAll(name);
  if (fields.has("naturalness")) sent.naturalness = Number(fields.get("naturalness"));
  trigger("submit", sent);
}

function press(target) {
  if (target.matches("[type=radio]")) target.checked = true;
  else if (target.matches("textarea")) target.focus();
  else target.click();
}

function key(event) {
  if (!shows() || keys.open || event.altKey || event.defaultPrevented) return;
  const at = document.activeElement ?? document.body;
  const command = event.ctrlKey || event.metaKey;
  if (at.matches(TEXT)) {
    if (event.key === "Escape") at.blur();
    if (event.key !== "Enter" || !(command || at.matches("[name=name]")) || !card.contains(at)) return;
  } else if (command) return;
  const word = at.matches(STOPS);
  if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) {
    const outside = at !== document.body && !at.matches("h2") && !word;
    if (outside || !card.querySelector(STOPS) || (at.matches("h2, body") && !event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    return walk(event.key);
  }
  if (event.key === "Enter" && !word && at.matches("button, a, summary, [role=tab]")) return;
  const target = element.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!target || event.repeat) return;
  event.preventDefault();
  press(target);
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("keys" in button.dataset) keys.showModal();
  if (button.dataset.do) act(button.dataset.do);
  if (!button.matches(STOPS)) return;
  rove(button);
  if (!button.matches(".rv-word")) return;
  button.setAttribute("aria-pressed", !pressed(button));
  dress();
});
card.addEventListener("submit", (event) => event.preventDefault());
// There is always one empty row for one more Focus.
element.addEventListener("input", (event) => {
  const row = event.target.closest(".rv-pair:last-child");
  if (!row || !event.target.value) return;
  const more = row.cloneNode(true);
  more.querySelectorAll("input").forEach((input) => ((input.value = ""), input.removeAttribute("value")));
  row.after(more);
});
document.addEventListener("keydown", key);
watch("value", draw);
draw();
