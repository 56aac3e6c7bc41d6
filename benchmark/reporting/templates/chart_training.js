// Losses of one method trained in this run.
chartParts.training = (() => {
  const { style, minus, axis } = chartParts;
  return (canvas, { clock, curves }) => {
    const values = curves.flatMap((curve) => curve.points.map((point) => point[1]));
    const wide = Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) > 20;
    return new Chart(canvas, {
      type: "scatter",
      data: {
        datasets: curves.map((curve, place) => ({
          label: curve.name, data: curve.points.map(([x, y]) => ({ x, y })), showLine: true, pointRadius: 0,
          pointHitRadius: 8, borderWidth: 1.8,
          borderColor: style(`--m${place % 10}`), backgroundColor: style(`--m${place % 10}`),
          borderDash: curve.name.startsWith("validation") ? [5, 3] : [],
        })),
      },
      options: {
        interaction: { mode: "nearest", axis: "x", intersect: false },
        plugins: {
          legend: { position: "bottom", labels: { color: style("--soft"), boxWidth: 14, boxHeight: 2 } },
          tooltip: {
            callbacks: { label: ({ raw, dataset }) => `${dataset.label} ${minus(raw.y.toPrecision(4))} at ${clock} ${raw.x}` },
          },
        },
        scales: { x: axis(clock), y: axis("", wide ? { type: "logarithmic" } : {}) },
      },
    });
  };
})();
