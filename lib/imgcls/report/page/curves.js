// The charts of a report.

const hiddenGroups = new Set(); // labels of curves that the reader switched off

const shownGroups = (report) => report.groups.map((group, place) => ({group, place}))
  .filter(({group}) => !hiddenGroups.has(group.label));

const stepAxis = {xLabel: "step", xText: short, xTip: (value) => `step ${short(value)}`};

// Seconds in the unit that suits the longest run.
function timeAxis(report) {
  const longest = Math.max(0, ...report.runs.map((run) => run.final ? run.final.time || 0 : 0));
  const [label, unit] = longest < 180 ? ["seconds", 1] : longest < 2 * 3600 ? ["minutes", 60] : ["hours", 3600];
  return {unit, xLabel: label, xText: short, xTip: (value) => clock(value * unit)};
}

function evaluationSpec(report, key, axis, over) {
  const x = (rows) => over === "time" ? rows.map((value) => isNumber(value) ? value / axis.unit : NaN) : rows;
  const curves = shownGroups(report).filter(({group}) => group.evaluations.step.length).map(({group, place}) => {
    const rows = group.evaluations;
    return {group: place, label: group.label, x: x(over === "time" ? rows.time.mean : rows.step),
      mean: rows[key].mean, sd: rows[key].sd, n: rows.n};
  });
  const singles = !byId("single").checked ? [] : report.runs
    .filter((run) => report.groups[run.group].runs.length > 1 && !hiddenGroups.has(report.groups[run.group].label))
    .map((run) => ({group: run.group, x: x(run.evaluations[over]), y: run.evaluations[key]}));
  return {...axis, curves, singles};
}

const hasTop1 = (report) => report.runs.some((run) => !run.multi_label);
const hasMap = (report) => report.runs.some((run) => run.multi_label);
// Top-5 says something where there are more than five classes, or where nobody knows.
const hasTop5 = (report) => report.runs.some((run) => !run.multi_label && (!run.classes || run.classes > 5));

function drawEvaluations(report) {
  const parent = byId("evaluation-charts");
  const logarithms = byId("log-evaluation").checked;
  const time = timeAxis(report);
  for (const [key, title, unit, text, most] of [["acc1", "Top-1 accuracy", "in %", percent, 100],
    ["acc5", "Top-5 accuracy", "in %", percent, 100],
    ["map", "Mean average precision", "in %", percent, 100], ["val_loss", "Validation loss", "", loss, null]]) {
    for (const [over, axis] of [["step", stepAxis], ["time", time]]) {
      const spec = evaluationSpec(report, key, axis, over);
      const has = {acc1: hasTop1, acc5: hasTop5, map: hasMap}[key];
      if (has && !has(report)) spec.curves = [];
      draw(parent, {...spec, id: `${key}-${over}`, title, logarithms: logarithms && key === "val_loss",
        unit: `${unit} over ${over === "time" ? "time" : "steps"}`.trim(), text, most});
    }
  }
  const any = report.runs.some((run) => run.final);
  parent.hidden = !any;
  const bands = report.groups.some((group) => group.runs.length > 1);
  byId("band-note").textContent = !any ? "No run has been evaluated yet."
    : bands ? "Lines are means over a recipe's runs, bands ± 2 sample standard deviations. Over time, runs are aligned by epoch." : "";
  byId("single").parentElement.hidden = !bands;
}

function stepCurves(report, key, scale) {
  const times = (values) => values.map((value) => isNumber(value) ? value * scale : null);
  return shownGroups(report).filter(({group}) => group.steps.step.length).map(({group, place}) => ({
    group: place, label: group.label, x: group.steps.step, mean: times(group.steps[key].mean),
    sd: times(group.steps[key].sd), n: group.steps.n}));
}

// A figure's own course behind its running mean.
function smoothCurve(curve) {
  const span = Math.max(2, curve.x.length / 25);
  return {...curve, faint: curve.mean, mean: smoothed(curve.mean, span), sd: null};
}

function epochLosses(report) { // of runs without steps.csv
  return shownGroups(report).filter(({group}) => group.evaluations.step.length).map(({group, place}) => ({
    group: place, label: group.label, x: group.evaluations.step, mean: group.evaluations.train_loss.mean,
    sd: group.evaluations.train_loss.sd, n: group.evaluations.n}));
}

function drawTraining(report) {
  const parent = byId("training-charts");
  const hasSteps = report.groups.some((group) => group.steps.step.length);
  const smooth = byId("smooth").checked, logarithms = byId("log-training").checked;
  const told = smooth ? "smoothed" : "";
  const curves = (key, scale) => stepCurves(report, key, scale).map(smooth ? smoothCurve : (curve) => curve);
  draw(parent, {...stepAxis, id: "train-loss", title: "Training loss", unit: hasSteps ? told : "", text: loss, logarithms,
    curves: hasSteps ? curves("loss", 1) : epochLosses(report)});
  draw(parent, {...stepAxis, fromZero: true, id: "lr", title: "Learning rate", text: short, logarithms, curves: stepCurves(report, "lr", 1)});
  for (const [key, title, unit, scale] of [
    ["images_per_second", "Throughput", "images per second", 1],
    ["data_wait", "Waiting for data", "% of the time", 100],
    ["grad_norm", "Norm of the gradient", "", 1]]) {
    draw(parent, {...stepAxis, fromZero: true, id: key, title, unit: [unit, told].filter(Boolean).join(", "), text: short,
      logarithms: logarithms && key === "grad_norm", curves: curves(key, scale)});
  }
  draw(parent, {...stepAxis, fromZero: true, id: "memory", title: "Memory", unit: "GiB, all ranks", text: short,
    curves: stepCurves(report, "memory", 1 / 1024)});
  byId("smooth").parentElement.hidden = !hasSteps;
  const most = Math.max(1, ...report.groups.map((group) => group.steps.rows_per_point));
  byId("training-note").textContent = hasSteps
    ? (most > 1 ? `Each point is the mean of up to ${most} rows of steps.csv.` : "")
    : "There is no steps.csv: the loss is the mean of each epoch.";
  byId("training").hidden = !hasSteps && !report.runs.some((run) => run.final);
}

function drawCharts(report) {
  drawEvaluations(report);
  drawTraining(report);
}

function showLegend(report) {
  const items = report.groups.map((group, place) => {
    const box = element("input", {type: "checkbox", checked: !hiddenGroups.has(group.label)});
    box.addEventListener("change", () => {
      if (box.checked) hiddenGroups.delete(group.label); else hiddenGroups.add(group.label);
      drawCharts(report);
    });
    return element("label", null, box, element("span", null, swatch(place), group.label));
  });
  const legend = byId("legend");
  const labels = JSON.stringify(report.groups.map((group) => group.label));
  if (legend.dataset.labels === labels && !report.live) return;
  if (legend.contains(document.activeElement)) return; // not from under the reader's hands
  legend.dataset.labels = labels;
  legend.replaceChildren(element("legend", {class: "unseen"}, "Curves shown"), ...(items.length > 1 ? items : []));
}
