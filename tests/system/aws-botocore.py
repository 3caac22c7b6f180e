"""dynamodb-writer beside botocore: the same signatures, the same credentials from the same places, the same files and endpoints."""

import contextlib
import json
import os
import random
import shlex
import string

import fakeaws
import kk
from fakeaws import Probe, answer, probe, session

try:
    import botocore
    import botocore.auth
    import botocore.awsrequest
    import botocore.configloader
    import botocore.credentials
    import botocore.exceptions
    import botocore.session
except ImportError:
    botocore = None

METHODS = {"env": "environment", "assume-role": "assumed role", "assume-role-with-web-identity": "web identity",
           "shared-credentials-file": "credentials file", "custom-process": "credential_process", "config-file": "config file",
           "container-role": "container endpoint", "iam-role": "instance metadata"}


def need_botocore ():
    if botocore is None:
        kk.skip ("needs python3-botocore")


def rounds (n):
    return int (n / kk.SLOW) + 1


def word (rng, letters, most, least=1):
    return "".join (rng.choice (letters) for _ in range (rng.randint (least, most)))


@contextlib.contextmanager
def environment (home, env):
    """Our own environment, for botocore, as the probe has it."""
    kept = dict (os.environ)
    for name in [n for n in os.environ if n.startswith ("AWS_") or n.lower ().endswith ("_proxy")]:
        del os.environ[name]
    os.environ.update (HOME=home.path, **{k: v for k, v in env.items () if v is not None})
    try:
        yield
    finally:
        os.environ.clear ()
        os.environ.update (kept)


@kk.test
def signatures (home):
    "random requests to DynamoDB and STS are signed as botocore signs them, with and without session token"
    need_botocore ()
    rng = random.Random (4)
    wanted, requests = [], []
    for i in range (rounds (400)):
        dynamodb = rng.random () < 0.7
        host = rng.choice (["dynamodb.us-east-1.amazonaws.com", "127.0.0.1:8000", "[::1]:8000", "x.example.org:8443"])
        path = rng.choice (["/", "", "/", "/prefix", "/a b/ü/", "/a//b/../c", "/%7Ex", "/.", "/a/.", "/a/.."])
        query = rng.choice (["", "", "", "b=2&a=1", "x", "a=%20b&a=B", "a-b=1&a=2"])
        body = (json.dumps ({word (rng, string.ascii_letters, 9): word (rng, string.printable + "äß\u4e2d", 40) for _ in range (3)}, ensure_ascii=rng.random () < 0.5)
                if dynamodb else f"Action=AssumeRole&RoleArn={word (rng, string.ascii_letters, 50)}") if rng.random () < 0.95 else ""
        headers = {"Content-Type": "application/x-amz-json-1.0" if dynamodb else "application/x-www-form-urlencoded; charset=utf-8"}
        if dynamodb:
            headers["X-Amz-Target"] = "DynamoDB_20120810." + rng.choice (["PutItem", "BatchWriteItem"])
        if rng.random () < 0.3:
            headers["X-Odd"] = word (rng, "ab  \t", 20) + "x"
        keys = botocore.credentials.Credentials (word (rng, string.ascii_uppercase, 20, 16), word (rng, string.ascii_letters + "+/=", 40, 30),
                                                 word (rng, string.ascii_letters + "+/=", 900, 300) if i % 2 else None)
        region, service = rng.choice (["us-east-1", "eu-central-1", "cn-north-1"]), "dynamodb" if dynamodb else "sts"
        request = botocore.awsrequest.AWSRequest (method="POST", url=f"http://{host}{path}" + (f"?{query}" if query else ""), data=body.encode (), headers=headers)
        botocore.auth.SigV4Auth (keys, service, region).add_auth (request)
        wanted.append (request.headers["Authorization"])
        sent = [["Host", host], *([n, v] for n, v in request.headers.items () if n != "Authorization")]
        rng.shuffle (sent)
        requests.append ({"method": "POST", "path": path, "query": query, "headers": sent, "body": body, "access_key": keys.access_key, "secret": keys.secret_key,
                          "region": region, "service": service, "date": request.headers["X-Amz-Date"]})
    result = home.run ("sign", program=fakeaws.PROGRAM, stdin="".join (json.dumps (r) + "\n" for r in requests)).ok ()
    have = result.out.splitlines ()
    kk.equal (len (have), len (wanted), "signatures")
    for i, pair in enumerate (zip (have, wanted)):
        kk.equal (*pair, f"request {requests[i]}")


@kk.test
def files (home):
    "random files are read as botocore reads them, and refused when it refuses them"
    need_botocore ()
    rng = random.Random (5)
    lines = ["[a]", "[b]", "[ a ]", "[profile x]", "[a] # c", "[DEFAULT]", "[]", "k = v", "k: v", "K=V = w", "  k = v", "\tregion=x", "s3 =", "  a = 1", "    b=2", " c",
             "# c", "; c", "", "  ", "  # c", "k", "= v", "role_arn = x # y", "other key = 1", "region=", "a=b:c", "]", "[x", "k = [a]"]
    path = os.path.join (home.path, "file")
    refused = 0
    for _ in range (rounds (300)):
        text = rng.choice (["\n", "\r\n", "\n"]).join (["[first]"] * (rng.random () < 0.8) + rng.sample (lines, rng.randint (0, 8))) + rng.choice (["", "\n"])
        with open (path, "w", newline="", encoding="utf-8") as f:
            f.write (text)
        try:
            wanted = botocore.configloader.raw_config_parse (path, parse_subsections=False)
        except botocore.exceptions.ConfigParseError:
            wanted = None
        found = probe (home, "ini", path)[0]
        refused += wanted is None
        kk.equal (found["sections"] if found["result"] == "ok" else None, wanted, f"the file {text!r} ({found})")
    kk.check (0 < refused < rounds (300), "files of both kinds", refused)


@kk.test
def words (home):
    "random lines are cut as shlex cuts them"
    rng = random.Random (6)
    for _ in range (rounds (300)):
        line = word (rng, "abc   \t'\"\\$#;é\n", 20, 0)
        try:
            wanted = shlex.split (line)
        except ValueError:
            wanted = None
        found = probe (home, "words", line)[0] if line else {"result": "ok", "words": []}
        kk.equal (found["words"] if found["result"] == "ok" else None, wanted, f"the line {line!r}")


def scenario (home, rng, aws):
    """An environment, and files of the AWS tools, as people might have them."""
    env = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.url (), "AWS_EC2_METADATA_DISABLED": rng.choice (["true", "false"])}
    names = ["default", "p1", "p2", "p3"]
    config, credentials = "", ""
    tool = home.write ("tool", '#!/bin/sh\necho \'{"Version": 1, "AccessKeyId": "AKIA\'$1\'", "SecretAccessKey": "s"}\'\n', 0o755)
    for name in names:
        if name != "default" or rng.random () < 0.8:
            config += f"[{name}]\n" if name == "default" else f"[profile {name}]\n"
            if rng.random () < 0.35:
                config += f"role_arn = arn:aws:iam::1:role/{name}\n"
                config += rng.choice ([f"source_profile = {rng.choice (names)}\n"] * 5 + ["credential_source = Ec2InstanceMetadata\n", "credential_source = Environment\n", ""])
            if rng.random () < 0.15:
                config += f"web_identity_token_file = {home.path}/token\n"
            if rng.random () < 0.3:
                config += f"credential_process = {tool} {name}\n"
            if rng.random () < 0.3:
                config += f"aws_access_key_id = AKIDCONFIG{name}\n" + ("aws_secret_access_key = s\n" if rng.random () < 0.8 else "")
            if rng.random () < 0.05:
                config += "sso_account_id = 1\nsso_role_name = r\nsso_start_url = https://x\nsso_region = us-east-1\n"
        if rng.random () < 0.4:
            credentials += f"[{name}]\naws_access_key_id = AKIDFILE{name}\n" + ("aws_secret_access_key = s\n" if rng.random () < 0.9 else "")
            credentials += "aws_session_token = t\n" if rng.random () < 0.3 else ""
    if rng.random () < 0.15:
        env.update (AWS_ACCESS_KEY_ID="AKIDENV", AWS_SECRET_ACCESS_KEY="s", **({"AWS_SESSION_TOKEN": "t"} if rng.random () < 0.5 else {}))
    if rng.random () < 0.15:
        env.update (AWS_WEB_IDENTITY_TOKEN_FILE=f"{home.path}/token", **({"AWS_ROLE_ARN": "arn:aws:iam::1:role/web"} if rng.random () < 0.8 else {}))
    if rng.random () < 0.2:
        env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = aws.url ("/get")
    if rng.random () < 0.6:
        env["AWS_PROFILE"] = rng.choice (names)
    return env, config, credentials


def by_botocore (home, env, profile=None):
    """The access key, and where from; None: an error, or none at all. The profile is one that the caller names, not AWS_PROFILE."""
    class Session (botocore.session.Session):  # before 1.31 it does not know AWS_ENDPOINT_URL_STS
        def create_client (self, *args, **more):
            return super ().create_client (*args, **{"endpoint_url": env["AWS_ENDPOINT_URL_STS"], **more})
    with environment (home, {**env, "AWS_DEFAULT_REGION": "us-east-1", "AWS_METADATA_SERVICE_TIMEOUT": "5"}):
        try:
            found = Session (profile=profile).get_credentials ()
            if found is None or found.method == "sso":
                return None
            frozen = found.get_frozen_credentials ()
            return frozen.access_key, frozen.token, METHODS[found.method]
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            return None


@kk.test (deadline=180)
def chain (home):
    "in random surroundings the same credentials are found as botocore finds, or none"
    need_botocore ()
    rng = random.Random (7)
    home.write ("token", "web-token")
    seen = set ()
    with fakeaws.Server () as aws:
        aws.metadata ()
        aws.sts ()
        aws.verify = lambda *_: None  # whose keys these are is not the question here
        aws.on ("GET", "/get", answer (200, session ("CONTAINER")))
        for i in range (rounds (200)):
            env, config, credentials = scenario (home, rng, aws)
            env["AWS_ENDPOINT_URL_STS"] = aws.url ()
            home.write (".aws/config", config)
            home.write (".aws/credentials", credentials)
            profile = rng.choice (["p1", "p2", "p3", "gone"]) if rng.random () < 0.3 else None
            wanted = by_botocore (home, env, profile)
            with Probe (home, *(["--profile", profile] if profile else []), env=env) as p:
                found = p.ask ("get")
            have = (found["access_key"], found["token"], found["provider"]) if found["result"] == "ok" else None
            seen.add (have and have[2])
            # A profile that is not there does not take the environment's keys away.
            if not (wanted is None and have and have[2] == "environment"):
                kk.equal (have, wanted, f"round {i}: {profile} {env}\n{config}\n--\n{credentials}\n--\n{found}")
    kk.check (len (seen) == 9 or kk.SLOW > 1, "every place was found", seen)


@kk.test
def endpoints (home):
    "addresses of regions, with FIPS and dual-stack, are those of botocore"
    need_botocore ()
    regions = ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "ap-southeast-4"]
    for fips in (None, "true"):
        for dual in (None, "true"):
            env = {"AWS_USE_FIPS_ENDPOINT": fips, "AWS_USE_DUALSTACK_ENDPOINT": dual, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
            with environment (home, env):
                client = botocore.session.Session ()
                for region in regions:
                    if (dual and "iso" in region) or (fips and "gov" in region):
                        continue  # there botocore's own rules decide only when it sends
                    wanted = client.create_client ("dynamodb", region_name=region).meta.endpoint_url
                    with Probe (home, "--region", region, env=env) as p:
                        kk.equal (p.ask ("endpoint dynamodb")["url"], wanted, f"{region} fips={fips} dual={dual}")


kk.main ()
