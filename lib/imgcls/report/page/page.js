// Shows the report in the page, and, where it is served, each newer one.

let report = JSON.parse(byId("report").textContent);

function show() {
  document.title = report.title;
  byId("title").textContent = report.title;
  showLead(report);
  showTiles(report);
  showResults(report);
  showLegend(report);
  drawCharts(report);
  showDetails(report);
  showConfig(report);
  showEnvironment(report);
  const made = new Date(report.made);
  byId("made").textContent = report.live ? "" : `Made ${made.toLocaleString("en-GB", {dateStyle: "long", timeStyle: "short"})} by imgcls. This page is complete in itself.`;
}

for (const id of ["single", "smooth", "log-evaluation", "log-training"]) byId(id).addEventListener("change", () => drawCharts(report));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawCharts(report));

// Paper is light, and as wide as it is.
addEventListener("beforeprint", () => {
  document.documentElement.classList.add("printing");
  drawCharts(report);
  for (const chart of drawn.values()) chart.resize();
});
addEventListener("afterprint", () => {
  document.documentElement.classList.remove("printing");
  drawCharts(report);
  for (const chart of drawn.values()) chart.resize();
});

function say(text, lost) {
  const live = byId("live");
  live.hidden = false;
  live.classList.toggle("lost", lost);
  if (live.textContent !== text) live.textContent = text; // read out when it changes only
}

async function poll() {
  try {
    const answer = await fetch("/data.json", {cache: "no-cache"});
    if (!answer.ok) {
      say(await answer.text(), true);
    } else {
      const newer = await answer.json();
      if (newer.made !== report.made) {
        report = newer;
        show();
      }
      say("live", false);
    }
  } catch {
    say("imgcls report --serve has ended; these are its last figures", true);
  }
  setTimeout(poll, 1000 * report.live);
}

show();
if (report.live) {
  say("live", false);
  setTimeout(poll, 1000 * report.live);
}
