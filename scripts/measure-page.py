#!/usr/bin/env python3
"""What the console costs: its weight, its first paint, and what the lab and the browser take while it is open.

    scripts/measure-page.py                   weight, first paint, the lab's processor time with no and with five pages
    scripts/measure-page.py --soak 120        Black Friday for so many minutes with the stage open: memory, each minute

Starts a lab of its own (target/lab/doorbuster, or --lab) on free ports, and Chromium without a window. Needs Python's own
modules alone: the browser is asked over a pair of pipes, by its own protocol. Prints one JSON object a line.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from running_lab import Lab, cpu_seconds, mib, say

LOADS = 20
PAGES = 5
SECONDS = 60
ROUNDS = 3
VIEWS = ["stage", "faults", "investigate", "alerts", "exercises"]
NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]
# When something was first painted, and when the view stood: milliseconds since the page was asked for.
PAINT = """new Promise((done) => { const look = () => {
  const [seen] = performance.getEntriesByName('first-contentful-paint');
  seen && document.querySelector('#view[class]') ? done([seen.startTime, performance.now()]) : setTimeout(look, 5); }; look(); })"""


class Browser:
    """Chromium, told what to do over descriptors 3 and 4."""

    def __init__(self, home):
        told, tell = os.pipe()
        hear, said = os.pipe()
        program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
        if not program:
            sys.exit("Chromium is missing: apt-get install chromium")

        def descriptors():
            # First out of the way: either may stand where the other has to go.
            ours, theirs = os.dup(told), os.dup(said)
            os.dup2(ours, 3)
            os.dup2(theirs, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-dev-shm-usage", f"--user-data-dir={home}/profile",
             "--remote-debugging-pipe", "about:blank"],
            preexec_fn=descriptors, close_fds=False, env={**os.environ, "HOME": str(home)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(told)
        os.close(said)
        self.tell, self.hear, self.number, self.rest = tell, hear, 0, b""

    def call(self, method, session=None, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.tell, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                self.rest += os.read(self.hear, 1 << 20)
            one, self.rest = self.rest.split(b"\0", 1)
            answer = json.loads(one)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def page(self, url):
        target = self.call("Target.createTarget", url="about:blank", newWindow=True)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable", session)
        self.call("Emulation.setDeviceMetricsOverride", session, width=1280, height=720, deviceScaleFactor=1, mobile=False)
        # Windows that nobody sees are seen: as on a stage with two screens.
        self.call("Emulation.setFocusEmulationEnabled", session, enabled=True)
        self.call("Page.navigate", session, url=url)
        return target, session

    def asks(self, session, expression):
        answer = self.call("Runtime.evaluate", session, expression=expression, returnByValue=True, awaitPromise=True)
        return answer["result"].get("value")

    def processes(self):
        return [one["id"] for one in self.call("SystemInfo.getProcessInfo")["processInfo"] if one["type"] == "renderer"]

    def end(self):
        self.process.terminate()
        self.process.wait(20)


def weight(lab, browser):
    """All that a page has asked for by the time it shows a view, as it came and packed."""
    for view in VIEWS:
        target, session = browser.page(f"{lab.url}/#/{view}")
        browser.asks(session, PAINT)
        time.sleep(1)
        names = browser.asks(session, "[location.pathname, ...performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname)]")
        files = sorted({name for name in names if not name.startswith("/api/")})
        plain = sum(len(lab.get(name)) for name in files)
        packed = sum(len(lab.get(name, **{"accept-encoding": "gzip"})) for name in files)
        say("weight", view=view, files=len(files), kilobytes=round(plain / 1_000, 1), packed_kilobytes=round(packed / 1_000, 1))
        browser.call("Target.closeTarget", targetId=target)


def first_paint(lab, browser):
    for is_cold in (True, False):
        times = []
        for _ in range(LOADS):
            target, session = browser.page("about:blank")
            browser.call("Network.enable", session)
            browser.call("Network.setCacheDisabled", session, cacheDisabled=is_cold)
            browser.call("Page.navigate", session, url=lab.url + "/")
            times.append(browser.asks(session, PAINT))
            browser.call("Target.closeTarget", targetId=target)
        for what, some in zip(["first contentful paint", "the view stands"], zip(*times)):
            say(what, cache=not is_cold, loads=len(some), p50_ms=round(statistics.median(some)), most_ms=round(max(some)))


def pages_cost(lab, browser):
    """The lab's processor time with no page and with five, in turns."""
    shares = {0: [], PAGES: []}
    for _ in range(ROUNDS):
        for pages in shares:
            opened = [browser.page(f"{lab.url}/#/{view}") for view in VIEWS[:pages]]
            time.sleep(3)
            before, begun = cpu_seconds(lab.process.pid), time.monotonic()
            time.sleep(SECONDS)
            spent = cpu_seconds(lab.process.pid) - before
            shares[pages].append(100 * spent / (time.monotonic() - begun))
            for target, _ in opened:
                browser.call("Target.closeTarget", targetId=target)
    for pages, percents in shares.items():
        say("the lab's processor", pages=pages, percent_of_a_core=[round(one, 1) for one in percents],
            median=round(statistics.median(percents), 1))


def soak(lab, browser, minutes):
    lab.post("/api/mode", {"mode": "blackfriday"})
    _, session = browser.page(lab.url + "/")
    browser.asks(session, PAINT)
    for minute in range(minutes + 1):
        if minute:
            time.sleep(60)
        if minute % 5 and minute != minutes:
            continue
        browser.call("HeapProfiler.collectGarbage", session)
        heap = browser.call("Runtime.getHeapUsage", session)["usedSize"]
        nodes = browser.asks(session, "document.querySelectorAll('*').length")
        state = json.loads(lab.get("/api/state"))
        say("soak", minute=minute, lab_mib=mib(lab.process.pid), renderer_mib=max(map(mib, browser.processes())),
            heap_mib=round(heap / 2**20, 2), elements=nodes, mode=state["mode"],
            phase=(state["scenario"] or {}).get("phase"), is_stale=browser.asks(session, "Boolean(document.body.dataset.stale)"))


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--lab", default="target/lab/doorbuster", help="the program (default: %(default)s)")
    ask.add_argument("--soak", type=int, metavar="MINUTES", help="watch memory for so long")
    ask.add_argument("--visits", help="visits a minute on a normal evening (default: the lab's own)")
    chosen = ask.parse_args()
    program = Path(chosen.lab).resolve()
    if not program.is_file():
        sys.exit(f"{chosen.lab} is not there: cargo build --locked --profile lab")
    with tempfile.TemporaryDirectory(prefix="doorbuster-page-", ignore_cleanup_errors=True) as home:
        home = Path(home)
        lab, browser = Lab(program, home, chosen.visits), Browser(home)
        try:
            if chosen.soak:
                soak(lab, browser, chosen.soak)
            else:
                time.sleep(5)
                weight(lab, browser)
                first_paint(lab, browser)
                pages_cost(lab, browser)
        finally:
            browser.end()
            lab.end()


if __name__ == "__main__":
    main()
