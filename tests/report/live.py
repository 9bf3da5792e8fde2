#!/usr/bin/env python3
"""Watches a run through `imgcls report --serve` in headless Chromium while it goes on.

    live.py IMGCLS RUN COMMAND     COMMAND goes on with the run (by a shell)

The page must show the newer figures without being loaded again, ask for nothing else, and say so when the
server has ended. Exits with 0, with 1 where something is wrong, with 77 where there is no Chromium.
"""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from look import Browser, faults_of

SHOWN = """({
  tiles: document.getElementById("tiles").innerText,
  points: Math.max(...[...document.querySelectorAll("canvas")].flatMap(
    (canvas) => (Chart.getChart(canvas)?.data.datasets ?? []).map((curve) => curve.data.length))),
  live: document.getElementById("live").innerText,
  mark: window.mark,
})"""


class Page:
    def __init__(self, browser, address):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            browser.call(f"{domain}.enable", self.session)
        browser.call("Page.navigate", self.session, url=address)

    def evaluate(self, expression):
        result = self.browser.call("Runtime.evaluate", self.session, expression=expression, returnByValue=True)
        return result["result"].get("value")

    def wait_until(self, what, is_right, seconds=20):
        end = time.monotonic() + seconds
        while (shown := self.evaluate(SHOWN)) is None or not is_right(shown):
            if time.monotonic() > end:
                raise SystemExit(f"{what}: the page shows {shown}")
            time.sleep(0.2)
        return shown


def watch(page, server, run_on):
    first = page.wait_until("at first", lambda shown: shown["live"] == "live" and "top-1" in shown["tiles"].lower())
    page.evaluate("window.mark = 'the first load'")
    subprocess.run(run_on, shell=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    newer = page.wait_until("after the run went on", lambda shown: shown["points"] > first["points"])
    if newer["tiles"] == first["tiles"] or newer["mark"] != "the first load":
        raise SystemExit(f"from {first} to {newer}")
    faults = faults_of(page.browser.events, page.evaluate("location.href"))
    server.send_signal(signal.SIGINT)
    if server.wait(20) != 0:
        raise SystemExit(f"the server ended with {server.returncode}")
    page.wait_until("after the server ended", lambda shown: "has ended" in shown["live"])
    print(f"from {first['points']} to {newer['points']} points")
    return faults


def main():
    imgcls, run, run_on = sys.argv[1:]
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        print("skipped: there is no chromium here")
        return 77
    server = subprocess.Popen([imgcls, "report", run, "--serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        address = re.match(r"(http://\S+)", server.stdout.readline()).group(1)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            browser = Browser(program, profile)
            faults = watch(Page(browser, address), server, run_on)
            browser.close()
    finally:
        server.kill()
    print("\n".join(faults))
    return 1 if faults else 0


sys.exit(main())
