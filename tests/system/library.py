#!/usr/bin/env python3
"""The Python library kode_kronical reads what this daemon records: its client, its summary, its correlation with timings.

The library is used where it can be imported: installed, or with its sources in PYTHONPATH."""

import json
import os
import subprocess
import sys

import kk

READER = r"""
import json, sys, time
# Library 0.7.1 stamps its timings with perf_counter and looks samples up by wall time: give both one origin.
time.perf_counter = time.time
from kode_kronical import KodeKronical
from kode_kronical.daemon_client import DaemonClient

out = {}
kode = KodeKronical ({"kode_kronical": {"enabled": True, "min_execution_time": 0.0}, "local": {"enabled": False}, "upload": {"strategy": "never"}})

@kode.time_it
def busy ():
    end = time.time () + 0.05
    while time.time () < end:
        pass

client = DaemonClient ()
out["running"] = client.is_daemon_running ()
client.get_metrics_at_time (time.time ())  # from here on somebody reads
for i in range (8):
    busy ()
    time.sleep (0.3)
hits = [client.get_metrics_at_time (time.time () - 0.5) is not None for i in range (4) if time.sleep (0.4) is None]
latest = client.get_latest_metrics ()
out["hits"] = hits
out["age"] = time.time () - latest.timestamp
out["latest"] = [latest.cpu_percent, latest.memory_percent, latest.memory_available_mb, latest.memory_used_mb, latest.load_avg_1m]
out["network"] = sorted (latest.network)
out["range"] = len (client.get_metrics_range (time.time () - 3, time.time ()))
summary = kode.get_enhanced_summary ()
out["monitoring"] = summary.get ("system_monitoring_enabled")
out["contexts"] = sum ("system_context" in c for c in summary.get ("enhanced_calls", []))
out["correlation"] = kode.get_system_correlation_report ()
print ("RESULT " + json.dumps (out, default=str))
"""


@kk.test
def reads_what_is_recorded (home):
    "client, enhanced summary and correlation report on what is being recorded"
    env = home.env (PYTHONPATH=os.environ.get ("PYTHONPATH"))
    interpreters = [sys.executable, "/usr/bin/python3"]
    can = [p for p in interpreters if subprocess.run ([p, "-c", "import kode_kronical"], capture_output=True, env=env).returncode == 0]
    if not can:
        kk.skip ("the Python library kode_kronical cannot be imported")
    with home.daemon ("plugins:\n  process: false\n") as d:
        kk.wait_for (lambda: home.metrics (), 10, "a first file")
        r = subprocess.run ([can[0], "-c", READER], capture_output=True, text=True, env=env, cwd=home.path, timeout=60 * kk.SLOW)
        line = next ((l for l in r.stdout.splitlines () if l.startswith ("RESULT ")), None)
        kk.check (line, f"the reader said nothing: {r.stdout}\n{r.stderr}")
        out = json.loads (line[len ("RESULT "):])
    kk.check (out["running"], "the library sees the daemon")
    kk.check (all (out["hits"]), f"a sample within 2 s of each moment: {out}")
    kk.check (out["age"] < 3 * kk.SLOW, f"the newest sample is fresh: {out}")
    kk.check (all (isinstance (v, (int, float)) for v in out["latest"]), f"numbers: {out}")
    kk.check ({"bytes_sent", "bytes_recv", "packets_sent", "packets_recv", "active_connections"} <= set (out["network"]), f"network: {out}")
    kk.check (out["range"] >= 2, f"samples of the last 3 s: {out}")
    kk.check (out["contexts"] >= 6, f"timings with a sample beside them: {out}")
    kk.check (out["monitoring"], f"the summary knows of the daemon: {out}")
    kk.check ("error" not in out["correlation"], f"the correlation report: {out}")


kk.main ()
