// Finds names as they are typed; `/` goes to the field, the arrows choose, Enter goes there, Escape empties it.
const field = document.getElementById("search");
const found = document.getElementById("found");
let chosen = -1;

function show() {
  const wanted = field.value.trim().toLowerCase();
  found.replaceChildren();
  chosen = -1;
  if (!wanted) return;
  const at = (row) => row[0].toLowerCase().indexOf(wanted);
  const rows = NAMES.filter((row) => at(row) >= 0 || row[3].toLowerCase().includes(wanted));
  rows.sort((a, b) => (at(a) < 0) - (at(b) < 0) || at(a) - at(b) || a[0].length - b[0].length);
  for (const [name, kind, link, about] of rows.slice(0, 20)) {
    const entry = document.createElement("li");
    const anchor = document.createElement("a");
    anchor.href = link;
    anchor.textContent = name;
    const small = document.createElement("span");
    small.textContent = `${kind} ${about}`;
    entry.append(anchor, " ", small);
    found.append(entry);
  }
  if (!rows.length) {
    const none = document.createElement("li");
    none.textContent = "nothing of this name";
    found.append(none);
  }
}

function choose(step) {
  const entries = [...found.children].filter((entry) => entry.querySelector("a"));
  if (!entries.length) return;
  chosen = (chosen + step + entries.length) % entries.length;
  entries.forEach((entry, at) => entry.classList.toggle("chosen", at === chosen));
  entries[chosen].scrollIntoView({ block: "nearest" });
}

field.addEventListener("input", show);
field.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") choose(1);
  else if (event.key === "ArrowUp") choose(-1);
  else if (event.key === "Enter") {
    const links = found.querySelectorAll("a");
    if (links.length) location.href = links[Math.max(chosen, 0)].href;
  } else return;
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== field) {
    event.preventDefault();
    field.focus();
  } else if (event.key === "Escape") {
    field.value = "";
    show();
  }
});
