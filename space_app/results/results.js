// Draws what the server made of the address, and keeps the keyboard where it was.
const view = element.querySelector(".view");
const shows = () => element.offsetParent !== null;
const told = () => view.firstElementChild?.dataset ?? {};
let drawn = "";

function go(href) {
  const link = document.createElement("a");
  link.href = href;
  element.append(link);
  link.click(); // which the page makes its address, and tells the server
  link.remove();
}

function wait() {
  view.setAttribute("aria-busy", "true");
  setTimeout(() => view.removeAttribute("aria-busy"), 8000); // where nothing changed, nothing is drawn
}

function draw() {
  view.removeAttribute("aria-busy");
  if (!props.value || props.value === drawn) return;
  const { view: before } = told();
  const inside = view.contains(document.activeElement);
  const stop = inside && document.activeElement.dataset.stop;
  view.innerHTML = drawn = props.value;
  if (!shows() || !before) return;
  const again = stop && view.querySelector(`[data-stop="${CSS.escape(stop)}"]`);
  if (again) return again.focus({ preventScroll: true });
  if (!inside && before === told().view) return;
  view.querySelector("h2")?.focus({ preventScroll: true });
  if (element.getBoundingClientRect().top < 0) element.scrollIntoView();
}

// A click on the tab changes the address without a link: then the view follows.
function arrive() {
  const { search } = location;
  if (shows() && told().address !== search && /^\?tab=results(&|$)/.test(search)) trigger("submit", { search });
}

element.addEventListener("change", async (event) => {
  const file = event.target.files?.[0];
  if (file) {
    wait();
    const text = await file.slice(0, Number(event.target.dataset.limit) + 1).text();
    history.replaceState({}, "", "?tab=results");
    return trigger("submit", { upload: text });
  }
  const form = event.target.closest("form");
  if (!form) return;
  const asked = new URLSearchParams([...new FormData(form)].filter(([name, value]) => name && value));
  wait();
  go(`?tab=results&${asked}`);
});
element.addEventListener("submit", (event) => event.preventDefault());
element.addEventListener("click", (event) => {
  const drop = event.target.closest("[data-drop]");
  if (drop) trigger("submit", { drop: drop.dataset.drop, search: location.search });
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (drop || (plain && event.target.closest("a[href^='?tab=results']"))) wait();
});
document.addEventListener("click", (event) => {
  if (event.target.closest(".xsb-tabs > .tab-wrapper [role=tab]")) setTimeout(arrive);
});
watch("value", draw);
draw();
if (!props.value) trigger("submit", { search: location.search });
new IntersectionObserver(arrive).observe(element);
