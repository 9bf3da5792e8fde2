// What was reached: the heading's figures and the table.

// By what runs are compared: the top-1 or, where all are of multi-label data, the mAP.
const isMultiLabel = (report) => report.groups.every((group) => group.multi_label);
const compared = (report) => isMultiLabel(report) ? {key: "map", best: "best_map", label: "mAP"}
  : {key: "acc1", best: "best_acc1", label: "top-1"};

// The group with the highest final figure.
function bestGroup(report) {
  const {key} = compared(report);
  const done = report.groups.filter((group) => group.final && isNumber(group.final[key].mean));
  return done.reduce((best, group) => !best || group.final[key].mean > best.final[key].mean ? group : best, null);
}

function bestRun(report) {
  const {best: key} = compared(report);
  const done = report.runs.filter((run) => run[key] && isNumber(run[key].value));
  return done.reduce((best, run) => !best || run[key].value > best[key].value ? run : best, null);
}

const tile = (label, value, unit, of) => element("div", null, element("dt", null, label),
  element("dd", null, element("div", {class: "value"}, ...value, unit ? element("small", null, unit) : null),
    element("div", {class: "of"}, of)));

const small = (figure, text, unit) => figure && isNumber(figure.mean)
  ? [text(figure.mean), element("small", null,
      `${isNumber(figure.sd) ? ` ± ${text(2 * figure.sd)}` : ""}${unit}`)]
  : [missing];

function showTiles(report) {
  const group = bestGroup(report), run = bestRun(report);
  const tiles = [];
  if (group) {
    const final = group.final;
    const several = report.groups.length > 1;
    const who = several ? group.label
      : final.n > 1 ? `mean of ${final.n} runs ± 2 sd` : `after ${count(final.epoch, "epoch", "epochs")}`;
    const time = final.n > 1 ? "a run, mean ± 2 sd" : "over all sessions";
    const {key, best: bestKey, label} = compared(report);
    const best = run[bestKey];
    tiles.push(tile(`Final ${label}`, small(final[key], percent, " %"), "", who));
    tiles.push(tile(`Best ${label}`, [percent(best.value), element("small", null, " %")], "",
      report.runs.length > 1 ? `${run.name}, epoch ${best.epoch}` : `at epoch ${best.epoch}`));
    tiles.push(tile("Validation loss", small(final.val_loss, loss, ""), "",
      several ? `${group.label}, epoch ${final.epoch}` : `at epoch ${final.epoch}`));
    tiles.push(tile("Time", small(final.time, clock, ""), "", several ? `${group.label}, ${time}` : time));
  }
  byId("tiles").replaceChildren(...tiles);
  byId("tiles").hidden = !tiles.length;
}

function showLead(report) {
  const recipes = count(report.groups.length, "recipe", "recipes");
  const underWay = report.runs.filter((run) => !run.complete).length;
  const parts = [report.runs.length === 1 ? report.runs[0].name : `${count(report.runs.length, "run", "runs")} of ${recipes}`];
  if (bestGroup(report) === null) parts.push("no evaluation yet");
  if (underWay) parts.push(report.runs.length === 1 ? "not at the end yet" : `${underWay} not at the end yet`);
  byId("lead").textContent = parts.join(" · ");
}

function state(run, planned) {
  if (run.complete) return "";
  const epoch = run.final ? run.final.epoch : 0;
  if (!planned) return run.final ? "" : "no evaluation yet";
  return `epoch ${epoch} of ${planned}`;
}

const best = () => element("span", {class: "best", title: "the highest final figure"}, "best");

// Figures of the table, in its order: those that a run has; top-5 where it says something.
const accuracies = (report) => [...(hasTop1(report) ? ["acc1"] : []), ...(hasTop5(report) ? ["acc5"] : []),
  ...(hasMap(report) ? ["map"] : [])];
const bestOf = (item) => item.multi_label ? item.best_map : item.best_acc1;

function groupRow(report, group, place) {
  const final = group.final;
  const total = group.runs.length;
  const n = final && final.n < total ? `${final.n} of ${total}` : String(total);
  const single = total === 1 ? report.runs[group.runs[0]] : null;
  return element("tr", {class: "group"},
    element("th", {scope: "row"}, swatch(place), group.label,
      single && single.name !== group.label ? element("span", {class: "of-run"}, ` · ${single.name}`) : null,
      report.groups.length > 1 && group === bestGroup(report) ? best() : null,
      single ? element("span", {class: "state"}, state(single, group.planned_epochs)) : null),
    ...accuracies(report).map((key) => element("td", {class: "n"}, ...spread(final && final[key], percent))),
    element("td", {class: "n"}, ...spread(final && final.val_loss, loss)),
    element("td", {class: "n"}, ...spread(final && final.time, clock)),
    element("td", {class: "n"}, ...spread(bestOf(group), percent)),
    element("td", {class: "n"}, final ? String(final.epoch) : missing),
    element("td", {class: "n"}, n));
}

function runRow(report, run) {
  const final = run.final || {};
  const seed = run.seed !== null && !run.name.includes(`seed`) ? `, seed ${run.seed}` : "";
  const values = [...accuracies(report).map((key) => percent(final[key])), loss(final.val_loss), clock(final.time),
    percent(bestOf(run) && bestOf(run).value), isNumber(final.epoch) ? String(final.epoch) : missing, ""];
  return element("tr", {class: "run"},
    element("th", {scope: "row"}, run.name + seed,
      element("span", {class: "state"}, state(run, report.groups[run.group].planned_epochs))),
    ...values.map((value) => element("td", {class: "n"}, value)));
}

function showResults(report) {
  const labels = {acc1: "top-1 %", acc5: "top-5 %", map: "mAP %"};
  const columns = [...accuracies(report).map((key) => labels[key]), "loss", "time", `best ${compared(report).label} %`, "epoch", "n"];
  const rows = report.groups.flatMap((group, place) => [groupRow(report, group, place),
    ...(group.runs.length > 1 // else the group's row is the run's
      ? group.runs.map((run) => runRow(report, report.runs[run])) : [])]);
  byId("results").replaceChildren(
    element("caption", {class: "unseen"}, "The last evaluation of each recipe and of each run"),
    element("thead", null, element("tr", null, element("th", {scope: "col"}, "recipe and its runs"),
      ...columns.map((label) => element("th", {scope: "col", class: "n"}, label)))),
    element("tbody", null, ...rows));
  const several = report.groups.some((group) => group.runs.length > 1);
  const partial = report.groups.some((group) => group.final && group.final.n < group.runs.length);
  byId("results-note").textContent = (several
    ? "Mean ± 2 sample standard deviations (n − 1) over the runs of a recipe, which differ in the seed and in what changes no result. " : "") +
    (partial ? "A recipe's row is of those of its runs that are the furthest." : "");
}
