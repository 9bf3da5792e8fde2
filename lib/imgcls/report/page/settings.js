// Configurations and machines side by side.

function valueText(value) {
  if (value === null || value === undefined) return missing;
  if (typeof value === "string") return value === "" ? '""' : value;
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value.join(" ");
  return JSON.stringify(value);
}

// Rows {key, values, mark}. A value that all columns share is written once.
function valuesTable(caption, heads, rows) {
  const made = table(caption, ["key", ...heads].map((label) => ({label})), []);
  made.classList.add("values");
  made.tBodies[0].append(...rows.map((row) => {
    const texts = row.values.map(valueText);
    const shared = texts.length > 1 && texts.every((text) => text === texts[0]);
    return element("tr", {class: row.mark || null}, element("th", {scope: "row"}, row.key),
      ...(shared ? [element("td", {class: "all", colspan: texts.length}, texts[0])]
        : texts.map((text) => element("td", null, text))));
  }));
  return element("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": caption}, made);
}

// Redraws only what has changed, so that what the reader opened stays open.
function unlessShown(parent, data, make) {
  const text = JSON.stringify(data);
  if (parent.shown === text) return;
  parent.shown = text;
  parent.replaceChildren(...make());
}

function showConfig(report) {
  byId("config-section").hidden = !report.config.length;
  const heads = report.runs.map((run) => run.name);
  // Keys with one value for all runs need one column.
  const differing = report.config.filter((row) => row.differs);
  const rowOf = (row) => ({mark: row.differs ? (row.free ? "differs free" : "differs") : "",
    key: row.key, values: row.values});
  const onlyOne = report.runs.length === 1;
  unlessShown(byId("config"), [report.config, heads], () => {
    const parts = [];
    if (differing.length) {
      parts.push(element("p", {class: "note"}, "Keys whose values differ. Marked: what makes another recipe; not marked: the seed and what changes no result."),
        valuesTable("Keys that differ", heads, differing.map(rowOf)));
    } else if (!onlyOne) {
      parts.push(element("p", {class: "note"}, "All runs have the same configuration."));
    }
    parts.push(element("details", null, element("summary", null, `All ${report.config.length} keys`),
      valuesTable("All keys", heads, report.config.map(rowOf))));
    return parts;
  });
}

function showEnvironment(report) {
  byId("environment-section").hidden = !report.environment.length;
  if (!report.environment.length) return;
  const first = report.environment[0].sessions;
  // Each run's newest session at first; a run that went on has more.
  const newest = first.map((item, i) => i).filter((i) => i + 1 === first.length || first[i + 1].run !== first[i].run);
  const name = (i) => report.runs[first[i].run].name;
  const rows = (places) => report.environment.map((row) => ({
    key: row.key, values: places.map((i) => row.sessions[i].value)}));
  unlessShown(byId("environment"), [report.environment, report.runs.map((run) => run.name)], () => {
    const parts = [valuesTable("Newest session of each run", newest.map(name), rows(newest))];
    if (newest.length < first.length) {
      const all = first.map((_, i) => i);
      parts.push(element("details", null, element("summary", null, `All ${first.length} sessions`),
        valuesTable("All sessions", all.map(name), rows(all))));
    }
    return parts;
  });
}
