/* The role of an EC2 instance, by its metadata service, version 2 only; never through a proxy. */
#include "answer.h"
#include "providers.h"
#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const int64_t SECOND = 1000000000;
enum { MOST_ANSWER = 32768, MOST_TOKEN = 1024 };

static const char ROLES[] = "/latest/meta-data/iam/security-credentials/";
static const char HOPS[] = "in a container its answers need one hop more than an instance allows by default: aws ec2 "
                           "modify-instance-metadata-options --http-put-response-hop-limit 2 --instance-id …";

struct imds {
  struct http *http;
  char base[256];
  int tries;
  struct buf token;
  bool passes;   /* the last failure: it may be another one a minute later */
  char why[400]; /* the reason why nothing came of it */
};

/* ---- How it is asked ---- */

static const char *
choose (const char *name, const struct profiles *p, const char *profile, const char *key)
{
  const char *value = getenv (name);
  if (!value || !*value)
    value = profiles_get (p, profile, key);
  return value && *value ? value : NULL;
}

static long
number (const char *text, long otherwise, long most)
{
  char *end;
  long n = text ? strtol (text, &end, 10) : 0;
  return !text || *end || n < 1 ? otherwise : n > most ? most : n;
}

static int
imds_open (struct imds *m, const struct credentials_settings *settings, const struct profiles *p, const char *profile)
{
  const char *disabled = getenv ("AWS_EC2_METADATA_DISABLED");
  const char *base = choose ("AWS_EC2_METADATA_SERVICE_ENDPOINT", p, profile, "ec2_metadata_service_endpoint");
  const char *mode = choose ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", p, profile, "ec2_metadata_service_endpoint_mode");
  long seconds = number (choose ("AWS_METADATA_SERVICE_TIMEOUT", p, profile, "metadata_service_timeout"), 1, 60);
  m->tries = (int) number (choose ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", p, profile, "metadata_service_num_attempts"), 1, 10);
  if (disabled && strcasecmp (disabled, "true") == 0) {
    snprintf (m->why, sizeof m->why, "turned off by AWS_EC2_METADATA_DISABLED");
    return -ENOENT;
  }
  if (!base)
    base = mode && strcasecmp (mode, "ipv6") == 0 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
  size_t n = strlen (base);
  while (n && base[n - 1] == '/')
    n--;
  if (n >= sizeof m->base || http_split_url (base, NULL, NULL, NULL, NULL) < 0) {
    snprintf (m->why, sizeof m->why, "AWS_EC2_METADATA_SERVICE_ENDPOINT is no address like http://host");
    return -ENOENT;
  }
  snprintf (m->base, sizeof m->base, "%.*s", (int) n, base);
  const struct http_settings http = {.connect_ns = seconds * SECOND,
                                     .total_ns = 2 * seconds * SECOND,
                                     .most = MOST_ANSWER,
                                     .direct = true,
                                     .stop_fd = settings->stop_fd,
                                     .stopped = settings->stopped,
                                     .data = settings->data};
  return http_open (&m->http, &http);
}

static void
imds_close (struct imds *m)
{
  http_close (m->http);
  secret_buf_free (&m->token);
}

/* One answer with status 200 and a body. 0, -ENOENT with `why` set, -ECANCELED, -ENOMEM; ret->status says what came. */
static int
ask (struct imds *m, const char *method, const char *path, const struct http_header *header, struct http_response *ret)
{
  char url[600];
  int r = -ENOENT;
  snprintf (url, sizeof url, "%s%.300s", m->base, path);
  const struct http_request request = {.method = method, .url = url, .headers = header, .n_headers = 1};
  for (int i = 0; i < m->tries; i++) {
    r = http_send (m->http, &request, ret);
    if (r == -ECANCELED || r == -ENOMEM || (r == 0 && ret->status < 500))
      break;
  }
  m->passes = r < 0 || ret->status >= 500 || ret->status == 429;
  if (r == -ECANCELED || r == -ENOMEM)
    return r;
  if (r == -ECONNREFUSED)
    snprintf (m->why, sizeof m->why, "nobody answers at %.100s: no EC2 instance?", m->base);
  else if (r < 0)
    snprintf (m->why, sizeof m->why, "%.380s", ret->error);
  else if (ret->status != 200)
    snprintf (m->why, sizeof m->why, "%.200s answers HTTP %ld%s", url, ret->status,
              ret->status / 100 == 3 ? ": a redirect, which is not followed" : "");
  else if (!ret->body.len)
    snprintf (m->why, sizeof m->why, "%.200s answers nothing", url);
  else
    return 0;
  return r == -ETIMEDOUT ? -ETIMEDOUT : -ENOENT;
}

static int
get_token (struct imds *m)
{
  static const struct http_header lifetime = {"X-aws-ec2-metadata-token-ttl-seconds", "21600"};
  struct http_response answer HTTP_RESPONSE_CLEANUP = {.status = 0};
  int r = ask (m, "PUT", "/latest/api/token", &lifetime, &answer);
  if (r == -ETIMEDOUT)
    snprintf (m->why, sizeof m->why, "%.100s gives no token in time; %s", m->base, HOPS);
  else if (r == -ENOENT && (answer.status == 403 || answer.status == 401))
    snprintf (m->why, sizeof m->why, "%.60s refuses a token (HTTP %ld): it may be turned off for this instance, or: %s",
              m->base, answer.status, HOPS);
  if (r < 0)
    return r == -ETIMEDOUT ? -ENOENT : r;
  if (answer.body.len > MOST_TOKEN || strpbrk (answer.body.data, "\r\n<{ ")) {
    snprintf (m->why, sizeof m->why, "%.100s answers something else than a token: no instance metadata service", m->base);
    return -ENOENT;
  }
  m->token.max = MOST_TOKEN + 1;
  buf_add (&m->token, answer.body.data, answer.body.len);
  return m->token.error;
}

static int
get (struct imds *m, const char *path, struct http_response *ret)
{
  const struct http_header token = {"X-aws-ec2-metadata-token", m->token.data};
  int r = ask (m, "GET", path, &token, ret);
  return r == -ETIMEDOUT ? -ENOENT : r;
}

/* A name that comes back as part of a path. */
static bool
is_name (const char *text)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-";
  size_t n = strspn (text, letters);
  return n && n <= 128 && !text[n] && *text != '.';
}

/* ---- What is asked ---- */

static int
get_credentials (struct imds *m, struct credentials *ret)
{
  struct http_response roles HTTP_RESPONSE_CLEANUP = {.status = 0}, answer HTTP_RESPONSE_CLEANUP = {.status = 0};
  struct answer_fault fault;
  char path[300];
  int r = get (m, ROLES, &roles);
  if (r == -ENOENT && roles.status == 404)
    snprintf (m->why, sizeof m->why, "the instance has no role: attach an instance profile to it");
  if (r < 0)
    return r;
  char *name = roles.body.data;
  name[strcspn (name, "\r\n")] = 0;
  if (!is_name (name)) {
    snprintf (m->why, sizeof m->why, "the answer to %s is no name of a role", ROLES);
    return -ENOENT;
  }
  snprintf (path, sizeof path, "%s%s", ROLES, name);
  r = get (m, path, &answer);
  if (r < 0)
    return r;
  r = answer_json (ANSWER_ENDPOINT, answer.body.data, answer.body.len, ret, &fault);
  if (r < 0 && r != -ENOMEM)
    snprintf (m->why, sizeof m->why, "what it says of the role %.64s cannot be used: %.250s", name, fault.text);
  if (r < 0)
    return r == -ENOMEM ? r : -ENOENT;
  ret->provider = CREDENTIALS_INSTANCE;
  ret->of_instance = true;
  snprintf (ret->from, sizeof ret->from, "instance metadata (%.200s), role %.128s", m->base, name);
  return 0;
}

int
provider_instance (struct search *s, struct credentials *ret)
{
  struct imds m = {.tries = 1};
  int r = imds_open (&m, s->settings, s->profiles, s->profile);
  if (r == 0)
    r = get_token (&m);
  if (r == 0)
    r = get_credentials (&m, ret);
  if (r == -ENOENT)
    search_miss (s, "instance metadata (%s)", m.why);
  imds_close (&m);
  return r;
}

int
imds_region (const struct credentials_settings *settings, const struct profiles *p, const char *profile, char ret[64])
{
  struct imds m = {.tries = 1};
  struct http_response answer HTTP_RESPONSE_CLEANUP = {.status = 0};
  int r = imds_open (&m, settings, p, profile);
  if (r == 0)
    r = get_token (&m);
  if (r == 0)
    r = get (&m, "/latest/meta-data/placement/region", &answer);
  if (r == 0) {
    char *name = answer.body.data;
    name[strcspn (name, "\r\n")] = 0;
    r = is_name (name) && strlen (name) < 64 ? 0 : -ENOENT;
    if (r == 0)
      snprintf (ret, 64, "%s", name);
  }
  imds_close (&m);
  return r == 0 || r == -ECANCELED ? r : m.passes ? -EAGAIN : -ENOENT;
}
