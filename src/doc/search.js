// Finds names as they are typed; `/` goes to the field, Escape empties it.
const field = document.getElementById("search");
const found = document.getElementById("found");

function show() {
  const wanted = field.value.trim().toLowerCase();
  found.replaceChildren();
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
}

field.addEventListener("input", show);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== field) {
    event.preventDefault();
    field.focus();
  } else if (event.key === "Escape") {
    field.value = "";
    show();
  }
});
