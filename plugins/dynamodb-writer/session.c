#include "session.h"

#include "aws.h"
#include "profiles.h"
#include "secret.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t SECOND_NS = 1000000000;
#define CONNECT_NS   INT64_C (10000000000)
#define TOTAL_NS     INT64_C (30000000000)
#define MOST_ANSWER  (1 << 20)
#define CONTENT_TYPE "application/x-amz-json-1.0"
#define TARGET       "DynamoDB_20120810."

struct session {
  struct session_settings settings;
  char *profile, *region, *endpoint, *ca_file; /* as settings has them */
  struct profiles *profiles;                   /* as they were when `place` was found */
  struct credentials_chain *chain;
  struct http *http;
  struct session_place place;
  bool settled; /* `place` is known, and there were credentials for it */
  int64_t offset_ns;
  bool has_offset; /* some answer told the server's time */
  int64_t seen_offset_ns;
  int64_t confirmed_ns, confirmed_boot_ns; /* 0: never */
};

static int64_t
clock_ns (clockid_t clock)
{
  struct timespec t;
  return clock_gettime (clock, &t) ? 0 : (int64_t) t.tv_sec * SECOND_NS + t.tv_nsec;
}

static int64_t
boot_ns (void)
{
#ifdef CLOCK_BOOTTIME
  return clock_ns (CLOCK_BOOTTIME);
#else
  return clock_ns (CLOCK_MONOTONIC);
#endif
}

__attribute__ ((format (printf, 4, 5))) static int
fail (struct session_fault *fault, enum session_step step, int r, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  vsnprintf (fault->text, sizeof fault->text, format, args);
  va_end (args);
  fault->step = step;
  return r;
}

/* ---- Time ---- */

int64_t
session_now (const struct session *s)
{
  return clock_ns (CLOCK_REALTIME) + s->offset_ns;
}

bool
session_clock_offset (const struct session *s, int64_t *ret_ns)
{
  if (s->has_offset)
    *ret_ns = s->seen_offset_ns;
  return s->has_offset;
}

bool
session_confirmed_now (const struct session *s, int64_t *ret)
{
  if (!s->confirmed_ns)
    return false;
  *ret = (s->confirmed_ns + boot_ns () - s->confirmed_boot_ns) / SECOND_NS;
  return true;
}

static void
note_time (struct session *s, const struct session_answer *answer)
{
  const enum aws_time time = aws_error_time (&answer->error, *answer->response.request_id);
  if (!answer->response.date || time == AWS_TIME_NONE)
    return;
  s->has_offset = true;
  s->seen_offset_ns = answer->response.date * SECOND_NS - clock_ns (CLOCK_REALTIME);
  if (time == AWS_TIME_CONFIRMED) {
    s->confirmed_ns = answer->response.date * SECOND_NS;
    s->confirmed_boot_ns = boot_ns ();
  }
}

/* For the credentials. */
static int64_t
now_of (void *data)
{
  return session_now (data);
}

static void
correct (void *data, int64_t ns)
{
  struct session *s = data;
  s->offset_ns += ns;
}

static bool
is_stopped (void *data)
{
  const struct session *s = data;
  return s->settings.stopped (s->settings.data);
}

/* ---- Finding ---- */

int
session_new (const struct session_settings *settings, struct session **ret)
{
  struct session *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  s->settings = *settings;
  if (secret_set (&s->profile, settings->profile) < 0 || secret_set (&s->region, settings->region) < 0
      || secret_set (&s->endpoint, settings->endpoint) < 0 || secret_set (&s->ca_file, settings->ca_file) < 0) {
    session_free (s);
    return -ENOMEM;
  }
  *ret = s;
  return 0;
}

static void
close_all (struct session *s)
{
  credentials_close (s->chain);
  http_close (s->http);
  s->chain = NULL;
  s->http = NULL;
}

void
session_free (struct session *s)
{
  if (!s)
    return;
  close_all (s);
  profiles_free (s->profiles);
  free (s->profile);
  free (s->region);
  free (s->endpoint);
  free (s->ca_file);
  free (s);
}

static struct credentials_settings
credentials_of (const struct session *s, const struct session_place *place)
{
  return (struct credentials_settings){.profile = s->profile,
                                       .region = place->region,
                                       .region_guessed = place->region_guessed,
                                       .ca_file = *place->ca_file ? place->ca_file : NULL,
                                       .stop_fd = s->settings.stop_fd,
                                       .stopped = s->settings.stopped ? is_stopped : NULL,
                                       .now = now_of,
                                       .correct = correct,
                                       .data = (struct session *) (uintptr_t) s};
}

static int
look_around (const struct session *s, const struct profiles *profiles, struct session_place *place, struct session_fault *fault)
{
  struct endpoint_fault why = {.text = ""};
  bool named;
  const char *profile = endpoint_profile (s->profile, &named), *ca_file = endpoint_ca_file (s->ca_file, profiles, profile);
  const struct credentials_settings settings = credentials_of (s, place);
  snprintf (place->profile, sizeof place->profile, "%s", profile);
  if (ca_file && strlen (ca_file) >= sizeof place->ca_file)
    return fail (fault, SESSION_ENDPOINT, -EINVAL, "the name of the CA file is too long: %.100s…", ca_file);
  snprintf (place->ca_file, sizeof place->ca_file, "%s", ca_file ? ca_file : "");
  int r = endpoint_region (s->region, profiles, profile, &settings, place->region, place->region_from, &why);
  if (r < 0)
    return fail (fault, SESSION_REGION, r, "%s", *why.text ? why.text : strerror (-r));
  place->region_guessed = r == 1;
  r = endpoint_url ("dynamodb", s->endpoint, profiles, profile, place->region, &place->endpoint, &why);
  if (r < 0)
    return fail (fault, SESSION_ENDPOINT, r, "%s", *why.text ? why.text : strerror (-r));
  return 0;
}

static int
open_all (struct session *s)
{
  const struct credentials_settings credentials = credentials_of (s, &s->place);
  const struct http_settings http = {.ca_file = credentials.ca_file,
                                     .connect_ns = s->settings.connect_ns ? s->settings.connect_ns : CONNECT_NS,
                                     .total_ns = TOTAL_NS,
                                     .most = MOST_ANSWER,
                                     .stop_fd = s->settings.stop_fd,
                                     .stopped = s->settings.stopped,
                                     .data = s->settings.data};
  int r = s->chain ? 0 : credentials_open (&s->chain, &credentials);
  return r == 0 && !s->http ? http_open (&s->http, &http) : r;
}

static int
find_place (struct session *s, struct session_fault *fault)
{
  struct profiles *profiles = NULL;
  struct session_place place = {.changes = s->place.changes};
  int r = profiles_load (&profiles);
  if (r == -ENOMEM)
    return fail (fault, SESSION_REGION, r, "no memory");
  profiles_free (s->profiles);
  s->profiles = profiles;
  r = look_around (s, profiles, &place, fault);
  if (r < 0)
    return r;
  bool same = strcmp (place.region, s->place.region) == 0 && place.region_guessed == s->place.region_guessed
              && strcmp (place.ca_file, s->place.ca_file) == 0;
  if (!same)
    close_all (s);
  if (!same || strcmp (place.endpoint.url, s->place.endpoint.url) != 0)
    place.changes++;
  s->place = place;
  r = open_all (s);
  return r < 0 ? fail (fault, SESSION_CREDENTIALS, r, "no memory") : 0;
}

/* Enough to find it in a list of keys; of one that is short, nothing. */
static void
show_key (const char *key, char *to, size_t size)
{
  size_t n = strlen (key);
  if (n >= 16)
    snprintf (to, size, "%.4s…%s", key, key + n - 4);
  else
    snprintf (to, size, "…");
}

static int
find_all (struct session *s, const struct credentials **ret, struct session_fault *fault)
{
  struct credentials_fault why = {.text = ""};
  if (!s->settled || profiles_changed (s->profiles)) {
    s->settled = false;
    int r = find_place (s, fault);
    if (r < 0)
      return r;
  }
  int r = credentials_get (s->chain, ret, &why);
  if (r < 0)
    return fail (fault, s->place.region_guessed && r == -EAGAIN ? SESSION_REGION : SESSION_CREDENTIALS, r, "%s", why.text);
  if (s->place.region_guessed && (*ret)->of_instance) {
    s->settled = false;
    return fail (fault, SESSION_REGION, -EAGAIN, CREDENTIALS_NO_REGION);
  }
  snprintf (s->place.credentials_from, sizeof s->place.credentials_from, "%s: %s", credentials_provider_name ((*ret)->provider),
            (*ret)->from);
  show_key ((*ret)->access_key, s->place.access_key, sizeof s->place.access_key);
  s->settled = true;
  return 0;
}

int
session_find (struct session *s, struct session_fault *fault)
{
  const struct credentials *credentials;
  *fault->text = 0;
  return find_all (s, &credentials, fault);
}

const struct session_place *
session_place (const struct session *s)
{
  return &s->place;
}

const char *
session_credentials_trouble (const struct session *s)
{
  return s->chain ? credentials_trouble (s->chain) : "";
}

/* ---- Requests ---- */

static int
send_once (struct session *s, const char *target, const void *body, size_t length, struct session_answer *ret)
{
  const struct credentials *credentials;
  int r = find_all (s, &credentials, &ret->fault);
  if (r < 0)
    return r;
  const struct aws_call call = {.service = "dynamodb",
                                .region = s->place.region,
                                .endpoint = s->place.endpoint.url,
                                .content_type = CONTENT_TYPE,
                                .target = target,
                                .body = body,
                                .body_length = length,
                                .now_ns = session_now (s),
                                .credentials = credentials};
  r = aws_post (s->http, &call, &ret->response);
  if (r < 0) {
    ret->timed_out = r == -ETIMEDOUT;
    return fail (&ret->fault, SESSION_NETWORK, r, "%s", ret->response.error);
  }
  aws_error_read (&ret->error, (int) ret->response.status, ret->response.body.data ? ret->response.body.data : "",
                  ret->response.body.len);
  note_time (s, ret);
  return 0;
}

int
session_call (struct session *s, const char *operation, const void *body, size_t length, struct session_answer *ret)
{
  char target[64];
  bool renewed = false, corrected = false;
  snprintf (target, sizeof target, TARGET "%s", operation);
  for (;;) {
    session_answer_free (ret);
    *ret = (struct session_answer){.timed_out = false};
    int r = send_once (s, target, body, length, ret);
    if (r < 0)
      return r;
    enum aws_outcome outcome = ret->error.outcome;
    if (outcome == AWS_EXPIRED || outcome == AWS_CREDENTIALS)
      credentials_renew (s->chain); /* for the next request at least */
    if (outcome == AWS_EXPIRED && !renewed)
      renewed = true;
    else if (outcome == AWS_SKEWED && !corrected && ret->response.date) {
      s->offset_ns = ret->response.date * SECOND_NS - clock_ns (CLOCK_REALTIME);
      corrected = true;
    } else
      return 0;
  }
}

void
session_answer_free (struct session_answer *answer)
{
  http_response_free (&answer->response);
}
