// Recovery with its intervals, and what it costs in time.
{
  const { style, percent, chosen, guides, axis, logarithmic, shortened } = chartParts;
  const marked = (rows) => ({
    pointBackgroundColor: rows.map((row) => style(row.fair ? row.colour : "--surface")),
    pointBorderColor: rows.map((row) => style(row.colour)),
    pointStyle: rows.map((row) => (row.fair ? "circle" : "rectRot")),
    pointBorderWidth: 2, pointRadius: 6, pointHoverRadius: 8, clip: false,
  });
  const told = ({ value, low, high }) => [
    `recovery ${percent(value)}`,
    `95 %: ${low === null || high === null ? "no interval" : `${percent(low)} to ${percent(high)}`}`,
  ];
  const time = (seconds) => (seconds < 1 ? `${+(1000 * seconds).toPrecision(2)} ms` : `${+seconds.toPrecision(2)} s`);

  chartParts.recovery = (canvas, data) => {
    const rows = data.recovery[chosen()] || [];
    canvas.parentElement.style.height = `${Math.max(140, 34 * rows.length + 70)}px`;
    return new Chart(canvas, {
      type: "scatter",
      data: { datasets: [{ data: rows.map((row, place) => ({ x: row.value, y: place })), ...marked(rows) }] },
      options: {
        interaction: { mode: "nearest", axis: "y", intersect: false },
        plugins: {
          legend: { display: false },
          guides: { at: [{ x: 0 }, { x: 1 }], across: rows.map((row, place) => ({ ...row, row: place })) },
          tooltip: {
            callbacks: {
              title: (items) => rows[items[0].dataIndex].name, label: ({ dataIndex }) => told(rows[dataIndex]),
            },
          },
        },
        scales: {
          x: axis(["recovery: 0 % mask left on,", "100 % mask undone"], {
            suggestedMin: -0.1, suggestedMax: 1.05, ticks: { callback: percent },
          }),
          y: axis("", {
            type: "linear", min: -0.6, max: Math.max(rows.length - 0.4, 0.6), reverse: true,
            afterBuildTicks: (scale) => { scale.ticks = rows.map((_, place) => ({ value: place })); },
            ticks: { autoSkip: false, callback: (place) => (rows[place] ? shortened(rows[place].name) : "") },
          }),
        },
      },
      plugins: [guides],
    });
  };

  // The name of each point beside it, where neither another name nor a point is; a line leads to one that is farther off.
  const names = {
    id: "names",
    afterDatasetsDraw(chart, _, { texts = [] }) {
      const { ctx, chartArea: area } = chart;
      const points = chart.getDatasetMeta(0).data.map(({ x, y }) => ({ x, y }));
      const taken = points.map(({ x, y }) => ({ left: x - 8, right: x + 8, top: y - 8, bottom: y + 8 }));
      const free = (box) => box.left >= area.left && box.right <= area.right && box.top >= area.top
        && box.bottom <= area.bottom && !taken.some((other) => box.left < other.right && box.right > other.left
        && box.top < other.bottom && box.bottom > other.top);
      ctx.save();
      ctx.font = `12px ${Chart.defaults.font.family}`;
      ctx.textBaseline = "middle";
      ctx.lineJoin = "round";
      points.forEach(({ x, y }, place) => {
        const half = ctx.measureText(texts[place]).width / 2 + 3;
        let box = null;
        for (let far = 0; !box && far <= 160; far += 8) {
          const [aside, aslant, above] = [half + 9 + far, half + 6 + far / 2, 17 + far];
          const shifts = [
            [aside, 0], [-aside, 0], [0, -above], [0, above],
            [aslant, -above], [aslant, above], [-aslant, -above], [-aslant, above],
          ];
          box = shifts.map(([right, down]) => ({
            left: x + right - half, right: x + right + half, top: y + down - 8, bottom: y + down + 8,
          })).find(free) || null;
        }
        if (!box) return; // the point itself tells its name when it is pointed at
        taken.push(box);
        const nearest = [Math.min(Math.max(x, box.left), box.right), Math.min(Math.max(y, box.top), box.bottom)];
        if (Math.hypot(nearest[0] - x, nearest[1] - y) > 16) {
          [ctx.lineWidth, ctx.strokeStyle] = [1, style("--muted")];
          ctx.beginPath(); ctx.moveTo(x, y); ctx.lineTo(...nearest); ctx.stroke();
        }
        [ctx.lineWidth, ctx.strokeStyle, ctx.fillStyle] = [4, style("--surface"), style("--ink")];
        ctx.strokeText(texts[place], box.left + 3, (box.top + box.bottom) / 2);
        ctx.fillText(texts[place], box.left + 3, (box.top + box.bottom) / 2);
      });
      ctx.restore();
    },
  };

  chartParts.speed = (canvas, data) => {
    const rows = (data.recovery[chosen()] || []).filter((row) => row.seconds > 0);
    canvas.parentElement.style.height = `${Math.max(300, 24 * rows.length)}px`;
    return new Chart(canvas, {
      type: "scatter",
      data: { datasets: [{ data: rows.map((row) => ({ x: row.seconds, y: row.value })), ...marked(rows) }] },
      options: {
        interaction: { mode: "nearest", intersect: false },
        plugins: {
          legend: { display: false },
          guides: { upright: rows.map((row) => ({ ...row, x: row.seconds })) },
          names: { texts: rows.map((row) => row.name) },
          tooltip: {
            callbacks: {
              title: (items) => rows[items[0].dataIndex].name,
              label: ({ dataIndex }) => [`${time(rows[dataIndex].seconds)} per image`, ...told(rows[dataIndex])],
            },
          },
        },
        scales: {
          x: logarithmic("time per image, log scale", time, {}, "125"),
          y: axis("recovery", { suggestedMin: -0.1, suggestedMax: 1.05, ticks: { callback: percent } }),
        },
      },
      plugins: [guides, names],
    });
  };
}
