// Line charts of groups: mean, band, and single runs.

const dashes = [[], [7, 4], [2, 3], [10, 4, 2, 4], [4, 2], [12, 3], [1, 2]];
const points = ["circle", "rect", "triangle", "rectRot", "crossRot", "star", "rectRounded"];
const palette = 7;
const markerRoom = 6; // pixels around the axes, so that a marker at their end is whole
const drawn = new Map(); // canvas id -> Chart

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colour = (group) => style(`--c${group % palette}`);
const dash = (group) => dashes[(group + Math.floor(group / palette)) % dashes.length];

function withAlpha(hex, alpha) {
  const part = (at) => parseInt(hex.slice(at, at + 2), 16);
  return `rgba(${part(1)}, ${part(3)}, ${part(5)}, ${alpha})`;
}

// The line of a curve, for tables and the legend.
function swatch(group) {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  const line = document.createElementNS(space, "line");
  for (const [key, value] of Object.entries({class: "swatch", viewBox: "0 0 24 12", "aria-hidden": "true"})) {
    picture.setAttribute(key, value);
  }
  for (const [key, value] of Object.entries({x1: 0, x2: 24, y1: 6, y2: 6, "stroke-width": 3,
    stroke: `var(--c${group % palette})`, "stroke-dasharray": dash(group).join(" ")})) {
    line.setAttribute(key, value);
  }
  picture.append(line);
  return picture;
}

// A running mean that forgets, without the pull of its start; `span` points weigh most.
function smoothed(values, span) {
  const keep = 1 - 2 / (span + 1);
  let sum = 0, weight = 0;
  return values.map((value) => {
    if (!isNumber(value)) return null;
    sum = keep * sum + value;
    weight = keep * weight + 1;
    return sum / weight;
  });
}

// The highest number that a chart shows, bands included.
const highest = (curves) => Math.max(...curves.flatMap((curve) => curve.mean.map((mean, i) =>
    isNumber(mean) ? mean + (curve.sd && isNumber(curve.sd[i]) ? 2 * curve.sd[i] : 0) : -Infinity)));

// On an axis of logarithms only what is above 0 has a place.
const onAxis = (spec, value) => isNumber(value) && !(spec.logarithms && value <= 0);

const xy = (xs, ys) => xs.map((x, i) => ({x, y: isNumber(ys[i]) && isNumber(x) ? ys[i] : NaN}));

// The data sets of one curve {group, label, x[], mean[], sd[], n[], faint[]}; `within` keeps a band's
// edge to what can be.
function curveSets(curve, within) {
  const line = colour(curve.group);
  const plain = {pointRadius: 0, pointHitRadius: 0, borderWidth: 0, aside: true};
  const sets = [];
  const few = curve.x.length <= 40;
  sets.push({
    label: curve.label, data: xy(curve.x, curve.mean), borderColor: line, backgroundColor: line,
    borderDash: dash(curve.group), borderWidth: 2, tension: 0, spanGaps: false,
    pointStyle: points[curve.group % points.length], pointRadius: curve.x.length === 1 ? 4 : few ? 2.5 : 0,
    pointHoverRadius: 4, sd: curve.sd, n: curve.n, order: 1, clip: markerRoom,
  });
  if (curve.sd && curve.sd.some(isNumber)) {
    const edge = (sign) => xy(curve.x, curve.mean.map((mean, i) =>
        isNumber(curve.sd[i]) ? within(mean + sign * 2 * curve.sd[i]) : NaN));
    sets.push({...plain, data: edge(1), fill: "+1", backgroundColor: withAlpha(line, 0.17), order: 3});
    sets.push({...plain, data: edge(-1), fill: false, order: 3});
  }
  if (curve.faint) {
    sets.push({...plain, data: xy(curve.x, curve.faint), borderColor: withAlpha(line, 0.28), borderWidth: 1, order: 2});
  }
  return sets;
}

const singleSets = (run) => ({
  data: xy(run.x, run.y), borderColor: withAlpha(colour(run.group), 0.5), borderWidth: 1,
  pointRadius: run.x.length === 1 ? 2 : 0, pointHitRadius: 0, aside: true, order: 2,
});

function roomAbove(spec) {
  const high = highest(spec.curves);
  if (!Number.isFinite(high)) return {};
  return spec.most ? {max: Math.min(spec.most, Math.ceil(1.02 * high))} : {suggestedMax: 1.04 * high};
}

// The ends of an axis of logarithms: those of the means, so that a band down to 0 makes no decades.
function orders(spec) {
  const shown = spec.curves.flatMap((curve) => curve.mean.filter((value) => onAxis(spec, value)));
  return shown.length ? {min: Math.min(...shown) / 1.1, max: Math.max(...shown) * 1.1} : {};
}

// Whether an axis of logarithms names that number: powers of ten, of few of them 1, 2, 5 as well.
function isRound(value, spec) {
  const {min, max} = orders(spec);
  const first = Number(value.toExponential().split("e")[0]);
  const decades = Math.log10(max / min);
  return decades > 4 ? first === 1 : decades > 1 ? [1, 2, 5].includes(first) : [1, 1.5, 2, 3, 4, 5, 7].includes(first);
}

// The axis ends with the longest curve.
function endOf(spec) {
  const end = Math.max(...spec.curves.flatMap((curve) => curve.x.filter(isNumber)));
  return Number.isFinite(end) && end > 0 ? {max: end} : {};
}

function chartOptions(spec) {
  const soft = style("--soft"), grid = style("--grid"), text = style("--text");
  const font = {family: getComputedStyle(document.body).fontFamily, size: 12};
  const scale = spec.logarithms ? {type: "logarithmic", ...orders(spec)}
    : {type: "linear", beginAtZero: Boolean(spec.fromZero), ...roomAbove(spec)};
  const tick = spec.logarithms ? (value) => isRound(value, spec) ? short(value) : "" : short;
  const axis = {
    border: {display: false},
    ticks: {color: soft, font, maxRotation: 0, autoSkipPadding: 18},
    title: {display: true, color: soft, font},
  };
  return {
    animation: false, responsive: true, maintainAspectRatio: false, parsing: false, normalized: true,
    layout: {padding: {right: markerRoom}},
    interaction: {mode: "nearest", axis: "x", intersect: false},
    scales: {
      x: {...axis, type: "linear", min: 0, ...endOf(spec), grid: {display: false, drawBorder: false},
        title: {...axis.title, text: spec.xLabel},
        ticks: {...axis.ticks, maxTicksLimit: 7, includeBounds: false, callback: (value) => spec.xText(value)}},
      y: {...axis, ...scale,
        grid: {color: grid, drawBorder: false, drawTicks: false}, title: {display: false},
        ticks: {...axis.ticks, padding: 8, includeBounds: false, maxTicksLimit: 6, callback: tick}},
    },
    plugins: {
      legend: {display: false},
      tooltip: {
        backgroundColor: style("--card"), titleColor: text, bodyColor: text, borderColor: style("--line"),
        borderWidth: 1, padding: 10, cornerRadius: 8, titleFont: {...font, weight: "600"}, bodyFont: font,
        boxPadding: 5, usePointStyle: true,
        filter: (item) => !item.dataset.aside,
        callbacks: {
          title: (items) => items.length ? spec.xTip(items[0].parsed.x) : "",
          label: (item) => {
            const set = item.dataset, at = item.dataIndex;
            const n = set.n && set.n[at] > 1 ? ` (n = ${set.n[at]})` : "";
            return ` ${set.label}: ${spreadText(item.parsed.y, set.sd && set.sd[at], spec.text)}${n}`;
          },
        },
      },
    },
  };
}

// Figures behind a chart, made when they are asked for.
function figuresTable(spec) {
  const rows = [];
  for (const curve of spec.curves) {
    curve.x.forEach((x, i) => rows.push([curve.label, spec.xText(x), spec.text(curve.mean[i]),
      curve.sd && isNumber(curve.sd[i]) ? spec.text(2 * curve.sd[i]) : missing, String(curve.n[i])]));
  }
  return table(`${spec.title}, ${spec.xLabel}`, [{label: "curve"}, {label: spec.xLabel, n: true},
    {label: "mean", n: true}, {label: "± 2 sd", n: true}, {label: "n", n: true}], rows);
}

function describe(spec) {
  const ends = spec.curves.map((curve) => {
    const last = curve.x.length - 1;
    return `${curve.label} ends at ${spreadText(curve.mean[last], curve.sd && curve.sd[last], spec.text)}`;
  });
  return `${spec.title} over ${spec.xLabel}. ${ends.join("; ")}.`;
}

function makeFigure(spec) {
  const more = element("details", null, element("summary", null, "Figures"),
    element("div", {class: "figures", tabindex: "0", role: "region", "aria-label": `Figures: ${spec.title}`}));
  more.addEventListener("toggle", () => {
    if (more.open) more.lastChild.replaceChildren(figuresTable(specs.get(spec.id)));
  });
  return element("figure", {class: "card", id: `${spec.id}-card`},
    element("h3", null, spec.title, spec.unit ? element("span", null, ` ${spec.unit}`) : null),
    element("div", {class: "plot"}, element("canvas", {id: spec.id, role: "img", "aria-label": describe(spec)})),
    more);
}

function onlyShown(spec, curve) {
  if (!spec.logarithms) return curve;
  const shown = (values) => values && values.map((value) => onAxis(spec, value) ? value : null);
  return {...curve, mean: shown(curve.mean), faint: shown(curve.faint)};
}

const specs = new Map(); // what each canvas shows now

// Draws `spec` into its figure below `parent`; there, it is changed in place.
function draw(parent, spec) {
  specs.set(spec.id, spec);
  let card = byId(`${spec.id}-card`);
  if (!card) parent.append(card = makeFigure(spec));
  card.hidden = !spec.curves.some((curve) => curve.mean.some(isNumber));
  const canvas = byId(spec.id);
  canvas.setAttribute("aria-label", describe(spec));
  const more = card.querySelector("details");
  if (more.open) more.lastChild.replaceChildren(figuresTable(spec));
  const least = spec.logarithms ? orders(spec).min : spec.fromZero ? 0 : -Infinity;
  const within = (y) => Math.max(least, Math.min(spec.most ?? Infinity, y));
  const datasets = [...spec.curves.flatMap((curve) => curveSets(onlyShown(spec, curve), within)),
    ...(spec.singles || []).map(singleSets)];
  const chart = drawn.get(spec.id);
  if (chart) {
    chart.data.datasets = datasets;
    chart.options = chartOptions(spec);
    chart.update("none");
  } else if (!card.hidden) {
    drawn.set(spec.id, new Chart(canvas, {type: "line", data: {datasets}, options: chartOptions(spec)}));
  }
}
