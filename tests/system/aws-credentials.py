"""Where dynamodb-writer finds credentials, in which order, and how it keeps them fresh."""

import os
import stat

import fakeaws
import kk
from fakeaws import Probe, answer, raw, session, slow

STATIC = "[default]\naws_access_key_id = AKIDSTATIC\naws_secret_access_key = static/secret+key\n"
ENV = {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "env-secret-key"}


def files (home, credentials=None, config=None):
    if credentials is not None:
        home.write (".aws/credentials", credentials)
    if config is not None:
        home.write (".aws/config", config)


def script (home, name, text):
    return home.write (name, "#!/bin/sh\n" + text, 0o755)


def process (home, name="creds", seconds=None, key="AKIAPROCESS"):
    """A credential_process that also notes each of its runs."""
    fakeaws.SECRETS.add ("process-secret")
    expires = f', "SessionToken": "t", "Expiration": "{fakeaws.stamp (seconds)}"' if seconds else ""
    return script (home, name, f"""echo run >> {home.path}/runs
echo '{{"Version": 1, "AccessKeyId": "{key}", "SecretAccessKey": "process-secret"{expires}}}'""")


@kk.test
def order (home):
    "each place comes in its turn: environment, role, token, credentials file, credential_process, config file, container, instance"
    with fakeaws.Server () as aws:
        home.write ("token", "web-token")
        env = {**ENV, "AWS_ENDPOINT_URL_STS": aws.sts (), "AWS_WEB_IDENTITY_TOKEN_FILE": os.path.join (home.path, "token"),
               "AWS_ROLE_ARN": "arn:aws:iam::1:role/web", "AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.url ("/container"),
               "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.metadata ()}
        aws.on ("GET", "/container", answer (200, session ("CONTAINER")))
        config = ["[default]", "role_arn = arn:aws:iam::1:role/profile", "source_profile = default", f"credential_process = {process (home)}",
                  "aws_access_key_id = AKIDCONFIG", "aws_secret_access_key = config-secret-key"]
        places = []

        def look (key, provider):
            files (home, config="\n".join (config))
            with Probe (home, env=env) as p:
                places.append (provider)
                kk.equal (p.get (key)["provider"], provider, "where it came from")
        files (home, STATIC)
        look ("AKIDENV", "environment")
        env["AWS_ACCESS_KEY_ID"] = ""
        look ("ASIAPROFILE", "assumed role")
        config[1] = "# no role"
        look ("ASIAWEB", "web identity")
        env["AWS_WEB_IDENTITY_TOKEN_FILE"] = None
        look ("AKIDSTATIC", "credentials file")
        files (home, "")
        look ("AKIAPROCESS", "credential_process")
        config[3] = ""
        look ("AKIDCONFIG", "config file")
        config[4] = ""
        look ("ASIACONTAINER", "container endpoint")
        env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = None
        look ("ASIAINSTANCE", "instance metadata")
        kk.equal (len (set (places)), 8, "places")


@kk.test
def nowhere (home):
    "with no credentials anywhere one sentence says where was looked and what to do"
    with Probe (home) as p:
        p.none ("NoCredentialsError: Unable to locate credentials", "AWS_ACCESS_KEY_ID", ".aws/credentials (no such file)", "AWS_EC2_METADATA_DISABLED",
                "/etc/default/kode-kronical", result="ENOENT")
    with Probe (home, env={"HOME": "/nonexistent"}) as p:
        p.none ("Unable to locate credentials", "/nonexistent/.aws/config (no such file)")
    files (home, STATIC)
    os.chmod (os.path.join (home.path, ".aws/credentials"), 0)
    if os.geteuid () != 0:
        with Probe (home) as p:
            p.none ("Permission denied")


@kk.test
def environment (home):
    "what is wrong with the environment is said, and nothing else is taken instead"
    files (home, STATIC)
    with Probe (home, env={**ENV, "AWS_SESSION_TOKEN": "tok"}) as p:
        found = p.get ("AKIDENV")
        kk.equal ((found["token"], found["secret"], found["expires_in"]), ("tok", "env-secret-key", None), "the environment's")
    for more, word in (({"AWS_SECRET_ACCESS_KEY": None}, "AWS_SECRET_ACCESS_KEY is not"), ({"AWS_SECRET_ACCESS_KEY": "a\nb"}, "line break"),
                       ({"AWS_CREDENTIAL_EXPIRATION": "soon"}, "AWS_CREDENTIAL_EXPIRATION is no time"),
                       ({"AWS_CREDENTIAL_EXPIRATION": fakeaws.stamp (-5)}, "expired")):
        with Probe (home, env={**ENV, **more}) as p:
            p.none (word)
    with Probe (home, env={**ENV, "AWS_CREDENTIAL_EXPIRATION": fakeaws.stamp (6000)}) as p:
        p.get ("AKIDENV")
        p.say ("advance 3000")
        p.get ("AKIDENV")
        p.say ("advance 4000")
        p.none ("expired")


@kk.test
def profiles (home):
    "which profile is meant, and what is wrong with one"
    files (home, STATIC + "[other]\naws_access_key_id=AKIDENV\naws_secret_access_key=env-secret-key\naws_session_token=t\n[half]\n"
           "aws_access_key_id=AKIDENV\n[comment]\naws_access_key_id=AKIDENV # mine\naws_secret_access_key=env-secret-key\n",
           "[profile third]\naws_access_key_id=AKIDCONFIG\naws_secret_access_key=config-secret-key\n")
    for args, env, key in (((), {}, "AKIDSTATIC"), ((), {"AWS_PROFILE": "other"}, "AKIDENV"), ((), {"AWS_DEFAULT_PROFILE": "third"}, "AKIDCONFIG"),
                           (("--profile", "third"), {"AWS_PROFILE": "other"}, "AKIDCONFIG"), (("--profile", "default"), {"AWS_PROFILE": "other"}, "AKIDENV")):
        with Probe (home, *args, env=env) as p:
            kk.contains (p.get (key)["from"], "profile '", "where it came from")
    for args, key in ((("--profile", "third"), "AKIDCONFIG"), ((), "AKIDENV"), (("--profile", "default"), "AKIDENV")):
        with Probe (home, *args, env={**ENV, "AWS_PROFILE": "third"}) as p:  # daemon.yaml's wins over keys in the environment, AWS_PROFILE does not
            p.get (key)
    for profile, words in (("none", ["no profile 'none'", "aws.profile", ".aws/credentials"]), ("half", ["half", "no aws_secret_access_key"]),
                           ("comment", ["comment"])):
        with Probe (home, "--profile", profile) as p:
            p.none (*words, result="EINVAL")
    with Probe (home, env={"AWS_PROFILE": "none"}) as p:
        p.none ("no profile 'none'", "environment")
    moved = home.write ("elsewhere/keys", STATIC)
    for path in (moved, "~/elsewhere/keys", "$HOME/elsewhere/keys", "${HOME}/elsewhere/keys"):
        with Probe (home, env={"AWS_SHARED_CREDENTIALS_FILE": path}) as p:
            kk.contains (p.get ("AKIDSTATIC")["from"], moved, "the moved file")
    files (home, config="[default]\nregion = a\nregion = b\n")
    with Probe (home) as p:
        p.none (".aws/config:3: 'region' stands in line 2 already")
    with Probe (home, env=ENV) as p:
        p.get ("AKIDENV")


@kk.test
def people (home):
    "a profile that needs a person says so, and what to do instead"
    files (home, "", """[profile sso]
sso_session = x
sso_account_id = 1
sso_role_name = r
[profile mfa]
role_arn = arn:aws:iam::1:role/r
source_profile = default
mfa_serial = arn:aws:iam::1:mfa/me
[profile login]
login_session = arn
[default]
aws_access_key_id = AKIDSTATIC
aws_secret_access_key = static/secret+key
""")
    for profile, word in (("sso", "IAM Identity Center"), ("mfa", "mfa_serial"), ("login", "aws login")):
        with Probe (home, "--profile", profile) as p:
            p.none (f"profile '{profile}'", word, "role", result="EOPNOTSUPP")


@kk.test
def roles (home):
    "a chain of roles: each asks for the next, signed with what it got"
    with fakeaws.Server () as aws:
        files (home, STATIC, f"""[default]
endpoint_url = {aws.sts ()}
[profile a]
role_arn = arn:aws:iam::1:role/one
source_profile = b
external_id = who/are you
duration_seconds = 1800
role_session_name = my.session
endpoint_url = {aws.url ()}
[profile b]
role_arn = arn:aws:iam::1:role/two
source_profile = default
duration_seconds = an hour
[profile self]
role_arn = arn:aws:iam::1:role/self
source_profile = self
aws_access_key_id = AKIDCONFIG
aws_secret_access_key = config-secret-key
endpoint_url = {aws.url ()}
[profile process]
role_arn = arn:aws:iam::1:role/three
source_profile = only-process
endpoint_url = {aws.url ()}
[profile only-process]
credential_process = {process (home, key="AKIDCONFIG")}
""")
        aws.keys["AKIDCONFIG"] = ("process-secret", None)
        with Probe (home, "--profile", "a", "--region", "eu-west-1") as p:
            found = p.get ("ASIAONE")
            kk.equal ((found["secret"], found["token"], found["provider"]), ("secret-of-ONE", "token-of-ONE==", "assumed role"), "the role's")
            kk.contains (found["from"], "role/one of profile 'a', by role arn:aws:iam::1:role/two", "where it came from")
        two, one = (r.form for r in aws.requests)
        kk.equal ((one["ExternalId"], one["DurationSeconds"], one["RoleSessionName"], one["Action"]), ("who/are you", "1800", "my.session", "AssumeRole"), "role one")
        kk.check ("DurationSeconds" not in two and two["RoleSessionName"].startswith ("kode-kronical-"), "role two", two)
        kk.contains (aws.requests[1].headers["authorization"], "/eu-west-1/sts/aws4_request", "the scope")
        with Probe (home, "--profile", "process") as p:
            p.get ("ASIATHREE")
        aws.keys["AKIDCONFIG"] = ("config-secret-key", None)
        with Probe (home, "--profile", "self") as p:
            p.get ("ASIASELF")


@kk.test
def wrong_roles (home):
    "circles, missing and contradictory sources are told apart"
    role = "role_arn = arn:aws:iam::1:role/x\n"
    files (home, "", f"""[profile a]
{role}source_profile = b
[profile b]
{role}source_profile = c
[profile c]
{role}source_profile = a
[profile me]
{role}source_profile = me
[profile both]
{role}source_profile = a
credential_source = Environment
[profile neither]
{role}
[profile missing]
{role}source_profile = nobody
[profile empty]
{role}source_profile = nothing
[profile nothing]
region = eu-west-1
[profile source]
{role}credential_source = Elsewhere
[profile unset]
{role}credential_source = Environment
""" + "".join (f"[profile n{i}]\n{role}source_profile = n{i + 1}\n" for i in range (20)))
    for profile, words in (("a", ["circle: a -> b -> c -> a"]), ("me", ["circle: me -> me"]), ("both", ["both source_profile and credential_source"]),
                           ("neither", ["neither source_profile nor credential_source"]), ("missing", ["nobody", "no such profile"]),
                           ("empty", ["source_profile = nothing", "no credentials"]), ("source", ["Elsewhere", "Ec2InstanceMetadata"]),
                           ("unset", ["Environment", "AWS_ACCESS_KEY_ID is not set"]), ("n0", ["more than 16 profiles"])):
        with Probe (home, "--profile", profile) as p:
            p.none (*words)


@kk.test
def sources (home):
    "credential_source: the environment, the container, the instance"
    with fakeaws.Server () as aws:
        env = {"AWS_ENDPOINT_URL_STS": aws.sts (), "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.metadata (),
               "AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.url ("/container")}
        aws.on ("GET", "/container", answer (200, session ("CONTAINER", server=aws)))
        files (home, "", "".join (f"[profile {s}]\nrole_arn = arn:aws:iam::1:role/{s}\ncredential_source = {s}\n" for s in ("EcsContainer", "Ec2InstanceMetadata")))
        for source, by in (("EcsContainer", "ASIACONTAINER"), ("Ec2InstanceMetadata", "ASIAINSTANCE")):
            with Probe (home, "--profile", source, env=env) as p:
                p.get ("ASIA" + source.upper ())
            kk.contains (aws.requests[-1].headers["authorization"], by, "who asked")


@kk.test
def sts_says_no (home):
    "what STS refuses is said with its reason; what may pass is tried again; what is no answer is none"
    with fakeaws.Server () as aws:
        files (home, STATIC, f"[profile r]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\nendpoint_url = {aws.sts ()}\n")
        good = aws.routes[("POST", "/")]
        denied = answer (403, fakeaws.error ("AccessDenied", "User: x is not authorized to perform: sts:AssumeRole"))
        for what, requests, *words in ((denied, 1, "AccessDenied", "sts:AssumeRole", "trust policy"), (answer (302, "", {"Location": aws.url ("/x")}), 1, "redirect"),
                                       (answer (200, "<html>"), 1, "no whole XML"), (answer (200, ""), 1, "empty"), (answer (200, "{}"), 1, "no Credentials"),
                                       (answer (503, "busy"), 3, "HTTP 503"), (answer (200, "<a>", length=50), 3, "broken answer"),
                                       (answer (400, fakeaws.error ("Throttling", "Rate exceeded")), 3, "Throttling"),
                                       (answer (200, "x" * 70000), 1, "larger"), (raw (b""), 3, "broken answer")):
            aws.requests.clear ()
            aws.on ("POST", "/", what)
            with Probe (home, "--profile", "r") as p:
                p.none ("role/r", *words)
            kk.equal (len (aws.requests), requests, f"tries ({words})")
        kk.equal ([p for p in aws.paths () if p != "/"], [], "what else was asked for")
        for once in (answer (500, "x"), raw (b"")):
            aws.on ("POST", "/", fakeaws.in_turn (once, good))
            with Probe (home, "--profile", "r") as p:
                p.get ("ASIAR")
        aws.sts (seconds=-10)
        with Probe (home, "--profile", "r") as p:
            p.none ("expired already", "clock")
        files (home, STATIC.replace ("static/", "wrong/"))
        with Probe (home, "--profile", "r") as p:
            p.none ("SignatureDoesNotMatch", "secret key")
        with Probe (home, "--profile", "r", env={"AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{fakeaws.closed_port ()}"}) as p:
            p.none ("Could not connect to the endpoint URL")


@kk.test
def clocks (home):
    "a clock that is off by hours is corrected by the server's, once"
    with fakeaws.Server () as aws:
        files (home, STATIC, f"[profile r]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\nendpoint_url = {aws.sts ()}\n")
        for aws.clock in (7200, -7200, 86400 * 365):
            aws.requests.clear ()
            with Probe (home, "--profile", "r") as p:
                found = p.get ("ASIAR")
                kk.check (3500 < found["expires_in"] <= 3660, "how long they last", found)
                p.say ("renew")
                p.get ("ASIAR")
            kk.equal (len (aws.requests), 3, "requests: one in vain, and two")
        aws.clock = 0
        files (home, STATIC.replace ("static/", "wrong/"))
        aws.requests.clear ()
        with Probe (home, "--profile", "r") as p:
            p.none ("SignatureDoesNotMatch", "clock")
        kk.equal (len (aws.requests), 1, "requests with a wrong key")


@kk.test
def web_identity (home):
    "a web identity token, named by the environment or by a profile, is read anew each time"
    token = home.write ("token", "jwt-1\n")
    fakeaws.SECRETS.update (["jwt-1", "jwt-2"])
    with fakeaws.Server () as aws:
        env = {"AWS_ENDPOINT_URL_STS": aws.sts (), "AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "arn:aws:iam::1:role/web",
               "AWS_ROLE_SESSION_NAME": "pod"}
        with Probe (home, env=env) as p:
            kk.contains (p.get ("ASIAWEB")["from"], token, "where it came from")
            home.write ("token", "jwt-2")
            p.say ("renew")
            p.get ("ASIAWEB")
        forms = [r.form for r in aws.requests]
        kk.equal ([f["WebIdentityToken"] for f in forms], ["jwt-1", "jwt-2"], "tokens")
        kk.equal ((forms[0]["RoleSessionName"], "authorization" in aws.requests[0].headers), ("pod", False), "the request")
        files (home, "", f"[profile w]\nrole_arn = arn:aws:iam::1:role/mine\nweb_identity_token_file = {token}\n"
               "[profile over]\nrole_arn = arn:aws:iam::1:role/over\nsource_profile = w\n[profile bad]\nweb_identity_token_file = /nonexistent\nrole_arn = r\n"
               f"[profile norole]\nweb_identity_token_file = {token}\n")
        with Probe (home, "--profile", "w", env=env) as p:
            p.get ("ASIAMINE")
        with Probe (home, "--profile", "over", env=env) as p:
            p.get ("ASIAOVER")
        for profile, word in (("bad", "/nonexistent"), ("norole", "no role")):
            with Probe (home, "--profile", profile, env=env) as p:
                p.none (word)
        home.write ("token", "")
        with Probe (home, "--profile", "w", env=env) as p:
            p.none ("empty")


@kk.test
def credential_process (home):
    "credential_process: words as a shell cuts them, but no shell; what goes wrong is said"
    def profile (line):
        files (home, "", f"[default]\ncredential_process = {line}\n")
    tool = script (home, "a tool", f"""[ "$2" = '$HOME *' ] || exit 9
echo '{{"Version": 1, "AccessKeyId": "AKIA'$1'", "SecretAccessKey": "process-secret"}}'""")
    profile (f'"{tool}" WORD \'$HOME *\'')
    with Probe (home) as p:
        kk.equal (p.get ("AKIAWORD")["provider"], "credential_process", "where it came from")
    fakeaws.SECRETS.add ("said-on-stderr")
    for line, *words in ((script (home, "fails", "echo first >&2; echo 'key: said-on-stderr' >&2; exit 3"), "exit status 3", "run it by hand"),
                         (script (home, "killed", "echo said-on-stderr >&2; kill -9 $$"), "signal 9"), ("/nonexistent/tool", "'/nonexistent/tool'", "program that is not there" if os.environ.get ("KK_WRAPPER") else "no program"),
                         ("'open", "quotation"), ('""', "program"), (script (home, "text", "echo hello"), "no whole JSON"),
                         (script (home, "endless", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"), "more than 64 KiB"),
                         (script (home, "old", 'echo \'{"Version": 2}\''), "Version"), (process (home, "past", -5), "expired already")):
        profile (line)
        with Probe (home) as p:
            p.none (*words)
    profile (script (home, "sleeps", "exec sleep 1000"))
    for stop in ("--stop", "--ask-stop"):
        with Probe (home, stop, "200") as p:
            found, seconds = fakeaws.took (lambda probe=p: probe.ask ("get"))
            kk.equal (found["result"], "ECANCELED", "after a stop")
            kk.check (seconds < 5 * kk.SLOW, "it took long", seconds)


@kk.test
def container (home):
    "the container endpoint: its token from the environment or a file, which may change"
    with fakeaws.Server () as aws:
        token = home.write ("token", "tok-1\n")
        aws.on ("GET", "/get", lambda h, r: h.reply (200 if r.headers.get ("authorization") == "tok-1" else 403, fakeaws.json.dumps (session ("CONTAINER"))))
        fakeaws.SECRETS.update (["get?", "query-secret"])
        url = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.url ("/get?x=query-secret")}
        for more in ({"AWS_CONTAINER_AUTHORIZATION_TOKEN": "tok-1"}, {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "other"}):
            with Probe (home, env={**url, **more, "http_proxy": aws.url ("/proxy")}) as p:
                found = p.get ("ASIACONTAINER")
                kk.equal ((found["provider"], found["from"]), ("container endpoint", f"container endpoint {aws.url ('/')}"), "where it came from")
        with Probe (home, env=url) as p:
            p.none ("HTTP 403", "token")
        for more, word in (({"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nonexistent"}, "/nonexistent"), ({"AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\r\nX: y"}, "line break")):
            with Probe (home, env={**url, **more}) as p:
                p.none (word)
        aws.requests.clear ()
        for bad in ("http://example.com/get?query-secret", "query-secret", "http://127.0.0.1@example.com/", "http://10.0.0.1/", "ftp://127.0.0.1/", "http://127.0.0.1.example.com/",
                    "http://localhost.example.com/", "http://[::2]/"):
            with Probe (home, env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": bad}) as p:
                p.none ("is not asked", result="EINVAL")
        for what in (answer (404, ""), answer (200, "{"), answer (302, ""), raw (b"")):
            aws.on ("GET", "/get", what)
            with Probe (home, env=url) as p:
                p.none (aws.url ("/"))
        with Probe (home, env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{fakeaws.closed_port ()}/get?query-secret"}) as p:
            p.none ("Could not connect to the endpoint URL")


@kk.test
def container_says_no (home):
    "a broken container endpoint is an error, and no reason to look elsewhere"
    with fakeaws.Server () as aws:
        env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.url ("/get"), "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.metadata ()}
        good = answer (200, session ("CONTAINER"))
        for what, *words in ((answer (302, "", {"Location": aws.url ("/x")}), "redirect"), (answer (200, "{"), "no whole JSON"), (answer (200, ""), "empty"),
                             (answer (200, "x" * 70000), "larger"), (answer (200, {"AccessKeyId": "a"}), "SecretAccessKey"), (answer (404, ""), "HTTP 404"),
                             (answer (200, session ("OLD", -5)), "expired already"), (answer (200, {"code": "NoRole", "message": "none here"}), "none here")):
            aws.requests.clear ()
            aws.on ("GET", "/get", what)
            with Probe (home, env=env) as p:
                p.none (*words)
            kk.equal (aws.paths (), ["/get"], f"requests ({words})")
        aws.on ("GET", "/get", fakeaws.in_turn (answer (500, ""), answer (200, "{", length=9), good))
        with Probe (home, env=env) as p:
            p.get ("ASIACONTAINER")
        aws.on ("GET", "/get", slow (60, good))
        with Probe (home, "--stop", "200", env=env) as p:
            found, seconds = fakeaws.took (lambda: p.ask ("get"))
            kk.equal (found["result"], "ECANCELED", "after a stop")
            kk.check (seconds < 3 * kk.SLOW, "it took long", seconds)


@kk.test
def instance (home):
    "instance metadata: version 2 only, never through a proxy"
    with fakeaws.Server () as aws, fakeaws.Server () as proxy:
        env = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.metadata () + "/", "http_proxy": proxy.url (), "ALL_PROXY": proxy.url ()}
        with Probe (home, env=env) as p:
            found = p.get ("ASIAINSTANCE")
            kk.contains (found["from"], "role the-role", "where it came from")
            kk.equal (p.ask ("region")["region"], "eu-north-1", "the instance's region")
        kk.equal ([r.method for r in aws.requests], ["PUT", "GET", "GET", "PUT", "GET"], "requests")
        kk.equal (aws.requests[0].headers["x-aws-ec2-metadata-token-ttl-seconds"], "21600", "the token's life")
        kk.equal (proxy.requests, [], "what the proxy saw")
        with Probe (home, env={**env, "AWS_EC2_METADATA_DISABLED": "TRUE"}) as p:
            p.none ("turned off by AWS_EC2_METADATA_DISABLED", result="ENOENT")
            found = p.ask ("region")
            kk.equal ((found["region"], found["again"]), ("us-east-1", False), "the region without")
    files (home, config=f"[default]\nec2_metadata_service_endpoint = http://127.0.0.1:{fakeaws.closed_port ()}\n")
    with Probe (home, env={"AWS_EC2_METADATA_DISABLED": None}) as p:
        p.none ("no EC2 instance?", result="ENOENT")


@kk.test
def instance_says_no (home):
    "what is wrong with instance metadata is said, with the hop limit where that may be it"
    roles = "/latest/meta-data/iam/security-credentials/"
    with fakeaws.Server () as aws:
        env = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.metadata ()}
        for method, path, what, *words in (("PUT", "/latest/api/token", answer (403, ""), "HTTP 403", "http-put-response-hop-limit 2"),
                                           ("PUT", "/latest/api/token", slow (30, answer (200, "x")), "hop-limit 2"),
                                           ("PUT", "/latest/api/token", answer (404, ""), "HTTP 404"),
                                           ("PUT", "/latest/api/token", answer (200, "<html> </html>"), "something else than a token"),
                                           ("PUT", "/latest/api/token", answer (302, "", {"Location": aws.url ("/x")}), "redirect"),
                                           ("GET", roles, answer (404, ""), "no role"), ("GET", roles, answer (200, "../../x"), "no name of a role"),
                                           ("GET", roles, answer (200, ""), "answers nothing"), ("GET", roles + "the-role", answer (200, "{"), "no whole JSON"),
                                           ("GET", roles + "the-role", answer (200, "x" * 40000), "larger"), ("GET", roles + "the-role", answer (200, "{}", length=9), "broken"),
                                           ("GET", roles + "the-role", answer (200, {"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume"}), "EC2 cannot assume")):
            aws.metadata ()
            aws.on (method, path, what)
            with Probe (home, env={**env, "AWS_METADATA_SERVICE_TIMEOUT": "1"} if words == ["hop-limit 2"] else env) as p:
                p.none ("Unable to locate credentials", *words, result="ENOENT")
        aws.metadata ()
        aws.on ("PUT", "/latest/api/token", fakeaws.in_turn (answer (500, ""), answer (200, "metadata-token")))
        with Probe (home, env={**env, "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "2"}) as p:
            p.get ("ASIAINSTANCE")


@kk.test
def renewal (home):
    "temporary credentials are renewed before they expire; a failure leaves the old ones in use until they have"
    with fakeaws.Server () as aws:
        good = answer (200, session ("FIRST", 3600))
        aws.on ("GET", "/get", good)
        with Probe (home, env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.url ("/get")}) as p:
            found = p.get ("ASIAFIRST")
            kk.check (2100 <= found["due_in"] <= 2750 and 3500 < found["expires_in"] <= 3600, "a quarter hour and some jitter before", found)
            p.say ("advance 2000")
            p.get ("ASIAFIRST")
            kk.equal (len (aws.requests), 1, "requests before it is time")
            aws.on ("GET", "/get", answer (404, ""))
            p.say ("advance 760")
            found = p.get ("ASIAFIRST")
            kk.contains (found["trouble"], "HTTP 404", "the trouble")
            kk.check (50 <= found["due_in"] <= 121, "the next try", found)
            kk.equal (len (aws.requests), 2, "one try")
            p.get ("ASIAFIRST")
            kk.equal (len (aws.requests), 2, "no further try at once")
            aws.on ("GET", "/get", answer (200, session ("SECOND", 9000)))
            p.say ("advance 125")
            kk.equal (p.get ("ASIASECOND")["trouble"], "", "no more trouble")
            aws.on ("GET", "/get", answer (404, ""))
            p.say ("advance 20000")
            p.none ("HTTP 404")
            p.none ("HTTP 404")
            aws.on ("GET", "/get", answer (200, session ("THIRD", 90000)))
            p.get ("ASIATHIRD")
            aws.on ("GET", "/get", answer (200, session ("FOURTH", 90000)))
            p.say ("renew")
            p.get ("ASIAFOURTH")
            aws.on ("GET", "/get", answer (404, ""))
            p.say ("renew")
            p.none ("HTTP 404")


@kk.test
def short_lives (home):
    "credentials of a few minutes are not asked for all the time; expired ones of an instance are used as AWS wants it"
    files (home, "", f"[default]\ncredential_process = {process (home, seconds=300)}\n")
    with Probe (home) as p:
        kk.check (100 <= p.get ("AKIAPROCESS")["due_in"] <= 225, "when they are renewed")
        p.get ("AKIAPROCESS")
    kk.equal (open (f"{home.path}/runs").read ().count ("run"), 1, "runs of the process")
    with fakeaws.Server () as aws:
        env = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.metadata (credentials=session ("STALE", -60))}
        files (home, "", "")
        with Probe (home, env=env) as p:
            found = p.get ("ASIASTALE")
            kk.contains (found["trouble"], "expired", "the trouble")
            kk.check (500 < found["due_in"] < 900, "the next try", found)
            kk.equal (len (aws.requests), 3, "requests")
            p.get ("ASIASTALE")
            kk.equal (len (aws.requests), 3, "requests later")


@kk.test
def changed_files (home):
    "files of the AWS tools are read again when they change, and not when they do not"
    other = STATIC.replace ("AKIDSTATIC", "AKIDENV").replace ("static/secret+key", "env-secret-key")
    with Probe (home) as p:
        p.none ("no such file")
        files (home, STATIC)
        p.get ("AKIDSTATIC")
        home.write (".aws/new", other)
        os.replace (os.path.join (home.path, ".aws/new"), os.path.join (home.path, ".aws/credentials"))
        p.get ("AKIDENV")
        path = os.path.join (home.path, ".aws/credentials")
        times = os.stat (path)
        with open (path, "r+") as f:  # in place, of the same size
            f.write (other.replace ("AKIDENV", "AKIDNEW"))
        os.utime (path, ns=(times.st_atime_ns, times.st_mtime_ns))
        p.get ("AKIDNEW")
        files (home, "[default]\nbroken")
        kk.contains (p.get ("AKIDNEW")["trouble"], ".aws/credentials:2", "the trouble with what cannot be read")
        files (home, config=f"[default]\ncredential_process = {process (home)}\n", credentials="")
        p.get ("AKIAPROCESS")
        p.get ("AKIAPROCESS")
        kk.equal (open (f"{home.path}/runs").read ().count ("run"), 1, "runs of the process")
        files (home, config="")
        p.none ("Unable to locate credentials")


@kk.test
def places (home):
    "the region and the endpoint, in their order"
    files (home, "", """[default]
region = eu-west-3
services = mine
endpoint_url = http://profile:1/
[services mine]
dynamodb =
  endpoint_url = http://services:2
[profile lost]
services = nowhere
[profile ignoring]
endpoint_url = http://profile:1
ignore_configured_endpoint_urls = true
use_fips_endpoint = true
[profile odd]
region = Frankfurt
""")
    with Probe (home, "--region", "cn-north-1") as p:
        for question, region in (("region", "eu-west-3"), ("region eu-north-1", "eu-north-1")):
            kk.equal (p.ask (question)["region"], region, question)
        for question, url in (("endpoint dynamodb", "http://services:2"), ("endpoint sts", "http://profile:1"), ("endpoint dynamodb http://given:8/x/", "http://given:8/x")):
            kk.equal (p.ask (question)["url"], url, question)
        for bad in ("given", "ftp://x", "http://h?x=1", "http://u:p@h", "http://"):
            kk.contains (p.ask (f"endpoint dynamodb {bad}")["error"], "no address like", bad)
        kk.contains (p.ask ("region Mars!")["error"], "eu-central-1", "a region that is none")
    env = {"AWS_ENDPOINT_URL": "https://all", "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}
    with Probe (home, env={**env, "AWS_ENDPOINT_URL_DYNAMODB": "https://db:1"}) as p:
        kk.equal ((p.ask ("endpoint dynamodb")["url"], p.ask ("endpoint sts")["url"], p.ask ("region")["region"]), ("https://db:1", "https://all", "eu-west-1"), "of the environment")
    with Probe (home, env={"AWS_DEFAULT_REGION": "eu-west-2", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_ENDPOINT_URL": "http://x"}) as p:
        kk.equal ((p.ask ("region")["region"], p.ask ("endpoint dynamodb")["url"]), ("eu-west-2", "https://dynamodb.us-east-1.amazonaws.com"), "none configured")
    with Probe (home, "--profile", "lost") as p:
        kk.contains (p.ask ("endpoint dynamodb")["error"], "[services nowhere]", "a section that is not there")
    with Probe (home, "--profile", "odd") as p:
        kk.contains (p.ask ("region")["error"], "'Frankfurt' (profile 'odd')", "a region that is none")
    for region, url in (("us-east-1", "https://dynamodb-fips.us-east-1.amazonaws.com"), ("us-gov-west-1", "https://dynamodb.us-gov-west-1.amazonaws.com"),
                        ("cn-north-1", "https://dynamodb-fips.cn-north-1.amazonaws.com.cn")):
        with Probe (home, "--profile", "ignoring", "--region", region) as p:
            kk.equal (p.ask ("endpoint dynamodb")["url"], url, "FIPS")


kk.main ()
