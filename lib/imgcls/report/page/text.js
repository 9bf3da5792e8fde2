// Elements and texts. What comes from runs goes in as text, never as HTML.

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const byId = (id) => document.getElementById(id);
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const missing = "–";

const fixed = (digits) => (value) => isNumber(value) ? value.toFixed(digits) : missing;
const percent = fixed(2);
const loss = fixed(4);

function short(value) { // three or four digits of any number
  if (!isNumber(value)) return missing;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(2);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(4)));
}

function clock(seconds) {
  if (!isNumber(seconds)) return missing;
  const two = (number) => String(number).padStart(2, "0");
  const s = Math.round(seconds);
  if (s < 60) return `${seconds < 10 ? Number(seconds.toFixed(1)) : s} s`;
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)}`;
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

const count = (number, one, many) => `${number.toLocaleString("en-US")} ${number === 1 ? one : many}`;

// "94.05 ± 0.12", of means and sample standard deviations; "94.05" of one run.
function spread(figure, text) {
  if (!figure || !isNumber(figure.mean)) return [missing];
  if (!isNumber(figure.sd)) return [text(figure.mean)];
  return [text(figure.mean), element("span", {class: "sd"}, ` ± ${text(2 * figure.sd)}`)];
}

const spreadText = (mean, sd, text) =>
    isNumber(sd) ? `${text(mean)} ± ${text(2 * sd)}` : text(mean);

const cell = (name, attributes, ...children) => element(name, attributes, ...children);

// A table whose first column names the row. Columns: {label, n (a number)}.
function table(caption, columns, rows) {
  const classOf = (column) => ({class: column.n ? "n" : null});
  return element("table", null, element("caption", {class: "unseen"}, caption),
    element("thead", null, element("tr", null,
      ...columns.map((column) => element("th", {scope: "col", ...classOf(column)}, column.label)))),
    element("tbody", null, ...rows.map((row) => element("tr", null, ...row.map((value, i) =>
      element(i === 0 ? "th" : "td", {scope: i === 0 ? "row" : null, ...classOf(columns[i])},
        value))))));
}
