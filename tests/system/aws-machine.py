"""As on a machine of AWS: the fixed addresses of instance and container metadata, and a name server that is asleep. In a network of
its own, where these addresses are ours."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys

import fakeaws
import kk
from fakeaws import Probe, answer, probe, session

INSIDE = os.environ.get ("KK_INSIDE")
ADDRESSES = ("169.254.169.254/32", "169.254.170.2/32", "192.0.2.53/32")


def go_inside ():
    """Begins again in new namespaces, if that can be had here."""
    outside = ["unshare", "-rnm"]
    if shutil.which ("unshare") and shutil.which ("ip") and subprocess.run ([*outside, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        setup = "; ".join (["ip link set lo up", *(f"ip addr add {a} dev lo" for a in ADDRESSES), 'exec "$@"'])
        os.execvpe ("unshare", [*outside, "sh", "-c", setup, "sh", sys.executable, *sys.argv], {**os.environ, "KK_INSIDE": "1"})


def need_inside ():
    if not INSIDE:
        kk.skip ("needs namespaces (unshare -rnm, ip)")


@kk.test
def instance (home):
    "instance metadata are asked at their address, also at that of IPv6"
    need_inside ()
    env = {"AWS_EC2_METADATA_DISABLED": None}
    with fakeaws.Server (address=("169.254.169.254", 80)) as aws:
        aws.metadata ()
        with Probe (home, env=env) as p:
            kk.contains (p.get ("ASIAINSTANCE")["from"], "http://169.254.169.254", "where it came from")
            kk.equal (p.ask ("region")["region"], "eu-north-1", "the region")
    with Probe (home, env=env) as p:
        p.none ("http://169.254.169.254", "no EC2 instance?")
    if subprocess.run (["ip", "addr", "add", "fd00:ec2::254/128", "dev", "lo", "nodad"], stderr=subprocess.DEVNULL, check=False).returncode:
        return
    with fakeaws.Server (address=("fd00:ec2::254", 80)) as aws:
        aws.metadata ()
        with Probe (home, env={**env, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"}) as p:
            kk.contains (p.get ("ASIAINSTANCE")["from"], "http://[fd00:ec2::254]", "where it came from")


@kk.test
def container (home):
    "a relative URI is one of the container's address"
    need_inside ()
    with fakeaws.Server (address=("169.254.170.2", 80)) as aws:
        aws.on ("GET", "/v2/credentials/abc", answer (200, session ("TASK")))
        env = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/abc", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/"}
        for more in ({}, {"http_proxy": "http://127.0.0.1:1"}):
            with Probe (home, env={**env, **more}) as p:
                kk.equal (p.get ("ASIATASK")["from"], "container endpoint http://169.254.170.2/", "where it came from")


@contextlib.contextmanager
def asleep (home):
    """A name server that never answers; what it is asked."""
    need_inside ()
    conf, place = home.write ("resolv.conf", "nameserver 192.0.2.53\noptions timeout:30 attempts:1\n"), os.path.realpath ("/etc/resolv.conf")
    version = subprocess.run (["pkg-config", "--modversion", "libcurl"], stdout=subprocess.PIPE, text=True, check=False).stdout.split (".") if shutil.which ("pkg-config") else []
    if version and [int (n) for n in version[:2]] < [7, 87]:
        kk.skip ("needs libcurl 7.87")
    if subprocess.run (["mount", "--bind", conf, place], stderr=subprocess.DEVNULL, check=False).returncode:
        kk.skip ("cannot mount a resolv.conf")
    try:
        with socket.socket (socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind (("192.0.2.53", 53))
            server.settimeout (10 * kk.SLOW)
            yield server
    finally:
        subprocess.run (["umount", "-l", place], check=True)


@kk.test
def sleeping_name_server (home):
    "a stop, and a time limit, do not wait for a name server that never answers"
    with asleep (home) as server:
        for args, result in ((("--stop", "1000"), "ECANCELED"), (("--ms", "1000"), "ECONNREFUSED")):
            found, seconds = fakeaws.took (lambda how=args: probe (home, "get", "http://example.org/", *how)[0])
            kk.equal (found["result"], result, f"{args}: {found}")
            kk.check (seconds < 25, "it took long", seconds)
            kk.contains (server.recv (512), b"example", "what the name server was asked")


@kk.test (deadline=120)
def plugin_check_asleep (home):
    "plugin check finds no fault in the writer then, though it has credentials"
    with asleep (home):
        file = os.path.join (os.environ["KODE_KRONICAL_PLUGINS"], "dynamodb-writer.so")
        r = home.run ("plugin", "check", file, env=fakeaws.no_aws (AWS_ACCESS_KEY_ID="AKIDENV", AWS_SECRET_ACCESS_KEY="x"), timeout=60)
        kk.equal (r.rc, 0, f"faults: {r}")


@kk.test (deadline=120)
def dynamodb_check_asleep (home):
    "dynamodb check says in a bounded time that no name is found, for DynamoDB and for a role"
    home.config ("daemon: {enable_dynamodb_upload: true}\n")
    home.write (".aws/credentials", "[default]\naws_access_key_id = AKIDSTATIC\naws_secret_access_key = x\n", 0o600)
    home.write (".aws/config", "[profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\n")
    with asleep (home):
        for profile, step, host, most in (("default", "connection", "dynamodb", 15), ("role", "credentials", "sts", 40)):
            env = fakeaws.no_aws (AWS_PROFILE=profile, AWS_REGION="eu-west-1")
            r, seconds = fakeaws.took (lambda with_env=env: home.run ("dynamodb", "check", "--json", env=with_env, timeout=60))
            kk.equal (r.rc, 1, f"exit status: {r}")
            kk.check (seconds < most * kk.SLOW, "it took long", seconds)
            failed = [s for s in r.json ()["steps"] if s["result"] == "fail"]
            kk.equal ([s["step"] for s in failed], [step], "what failed")
            kk.equal (failed[0]["text"].count (f'EndpointConnectionError: Could not connect to the endpoint URL: "https://{host}.eu-west-1.amazonaws.com/"'), 1,
                      failed[0]["text"])
            kk.contains (failed[0]["text"], "esolv", "that it is the name")
            if step == "connection":
                kk.contains (failed[0]["advice"], "name service", "what to look at")


if not INSIDE:
    go_inside ()
kk.main ()
