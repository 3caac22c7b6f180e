"""What goes wrong is in the log in the words that the guide teaches, seldom and with what to do; no secret is; recording goes on; and
once it is mended all minutes go up."""

import contextlib
import json
import os
import re
import shutil

import dynakit
import fakeaws
import kk

OFTEN = "sample_interval: 5"
CREDENTIALS = f"[default]\naws_access_key_id = {dynakit.KEY}\naws_secret_access_key = {fakeaws.KEYS[dynakit.KEY]}\n"


def texts (home, d):
    """All that people read, at the most talkative."""
    return home.log () + d.err () + json.dumps (d.status ())


def trouble (home, cloud, env, words, mend, options="", minutes=3, times=1):
    """A daemon in this trouble: the words stand in the log and in the status, `times` at most; then it is mended, and all is made up."""
    with home.daemon (dynakit.config (OFTEN, options), "--debug", env=env) as d:
        kk.wait_for (lambda: words[0] in home.log (), 60, words[0])
        kk.wait_for (lambda: dynakit.queue (d) >= minutes, 90, "minutes that wait")
        for word in words:
            kk.contains (home.log (), word, "the log")
        kk.contains (dynakit.writer (d)["trouble"], words[0][:40], "the status")
        lines = [line for line in home.log ().splitlines () if words[0] in line and " debug " not in line]
        kk.check (len (lines) <= times, f"said {times} times", lines)
        kk.check (all (re.search ("(?i)upload|dynamodb", line) for line in lines), "found by grep", lines)
        kk.check (not [m for h, m in cloud.minutes ()], "nothing is there", cloud.minutes ())
        mend ()
        kk.wait_for (lambda: dynakit.all_up (home, cloud, d), 90, "nothing waits")
        kk.wait_for (lambda: "works again" in home.log (), 20, "the log")
        for secret in fakeaws.SECRETS | {"AWS4-HMAC-SHA256"}:
            kk.check (secret not in texts (home, d), "a secret that people can read", secret)
    have = {m: i["samples"] for (_, m), i in cloud.minutes ().items ()}
    recorded = dynakit.recorded (home)
    stamps = [e["timestamp"] for m in sorted (recorded) for e in recorded[m]]
    gaps = sorted (b - a for a, b in zip (stamps, stamps[1:]))
    kk.check (gaps[-1] < 120, "recording went on all the time", gaps[-3:])  # two seconds
    kk.equal ([(m, len (e), have.get (m)) for m, e in dynakit.had_their_turn (home, cloud.minutes ()).items () if have.get (m) != len (e)], [], "samples of each minute")


@kk.test (deadline=120)
def one_and_many (home):
    "status calls one minute one, and two minutes two: of those that wait, and of those that were too old"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        for n, waits, dropped in ((1, "1 minute waits, the oldest of 30 d ", "1 minute (no room 0, too old 1, "),
                                  (2, "2 minutes wait, the oldest of 30 d ", "2 minutes (no room 0, too old 2, ")):
            shim.faster (1)
            shim.step ((2 - cloud.proxy.now ()) % 60)  # the first minute of its own ends much later
            shutil.rmtree (home.data, ignore_errors=True)
            dynakit.fill_spool (home, "history", int (cloud.proxy.now ()) // 60 * 60 - 31 * 86400 + 3600, n)
            cloud.proxy.next ("unavailable", times=None)
            with home.daemon (dynakit.config (OFTEN), env=cloud.env ()) as d:
                kk.wait_for (lambda: waits in dynakit.writer (d).get ("queue", ""), 20, waits)
                cloud.proxy.fair ()
                shim.faster (max (1, round (60 / kk.SLOW)))
                kk.wait_for (lambda: dropped in dynakit.writer (d).get ("dropped", ""), 60, dropped)
        kk.equal ([h for h, _ in cloud.minutes () if h == "history"], [], "what was too old")
        cloud.check ()


@kk.test (deadline=150)
def credentials (home):
    "no credentials: which places were looked at, and that a service's own file is meant"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        env = cloud.env (AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
        trouble (home, cloud, env, ("NoCredentialsError: Unable to locate credentials", "/etc/default/kode-kronical"),
                 lambda: home.write (".aws/credentials", CREDENTIALS, 0o600))
        cloud.check ()


@kk.test (deadline=150)
def wrong_secret (home):
    "a wrong secret"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        fakeaws.SECRETS.add ("not-the-secret")
        home.write (".aws/credentials", CREDENTIALS.replace (fakeaws.KEYS[dynakit.KEY], "not-the-secret"), 0o600)
        env = cloud.env (AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
        trouble (home, cloud, env, ("InvalidSignatureException", "not right"), lambda: home.write (".aws/credentials", CREDENTIALS, 0o600))
        kk.check (all (w[1][1].startswith ("The request signature") for w in cloud.proxy.wrong), "what was refused", cloud.proxy.wrong[:3])


@kk.test (deadline=150)
def unknown_key (home):
    "a key that was deleted"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        key = cloud.proxy.keys.pop (dynakit.KEY)
        trouble (home, cloud, cloud.env (), ("UnrecognizedClientException", "environment variables"), lambda: cloud.proxy.keys.update ({dynakit.KEY: key}))


@kk.test (deadline=150)
def expired (home):
    "temporary credentials of a file that have expired, until others are written there"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        def write (name):
            made = fakeaws.session (name, server=cloud.proxy)
            home.write (".aws/credentials", f"[default]\naws_access_key_id = {made['AccessKeyId']}\naws_secret_access_key = {made['SecretAccessKey']}\n"
                        f"aws_session_token = {made['Token']}\n", 0o600)
            return made["AccessKeyId"]
        cloud.proxy.gone.add (write ("OLD"))
        env = cloud.env (AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
        trouble (home, cloud, env, ("ExpiredTokenException", "get new ones"), lambda: write ("NEW"))
        once_more (cloud)


def once_more (cloud):
    """Each request that is refused for its token is sent once more, at once, and both tables wait for the next minute then."""
    refused = [c for c in cloud.proxy.calls if c.error == "ExpiredTokenException"]
    kk.check (len (refused) <= 4 * ((refused[-1].time - refused[0].time) / 60 + 2), "requests with an expired token", refused)
    kk.equal ([(a.operation, a.body) for a in refused[::2] if a.operation == "DescribeTable"],
              [(b.operation, b.body) for b in refused[1::2] if b.operation == "DescribeTable"], "the same once more")


@kk.test (deadline=150)
def expires_at_once (home):
    "a container's endpoint whose tokens DynamoDB calls expired each time: another one is asked for once, and then not before the next minute"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.proxy.next ("expired", times=None)
        trouble (home, cloud, cloud.container (), ("ExpiredTokenException", "get new ones"), cloud.proxy.fair)
        once_more (cloud)
        kk.check (len (cloud.proxy.gone) >= 4, "another token each time", cloud.proxy.gone)


@kk.test (deadline=120)
def no_cpu (home):
    "without a figure that an item must have none goes up: the log says which, and what to enable, once; with it they do"
    words = "nothing can be uploaded: cpu_percent is not there; enable the cpu input"
    off = "  cpu: {enabled: false}\n"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        with home.daemon (dynakit.config (OFTEN, more=off), env=cloud.env ()) as d:
            kk.wait_for (lambda: int (dynakit.writer (d)["left out"].split ()[0]) >= 3, 60, "three of them")
            told = dynakit.writer (d)["left out"]
            kk.check (re.fullmatch (r"\d+ minutes without cpu_percent", told), "what status says", told)
            kk.equal (home.log ().count (words), 1, "said once")
            kk.equal ((cloud.minutes (), cloud.registry ()), ({}, None), "what is there")
            home.config (dynakit.config (OFTEN))
            home.run ("reload").ok ()
            kk.wait_for (lambda: len (cloud.minutes ()) >= 2 and cloud.registry (), 60, "minutes, and a row")
        cloud.check ()


@kk.test (deadline=150)
def denied (home):
    "no permission to write: the operation, the table, and what to grant"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.proxy.denied = {("PutItem", dynakit.SYSTEM), ("BatchWriteItem", dynakit.SYSTEM)}
        trouble (home, cloud, cloud.env (), ("AccessDenied: User is not authorized to perform: dynamodb:PutItem", "--print-policy",
                                             f"table/{dynakit.SYSTEM}"), cloud.proxy.denied.clear)
        cloud.check ()


@kk.test (deadline=150)
def wrong_region (home):
    "credentials and endpoint of different regions"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.proxy.region = "eu-central-1"
        trouble (home, cloud, cloud.env (), ("Credential should be scoped to a valid region, not 'us-east-1'",),
                 lambda: setattr (cloud.proxy, "region", "us-east-1"))


def asked (aws):
    """What was asked of STS."""
    return [r for r in aws.requests if (r.method, r.path) == ("POST", "/")]


def of_an_instance (home, profile):
    """An instance whose metadata does not tell the region for a while."""
    shim = dynakit.fast (home)
    tell = ("GET", "/latest/meta-data/placement/region")
    with dynakit.Cloud (home, shim=shim) as cloud, fakeaws.Server () as aws:
        aws.keys, aws.shim, cloud.proxy.region = cloud.proxy.keys, shim, "eu-north-1"
        env = cloud.env (AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, AWS_PROFILE=profile, AWS_ENDPOINT_URL_STS=aws.sts (),
                         AWS_EC2_METADATA_DISABLED=None, AWS_EC2_METADATA_SERVICE_ENDPOINT=aws.metadata (), AWS_METADATA_SERVICE_TIMEOUT="60")
        told = aws.routes[tell]
        aws.on (*tell, fakeaws.answer (503, ""))

        def mend ():
            kk.equal ((cloud.proxy.calls, asked (aws)), ([], []), "what was asked elsewhere")
            aws.on (*tell, told)
        trouble (home, cloud, env, ("its metadata did not tell the region", "asked again each minute"), mend)
        cloud.check ()
        kk.check (all ("/eu-north-1/sts/" in r.headers["authorization"] for r in asked (aws)), "where the role was asked for", asked (aws))
        kk.equal (bool (asked (aws)), profile is not None, "whether a role was asked for")


@kk.test (deadline=150)
def region_of_the_instance (home):
    "the region of an instance is asked for again before anything goes to another one"
    of_an_instance (home, None)


@kk.test (deadline=150)
def region_of_a_role (home):
    "so is that of a role that an instance takes"
    home.write (".aws/config", "[profile role]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Ec2InstanceMetadata\n")
    of_an_instance (home, "role")


@kk.test (deadline=150)
def untrusted (home):
    "a certificate that nobody vouches for, and the option for it; with it TLS is right, with another it is not"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, tls=True, shim=shim) as cloud:
        bundle = os.path.join (home.path, "ca.pem")
        with open (cloud.ca, encoding="ascii") as f:
            good = f.read ()
        os.rename (dynakit.certificate (home)[1], bundle)  # another one of the same name
        trouble (home, cloud, cloud.env (), ("no trustworthy TLS connection", "ca_file", "certificate"), lambda: home.write ("ca.pem", good),
                 f"ca_file: {bundle}")
        kk.equal (cloud.proxy.wrong, [], "what came before")


@kk.test (deadline=150)
def no_endpoint (home):
    "nobody listens, or a name that is none: the endpoint, and what to look at"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        for address in (f"http://127.0.0.1:{fakeaws.closed_port ()}", "http://dynamodb.no-such-region.invalid"):
            home.write (".aws/config", f"[default]\nendpoint_url = {address}\n")
            with contextlib.suppress (FileNotFoundError):
                os.unlink (home.log_file)
            with home.daemon (dynakit.config (OFTEN), "--debug", env=cloud.env (AWS_ENDPOINT_URL_DYNAMODB=None)) as d:
                sentence = f'EndpointConnectionError: Could not connect to the endpoint URL: "{address}'
                kk.wait_for (lambda: sentence in home.log (), 60, sentence)
                kk.wait_for (lambda: dynakit.queue (d) >= 3, 90, "minutes that wait")
                kk.contains (home.log (), "region us-east-1", "the region, and why that")
                lines = [line for line in home.log ().splitlines () if sentence in line and " debug " not in line]
                kk.equal (len (lines), 1, "lines")
                home.write (".aws/config", f"[default]\nendpoint_url = {cloud.proxy.url ()}\n")
                kk.wait_for (lambda: dynakit.all_up (home, cloud, d), 90, "nothing waits")
        kk.check (set (dynakit.had_their_turn (home, cloud.minutes ())) <= {m for _, m in cloud.check ()}, "every recorded minute is there")


@kk.test (deadline=150)
def not_dynamodb (home):
    "a login page that answers everything"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.proxy.next ("html", times=None)
        trouble (home, cloud, cloud.env (), ("does not speak as DynamoDB does", "login page"), cloud.proxy.fair)


kk.main ()
