#!/usr/bin/env python3
"""Opens a report in headless Chromium and looks whether it is what it should be.

    look.py PAGE FOLDER     PAGE: a file, or an http:// address

Checked on a wide and a narrow window, in light and dark: no message on the console and no exception, no
request but for the page itself (and /data.json where it is served), every chart drawn, no sideways
scrolling, every chart named for screen readers. Screenshots go to FOLDER, and a PDF. Exits with 0, with 1
where something is wrong, with 77 where there is no Chromium. Needs Python's own library alone.
"""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

VIEWS = [("wide", 1280, 900), ("narrow", 360, 740)]

MEASURE = """(() => {
  const blank = [];
  const charts = [...document.querySelectorAll('canvas')].filter((c) => c.offsetParent);
  for (const canvas of charts) {
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    const colours = new Set();
    for (let i = 0; i < pixels.length; i += 4) {
      if (pixels[i + 3] > 200) colours.add(pixels[i] << 16 | pixels[i + 1] << 8 | pixels[i + 2]);
    }
    if (colours.size < 12) blank.push(canvas.id);
  }
  return {
    charts: charts.length, blank,
    unnamed: charts.filter((c) => !c.getAttribute('aria-label')).map((c) => c.id),
    wide: document.documentElement.scrollWidth, window: document.documentElement.clientWidth,
    height: document.documentElement.scrollHeight,
    images: [...document.images].filter((i) => i.complete && i.naturalWidth === 0).length,
    title: document.title, h1: document.querySelectorAll('h1').length,
  };
})()"""


class Browser:
    """Chromium, spoken to by its DevTools protocol over a pair of pipes."""

    def __init__(self, program, profile):
        to_read, self.to = os.pipe()
        self.back, from_write = os.pipe()

        def arrange():
            os.dup2(to_read, 103), os.dup2(from_write, 104)
            os.dup2(103, 3), os.dup2(104, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
             f"--user-data-dir={profile}", "--no-first-run", "--disable-dev-shm-usage", "about:blank"],
            preexec_fn=arrange, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read), os.close(from_write)
        self.buffer, self.number, self.events = b"", 0, []

    def receive(self):
        while b"\0" not in self.buffer:
            got = os.read(self.back, 1 << 20)
            if not got:
                raise SystemExit("Chromium ended")
            self.buffer += got
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method, seconds=30):
        end = time.monotonic() + seconds
        while not any(event.get("method") == method for event in self.events):
            if time.monotonic() > end:
                raise SystemExit(f"no {method} within {seconds} s")
            self.events.append(self.receive())

    def close(self):
        self.call("Browser.close")
        self.process.wait(30)


def faults_of(events, address):
    """What the page asked for or said that it should not."""
    faults = []
    allowed = {address, address.split("#")[0]} | ({address + "data.json"} if address.startswith("http") else set())
    for event in events:
        method, what = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            asked = what["request"]["url"]
            if asked not in allowed and not asked.startswith("data:"):
                faults.append(f"asked for {asked}")
        elif method == "Runtime.exceptionThrown":
            details = what["exceptionDetails"]
            faults.append(f"exception: {details['text']} {details.get('exception', {}).get('description', '')}")
        elif method == "Runtime.consoleAPICalled":
            faults.append(f"console.{what['type']}: {[part.get('value') for part in what['args']]}")
        elif method == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
            faults.append(f"log: {what['entry']['text']}")
    return faults


def look(browser, session, address, view, scheme, folder):
    name, width, height = view
    call = lambda method, **parameters: browser.call(method, session, **parameters)
    browser.events.clear()
    call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=name == "narrow")
    call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    call("Page.navigate", url=address)
    browser.wait_for("Page.loadEventFired")
    time.sleep(0.5)
    found = call("Runtime.evaluate", expression=MEASURE, returnByValue=True)["result"]["value"]
    faults = faults_of(browser.events, address)
    if found["charts"] == 0:
        faults.append("no chart")
    faults += [f"chart {chart} is blank" for chart in found["blank"]]
    faults += [f"chart {chart} has no name" for chart in found["unnamed"]]
    if found["wide"] > found["window"]:
        faults.append(f"{found['wide']} pixels wide in a window of {found['window']}")
    if found["images"]:
        faults.append(f"{found['images']} images are broken")
    if found["h1"] != 1 or not found["title"]:
        faults.append("no title")
    # Axes of logarithms, and back.
    logarithms = "for (const id of ['log-evaluation', 'log-training']) document.getElementById(id).click();"
    call("Runtime.evaluate", expression=logarithms)
    other = call("Runtime.evaluate", expression=MEASURE, returnByValue=True)["result"]["value"]
    faults += [f"chart {chart} is blank in logarithms" for chart in other["blank"]]
    kept = call("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                clip={"x": 0, "y": 0, "width": width, "height": found["height"], "scale": 1})["data"]
    (folder / f"{name}-{scheme}-logarithms.png").write_bytes(base64.b64decode(kept))
    call("Runtime.evaluate", expression=logarithms)
    # The whole page, by a window as high as it is.
    call("Emulation.setDeviceMetricsOverride", width=width, height=found["height"], deviceScaleFactor=1, mobile=name == "narrow")
    time.sleep(0.3)
    picture = call("Page.captureScreenshot", format="png")["data"]
    (folder / f"{name}-{scheme}.png").write_bytes(base64.b64decode(picture))
    print(f"{name} {scheme}: {found['charts']} charts, {found['window']} x {found['height']} pixels, {len(faults)} faults")
    return [f"{name} {scheme}: {fault}" for fault in faults]


def main():
    page, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        print("skipped: there is no chromium here")
        return 77
    address = page if page.startswith("http") else pathlib.Path(page).resolve().as_uri()
    folder.mkdir(parents=True, exist_ok=True)
    faults = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            browser.call(f"{domain}.enable", session)
        for view in VIEWS:
            for scheme in ("light", "dark"):
                faults += look(browser, session, address, view, scheme, folder)
        browser.call("Emulation.clearDeviceMetricsOverride", session)
        paper = browser.call("Page.printToPDF", session, printBackground=True, paperWidth=8.27, paperHeight=11.69)
        (folder / "page.pdf").write_bytes(base64.b64decode(paper["data"]))
        browser.close()
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
