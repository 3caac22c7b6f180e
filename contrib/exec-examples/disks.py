#!/usr/bin/env python3
"""How full the disks are, one JSON object a line. `disks.py` prints it once, `disks.py stream` every KK_INTERVAL seconds."""
import json, os, sys, time

print ("field: disks[mount].size u64 By # Size of the filesystem\nfield: disks[mount].free u64 By # Space that users may take")
while True:
    mounts = {line.split ()[1] for line in open ("/proc/mounts") if line.startswith ("/dev/")} | {"/"}
    full = {m: os.statvfs (m) for m in mounts if os.access (m, os.R_OK)}
    print (json.dumps ({"disks": {m: {"size": s.f_blocks * s.f_frsize, "free": s.f_bavail * s.f_frsize} for m, s in full.items ()}}), flush=True)
    if "stream" not in sys.argv:
        break
    time.sleep (float (os.environ.get ("KK_INTERVAL", 1)))
