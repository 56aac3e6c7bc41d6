// What the interactive figures share: colours of the page, axes, and lines drawn beneath the points.
const chartParts = (() => {
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const minus = (number) => String(number).replaceAll("-", "−");
  const percent = (share) => `${minus(+(100 * share).toPrecision(3))} %`;
  // Which of the page's targets is chosen.
  const chosen = () => {
    const input = document.querySelector("input[name=target]:checked");
    return input ? Number(input.id.split("-")[1]) : 0;
  };
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 12;
  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;

  // Vertical lines, bands, and the lines of intervals, drawn beneath the points; the names of the lines above them.
  const guides = {
    id: "guides",
    beforeDatasetsDraw(chart, _, options) {
      const { ctx, chartArea: area, scales } = chart;
      const inside = (x) => Math.min(Math.max(x, area.left), area.right);
      ctx.save();
      ctx.beginPath(); ctx.rect(area.left, area.top, area.right - area.left, area.bottom - area.top); ctx.clip();
      ctx.globalAlpha = 0.16;
      for (const { rows, colour } of options.bands || []) {
        ctx.fillStyle = style(colour);
        ctx.beginPath();
        const outline = [...rows.map(([x, low]) => [x, low]), ...rows.map(([x, , high]) => [x, high]).reverse()];
        for (const [x, y] of outline) ctx.lineTo(scales.x.getPixelForValue(x), scales.y.getPixelForValue(y));
        ctx.fill();
      }
      ctx.globalAlpha = 1;
      for (const { x: value, colour = "--muted", dash = [4, 3] } of options.at || []) {
        const x = scales.x.getPixelForValue(value);
        if (!(x >= area.left && x <= area.right)) continue;
        ctx.strokeStyle = style(colour);
        ctx.setLineDash(dash);
        ctx.beginPath(); ctx.moveTo(x, area.top); ctx.lineTo(x, area.bottom); ctx.stroke();
      }
      ctx.setLineDash([]);
      ctx.lineWidth = 3;
      ctx.globalAlpha = 0.5;
      for (const { row, low, high, colour } of options.across || []) {
        if (low === null || high === null) continue;
        const y = scales.y.getPixelForValue(row);
        const [from, to] = [low, high].map((end) => inside(scales.x.getPixelForValue(end)));
        ctx.strokeStyle = style(colour);
        ctx.beginPath(); ctx.moveTo(from, y); ctx.lineTo(to, y); ctx.stroke();
      }
      for (const { x: value, low, high, colour } of options.upright || []) {
        if (low === null || high === null) continue;
        const x = scales.x.getPixelForValue(value);
        const [from, to] = [low, high]
          .map((end) => Math.min(Math.max(scales.y.getPixelForValue(end), area.top), area.bottom));
        ctx.strokeStyle = style(colour);
        ctx.beginPath(); ctx.moveTo(x, from); ctx.lineTo(x, to); ctx.stroke();
      }
      ctx.restore();
    },
    afterDatasetsDraw(chart, _, options) {
      const { ctx, chartArea: area, scales } = chart;
      ctx.save();
      ctx.font = `12px ${Chart.defaults.font.family}`;
      ctx.lineJoin = "round";
      (options.at || []).forEach(({ x: value, text, colour = "--muted" }, place) => {
        const x = scales.x.getPixelForValue(value);
        if (!text || !(x >= area.left && x <= area.right)) return;
        const left = x + 8 + ctx.measureText(text).width > area.right;
        const [at, line] = [x + (left ? -5 : 5), area.top + 12 + 16 * place];
        ctx.textAlign = left ? "right" : "left";
        [ctx.lineWidth, ctx.strokeStyle, ctx.fillStyle] = [4, style("--surface"), style(colour)];
        ctx.strokeText(text, at, line);
        ctx.fillText(text, at, line);
      });
      ctx.restore();
    },
  };
  const axis = (title, more = {}) => ({
    title: { display: Boolean(title), text: title, color: style("--muted") },
    grid: { color: style("--hair") }, border: { color: style("--line") },
    ...more,
    ticks: {
      callback(...args) {
        const { logarithmic: powers, numeric } = Chart.Ticks.formatters;
        return minus((more.type === "logarithmic" ? powers : numeric).apply(this, args));
      },
      color: style("--soft"), maxRotation: 0, autoSkipPadding: 10, ...more.ticks,
    },
  });
  // Numbers at every decade, or at 1, 2 and 5 where there are few decades.
  const logarithmic = (title, text, more = {}, digits = "1") => axis(title, {
    type: "logarithmic", ...more,
    ticks: {
      // 0.015 begins with 1, too, and would be written over 0.01
      callback: (value) => {
        const [first, , second] = value.toExponential(1);
        return digits.includes(first) && second === "0" ? text(value) : null;
      },
    },
  });
  const shortened = (name) => (name.length > 18 ? name.split(/(?<=[+:])/) : name);
  return { style, minus, percent, chosen, guides, axis, logarithmic, shortened };
})();
