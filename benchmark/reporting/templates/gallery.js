// The gallery: pairs of faces with score, threshold and verdict before and after a method.
{
  const held = document.querySelector("#gallery-data");
  if (held) {
    const { target, methods, pictures } = JSON.parse(held.dataset.gallery);
    const titles = {
      rescue: "Biggest rescues", failure: "Worst failures", "false match": "False matches created",
      sample: "Random sample",
    };
    const meant = {
      rescue: "the same person: rejected with the mask on, accepted after the method",
      failure: "the same person: rejected after the method",
      "false match": "two people: rejected with the mask on, accepted as one after the method",
      sample: "the same person, drawn by chance",
    };
    const unique = (values) => [...new Set(values)];
    const choices = (name, values, every) => {
      const select = made("select", { id: `gallery-${name}` });
      if (every && values.length > 1) select.append(made("option", { text: every, value: "" }));
      for (const [value, text] of values) select.append(made("option", { text, value }));
      select.addEventListener("change", draw);
      return [made("label", { for: select.id, text: `${name[0].toUpperCase()}${name.slice(1)} ` }, select), select];
    };
    const named = (values) => values.map((value) => [value, value]);
    const masks = unique(methods.flatMap((method) => method.pairs.map((pair) => pair.mask)).filter(Boolean)).sort();
    const [recogniserLabel, recogniser] = choices("recogniser", named(unique(methods.map((one) => one.recogniser))));
    const [methodLabel, method] = choices("method", named(unique(methods.map((one) => one.name))));
    const [changeLabel, change] = choices("verdict", Object.entries(titles), "All of them");
    const [maskLabel, mask] = choices("mask", named(masks), "All masks");
    const said = made("p", { role: "status", class: "lead" });
    const shown = made("div", { class: "gallery" });
    held.append(
      made("div", { class: "tools gallery-tools" }, recogniserLabel, methodLabel, changeLabel,
        ...(masks.length > 1 ? [maskLabel] : [])),
      said, shown,
    );
    held.hidden = false;

    const face = (place, alt, caption, reason) => made("div", { class: "face" },
      place === null ? made("span", { class: "lacking", text: reason || "no face" })
        : made("img", { src: pictures[place], alt, width: 96, height: 96 }),
      made("small", { text: caption }));
    const verdict = (word, { score, accepted }, threshold) => made("p", {},
      made("span", { class: "when", text: word }),
      made("b", { class: accepted ? "accepted-text" : "rejected-text", text: accepted ? "accepted" : "rejected" }),
      score === null ? " no score" : ` ${score} ${accepted ? "≥" : "<"} ${threshold}`);
    const card = (pair, thresholds, name) => {
      const [one, other] = pair.subjects;
      const changes = pair.after.reference !== pair.before.reference;
      const faces = made("div", { class: "row" },
        face(pair.before.reference, `reference, ${one}`, "reference"),
        face(pair.before.probe, `masked probe, ${other}`, "probe, masked"),
        ...(changes ? [face(pair.after.reference, `reference as ${name} has it, ${one}`, "reference, changed",
          pair.after.reason)] : []),
        ...(pair.after.probe !== pair.before.probe || !changes
          ? [face(pair.after.probe, `probe after ${name}, ${other}`,
            pair.after.probe === pair.before.probe ? "probe, picture unchanged" : "probe, after", pair.after.reason)]
          : []));
      return made("figure", { class: "judged" }, faces,
        verdict("before", pair.before, thresholds[0]), verdict("after", pair.after, thresholds[1]),
        made("figcaption", { text: [
          pair.mated ? one : `${one} and ${other}`, pair.mask, pair.after.reason].filter(Boolean).join(" · ") }));
    };
    function draw() {
      const found = methods.find((one) => one.recogniser === recogniser.value && one.name === method.value);
      shown.replaceChildren();
      if (!found) {
        said.textContent = `${method.value} was not judged by ${recogniser.value}.`;
        return;
      }
      said.textContent = `${found.name} before ${found.recogniser}. ${found.counts}`;
      for (const [kind, title] of Object.entries(titles)) {
        if (change.value && change.value !== kind) continue;
        const pairs = found.pairs.filter((pair) => pair.change === kind && (!mask.value || pair.mask === mask.value));
        shown.append(made("div", { class: "judged-group" }, made("h3", { text: title }),
          made("p", { class: "note", text: `${meant[kind]}, FMR ${target}` }),
          pairs.length ? made("div", { class: "judged-row" },
            ...pairs.map((pair) => card(pair, found.thresholds, found.name)))
            : made("p", { class: "note", text: "None." })));
      }
    }
    draw();
  }
}
