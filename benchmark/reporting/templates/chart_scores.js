// Score distributions of one condition beside those with the mask left on, with both thresholds.
chartParts.scores = (() => {
  const { style, minus, chosen, guides, axis } = chartParts;
  // Neighbouring bins are joined where few comparisons would make the outline jagged.
  const density = (edges, counts) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const joined = total >= 20000 ? 1 : total >= 5000 ? 2 : total >= 1000 ? 3 : 4;
    const points = [];
    for (let from = 0; from + joined <= counts.length; from += joined) {
      const share = counts.slice(from, from + joined).reduce((sum, count) => sum + count, 0) / (total || 1);
      const width = edges[from + joined] - edges[from];
      points.push({ x: (edges[from] + edges[from + joined]) / 2, y: share / width });
    }
    return points;
  };
  const span = (data, lines) => {
    const kept = data.edges.filter((_, place) => lines.some(
      (line) => [line.mated, line.nonmated].some((counts) => counts[place] || counts[place - 1])));
    return { min: kept[0], max: kept.at(-1) };
  };

  return (canvas, data, name) => {
    const line = data.lines.find((one) => one.name === name);
    const masked = data.lines.find((one) => one.name === "masked probe" && one !== line);
    const at = chosen();
    const area = (label, points, colour, more) => ({
      label, data: points, showLine: true, pointRadius: 0, pointHitRadius: 8, borderWidth: 1.5, tension: 0.25,
      borderColor: style(colour), backgroundColor: `color-mix(in srgb, ${style(colour)} 28%, transparent)`, ...more,
    });
    const outline = { fill: false, borderDash: [4, 3], borderWidth: 1.2 };
    const sets = [
      area("non-mated", density(data.edges, line.nonmated), "--muted", { fill: "origin" }),
      area("mated", density(data.edges, line.mated), line.colour, { fill: "origin" }),
    ];
    if (masked) {
      sets.push(area("mated, mask left on", density(data.edges, masked.mated), "--ink", outline));
      sets.push(area("non-mated, mask left on", density(data.edges, masked.nonmated), "--muted", outline));
    }
    const target = data.targets[at]?.text;
    const frozen = data.frozen[at] ?? null;
    const matched = line.matched[at] ?? null;
    return new Chart(canvas, {
      type: "scatter",
      data: { datasets: sets },
      options: {
        interaction: { mode: "nearest", axis: "x", intersect: false },
        plugins: {
          legend: { position: "bottom", labels: { color: style("--soft"), boxWidth: 14, boxHeight: 8 } },
          guides: {
            at: [
              ...(frozen === null ? [] : [{
                x: frozen, text: `frozen ${minus(frozen.toPrecision(3))}, FMR ${target}`, colour: "--alert", dash: [],
              }]),
              ...(matched === null || matched === frozen ? [] : [{
                x: matched, text: `matched ${minus(matched.toPrecision(3))}`, colour: "--ink",
              }]),
            ],
          },
          tooltip: {
            callbacks: {
              title: () => name,
              label: ({ raw: { x, y }, dataset: { label } }) => (
                `${label}: score ${minus(x.toPrecision(3))}, density ${y.toPrecision(3)}`),
            },
          },
        },
        scales: {
          x: axis("score, higher = more alike", span(data, [line, masked ?? line])),
          y: axis("density", { min: 0 }),
        },
      },
      plugins: [guides],
    });
  };
})();
