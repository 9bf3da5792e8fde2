// One run's classes, confusions and mistakes.

// The share of images that are right or, of multi-label data, the average precision.
const isByPrecision = (item) => item.ap !== undefined;
const share = (item) => isByPrecision(item) ? item.ap : item.images ? item.right / item.images : null;

function barsOf(classes) {
  return classes.map((item) => {
    const part = share(item);
    return element("li", null, element("span", {class: "name", title: item.name}, item.name),
      element("span", {class: "track", "aria-hidden": "true"},
        element("span", {class: "fill", style: `width:${100 * (part || 0)}%;display:block`})),
      element("span", {class: "share", title: isByPrecision(item) ? `${item.images} images` : `${item.right} of ${item.images}`},
        part === null ? missing : `${(100 * part).toFixed(1)}\u00a0%`));
  });
}

function showClasses(classes) {
  const most = 40, half = 20;
  const sorted = [...classes].sort((a, b) => (share(a) ?? 2) - (share(b) ?? 2));
  const list = element("ol", {class: "bars"});
  if (sorted.length <= most) {
    list.append(...barsOf(sorted));
  } else {
    list.append(...barsOf(sorted.slice(0, half)),
      element("li", {class: "gap"}, `${sorted.length - most} classes between`), ...barsOf(sorted.slice(-half)));
  }
  byId("classes-h").textContent = classes.some(isByPrecision) ? "Average precision by class" : "Accuracy by class";
  byId("classes").replaceChildren(list);
  byId("classes-card").hidden = !classes.length;
}

function matrixCell(eval_, row, column) {
  const images = eval_.confusion[row][column];
  const total = eval_.classes[row].images; // of which some may be taken for no class
  const part = total ? images / total : 0;
  const tone = Math.sqrt(part); // shows rare confusions
  const kind = row === column ? "good" : "bad";
  const names = eval_.classes.map((item) => item.name);
  return element("td", {
    style: `background:${images ? `rgba(var(--${kind}-cell),${(0.06 + 0.86 * tone).toFixed(3)})` : "var(--grid)"};` +
      (tone > 0.62 ? "color:var(--card)" : ""),
    title: `${names[row]} taken for ${names[column]}: ${images} of ${total} (${(100 * part).toFixed(1)} %)`,
  }, eval_.classes.length <= 12 && images ? String(images) : "");
}

function matrixOf(eval_) {
  const names = eval_.classes.map((item) => item.name);
  return element("div", {class: "scroll", tabindex: "0", role: "region", "aria-labelledby": "confusion-h"},
    element("table", {class: names.length <= 12 ? "matrix roomy" : "matrix"},
      element("caption", {class: "unseen"}, "Rows: the images' classes. Columns: the predicted classes."),
      element("thead", null, element("tr", null, element("td"),
        ...names.map((name) => element("th", {scope: "col", title: name}, element("span", null, name))))),
      element("tbody", null, ...names.map((name, row) => element("tr", null,
        element("th", {scope: "row", title: name}, name),
        ...names.map((_, column) => matrixCell(eval_, row, column)))))));
}

const pairsOf = (eval_, most) => element("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Most confused pairs"},
  table("The most confused pairs of classes",
    [{label: "class"}, {label: "taken for"}, {label: "images", n: true}, {label: "of", n: true}],
    eval_.confused.slice(0, most).map((pair) => [pair.truth, pair.predicted, String(pair.images), String(pair.of)])));

function showConfusion(eval_) {
  const parts = [];
  if (eval_.confusion) {
    parts.push(element("p", {class: "note"}, "Rows are the images' classes, columns the predicted ones."), matrixOf(eval_),
      element("details", null, element("summary", null, "Most confused pairs"), pairsOf(eval_, 15)));
  } else if (eval_.confused.length) {
    parts.push(element("p", {class: "note"}, "The most confused pairs of classes."), pairsOf(eval_, 30));
  }
  byId("confusion").replaceChildren(...parts);
  byId("confusion-card").hidden = !parts.length;
}

function pictureOf(source, says) {
  if (!source) return element("div", {class: "none"}, "no picture");
  const picture = element("img", {src: source, alt: says, loading: "lazy"});
  // Small images are shown by their pixels.
  picture.addEventListener("load", (event) => {
    const image = event.target;
    if (Math.max(image.naturalWidth, image.naturalHeight) <= 64) image.classList.add("pixels");
  });
  return picture;
}

function showPictures(id, items) {
  byId(id).replaceChildren(...items);
  byId(id).classList.toggle("few", items.length < 7);
  byId(`${id}-card`).hidden = !items.length;
}

const augmentedOf = (item) => element("li", null, pictureOf(item.picture, item.label), element("p", null, item.label));

function mistakeOf(item) {
  const predicted = item.predicted || "no class";
  return element("li", null, pictureOf(item.thumbnail, `${item.truth}, taken for ${predicted}`), element("p", null, item.truth, " → ",
    element("span", {class: "wrong"}, predicted),
    isNumber(item.probability) ? `, ${(100 * item.probability).toFixed(1)}\u00a0%` : ""),
  element("p", {class: "file", title: item.name}, item.name.split("/").pop()));
}

function showRun(run) {
  const eval_ = run.eval || {classes: [], confused: [], mistakes: []};
  const summary = eval_.summary || {};
  const facts = [];
  if (isNumber(summary.images)) facts.push(`${summary.images.toLocaleString("en-US")} images`);
  if (isNumber(summary.step)) facts.push(`after step ${summary.step.toLocaleString("en-US")}`);
  if (isNumber(summary.map)) facts.push(`mAP ${percent(summary.map)} %`);
  if (isNumber(summary.micro_f1)) facts.push(`micro F1 ${percent(summary.micro_f1)} %`);
  if (isNumber(summary.macro_f1)) facts.push(`macro F1 ${percent(summary.macro_f1)} %`);
  if (summary.classes_without_images > 0) facts.push(`${count(summary.classes_without_images, "class", "classes")} without images left out`);
  if (isNumber(summary.acc1)) facts.push(`top-1 ${percent(summary.acc1)} %`);
  if (summary.without_prediction > 0) facts.push(`${summary.without_prediction.toLocaleString("en-US")} without a prediction (NaN)`);
  if (isNumber(summary.calibration_error)) facts.push(`calibration error ${(100 * summary.calibration_error).toFixed(2)} %`);
  byId("details-note").textContent = facts.length ? `The newest evaluation of ${run.name}: ${facts.join(", ")}.` : "";
  showClasses(eval_.classes);
  showConfusion(eval_);
  showPictures("mistakes", eval_.mistakes.map(mistakeOf));
  showPictures("augmented", run.augmented.map(augmentedOf));
}

function showDetails(report) {
  const runs = report.runs.map((run, place) => ({run, place})).filter(({run}) => run.eval || run.augmented.length);
  byId("details").hidden = !runs.length;
  if (!runs.length) return;
  const select = byId("run");
  const figure = ({run}) => (run.final || {})[run.multi_label ? "map" : "acc1"] ?? -1;
  const best = runs.reduce((a, b) => figure(b) > figure(a) ? b : a);
  const wanted = select.value || String(best.place);
  const chosen = runs.find(({place}) => String(place) === wanted) || best;
  if (document.activeElement !== select) {
    select.replaceChildren(...runs.map(({run, place}) => element("option", {value: String(place)}, run.name)));
    select.value = String(chosen.place);
  }
  select.onchange = () => showRun(report.runs[Number(select.value)]);
  byId("pick").hidden = runs.length < 2;
  showRun(chosen.run);
}
