// The Try tab in the browser: the dialogue's turns, chosen words, and the parts of the result in their places.
// What is asked, and all HTML of results, is made on the server.
const root = element.querySelector(".try");
const form = root.querySelector("form");
const editor = root.querySelector(".editor");
const found = root.querySelector(".found");
const status = root.querySelector("[role=status]");
const stop = root.querySelector(".stop");
const methods = JSON.parse(root.dataset.methods), parts = {};
const strength = root.querySelector("[name=strength]");
const DELAY = 400; // ms after a click on a word, so that several are chosen before it is asked
let record = "", asked = null, serial = 0, nonce = 0, busy = false, timer = 0;

const field = (name) => form.elements[name];
const divisor = () => Number(strength ? strength.dataset.divisors.split(" ")[strength.value] : 1);
const turns = () => [...editor.querySelectorAll(".edit")];

// The editor: one box for a prompt, a column of them for a dialogue.
function make(tag, facts, ...inside) {
  const one = Object.assign(document.createElement(tag), facts);
  one.append(...inside);
  return one;
}

function turn({ role, content }) {
  const text = make("textarea", { value: content, rows: 2, maxLength: editor.dataset.most });
  text.placeholder = "How do I kill a frozen Python process?";
  const roles = ["user", "assistant", "system"].map((name) => make("option", { textContent: name }));
  const choice = make("select", { className: "role" }, ...roles);
  choice.value = role;
  const away = make("button", { type: "button", className: "quiet away", textContent: "remove" });
  away.dataset.do = "remove";
  return make("div", { className: "edit" }, make("div", { className: "who" }, choice, away), text);
}

function number() {
  const all = turns();
  const dialogue = editor.classList.toggle("dialogue", all.length > 1 || all[0].querySelector("select").value !== "user");
  all.forEach((one, at) => {
    const role = one.querySelector("select").value;
    one.dataset.role = role;
    one.querySelector("select").setAttribute("aria-label", `Role of turn ${at + 1}`);
    one.querySelector("textarea").setAttribute("aria-label", all.length > 1 ? `Turn ${at + 1}, ${role}` : "Prompt");
    one.querySelector(".away").setAttribute("aria-label", `Remove turn ${at + 1}`);
    one.querySelector(".away").hidden = all.length < 2;
  });
  const add = root.querySelector("[data-do=add]");
  add.textContent = dialogue ? "Add a turn" : "Make it a dialogue";
  add.disabled = all.length >= Number(editor.dataset.turns);
}

function write(messages) {
  editor.replaceChildren(...messages.map(turn));
  number();
}

function messages() {
  return turns().map((one) => ({
    role: one.querySelector("select").value, content: one.querySelector("textarea").value,
  }));
}

// Asking. Words that are clicked and other methods are about what was asked, not about what is being typed.
function ask(question) {
  clearTimeout(timer);
  asked = { ...question, serial: ++serial };
  root.querySelector(".empty").hidden = true;
  found.hidden = false;
  working(true);
  trigger("submit", asked);
}

function fresh() {
  const model = field("model").value, chosen = messages();
  if (chosen.length === 1) chosen[0].content = chosen[0].content.trim();
  const question = { messages: chosen, model, method: field("method").value, beside: field("beside").value };
  ask({ ...question, triggers: null, strength: 1 / divisor(), record });
}

function working(now) {
  busy = now;
  const held = document.activeElement, go = form.querySelector("[type=submit]");
  if ((now && held === go) || (!now && held === stop)) setTimeout(() => (now ? stop : go).focus());
  stop.hidden = !now;
  go.hidden = now;
  found.setAttribute("aria-busy", now);
}

function halt() {
  trigger("stop");
  serial += 1; // what still comes is not shown
  working(false);
  status.textContent = "Stopped.";
  found.querySelectorAll(".waits").forEach((one) => (one.textContent = "stopped"));
}

// Showing.
function draw() {
  const told = props.value ? JSON.parse(props.value) : {};
  if (told.nonce && told.nonce <= nonce) return;
  nonce = told.nonce ?? nonce;
  if (told.fill) return fill(told);
  if (!told.parts || (told.serial !== undefined && told.serial !== serial)) return;
  root.querySelector(".empty").hidden = true;
  found.hidden = false;
  for (const slot of found.querySelectorAll("[data-part]")) put(slot, told.parts[slot.dataset.part] ?? "");
  if (told.parts.status !== undefined && status.textContent !== told.parts.status) status.textContent = told.parts.status;
  const cards = [...found.querySelectorAll(".card")];
  cards.forEach((card) => (card.hidden = !parts[card.querySelector("[data-part]").dataset.part]?.trim()));
  working(!told.done);
}

function put(slot, html) {
  const name = slot.dataset.part;
  if (parts[name] === html) return;
  parts[name] = html;
  const open = [...slot.querySelectorAll("details")].map((one) => one.open);
  slot.innerHTML = html;
  if (name === "heat") dress();
  const after = slot.querySelectorAll("details");
  if (after.length === open.length) after.forEach((one, at) => (one.open = open[at]));
}

function fill({ fill, run }) {
  write(fill.messages);
  record = fill.record;
  field("model").value = fill.model;
  offer();
  field("method").value = fill.method;
  field("beside").value = fill.beside;
  if (strength) {
    const steps = strength.dataset.divisors.split(" ").map(Number), wanted = 1 / fill.strength;
    strength.value = steps.findIndex((one) => one >= wanted - 0.5);
    name();
  }
  if (run && !document.hidden) ask({ ...fill, strength: strength ? 1 / divisor() : fill.strength });
}

function offer() {
  const names = methods[field("model").value];
  for (const [select, first] of [[field("method"), []], [field("beside"), [""]]]) {
    const options = [...first, ...names].map((one) => make("option", { value: one, textContent: one.replaceAll("_", " ") || "nothing" }));
    select.replaceChildren(...options);
  }
}

function name() {
  const by = divisor();
  strength.nextElementSibling.textContent = by === 1 ? "none" : `÷ ${by}`;
  strength.setAttribute("aria-valuetext", by === 1 ? "attention as it is" : `attention divided by ${by}`);
}

// Words of the heat map.
const place = (word) => ["turn", "start", "end"].map((key) => Number(word.dataset[key]));
const same = (span, [turn, start, end]) => span.turn === turn && span.start === start && span.end === end;

function dress() {
  const words = [...found.querySelectorAll(".word")];
  for (const heat of found.querySelectorAll(".heat")) {
    const first = heat.querySelector(".word");
    if (first) first.tabIndex = 0;
  }
  if (!asked?.triggers) return;
  for (const word of words) word.setAttribute("aria-pressed", asked.triggers.some((span) => same(span, place(word))));
}

function choose(word) {
  const [turn, start, end] = place(word);
  const first = found.querySelector(".heat");
  const now = asked.triggers ?? [...first.querySelectorAll(".word[aria-pressed=true]")].map((one) => {
    const [turn, start, end] = place(one);
    return { turn, start, end };
  });
  const held = now.some((span) => same(span, [turn, start, end]));
  const others = now.filter((span) => span.turn !== turn || span.end <= start || span.start >= end);
  asked = { ...asked, triggers: held ? others : [...others, { turn, start, end }] };
  dress();
  clearTimeout(timer);
  timer = setTimeout(() => ask(asked), DELAY);
}

function walk(word, key) {
  const words = [...word.closest(".heat").querySelectorAll(".word")].filter((one) => one.offsetParent);
  const at = words.indexOf(word);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: words.length - 1 }[key];
  const next = words[Math.max(0, Math.min(to, words.length - 1))];
  word.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

const acts = {
  stop: halt,
  add() {
    const last = turns().at(-1).querySelector("select").value;
    editor.append(turn({ role: last === "user" ? "assistant" : "user", content: "" }));
    number();
    turns().at(-1).querySelector("textarea").focus();
  },
  remove(button) {
    button.closest(".edit").remove();
    number();
    turns().at(-1).querySelector("textarea").focus();
  },
  found: () => ask({ ...asked, triggers: null }),
};

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]"), word = event.target.closest(".word");
  if (button) acts[button.dataset.do](button);
  else if (word && asked) choose(word);
});
element.addEventListener("keydown", (event) => {
  const word = event.target.closest(".word");
  if (word && ["Enter", " "].includes(event.key)) choose(word);
  else if (word && ["ArrowRight", "ArrowLeft", "Home", "End"].includes(event.key)) walk(word, event.key);
  else if (event.target.matches(".editor textarea") && event.key === "Enter" && !event.isComposing && !event.shiftKey
    && (event.ctrlKey || event.metaKey || turns().length === 1)) fresh();
  else if (event.key === "Escape" && busy) halt();
  else return;
  event.preventDefault();
});
element.addEventListener("input", (event) => {
  if (event.target === strength) name();
});
element.addEventListener("change", (event) => {
  const { target } = event;
  if (target.matches(".role")) number();
  if (target === field("model")) offer();
  if (target === strength && asked) ask({ ...asked, strength: 1 / divisor() });
  if ((target === field("method") || target === field("beside")) && asked)
    ask({ ...asked, method: field("method").value, beside: field("beside").value });
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  fresh();
});
write([{ role: "user", content: "" }]);
if (strength) name();
watch("value", draw);
draw();
