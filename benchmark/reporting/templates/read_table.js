// Buttons below each table that copy what it shows: filtered rows are left out, hidden columns, too.
{
  const flat = (node) => {
    const copy = node.cloneNode(true);
    for (const left of copy.querySelectorAll(".ci, .dot, .track, .detail, .badge, .flag")) left.remove();
    for (const line of copy.querySelectorAll("br")) line.replaceWith(" ");
    return copy.textContent.replace(/[ \n\t]+/g, " ").trim();
  };
  const read = (table) => {
    const row = table.tHead.rows[table.tHead.rows.length - 1];
    const shown = [...row.cells].filter((heading) => !heading.hidden);
    const rows = [];
    for (const body of table.tBodies) {
      if (body.hidden) continue;
      const divider = body.querySelector(":scope > tr.divider");
      for (const line of body.rows) {
        if (line === divider || line.hidden) continue;
        rows.push({
          group: divider ? flat(divider.cells[0]) : "",
          cells: [...line.cells].filter((cell) => !cell.hidden).map((cell, place) => {
            const flag = cell.querySelector(".flag")?.textContent.trim();
            const mark = place === 0 && line.dataset.kind === "baseline" ? "baseline" : flag;
            return {
              text: flat(cell) + (mark ? ` (${mark})` : ""),
              within: cell.querySelector(".ci")?.textContent.trim() ?? "",
            };
          }),
        });
      }
    }
    const heading = (cell) => (cell.dataset.under ? `${flat(cell)}, ${cell.dataset.under.toLowerCase()}` : flat(cell));
    return { caption: table.dataset.caption, headings: shown.map(heading), rows };
  };

  const dialog = document.createElement("dialog");
  dialog.innerHTML = `<form method="dialog"><p><label for="copied">This browser gives no access to the clipboard: copy
    the text from here.</label></p><textarea id="copied" readonly rows="14"></textarea><button>Close</button></form>`;
  document.body.append(dialog);
  const byHand = (text) => {
    const area = dialog.querySelector("textarea");
    area.value = text;
    dialog.showModal();
    area.select();
  };

  for (const table of document.querySelectorAll("table[data-caption]")) {
    const bar = made("div", { class: "copy" });
    const said = made("span", { role: "status" });
    for (const [name, write] of [["Markdown", "markdown"], ["LaTeX", "latex"], ["CSV", "csv"]]) {
      const button = made("button", { type: "button", text: `Copy as ${name}` });
      button.addEventListener("click", async () => {
        const shown = read(table);
        const text = copiedTable[write](shown);
        try {
          await navigator.clipboard.writeText(text);
          said.textContent = `${shown.rows.length} rows copied as ${name}`;
        } catch {
          byHand(text);
        }
      });
      bar.append(button);
    }
    bar.append(said);
    table.closest(".scroll").after(bar);
  }
}
