"""Many machines that upload into the same tables: none of their minutes is missing, and what they ask is spread over the minute."""

import collections
import mmap
import os
import resource
import struct

import dynakit
import kk

FLEET = os.path.join (kk.BUILD, "tests", "dynamodb", "fleet")
T0 = 1767225600
HOSTS, MINUTES, RESTART = 500, 10, 5
MEAN = HOSTS * 2 / 60


def live (home, cloud, restart=-1):
    """The fleet's minutes: what it complained of, and what it asked. Its time is the proxy's, too."""
    clock = home.write ("fleet/clock", bytes (8))
    with open (clock, "r+b") as f:
        time = mmap.mmap (f.fileno (), 8)
    cloud.proxy.now = lambda: struct.unpack ("<q", time[:8])[0] / 1e9
    _, most = resource.getrlimit (resource.RLIMIT_NOFILE)
    resource.setrlimit (resource.RLIMIT_NOFILE, (most, most))
    if most < HOSTS * 8:
        kk.skip (f"needs {HOSTS * 8} descriptors, and may have {most}")
    r = home.run (os.path.dirname (clock), HOSTS, MINUTES, restart, program=FLEET, timeout=500, env=cloud.env ())
    return r.ok ("the fleet").err, cloud.proxy.calls


def second (call):
    """The second of the fleet's time in which it came."""
    return int (call.time) - T0


def is_goodbye (call):
    """What a clean stop says, at once."""
    return call.operation == "UpdateItem" and "offline" in str (call.body)


def check_pace (calls):
    """No second with more than three times the mean; the busiest one and the busiest five."""
    seconds = collections.Counter (second (c) for c in calls if not is_goodbye (c))
    five = max (sum (seconds[s + i] for i in range (5)) for s in range (MINUTES * 60 + 60))
    top, most = seconds.most_common (1)[0]
    print (f"# at most {most} requests in a second, {five} in five; the mean is {MEAN:.1f} a second")
    kk.check (most <= 3 * MEAN, f"requests in second {top}: at most {3 * MEAN:g}", (most, [c for c in calls if second (c) == top]))
    return seconds


def check_hosts (calls, connections):
    """Once all began, each host asks twice a minute, and over one connection."""
    minutes = collections.Counter ((c.host, second (c) // 60) for c in calls if c.host and not is_goodbye (c))
    used = collections.defaultdict (set)
    for c in calls:
        used[c.host].add (c.connection)
    used.pop (None)
    kk.equal ((len (used), max (len (c) for c in used.values ())), (HOSTS, connections), "hosts, and connections of each")
    return minutes


def check_table (cloud):
    """Each minute of each host once, with its values."""
    found = cloud.check ()
    want = {(f"host-{h:03}.example", T0 + 60 * m): (h, m) for h in range (HOSTS) for m in range (MINUTES)}
    kk.equal (sorted (set (want) ^ set (found))[:5], [], "minutes that are missing, or not wanted")
    for key, (h, m) in want.items ():
        item, cpu = found[key], (h + 7 * m) % 90 + 1
        have = [item[n] for n in ("samples", "cpu_percent", "cpu_percent_max", "memory_percent", "memory_available_mb", "memory_used_mb", "collected_at")]
        kk.equal (have, [60, cpu, cpu + 0.5, h % 100, 1000 + h, 2000 + m, key[1] + 59], f"minute {m} of {key[0]}")


@kk.test (deadline=540)
def all_begin_at_once (home):
    "500 machines that begin in one second, without tables: all minutes of all of them, two requests a minute, no burst"
    with dynakit.Cloud (home) as cloud:
        said, calls = live (home, cloud)
        kk.equal (said, "", "warnings")
        check_pace (calls)
        minutes = check_hosts (calls, 1)
        kk.equal (max (n for (_, minute), n in minutes.items () if minute > 1), 2, "requests of a host in a minute")
        later = {c.operation for c in calls if second (c) >= 180 and not is_goodbye (c)}
        kk.equal (later, {"PutItem", "UpdateItem"}, "what is asked once all is there")
        kk.equal ([c.operation for c in calls].count ("CreateTable"), 2, "tables made")
        check_table (cloud)


@kk.test (deadline=540)
def all_restart_at_once (home):
    "the same where all stop and begin again in one second, in the middle of a minute"
    with dynakit.Cloud (home) as cloud:
        said, calls = live (home, cloud, RESTART)
        kk.equal (said, "", "warnings")
        check_pace (calls)
        check_hosts (calls, 2)
        goodbyes = [c for c in calls if is_goodbye (c)]
        kk.equal (collections.Counter (second (c) for c in goodbyes).keys (), {RESTART * 60 + 30, MINUTES * 60 + 59}, "when they say goodbye")
        check_table (cloud)


kk.main ()
