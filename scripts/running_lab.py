"""A lab that a script measures: its start and end, its API, and what the system says of its process."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path


class Lab:
    def __init__(self, program, home, rate=None, flags=()):
        self.port = free_ports()
        env = {name: value for name, value in os.environ.items() if not name.startswith("DOORBUSTER_")}
        env.update(DOORBUSTER_DATA_DIR=str(home / "data"))
        if rate:
            env["DOORBUSTER_VISITS_PER_MINUTE"] = rate
        self.process = subprocess.Popen(
            [program, "up", "--port-base", str(self.port), *flags], env=env, cwd=home,
            stdout=subprocess.DEVNULL, stderr=open(home / "lab.err", "w"))
        self.url = f"http://127.0.0.1:{self.port + 10}"
        for _ in range(100):
            try:
                self.get("/api/state")
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        sys.exit((home / "lab.err").read_text())

    def get(self, path, **headers):
        with urllib.request.urlopen(urllib.request.Request(self.url + path, headers=headers), timeout=10) as answer:
            return answer.read()

    def post(self, path, body):
        ask = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"content-type": "application/json"})
        urllib.request.urlopen(ask, timeout=10).read()

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


def free_ports():
    """The first of eleven ports in a row that are free."""
    for base in range(21_000, 30_000, 20):
        try:
            for port in range(base, base + 11):
                with socket.socket() as one:
                    one.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
    sys.exit("no eleven free ports in a row")


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def mib(pid):
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return round(int(found[1]) / 1024, 1) if found else None


def say(what, **figures):
    print(json.dumps({"what": what, **figures}), flush=True)
