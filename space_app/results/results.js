// Draws what the server made, keeps the address that of the view, and the keyboard where it was.
const view = element.querySelector(".view");
const shows = () => element.offsetParent !== null;
const kind = () => view.firstElementChild?.dataset.view;
let drawn = "";

function go(href) {
  const link = document.createElement("a");
  link.href = href;
  element.append(link);
  link.click();  // which the page makes its address, and tells the server
  link.remove();
}

function draw() {
  if (!props.value || props.value === drawn) return settle();
  const before = { kind: kind(), stop: document.activeElement?.dataset?.stop, inside: view.contains(document.activeElement) };
  view.innerHTML = drawn = props.value;
  settle();
  if (!shows() || !before.kind) return;
  const again = before.stop && view.querySelector(`[data-stop="${CSS.escape(before.stop)}"]`);
  if (again) return again.focus({ preventScroll: true });
  if (before.inside || before.kind !== kind()) {
    view.querySelector("h2")?.focus({ preventScroll: true });
    if (element.getBoundingClientRect().top < 0) element.scrollIntoView();
  }
}

function settle() {
  view.removeAttribute("aria-busy");
  const address = view.firstElementChild?.dataset.address;
  if (address && shows() && location.search !== address) history.replaceState({}, "", address);
}

function wait() {
  view.setAttribute("aria-busy", "true");
}

element.addEventListener("change", (event) => {
  const form = event.target.closest("form");
  if (!form) return;
  const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  wait();
  go(`?tab=results&${asked}`);
});
element.addEventListener("submit", (event) => event.preventDefault());
element.addEventListener("click", (event) => {
  const drop = event.target.closest("[data-drop]");
  if (drop) {
    wait();
    trigger("submit", { drop: drop.dataset.drop });
  }
  if (event.target.closest("a[href^='?tab=results']") && !event.ctrlKey && !event.metaKey && !event.shiftKey) wait();
});
new IntersectionObserver(() => shows() && settle()).observe(element);
watch("value", draw);
draw();
if (!props.value) trigger("submit", { search: location.search });
