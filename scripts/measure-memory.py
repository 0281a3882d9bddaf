#!/usr/bin/env python3
"""What Black Friday takes of the machine, and whether what the lab then points at is there.

    scripts/measure-memory.py                 ten minutes without and ten with --profile, one after the other
    scripts/measure-memory.py --minutes 2     a glance

Starts labs of its own (target/lab/doorbuster, or --lab) on free ports: 2,400 visits a minute. Each minute it prints the
resident memory, the open descriptors and the threads, and after five minutes what became of 500 exemplars drawn from
/api/series. Needs Python's own modules alone. Prints one JSON object a line.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
import urllib.error
from pathlib import Path

from running_lab import Lab, cpu_seconds, mib, say

EXEMPLARS = 500
LOOK_AFTER = 5


def count(pid, folder):
    return len(os.listdir(f"/proc/{pid}/{folder}"))


def exemplars(lab):
    """How many of the exemplars that the charts offer lead to a trace."""
    offered = set()
    for metric in json.loads(lab.get("/api/metrics")):
        for series in json.loads(lab.get(f"/api/series?metric={metric['name']}&limit=1000")):
            offered.update(one["trace_id"] for one in series["exemplars"])
    drawn = random.Random(1).sample(sorted(offered), min(EXEMPLARS, len(offered)))
    gone = 0
    for trace in drawn:
        try:
            lab.get(f"/api/traces/{trace}")
        except urllib.error.HTTPError as error:
            gone += error.code == 404
    say("exemplars", offered=len(offered), drawn=len(drawn), lead_nowhere=gone)


def soak(lab, minutes, flags):
    lab.post("/api/mode", {"mode": "blackfriday"})
    spent = cpu_seconds(lab.process.pid)
    for minute in range(1, minutes + 1):
        time.sleep(60)
        pid = lab.process.pid
        now = cpu_seconds(pid)
        say("memory", flags=flags, minute=minute, resident_mib=mib(pid), descriptors=count(pid, "fd"),
            threads=count(pid, "task"), percent_of_a_core=round(100 * (now - spent) / 60),
            load=round(os.getloadavg()[0], 1), store=json.loads(lab.get("/api/store")))
        spent = now
        if minute == LOOK_AFTER:
            exemplars(lab)


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--lab", default="target/lab/doorbuster", help="the program (default: %(default)s)")
    ask.add_argument("--minutes", type=int, default=10, help="of Black Friday, for each lab (default: %(default)s)")
    chosen = ask.parse_args()
    program = Path(chosen.lab).resolve()
    if not program.is_file():
        sys.exit(f"{chosen.lab} is not there: cargo build --locked --profile lab")
    for flags in ([], ["--profile"]):
        with tempfile.TemporaryDirectory(prefix="doorbuster-memory-", ignore_cleanup_errors=True) as home:
            lab = Lab(program, Path(home), flags=flags)
            try:
                soak(lab, chosen.minutes, flags)
            finally:
                lab.end()


if __name__ == "__main__":
    main()
