// Search, kinds of method, and columns: what is hidden in one table is hidden in all that have it.
{
  const search = document.querySelector("#find-method");
  const kinds = [...document.querySelectorAll("input[name=kind]")];
  const said = document.querySelector("#methods-found");
  const rows = [...document.querySelectorAll("tr[data-kind]")];
  const changed = (tables) => tables.forEach((table) => table.dispatchEvent(new Event("rows-changed")));

  const filter = () => {
    const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const off = new Set(kinds.filter((input) => !input.checked).map((input) => input.value));
    const names = { all: new Set(), shown: new Set() };
    for (const row of rows) {
      const text = row.cells[0].textContent.toLowerCase();
      row.hidden = off.has(row.dataset.kind) || !words.every((word) => text.includes(word));
      names.all.add(row.dataset.method);
      if (!row.hidden) names.shown.add(row.dataset.method);
    }
    for (const body of document.querySelectorAll("tbody:has(> tr.divider)")) {
      body.hidden = [...body.rows].every((row) => row.hidden || row.classList.contains("divider"));
    }
    said.textContent = names.shown.size === names.all.size
      ? `${names.all.size} methods` : `${names.shown.size} of ${names.all.size} methods`;
    changed(new Set(rows.map((row) => row.closest("table"))));
  };
  if (search) {
    search.addEventListener("input", filter);
    kinds.forEach((input) => input.addEventListener("change", filter));
    filter();
  }

  // Columns are told apart by the key of their heading; a heading over several of them shrinks with them.
  for (const input of document.querySelectorAll("input[data-toggles]")) {
    input.addEventListener("change", () => {
      const tables = document.querySelectorAll(`table[data-columns="${input.dataset.of}"]`);
      for (const table of tables) {
        const headings = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
        const place = headings.findIndex((heading) => heading.dataset.column === input.dataset.toggles);
        if (place < 0) continue;
        headings[place].hidden = !input.checked;
        for (const body of table.tBodies) {
          for (const row of body.rows) {
            if (row.cells.length === headings.length) row.cells[place].hidden = !input.checked;
          }
        }
        const shown = headings.filter((heading) => !heading.hidden);
        for (const group of table.querySelectorAll("thead th[data-group]")) {
          const under = shown.filter((heading) => heading.dataset.under === group.dataset.group);
          group.hidden = !under.length;
          group.colSpan = Math.max(1, under.length);
        }
        for (const divider of table.querySelectorAll("tr.divider > th")) divider.colSpan = shown.length;
      }
      changed(tables);
    });
  }
}
