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

  chartParts.speed = (canvas, data) => {
    const rows = (data.recovery[chosen()] || []).filter((row) => row.seconds > 0);
    return new Chart(canvas, {
      type: "scatter",
      data: { datasets: [{ data: rows.map((row) => ({ x: row.seconds, y: row.value })), ...marked(rows) }] },
      options: {
        interaction: { mode: "nearest", intersect: false },
        plugins: {
          legend: { display: false },
          guides: { upright: rows.map((row) => ({ ...row, x: row.seconds })) },
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
      plugins: [guides],
    });
  };
}
