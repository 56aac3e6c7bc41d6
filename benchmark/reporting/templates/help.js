// Explains a number, a name or a heading where the reader is: under the pointer, at a tap, or at the keyboard's focus.
// Whatever carries data-help is explained by one box. A table is one stop of the Tab key; arrow keys walk its cells.
{
  const box = made("div", { id: "help", role: "tooltip", hidden: "" });
  document.body.append(box);
  let explained = null;
  let leaving = 0;

  const hide = () => {
    clearTimeout(leaving);
    if (explained) explained.removeAttribute("aria-describedby");
    explained = null;
    box.hidden = true;
  };
  const show = (owner) => {
    clearTimeout(leaving);
    if (explained === owner) return;
    hide();
    explained = owner;
    box.textContent = owner.dataset.help;
    box.hidden = false;
    const described = owner.querySelector(":scope > button") || owner;
    owner.setAttribute("aria-describedby", "help");
    if (described !== owner) described.setAttribute("aria-describedby", "help");
    place();
  };
  const place = () => {
    const at = explained.getBoundingClientRect();
    const size = box.getBoundingClientRect();
    const room = document.documentElement.clientWidth - size.width - 8;
    const below = at.bottom + 6 + size.height < innerHeight;
    box.style.left = `${Math.max(8, Math.min(at.left + at.width / 2 - size.width / 2, room))}px`;
    box.style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - size.height - 6)}px`;
  };
  const ownerOf = (node) => (node instanceof Element ? node.closest("[data-help]") : null);

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    if (box.contains(event.target)) { clearTimeout(leaving); return; }
    const owner = ownerOf(event.target);
    if (owner) show(owner);
    else if (explained && !explained.contains(document.activeElement)) {
      clearTimeout(leaving);
      leaving = setTimeout(hide, 250);
    }
  });
  document.addEventListener("click", (event) => {
    const owner = ownerOf(event.target);
    if (owner) show(owner);
    else if (!box.contains(event.target)) hide();
  });
  document.addEventListener("focusin", (event) => {
    const owner = ownerOf(event.target);
    if (owner) show(owner);
    else hide();
  });
  const follow = () => { if (explained) explained.contains(document.activeElement) ? place() : hide(); };
  addEventListener("scroll", follow, { passive: true, capture: true });
  addEventListener("resize", hide);

  // One cell of a table can be reached by Tab; the arrow keys move on from it.
  const walkable = (table) => [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => !row.hidden)
    .map((row) => [...row.cells].filter((cell) => !cell.hidden && cell.dataset.help));
  const stop = (table) => {
    for (const cell of table.querySelectorAll("tbody [tabindex='0'][data-help]")) cell.tabIndex = -1;
    const first = walkable(table).flat()[0];
    if (first) first.tabIndex = 0;
  };
  const nearest = (cells, column) => cells.reduce((best, cell) =>
    (best && Math.abs(best.cellIndex - column) <= Math.abs(cell.cellIndex - column) ? best : cell), null);
  for (const table of document.querySelectorAll("table")) {
    for (const cell of table.querySelectorAll("tbody [data-help]")) cell.tabIndex = -1;
    stop(table);
    table.addEventListener("rows-changed", () => stop(table));
    table.addEventListener("keydown", (event) => {
      const cell = event.target.closest("tbody [data-help]");
      if (!cell || event.altKey || event.ctrlKey || event.metaKey) return;
      const rows = walkable(table).filter((cells) => cells.length);
      const row = rows.findIndex((cells) => cells.includes(cell));
      const place = row < 0 ? -1 : rows[row].indexOf(cell);
      const next = {
        ArrowRight: () => rows[row][place + 1],
        ArrowLeft: () => rows[row][place - 1],
        ArrowDown: () => rows[row + 1] && nearest(rows[row + 1], cell.cellIndex),
        ArrowUp: () => rows[row - 1] && nearest(rows[row - 1], cell.cellIndex),
        Home: () => rows[row][0],
        End: () => rows[row].at(-1),
      }[event.key];
      const target = row >= 0 && next && next();
      if (!target) return;
      event.preventDefault();
      cell.tabIndex = -1;
      target.tabIndex = 0;
      target.focus({ preventScroll: true });
      target.scrollIntoView({ block: "nearest", inline: "nearest" });
      show(target);
    });
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
}
