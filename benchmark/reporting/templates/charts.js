// Interactive ROC, DET and recovery figures; where this script does not run, the drawn figures are shown instead.
{
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const percent = (share) => `${+(100 * share).toPrecision(3)} %`;
  const made = [];
  const chosen = () => {
    const input = document.querySelector("input[name=target]:checked");
    return input ? Number(input.id.split("-")[1]) : 0;
  };
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 12;
  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;

  // The vertical line at the target, and the lines of recovery's intervals, drawn beneath the points.
  const guides = {
    id: "guides",
    beforeDatasetsDraw(chart, _, options) {
      const { ctx, chartArea: area, scales } = chart;
      ctx.save();
      ctx.strokeStyle = style("--muted");
      ctx.setLineDash([4, 3]);
      for (const at of options.at || []) {
        const x = scales.x.getPixelForValue(at);
        if (x < area.left || x > area.right) continue;
        ctx.beginPath(); ctx.moveTo(x, area.top); ctx.lineTo(x, area.bottom); ctx.stroke();
      }
      ctx.setLineDash([]);
      ctx.lineWidth = 3;
      (options.intervals || []).forEach((interval, row) => {
        if (interval.low === null || interval.high === null) return;
        const y = scales.y.getPixelForValue(row);
        const [from, to] = [interval.low, interval.high]
          .map((end) => Math.min(Math.max(scales.x.getPixelForValue(end), area.left), area.right));
        ctx.globalAlpha = 0.5;
        ctx.strokeStyle = style(interval.colour);
        ctx.beginPath(); ctx.moveTo(from, y); ctx.lineTo(to, y); ctx.stroke();
      });
      ctx.restore();
    },
  };
  const axis = (title, more) => ({
    title: { display: true, text: title, color: style("--muted") },
    grid: { color: style("--hair") }, border: { color: style("--line") },
    ...more, ticks: { color: style("--soft"), ...more.ticks },
  });
  const rates = (title, min) => axis(title, {
    type: "logarithmic", min, max: 1,
    ticks: {
      maxRotation: 0, autoSkipPadding: 10,
      callback: (value) => (Number.isInteger(Math.round(1e6 * Math.log10(value)) / 1e6) ? percent(value) : null),
    },
  });

  // Rates below one in a million are beyond any run here.
  const lowest = (data, place) => {
    const rates = data.lines.flatMap((line) => line.points.map((point) => point[place])).filter((rate) => rate > 0);
    return 10 ** Math.floor(Math.log10(Math.max(1e-6, Math.min(0.1, ...rates))));
  };

  const curves = (canvas, data, kind, hidden) => {
    const accepted = kind === "roc";
    return new Chart(canvas, {
      type: "scatter",
      data: {
        datasets: data.lines.filter((line) => !hidden.has(line.name)).map((line) => ({
          label: line.name,
          data: line.points
            .filter((point) => accepted || point[1] > 0)
            .map(([fmr, fnmr, threshold]) => ({ x: fmr, y: accepted ? 1 - fnmr : fnmr, threshold, fnmr })),
          showLine: true, borderColor: style(line.colour), backgroundColor: style(line.colour),
          borderDash: line.dash, borderWidth: 2, pointRadius: 0, pointHoverRadius: 4,
        })),
      },
      options: {
        interaction: { mode: "nearest", intersect: false },
        plugins: {
          legend: { display: false },
          guides: { at: data.targets.length ? [data.targets[chosen()].value] : [] },
          tooltip: {
            callbacks: {
              title: (items) => items[0].dataset.label,
              label: ({ raw }) => [
                `FMR ${percent(raw.x)}`, `FNMR ${percent(raw.fnmr)}`, `threshold ${raw.threshold.toPrecision(4)}`,
              ],
            },
          },
        },
        scales: {
          x: rates("false match rate, log scale", lowest(data, 0)),
          y: accepted
            ? axis("mated comparisons accepted", { min: 0, max: 1, ticks: { callback: percent } })
            : rates("false non-match rate, log scale", lowest(data, 1)),
        },
      },
      plugins: [guides],
    });
  };

  const recovery = (canvas, data, hidden) => {
    const rows = (data.recovery[chosen()] || []).filter((row) => !hidden.has(row.name));
    canvas.parentElement.style.height = `${Math.max(140, 34 * rows.length + 70)}px`;
    const short = (name) => (name.length > 18 ? name.split(/(?<=\+)/) : name);
    return new Chart(canvas, {
      type: "scatter",
      data: {
        datasets: [{
          data: rows.map((row, place) => ({ x: row.value, y: place })),
          pointBackgroundColor: rows.map((row) => style(row.fair ? row.colour : "--surface")),
          pointBorderColor: rows.map((row) => style(row.colour)),
          pointStyle: rows.map((row) => (row.fair ? "circle" : "rectRot")),
          pointBorderWidth: 2, pointRadius: 6, pointHoverRadius: 8, clip: false,
        }],
      },
      options: {
        interaction: { mode: "nearest", axis: "y", intersect: false },
        plugins: {
          legend: { display: false },
          guides: { at: [0, 1], intervals: rows },
          tooltip: {
            callbacks: {
              title: (items) => rows[items[0].dataIndex].name,
              label: ({ dataIndex }) => {
                const { value, low, high } = rows[dataIndex];
                const within = low === null || high === null ? "no interval" : `${percent(low)} to ${percent(high)}`;
                return [`recovery ${percent(value)}`, `95 %: ${within}`];
              },
            },
          },
        },
        scales: {
          x: axis("recovery: 0 % mask left on, 100 % mask undone", {
            suggestedMin: -0.1, suggestedMax: 1.05, ticks: { callback: percent, maxRotation: 0, autoSkipPadding: 10 },
          }),
          y: axis("", {
            type: "linear", min: -0.6, max: Math.max(rows.length - 0.4, 0.6), reverse: true, title: { display: false },
            afterBuildTicks: (scale) => { scale.ticks = rows.map((_, place) => ({ value: place })); },
            ticks: { autoSkip: false, callback: (place) => (rows[place] ? short(rows[place].name) : "") },
          }),
        },
      },
      plugins: [guides],
    });
  };

  for (const box of document.querySelectorAll("[data-charts]")) {
    const data = JSON.parse(box.dataset.charts);
    const hidden = new Set();
    const toggles = document.createElement("fieldset");
    toggles.className = "toggles";
    const legend = document.createElement("legend");
    legend.textContent = `Show on ${data.title}`;
    toggles.append(legend);
    const colours = new Map(data.lines.map((line) => [line.name, line.colour]));
    for (const row of data.recovery.flat()) colours.set(row.name, row.colour);
    const drawings = [];
    const redraw = () => {
      for (const drawing of drawings) {
        if (drawing.chart) drawing.chart.destroy();
        drawing.chart = drawing.draw(drawing.canvas, hidden);
      }
    };
    for (const [name, colour] of colours) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      input.type = "checkbox";
      input.checked = true;
      input.addEventListener("change", () => { hidden[input.checked ? "delete" : "add"](name); redraw(); });
      const dot = document.createElement("i");
      dot.style.background = `var(${colour})`;
      label.append(input, dot, name);
      toggles.append(label);
    }
    const grid = document.createElement("div");
    grid.className = "pair";
    const add = (heading, draw) => {
      const figure = document.createElement("figure");
      const caption = document.createElement("figcaption");
      caption.textContent = `${heading} · ${data.title}`;
      const holder = document.createElement("div");
      holder.className = "chart";
      const canvas = document.createElement("canvas");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${heading} on ${data.title}; the numbers stand in the tables`);
      holder.append(canvas);
      figure.append(caption, holder);
      grid.append(figure);
      drawings.push({ canvas, draw });
    };
    if (data.recovery.some((rows) => rows.length)) {
      add("Recovery, matched threshold", (canvas, off) => recovery(canvas, data, off));
    }
    if (data.lines.length) {
      add("ROC", (canvas, off) => curves(canvas, data, "roc", off));
      add("DET", (canvas, off) => curves(canvas, data, "det", off));
    }
    box.append(toggles, grid);
    box.hidden = false;
    redraw();
    made.push(redraw);
  }
  if (made.length) document.documentElement.classList.add("with-charts");
  const all = () => made.forEach((redraw) => redraw());
  for (const input of document.querySelectorAll("input[name=target]")) input.addEventListener("change", all);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
}
