/* The environment, and what a profile holds itself. */
#include "answer.h"
#include "command.h"
#include "providers.h"
#include "secret.h"
#include "words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const int64_t PROCESS_NS = INT64_C (60000000000);
enum { MOST_OUTPUT = 65536 };

static const char *
variable (const char *name)
{
  const char *value = getenv (name);
  return value && *value ? value : NULL;
}

int
provider_environment (struct search *s, struct credentials *ret)
{
  const char *key = variable ("AWS_ACCESS_KEY_ID"), *secret = variable ("AWS_SECRET_ACCESS_KEY");
  const char *token = variable ("AWS_SECURITY_TOKEN"), *expires = variable ("AWS_CREDENTIAL_EXPIRATION");
  int64_t expires_ns = 0;
  if (!key)
    return search_miss (s, "the environment (AWS_ACCESS_KEY_ID is not set)");
  if (!secret)
    return search_fail (s, -EINVAL, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not: set both, or none");
  if (!token)
    token = variable ("AWS_SESSION_TOKEN");
  if (expires && credentials_parse_time (expires, &expires_ns) < 0)
    return search_fail (s, -EINVAL, "AWS_CREDENTIAL_EXPIRATION is no time like 2026-01-02T03:04:05Z");
  if (expires_ns && expires_ns <= s->now_ns)
    return search_fail (s, -EKEYEXPIRED,
                        "the credentials in the environment expired at %s (AWS_CREDENTIAL_EXPIRATION), and nothing "
                        "renews them there: restart with new ones, or use a profile with a role",
                        expires);
  int r = credentials_set (ret, key, secret, token);
  if (r == -EINVAL)
    return search_fail (s, r,
                        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or AWS_SESSION_TOKEN holds a blank or a foreign character: "
                        "look for a line break or a quotation mark around it");
  ret->expires_ns = expires_ns;
  ret->provider = CREDENTIALS_ENVIRONMENT;
  snprintf (ret->from, sizeof ret->from, "environment variables (AWS_ACCESS_KEY_ID)");
  return r;
}

int
provider_file (struct search *s, const char *profile, enum profiles_file file, struct credentials *ret)
{
  const struct profiles *p = s->profiles;
  const char *key = profiles_get_of (p, file, profile, "aws_access_key_id");
  const char *secret = profiles_get_of (p, file, profile, "aws_secret_access_key");
  const char *token = profiles_get_of (p, file, profile, "aws_security_token");
  if (!key)
    return search_miss (s, "profile '%.60s' in %s", profile, profiles_place (p, file));
  if (!token)
    token = profiles_get_of (p, file, profile, "aws_session_token");
  if (!*key || !secret || !*secret)
    return search_fail (s, -EINVAL, "profile '%.60s' in %s has no %s", profile, profiles_place (p, file),
                        *key ? "aws_secret_access_key" : "value for aws_access_key_id");
  int r = credentials_set (ret, key, secret, token);
  if (r == -EINVAL)
    return search_fail (s, r,
                        "the keys of profile '%.60s' in %s hold a blank or a foreign character, such as a quotation mark or a "
                        "comment behind them",
                        profile, profiles_place (p, file));
  ret->provider = file == PROFILES_CREDENTIALS ? CREDENTIALS_FILE : CREDENTIALS_CONFIG;
  snprintf (ret->from, sizeof ret->from, "profile '%.60s' in %.300s", profile, profiles_place (p, file));
  return r;
}

/* ---- credential_process ---- */

static int
judge (struct search *s, const char *profile, const char *name, int r, int status)
{
  static const char by_hand[] =
    "; run it by hand as the daemon's user, for what it says on stderr may hold a secret and is not kept";
  if (r == -ENOENT)
    return search_fail (s, -EINVAL, "credential_process of profile '%.60s': there is no program '%.100s'; give its whole path",
                        profile, name);
  if (r == -EBUSY)
    return search_fail (
      s, r,
      "credential_process of profile '%.60s' ('%.100s') is not started: an earlier one (process %d) still runs "
      "and cannot be ended; is it a program of another user (setuid) that hangs?",
      profile, name, (int) *s->left);
  if (r == -ETIMEDOUT)
    return search_fail (s, r, "credential_process of profile '%.60s' ('%.100s') took longer than %d s and %s ended%s", profile,
                        name, (int) (PROCESS_NS / 1000000000), *s->left ? "cannot be" : "was", by_hand);
  if (r == -EFBIG)
    return search_fail (s, r, "credential_process of profile '%.60s' ('%.100s') printed more than %d KiB", profile, name,
                        MOST_OUTPUT >> 10);
  if (r < 0)
    return search_fail (s, r, "credential_process of profile '%.60s' ('%.100s') cannot be run: %s", profile, name,
                        strerror (-r));
  if (WIFSIGNALED (status))
    return search_fail (s, -EIO, "credential_process of profile '%.60s' ('%.100s') was ended by signal %d%s", profile, name,
                        WTERMSIG (status), by_hand);
  if (WEXITSTATUS (status))
    return search_fail (s, -EIO, "credential_process of profile '%.60s' ('%.100s') ended with exit status %d%s%s", profile,
                        name, WEXITSTATUS (status), WEXITSTATUS (status) == 127 ? " (a program that is not there?)" : "",
                        by_hand);
  return 0;
}

int
provider_process (struct search *s, const char *profile, struct credentials *ret)
{
  const char *line = profiles_get (s->profiles, profile, "credential_process");
  const struct command_limits limits = {
    .ns = PROCESS_NS, .stop_fd = s->settings->stop_fd, .stopped = s->settings->stopped, .data = s->settings->data};
  struct buf out SECRET_BUF_CLEANUP = {.max = MOST_OUTPUT};
  struct answer_fault fault;
  char name[128] = "";
  char **words = NULL;
  size_t n = 0;
  int status = 0;
  if (!line)
    return -ENOENT;
  int r = words_split (line, &words, &n);
  if (r == -ENOMEM)
    return r;
  if (r < 0 || n == 0) {
    words_free (words);
    return search_fail (s, -EINVAL, "credential_process of profile '%.60s' %s", profile,
                        r == -E2BIG ? "has too many words"
                        : n         ? ""
                        : r < 0     ? "has a quotation without an end"
                                    : "is empty");
  }
  answer_quote (name, sizeof name, words[0]);
  r = command_run (words, &limits, &out, s->left, &status);
  words_free (words);
  r = judge (s, profile, name, r, status);
  if (r < 0)
    return r;
  r = answer_json (ANSWER_PROCESS, out.len ? out.data : "", out.len, ret, &fault);
  if (r < 0)
    return r == -ENOMEM ? r
                        : search_fail (s, r, "the answer of credential_process of profile '%.60s' cannot be used: %s", profile,
                                       fault.text);
  ret->provider = CREDENTIALS_PROCESS;
  snprintf (ret->from, sizeof ret->from, "credential_process of profile '%.60s' (%s)", profile, name);
  return 0;
}

/* ---- What needs a person ---- */

static const char instead[] =
  "a daemon cannot do that. Give it keys of its own, a role (role_arn with source_profile or "
  "credential_source), or in another profile: credential_process = aws configure export-credentials";

int
provider_sso (struct search *s, const char *profile)
{
  if (!profiles_get (s->profiles, profile, "sso_role_name") && !profiles_get (s->profiles, profile, "sso_account_id"))
    return -ENOENT;
  return search_fail (s, -ENOTSUP,
                      "profile '%.60s' uses AWS SSO (IAM Identity Center): a person logs in for some hours, and %s "
                      "--profile %.60s --format process",
                      profile, instead, profile);
}

int
provider_login (struct search *s, const char *profile)
{
  if (!profiles_get (s->profiles, profile, "login_session"))
    return -ENOENT;
  return search_fail (s, -ENOTSUP,
                      "profile '%.60s' uses `aws login`: a person logs in for some hours, and %s --profile %.60s --format "
                      "process",
                      profile, instead, profile);
}

int
provider_profile (struct search *s, const char *profile, bool environment, struct credentials *ret)
{
  int r = provider_web_identity (s, profile, environment, ret);
  if (r == -ENOENT)
    r = provider_sso (s, profile);
  if (r == -ENOENT)
    r = provider_file (s, profile, PROFILES_CREDENTIALS, ret);
  if (r == -ENOENT)
    r = provider_login (s, profile);
  if (r == -ENOENT)
    r = provider_process (s, profile, ret);
  if (r == -ENOENT)
    r = provider_file (s, profile, PROFILES_CONFIG, ret);
  return r;
}
