#include "sts.h"

#include "answer.h"
#include "aws.h"
#include "endpoint.h"
#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int64_t SECOND = 1000000000, CLOCK_NS = INT64_C (240000000000); /* AWS itself allows five minutes */
enum { MOST_ANSWER = 65536, MOST_BODY = 65536, TRIES = 3 };

/* ---- The request ---- */

static void
add (struct buf *b, const char *name, const char *value)
{
  if (!value || !*value)
    return;
  buf_printf (b, "&%s=", name);
  for (; *value; value++)
    if ((*value >= 'A' && *value <= 'Z') || (*value >= 'a' && *value <= 'z') || (*value >= '0' && *value <= '9')
        || strchr ("-._~", *value))
      buf_addc (b, *value);
    else
      buf_printf (b, "%%%02X", (unsigned char) *value);
}

/* Of what a session's name may have: so that the role's owner sees in CloudTrail who it was. */
static void
name_session (char ret[65])
{
  char host[64] = "";
  gethostname (host, sizeof host - 1);
  snprintf (ret, 65, "kode-kronical-%.50s", host);
  for (char *c = ret; *c; c++)
    if (!strchr ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_=,.@-", *c))
      *c = '-';
}

static void
make_body (const struct sts_role *role, struct buf *b)
{
  char session[65];
  name_session (session);
  buf_reserve (b, 4096 + (role->token ? 3 * strlen (role->token) : 0));
  buf_printf (b, "Action=%s&Version=2011-06-15", role->token ? "AssumeRoleWithWebIdentity" : "AssumeRole");
  add (b, "RoleArn", role->arn);
  add (b, "RoleSessionName", role->session && *role->session ? role->session : session);
  if (!role->token) {
    add (b, "ExternalId", role->external_id);
    if (role->duration && !role->duration[strspn (role->duration, "0123456789")])
      add (b, "DurationSeconds", role->duration);
  }
  add (b, "WebIdentityToken", role->token);
}

/* ---- The answer ---- */

static bool
is_passing (const struct http_response *answer, const struct answer_fault *fault)
{
  return answer->status >= 500 || answer->status == 429 || strstr (fault->code, "Throttl")
         || strcmp (fault->code, "IDPCommunicationError") == 0;
}

static int
refused (struct search *s, const struct sts_role *role, const char *endpoint, const struct http_response *answer,
         const struct answer_fault *fault)
{
  const char *hint = "";
  if (strcmp (fault->code, "AccessDenied") == 0)
    hint = role->token ? ": does the role's trust policy name this identity provider?"
                       : ": does the role's trust policy name who asks, and may they call sts:AssumeRole?";
  else if (strcmp (fault->code, "ExpiredTokenException") == 0 || strcmp (fault->code, "ExpiredToken") == 0)
    hint = ": what it was asked with has expired";
  else if (strcmp (fault->code, "RequestExpired") == 0 || strcmp (fault->code, "SignatureDoesNotMatch") == 0)
    hint = ": is the secret key right, and this machine's clock?";
  else if (answer->status / 100 == 3)
    hint = ": a redirect, which is not followed";
  return search_fail (s, -EACCES, "STS (%.150s) does not give the role %.150s: HTTP %ld%s%s%s%s%s", endpoint, role->arn,
                      answer->status, *fault->code ? ", " : "", fault->code, *fault->text ? ": " : "", fault->text, hint);
}

/* Whether a signature may have been refused because of our clock; then that is put right, once. */
static bool
correct_clock (struct search *s, struct aws_call *call, const struct http_response *answer, const struct answer_fault *fault)
{
  int64_t ahead = answer->date * SECOND - s->now_ns;
  if (!answer->date || s->corrected || !s->settings->correct || (ahead < CLOCK_NS && ahead > -CLOCK_NS)
      || (strcmp (fault->code, "SignatureDoesNotMatch") != 0 && strcmp (fault->code, "RequestExpired") != 0
          && strcmp (fault->code, "InvalidSignatureException") != 0 && strcmp (fault->code, "RequestTimeTooSkewed") != 0))
    return false;
  s->settings->correct (s->settings->data, ahead);
  s->now_ns += ahead;
  s->corrected = true;
  call->now_ns = s->now_ns;
  return true;
}

/* One try. *ret_again: another may help. */
static int
ask (struct search *s, struct http *h, struct aws_call *call, const struct sts_role *role, struct credentials *ret,
     bool *ret_again)
{
  struct http_response answer HTTP_RESPONSE_CLEANUP = {.status = 0};
  struct answer_fault fault = {.code = ""};
  int r = aws_post (h, call, &answer);
  *ret_again = r == -ECONNREFUSED || r == -ETIMEDOUT || r == -EPROTO;
  if (r < 0)
    return search_fail (s, r, "the role %.150s: %s", role->arn, answer.error);
  r =
    answer.status / 100 == 3 ? -EREMOTEIO : answer_sts (answer.body.len ? answer.body.data : "", answer.body.len, ret, &fault);
  if (r == -ENOMEM)
    return r;
  if (answer.status != 200 || r == -EREMOTEIO) {
    *ret_again = is_passing (&answer, &fault) || correct_clock (s, call, &answer, &fault);
    return refused (s, role, call->endpoint, &answer, &fault);
  }
  if (r < 0)
    return search_fail (s, r, "the answer of STS (%.150s) for the role %.150s cannot be used: %s", call->endpoint, role->arn,
                        fault.text);
  if (ret->expires_ns <= s->now_ns)
    return search_fail (s, -EKEYEXPIRED,
                        "what STS gave for the role %.150s has expired already: is this machine's clock right?", role->arn);
  return 0;
}

static int
try_often (struct search *s, struct http *h, struct aws_call *call, const struct sts_role *role, struct credentials *ret)
{
  bool again = true;
  int r = 0;
  for (int i = 0; i < TRIES && again; i++) {
    if (i && (r = http_wait (h, credentials_jitter (SECOND << i))) < 0)
      return r;
    r = ask (s, h, call, role, ret, &again);
    if (r == 0)
      return 0;
  }
  return r;
}

int
sts_assume (struct search *s, const char *profile, const struct sts_role *role, struct credentials *ret)
{
  struct buf body SECRET_BUF_CLEANUP = {.max = MOST_BODY};
  struct endpoint endpoint;
  struct endpoint_fault fault;
  struct http *h = NULL;
  int r = endpoint_url ("sts", NULL, s->profiles, profile, s->settings->region, &endpoint, &fault);
  if (r < 0)
    return r == -EINVAL ? search_fail (s, r, "%s", fault.text) : r;
  make_body (role, &body);
  if (body.error)
    return body.error == -EFBIG ? search_fail (s, -EINVAL, "the request for the role %.150s is too large", role->arn)
                                : body.error;
  const struct http_settings settings = {.ca_file = s->settings->ca_file,
                                         .connect_ns = 7 * SECOND, /* another name server is asked after 5 */
                                         .total_ns = 12 * SECOND,
                                         .most = MOST_ANSWER,
                                         .stop_fd = s->settings->stop_fd,
                                         .stopped = s->settings->stopped,
                                         .data = s->settings->data};
  struct aws_call call = {.service = "sts",
                          .region = s->settings->region,
                          .endpoint = endpoint.url,
                          .content_type = "application/x-www-form-urlencoded; charset=utf-8",
                          .body = body.data,
                          .body_length = body.len,
                          .now_ns = s->now_ns,
                          .credentials = role->by};
  r = http_open (&h, &settings);
  if (r == 0)
    r = try_often (s, h, &call, role, ret);
  http_close (h);
  return r;
}
