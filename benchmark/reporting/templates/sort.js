// Sorts a table's rows when a heading is pressed; without this script the tables stay as they were ranked.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  headings.forEach((heading, column) => {
    const button = made("button", { type: "button" }, ...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const first = heading.dataset.first || "descending";
      const second = first === "descending" ? "ascending" : "descending";
      const order = heading.getAttribute("aria-sort") === first ? second : first;
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const key = (row) => {
        const cell = row.cells[column];
        if (cell === undefined) return null;
        if (cell.dataset.v === undefined) return cell.textContent.trim().toLowerCase();
        return cell.dataset.v === "" ? null : Number(cell.dataset.v);
      };
      for (const body of table.querySelectorAll("tbody.moves")) {
        const rows = [...body.rows].filter((row) => !row.classList.contains("divider"));
        rows.sort((a, b) => {
          const [x, y] = [key(a), key(b)];
          if (x === null || y === null) return (x === null) - (y === null);
          return sign * (x < y ? -1 : x > y ? 1 : 0);
        });
        body.append(...rows);
      }
      table.dispatchEvent(new Event("rows-changed"));
    });
  });
}
for (const hint of document.querySelectorAll(".with-script")) hint.hidden = false;
