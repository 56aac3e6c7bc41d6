// Puts the interactive figures on the page; where this script does not run, the drawn figures are shown instead.
{
  const drawings = [];
  const redraw = () => {
    for (const drawing of drawings) {
      drawing.chart?.destroy();
      drawing.chart = drawing.holder.closest("[hidden]") ? null : drawing.draw(drawing.canvas);
    }
  };
  const add = (grid, heading, title, draw, { controls = [], tall = false } = {}) => {
    const label = `${heading} on ${title}; the numbers stand in the tables`;
    const canvas = made("canvas", { role: "img", "aria-label": label });
    const holder = made("div", { class: "chart" }, canvas);
    grid.append(made("figure", tall ? { class: "tall" } : {}, made("figcaption", { text: `${heading} · ${title}` }), ...controls, holder));
    drawings.push({ canvas, holder, draw });
  };
  const chooser = (label, names) => {
    const select = made("select", {}, ...names.map((name) => made("option", { text: name })));
    select.addEventListener("change", redraw);
    return [made("label", { class: "chooser", text: `${label} ` }, select), select];
  };
  const checkbox = (name, checked, colour, change) => {
    const input = made("input", { type: "checkbox" });
    input.checked = checked;
    input.addEventListener("change", () => { change(input.checked); redraw(); });
    const dot = colour ? [made("i", { style: `background:var(${colour})` })] : [];
    return [made("label", {}, input, ...dot, name), input];
  };

  const boxes = [...document.querySelectorAll("[data-charts]")];
  const panels = boxes.map((box) => ({ box, data: JSON.parse(box.dataset.charts) }));
  const most = 5;
  const manyRows = 8; // of a figure that is as high as two others
  const hidden = new Set();
  let banded = true;
  if (panels.length) {
    const colours = new Map(panels.flatMap(({ data }) => data.lines.map((line) => [line.name, line.colour])));
    const ranked = panels.flatMap(({ data }) => data.recovery.flat().filter((row) => row.fair).map((row) => row.name));
    const wanted = new Set(["raw", "masked probe", ...ranked, ...colours.keys()]);
    const first = new Set([...wanted].filter((name) => colours.has(name)).slice(0, most));
    for (const name of colours.keys()) if (!first.has(name)) hidden.add(name);
    const bar = made("div", { class: "figure-tools" });
    if (panels.length > 1) {
      const choice = made("fieldset", { class: "toggles" }, made("legend", { text: "Recognisers" }));
      for (const { box, data } of panels) {
        choice.append(checkbox(data.title, true, "", (on) => { box.hidden = !on; })[0]);
      }
      bar.append(choice);
    }
    const curves = made("fieldset", { class: "toggles" }, made("legend", { text: "Curves in ROC and DET" }));
    const inputs = [];
    for (const [name, colour] of colours) {
      const [label, input] = checkbox(name, !hidden.has(name), colour, (on) => {
        hidden[on ? "delete" : "add"](name);
      });
      inputs.push([name, input]);
      curves.append(label);
    }
    const all = (on) => () => {
      for (const [name, input] of inputs) {
        input.checked = on(name);
        hidden[input.checked ? "delete" : "add"](name);
      }
      redraw();
    };
    const buttons = made("div", { class: "copy" });
    for (const [text, on] of [["All", () => true], ["The best", (name) => first.has(name)], ["None", () => false]]) {
      const button = made("button", { type: "button", text });
      button.addEventListener("click", all(on));
      buttons.append(button);
    }
    buttons.append(made("span", { class: "toggles" }, checkbox("95 % bands", true, "", (on) => { banded = on; })[0]));
    bar.append(curves, buttons);
    boxes[0].before(bar);
  }
  for (const { box, data } of panels) {
    const grid = made("div", { class: "pair charts" });
    box.append(grid);
    box.hidden = false;
    const { title } = data;
    if (data.recovery.some((rows) => rows.length)) {
      const tall = data.lines.length > 0 && Math.max(...data.recovery.map((rows) => rows.length)) > manyRows;
      add(grid, "Recovery, matched threshold", title, (canvas) => chartParts.recovery(canvas, data), { tall });
    }
    if (data.lines.length) {
      add(grid, "ROC", title, (canvas) => chartParts.curves(canvas, data, "roc", hidden, banded));
      add(grid, "DET", title, (canvas) => chartParts.curves(canvas, data, "det", hidden, banded));
      const best = data.recovery.flat().find((row) => row.fair)?.name ?? data.lines.at(-1).name;
      const [label, select] = chooser("Scores of", data.lines.map((line) => line.name));
      if (data.lines.some((line) => line.name === best)) select.value = best;
      add(grid, "Scores", title, (canvas) => chartParts.scores(canvas, data, select.value), { controls: [label] });
    }
    if (data.recovery.some((rows) => rows.some((row) => row.seconds > 0))) {
      add(grid, "Speed against recovery", title, (canvas) => chartParts.speed(canvas, data));
    }
  }
  for (const box of document.querySelectorAll("[data-training]")) {
    const trained = JSON.parse(box.dataset.training);
    const grid = made("div", { class: "pair charts" });
    box.append(grid);
    box.hidden = false;
    const [label, select] = chooser("Losses of", trained.map((one) => one.name));
    const selected = () => trained.find((one) => one.name === select.value);
    add(grid, "Training", "this run", (canvas) => chartParts.training(canvas, selected()), { controls: [label] });
  }
  if (drawings.length) document.documentElement.classList.add("with-charts");
  redraw();
  for (const input of document.querySelectorAll("input[name=target]")) input.addEventListener("change", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}
