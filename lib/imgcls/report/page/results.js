// What was reached: the heading's figures and the table.

// The group with the highest final top-1.
function bestGroup(report) {
  const done = report.groups.filter((group) => group.final && isNumber(group.final.acc1.mean));
  return done.reduce((best, group) => !best || group.final.acc1.mean > best.final.acc1.mean ? group : best, null);
}

function bestRun(report) {
  const done = report.runs.filter((run) => run.best_acc1 && isNumber(run.best_acc1.value));
  return done.reduce((best, run) => !best || run.best_acc1.value > best.best_acc1.value ? run : best, null);
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
    tiles.push(tile("Final top-1", small(final.acc1, percent, " %"), "", who));
    tiles.push(tile("Best top-1", [percent(run.best_acc1.value), element("small", null, " %")], "",
      report.runs.length > 1 ? `${run.name}, epoch ${run.best_acc1.epoch}` : `at epoch ${run.best_acc1.epoch}`));
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

const best = () => element("span", {class: "best", title: "the highest final top-1"}, "best");

// Figures of the table, in its order; top-5 where it says something.
const accuracies = (report) => hasTop5(report) ? ["acc1", "acc5"] : ["acc1"];

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
    element("td", {class: "n"}, ...spread(group.best_acc1, percent)),
    element("td", {class: "n"}, final ? String(final.epoch) : missing),
    element("td", {class: "n"}, n));
}

function runRow(report, run) {
  const final = run.final || {};
  const seed = run.seed !== null && !run.name.includes(`seed`) ? `, seed ${run.seed}` : "";
  const values = [...accuracies(report).map((key) => percent(final[key])), loss(final.val_loss), clock(final.time),
    percent(run.best_acc1 && run.best_acc1.value), isNumber(final.epoch) ? String(final.epoch) : missing, ""];
  return element("tr", {class: "run"},
    element("th", {scope: "row"}, run.name + seed,
      element("span", {class: "state"}, state(run, report.groups[run.group].planned_epochs))),
    ...values.map((value) => element("td", {class: "n"}, value)));
}

function showResults(report) {
  const columns = ["top-1 %", ...(hasTop5(report) ? ["top-5 %"] : []), "loss", "time", "best top-1 %", "epoch", "n"];
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
