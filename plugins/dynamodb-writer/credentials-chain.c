/* The order of the AWS tools, and when to look again.
 *
 * As in botocore: keys in the environment come first, also before the profile of AWS_PROFILE; but a profile that daemon.yaml
 * names is what its owner chose, and then neither keys nor a role of the environment are taken instead (botocore.credentials,
 * create_credential_resolver, where a session's own `profile` takes the environment out). credential_source = Environment of
 * such a profile still means them. */
#include "command.h"
#include "endpoint.h"
#include "providers.h"
#include "secret.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t SECOND = 1000000000, MINUTE = INT64_C (60000000000);

struct credentials_chain {
  struct credentials_settings settings;
  char *profile, *region, *ca_file;
  struct profiles *profiles; /* as they were at the last search; NULL: there was none */
  struct credentials current;
  int64_t due_ns;
  bool renew;
  pid_t left; /* a credential_process that could not be ended */
  char trouble[sizeof (struct credentials_fault)];
};

/* ---- Search ---- */

int
search_fail (struct search *s, int r, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  vsnprintf (s->fault->text, sizeof s->fault->text, format, args);
  va_end (args);
  return r;
}

int
search_miss (struct search *s, const char *format, ...)
{
  char text[600];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  buf_printf (s->looked, "%s%s", s->looked->len ? "; " : "", text);
  return -ENOENT;
}

static int
search_all (struct search *s, const char *given, struct credentials *ret)
{
  bool named;
  int r = s->named_by_config ? search_miss (s, "the environment (not asked: daemon.yaml names the profile '%.60s')", given)
                             : provider_environment (s, ret);
  if (r != -ENOENT)
    return r;
  s->profile = endpoint_profile (given, &named);
  if (*profiles_error (s->profiles))
    return search_fail (s, -EINVAL, "%s", profiles_error (s->profiles));
  if (named && !profiles_exist (s->profiles, s->profile))
    return search_fail (s, -EINVAL, "there is no profile '%.100s' (%s) in %s or %s", s->profile,
                        s->named_by_config ? "aws.profile in daemon.yaml" : "named by the environment",
                        profiles_place (s->profiles, PROFILES_CREDENTIALS), profiles_place (s->profiles, PROFILES_CONFIG));
  r = provider_role (s, s->profile, ret);
  if (r == -ENOENT)
    r = provider_profile (s, s->profile, !s->named_by_config, ret);
  if (r == -ENOENT)
    r = provider_container (s, ret);
  if (r == -ENOENT)
    r = provider_instance (s, ret);
  if (r == -ENOENT)
    search_fail (s, r,
                 "NoCredentialsError: Unable to locate credentials: looked in %.900s. Run `aws configure` as the user of the "
                 "daemon, or for a service set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in /etc/default/kode-kronical",
                 s->looked->len ? s->looked->data : "");
  return r;
}

static int64_t
now_ns (const struct credentials_chain *chain)
{
  struct timespec t;
  if (chain->settings.now)
    return chain->settings.now (chain->settings.data);
  clock_gettime (CLOCK_REALTIME, &t);
  return (int64_t) t.tv_sec * SECOND + t.tv_nsec;
}

static int
search (struct credentials_chain *chain, int64_t *now, struct credentials *ret, struct credentials_fault *fault)
{
  struct profiles *profiles = NULL;
  struct buf looked BUF_CLEANUP = {.max = 4096};
  int r = profiles_load (&profiles);
  if (r == -ENOMEM)
    return r;
  profiles_free (chain->profiles);
  chain->profiles = profiles;
  const char *given = chain->profile;
  struct search s = {.settings = &chain->settings,
                     .profiles = profiles,
                     .profile = "default",
                     .named_by_config = given && *given && strcmp (given, "default") != 0,
                     .now_ns = *now,
                     .left = &chain->left,
                     .fault = fault,
                     .looked = &looked};
  r = search_all (&s, given, ret);
  *now = s.now_ns; /* a server may have known better */
  if (r == 0 && ret->expires_ns && ret->expires_ns <= s.now_ns && ret->provider != CREDENTIALS_INSTANCE)
    r = search_fail (&s, -EKEYEXPIRED, "the credentials of %s have expired already: is this machine's clock right?", ret->from);
  if (r < 0)
    credentials_clear (ret);
  return r;
}

/* ---- Time ---- */

/* A quarter hour before they expire, or earlier; for short lives a quarter of them. */
static void
plan (struct credentials_chain *chain, int64_t now)
{
  struct credentials *c = &chain->current;
  int64_t left = c->expires_ns - now;
  *chain->trouble = 0;
  chain->due_ns = 0;
  if (!c->expires_ns || c->provider == CREDENTIALS_ENVIRONMENT)
    return;
  if (left <= 0) {
    /* The metadata service has not got newer ones itself: AWS still takes these then. */
    c->expires_ns = now + 15 * MINUTE;
    left = 15 * MINUTE;
    snprintf (chain->trouble, sizeof chain->trouble, "%s gives expired credentials; they are used until it has others",
              c->from);
  }
  int64_t margin = left / 4 < 15 * MINUTE ? left / 4 : 15 * MINUTE;
  chain->due_ns = c->expires_ns - margin - credentials_jitter (margin / 2);
}

/* ---- The chain ---- */

int
credentials_open (struct credentials_chain **ret, const struct credentials_settings *settings)
{
  struct credentials_chain *chain = calloc (1, sizeof *chain);
  if (!chain)
    return -ENOMEM;
  chain->settings = *settings;
  if (secret_set (&chain->profile, settings->profile) < 0 || secret_set (&chain->region, settings->region) < 0
      || secret_set (&chain->ca_file, settings->ca_file) < 0) {
    credentials_close (chain);
    return -ENOMEM;
  }
  chain->settings.profile = chain->profile;
  chain->settings.region = chain->region ? chain->region : "us-east-1";
  chain->settings.ca_file = chain->ca_file;
  *ret = chain;
  return 0;
}

void
credentials_close (struct credentials_chain *chain)
{
  if (!chain)
    return;
  credentials_clear (&chain->current);
  command_forget (&chain->left);
  profiles_free (chain->profiles);
  free (chain->profile);
  free (chain->region);
  free (chain->ca_file);
  free (chain);
}

/* Whether a failed search leaves the old ones in use. What a person took out of a file is not. */
static bool
may_keep (const struct credentials_chain *chain, int64_t now, bool changed, int r)
{
  const struct credentials *c = &chain->current;
  bool of_metadata = c->provider == CREDENTIALS_CONTAINER || c->provider == CREDENTIALS_INSTANCE;
  return c->provider != CREDENTIALS_NONE && !chain->renew && (!c->expires_ns || now < c->expires_ns)
         && !(changed && r == -ENOENT && !of_metadata);
}

int
credentials_get (struct credentials_chain *chain, const struct credentials **ret, struct credentials_fault *fault)
{
  struct credentials *c = &chain->current, fresh = {.provider = CREDENTIALS_NONE};
  int64_t now = now_ns (chain);
  bool changed = chain->profiles && profiles_changed (chain->profiles);
  bool ended = c->provider == CREDENTIALS_ENVIRONMENT && c->expires_ns && now >= c->expires_ns;
  *fault->text = 0;
  if (c->provider != CREDENTIALS_NONE && !changed && !ended && !chain->renew && (!chain->due_ns || now < chain->due_ns)) {
    *ret = c;
    return 0;
  }
  int r = search (chain, &now, &fresh, fault);
  if (r == 0) {
    credentials_clear (c);
    *c = fresh;
    chain->renew = false;
    plan (chain, now);
    *ret = c;
    return 0;
  }
  if (r != -ECANCELED && may_keep (chain, now, changed, r)) {
    snprintf (chain->trouble, sizeof chain->trouble, "%s", r == -ENOMEM ? "no memory" : fault->text);
    chain->due_ns = now + MINUTE + credentials_jitter (MINUTE);
    if (c->expires_ns && chain->due_ns > c->expires_ns)
      chain->due_ns = c->expires_ns;
    *ret = c;
    return 0;
  }
  if (r != -ECANCELED)
    credentials_clear (c);
  if (!*fault->text)
    snprintf (fault->text, sizeof fault->text, "%s", r == -ECANCELED ? "stopped while looking for credentials" : strerror (-r));
  return r;
}

void
credentials_renew (struct credentials_chain *chain)
{
  chain->renew = true;
}

const char *
credentials_trouble (const struct credentials_chain *chain)
{
  return chain->trouble;
}

int64_t
credentials_due (const struct credentials_chain *chain)
{
  return chain->due_ns;
}
