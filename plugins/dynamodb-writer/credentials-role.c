/* Roles: role_arn of a profile, over as many profiles as it takes, and a web identity's token. */
#include "providers.h"
#include "secret.h"
#include "sts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_CHAIN = 16, MOST_TOKEN = 32768 };

struct visited {
  const char *profiles[MOST_CHAIN];
  size_t n;
};

static int assume (struct search *s, const char *profile, struct visited *visited, struct credentials *ret);

/* ---- role_arn ---- */

static bool
is_role (const struct profiles *p, const char *profile)
{
  return profiles_get (p, profile, "role_arn") && !profiles_get (p, profile, "web_identity_token_file");
}

static bool
has_keys (const struct profiles *p, const char *profile)
{
  return profiles_get (p, profile, "aws_access_key_id") || profiles_get (p, profile, "aws_secret_access_key");
}

static int
by_named_source (struct search *s, const char *profile, const char *source, struct credentials *ret)
{
  int r;
  if (strcasecmp (source, "Environment") == 0)
    r = provider_environment (s, ret);
  else if (strcasecmp (source, "EcsContainer") == 0)
    r = provider_container (s, ret);
  else if (strcasecmp (source, "Ec2InstanceMetadata") == 0)
    r = provider_instance (s, ret);
  else
    return search_fail (s, -EINVAL,
                        "credential_source of profile '%.60s' is '%.60s'; it may be Environment, Ec2InstanceMetadata or "
                        "EcsContainer",
                        profile, source);
  return r == -ENOENT ? search_fail (s, -ENOKEY, "credential_source = %.60s of profile '%.60s' has no credentials: %.600s",
                                     source, profile, s->looked->len ? s->looked->data : "")
                      : r;
}

/* A loop as people see it: a -> b -> a. */
static int
refuse_loop (struct search *s, const struct visited *visited, const char *again)
{
  struct buf way BUF_CLEANUP = {.max = 800};
  for (size_t i = 0; i < visited->n; i++)
    buf_printf (&way, "%.40s -> ", visited->profiles[i]);
  return search_fail (s, -ELOOP, "the profiles' source_profile run in a circle: %s%.40s", way.len ? way.data : "", again);
}

static int
by_profile (struct search *s, const char *profile, const char *source, struct visited *visited, struct credentials *ret)
{
  const struct profiles *p = s->profiles;
  if (!profiles_exist (p, source))
    return search_fail (s, -EINVAL, "source_profile = %.60s of profile '%.60s': there is no such profile in %s or %s", source,
                        profile, profiles_place (p, PROFILES_CONFIG), profiles_place (p, PROFILES_CREDENTIALS));
  /* A profile may name itself when it has keys too. */
  bool itself = strcmp (source, profile) == 0 && has_keys (p, source);
  for (size_t i = 0; i < visited->n && !itself; i++)
    if (strcmp (visited->profiles[i], source) == 0)
      return refuse_loop (s, visited, source);
  if (is_role (p, source) && !has_keys (p, source))
    return assume (s, source, visited, ret);
  int r = provider_profile (s, source, false, ret);
  return r == -ENOENT
           ? search_fail (s, -ENOKEY, "source_profile = %.60s of profile '%.60s' has no credentials", source, profile)
           : r;
}

/* Whose credentials ask for the role of a profile. */
static int
find_source (struct search *s, const char *profile, struct visited *visited, struct credentials *ret)
{
  const char *source = profiles_get (s->profiles, profile, "source_profile");
  const char *named = profiles_get (s->profiles, profile, "credential_source");
  if (source && named)
    return search_fail (s, -EINVAL, "profile '%.60s' has both source_profile and credential_source: take one out", profile);
  if (!source && !named)
    return search_fail (
      s, -EINVAL, "profile '%.60s' has role_arn, but neither source_profile nor credential_source to ask for it with", profile);
  return named ? by_named_source (s, profile, named, ret) : by_profile (s, profile, source, visited, ret);
}

static int
assume (struct search *s, const char *profile, struct visited *visited, struct credentials *ret)
{
  const struct profiles *p = s->profiles;
  struct credentials by = {.provider = CREDENTIALS_NONE};
  if (profiles_get (p, profile, "mfa_serial"))
    return search_fail (s, -ENOTSUP,
                        "profile '%.60s' asks for a code of a person's device (mfa_serial), and nobody types it here: let "
                        "the daemon use a role or keys without MFA, with just the permissions that it needs",
                        profile);
  if (visited->n == MOST_CHAIN)
    return search_fail (s, -ELOOP, "more than %d profiles name each other by source_profile", MOST_CHAIN);
  visited->profiles[visited->n++] = profile;
  int r = find_source (s, profile, visited, &by);
  if (r == 0 && by.of_instance && s->settings->region_guessed)
    r = search_fail (s, -EAGAIN, CREDENTIALS_NO_REGION); /* in China or GovCloud, STS of another region knows nobody of there */
  if (r == 0) {
    const struct sts_role role = {.arn = profiles_get (p, profile, "role_arn"),
                                  .session = profiles_get (p, profile, "role_session_name"),
                                  .external_id = profiles_get (p, profile, "external_id"),
                                  .duration = profiles_get (p, profile, "duration_seconds"),
                                  .by = &by};
    r = sts_assume (s, s->profile, &role, ret);
    ret->provider = CREDENTIALS_ROLE;
    ret->of_instance = by.of_instance;
    snprintf (ret->from, sizeof ret->from, "role %.150s of profile '%.60s', by %.120s", role.arn, profile, by.from);
  }
  credentials_clear (&by);
  return r;
}

int
provider_role (struct search *s, const char *profile, struct credentials *ret)
{
  struct visited visited = {.n = 0};
  return is_role (s->profiles, profile) ? assume (s, profile, &visited, ret) : -ENOENT;
}

/* ---- Web identity ---- */

static const char *
value (struct search *s, const char *profile, bool environment, const char *name, const char *key)
{
  const char *given = environment ? getenv (name) : NULL;
  return given ? given : profiles_get (s->profiles, profile, key);
}

int
provider_web_identity (struct search *s, const char *profile, bool environment, struct credentials *ret)
{
  const char *file = value (s, profile, environment, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
  const char *arn = value (s, profile, environment, "AWS_ROLE_ARN", "role_arn");
  struct buf token SECRET_BUF_CLEANUP = {.max = MOST_TOKEN + 1};
  if (!file || !*file)
    return -ENOENT;
  if (!arn || !*arn)
    return search_fail (s, -EINVAL,
                        "there is a web identity token file (%.200s), but no role for it: set AWS_ROLE_ARN, or role_arn in "
                        "profile '%.60s'",
                        file, profile);
  int r = secret_read_file (file, MOST_TOKEN, &token);
  while (r == 0 && token.len && strchr (" \t\r\n", token.data[token.len - 1]))
    token.data[--token.len] = 0;
  if (r < 0 || !token.len)
    return search_fail (s, -EINVAL, "the web identity token in %.200s cannot be read: %s", file,
                        r == 0        ? "the file is empty"
                        : r == -EFBIG ? "the file is too large"
                                      : strerror (-r));
  const struct sts_role role = {
    .arn = arn, .session = value (s, profile, environment, "AWS_ROLE_SESSION_NAME", "role_session_name"), .token = token.data};
  r = sts_assume (s, s->profile, &role, ret);
  ret->provider = CREDENTIALS_WEB_IDENTITY;
  snprintf (ret->from, sizeof ret->from, "role %.150s by the web identity token in %.180s", arn, file);
  return r;
}
