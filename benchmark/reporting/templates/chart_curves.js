// ROC and DET: every point was measured; the band is the 95 % interval of the false non-match rate along the curve.
chartParts.curves = (() => {
  const { style, percent, chosen, guides, axis, logarithmic } = chartParts;
  // Rates below one in a million are beyond any run here.
  const lowest = (data, place) => {
    const rates = data.lines.flatMap((line) => line.points.map((point) => point[place])).filter((rate) => rate > 0);
    return 10 ** Math.floor(Math.log10(Math.max(1e-6, Math.min(0.1, ...rates))));
  };
  const within = (line, fmr) => {
    const above = line.band.findIndex((row) => row[0] >= fmr);
    if (above < 0 || (above === 0 && line.band[0][0] > fmr)) return null;
    const [from, to] = [line.band[Math.max(above - 1, 0)], line.band[above]];
    const share = from === to ? 0 : Math.log(fmr / from[0]) / Math.log(to[0] / from[0]);
    return [1, 2].map((end) => from[end] + share * (to[end] - from[end]));
  };

  return (canvas, data, kind, hidden, banded) => {
    const accepted = kind === "roc";
    const shown = data.lines.filter((line) => !hidden.has(line.name));
    const floor = lowest(data, 1);
    const turned = (fnmr) => (accepted ? 1 - fnmr : Math.max(fnmr, floor));
    const lines = shown.map((line) => ({
      label: line.name, line,
      data: line.points.filter((point) => accepted || point[1] > 0)
        .map(([fmr, fnmr, threshold]) => ({ x: fmr, y: turned(fnmr), threshold, fnmr })),
      showLine: true, borderColor: style(line.colour), backgroundColor: style(line.colour),
      borderDash: line.dash, borderWidth: 2, pointRadius: 0, pointHoverRadius: 4, pointHitRadius: 8,
    }));
    const bands = !banded ? [] : shown.filter((line) => line.band.length > 1).map((line) => ({
      colour: line.colour, rows: line.band.map(([fmr, low, high]) => [fmr, turned(low), turned(high)]),
    }));
    return new Chart(canvas, {
      type: "scatter",
      data: { datasets: lines },
      options: {
        interaction: { mode: "nearest", intersect: false },
        plugins: {
          legend: { display: false },
          guides: { at: data.targets.length ? [{ x: data.targets[chosen()].value }] : [], bands },
          tooltip: {
            callbacks: {
              title: (items) => items[0].dataset.label,
              label: ({ raw, dataset }) => {
                const ends = within(dataset.line, raw.x);
                return [
                  `FMR ${percent(raw.x)}`,
                  `FNMR ${percent(raw.fnmr)}${ends ? ` (95 %: ${ends.map(percent).join(" to ")})` : ""}`,
                  `threshold ${minus(raw.threshold.toPrecision(4))}`,
                ];
              },
            },
          },
        },
        scales: {
          x: logarithmic("false match rate, log scale", percent, { min: lowest(data, 0), max: 1 }),
          y: accepted
            ? axis("mated comparisons accepted", { min: 0, max: 1, ticks: { callback: percent } })
            : logarithmic("false non-match rate, log scale", percent, { min: floor, max: 1 }),
        },
      },
      plugins: [guides],
    });
  };
})();
