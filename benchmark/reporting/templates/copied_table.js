// A table as text for a paper or a spreadsheet. Nothing here touches the page: `read_table.js` says what a table holds.
// A table is {caption, headings: [text], rows: [{group, cells: [{text, within}]}]}: the rows and columns on the screen.
const copiedTable = (() => {
  const escaping = (pairs) => (text) => [...text].map((sign) => pairs[sign] ?? sign).join("");
  const backslashed = (signs) => Object.fromEntries([...signs].map((sign) => [sign, `\\${sign}`]));
  const forMarkdown = escaping({
    ...backslashed("\\`*_[]|~#"), "<": "&lt;", ">": "&gt;", "&": "&amp;", "\n": " ", "\r": " ",
  });
  const forLatex = escaping({
    ...backslashed("&%$#_{}"), "[": "{[}", "*": "{*}", "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
    "<": "\\textless{}", ">": "\\textgreater{}", "|": "\\textbar{}", "`": "\\textasciigrave{}",
    '"': "\\textquotedbl{}", "−": "$-$", "–": "--", "×": "$\\times$", "→": "$\\rightarrow$", "\u202f": "\\,",
    "\u00a0": "~", "\n": " ", "\r": " ",
  });
  // The group of each row that begins one.
  const groupsOf = (rows) => rows.map((row, place) => (row.group === (rows[place - 1]?.group ?? "") ? "" : row.group));

  const markdown = ({ caption, headings, rows }) => {
    const cell = ({ text, within }) => forMarkdown(text) + (within ? ` (${forMarkdown(within)})` : "");
    const groups = groupsOf(rows);
    const lines = [
      `| ${headings.map(forMarkdown).join(" | ")} |`, `|---|${"---:|".repeat(headings.length - 1)}`,
    ];
    rows.forEach((row, place) => {
      if (groups[place]) lines.push(`| *${forMarkdown(groups[place])}* |${" |".repeat(headings.length - 1)}`);
      lines.push(`| ${row.cells.map(cell).join(" | ")} |`);
    });
    return `${forMarkdown(caption)}\n\n${lines.join("\n")}\n`;
  };

  const latex = ({ caption, headings, rows }) => {
    const cell = ({ text, within }) => forLatex(text) + (within ? ` {\\scriptsize (${forLatex(within)})}` : "");
    const groups = groupsOf(rows);
    const lines = [
      "% needs \\usepackage{booktabs} and \\usepackage{graphicx}", "\\begin{table}", "\\centering",
      `\\caption{${forLatex(caption)}}`, "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%",
      `\\begin{tabular}{l${"r".repeat(headings.length - 1)}}`, "\\toprule",
      `${headings.map(forLatex).join(" & ")} \\\\`, "\\midrule",
    ];
    rows.forEach((row, place) => {
      if (groups[place]) {
        lines.push("\\midrule", `\\multicolumn{${headings.length}}{l}{\\emph{${forLatex(groups[place])}}} \\\\`);
      }
      lines.push(`${row.cells.map(cell).join(" & ")} \\\\`);
    });
    return [...lines, "\\bottomrule", "\\end{tabular}}", "\\end{table}", ""].join("\n");
  };

  // Numbers as a spreadsheet reads them; a text that it would take for a formula gets an apostrophe.
  const csv = ({ headings, rows }) => {
    const bounded = headings.map((_, place) => rows.some((row) => row.cells[place]?.within));
    const field = (text) => {
      const plain = text.replaceAll("\u202f", "").replaceAll("−", "-").replaceAll("\u00a0", " ").trim();
      const number = /^[-+]?\d+(\.\d+)?( ?%)?$/.test(plain) ? plain.replace(/ ?%$/, "") : null;
      const kept = number ?? text.replaceAll("\u202f", " ").replaceAll("\u00a0", " ");
      const safe = number === null && /^[=+\-@\t\r]/.test(kept) ? `'${kept}` : kept;
      const missing = safe === "–" ? "" : safe;
      return /[",\n\r]/.test(missing) ? `"${missing.replaceAll('"', '""')}"` : missing;
    };
    const ends = (within) => (within ? within.split(" to ") : ["", ""]);
    const head = ["group", ...headings.flatMap((text, place) => (
      bounded[place] ? [text, `${text}, 95 % from`, `${text}, 95 % to`] : [text]))];
    const lines = rows.map((row) => [row.group, ...row.cells.flatMap((cell, place) => (
      bounded[place] ? [cell.text, ...ends(cell.within)] : [cell.text]))]);
    return [head, ...lines].map((line) => line.map(field).join(",")).join("\n") + "\n";
  };
  return { markdown, latex, csv };
})();
