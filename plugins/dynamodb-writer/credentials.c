#include "credentials.h"

#include "secret.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

void
credentials_clear (struct credentials *c)
{
  secret_free (c->access_key);
  secret_free (c->secret);
  secret_free (c->token);
  *c = (struct credentials){.provider = CREDENTIALS_NONE};
}

static bool
is_printable (const char *text)
{
  for (; *text; text++)
    if (*text <= ' ' || *text >= 127)
      return false;
  return true;
}

int
credentials_set (struct credentials *c, const char *access_key, const char *secret, const char *token)
{
  if (token && !*token)
    token = NULL;
  if (!*access_key || !*secret || !is_printable (access_key) || !is_printable (secret) || (token && !is_printable (token)))
    return -EINVAL;
  int r = secret_set (&c->access_key, access_key);
  if (r == 0)
    r = secret_set (&c->secret, secret);
  if (r == 0)
    r = secret_set (&c->token, token);
  return r;
}

const char *
credentials_provider_name (enum credentials_provider provider)
{
  static const char *const names[] = {
    [CREDENTIALS_NONE] = "none",
    [CREDENTIALS_ENVIRONMENT] = "environment",
    [CREDENTIALS_ROLE] = "assumed role",
    [CREDENTIALS_WEB_IDENTITY] = "web identity",
    [CREDENTIALS_FILE] = "credentials file",
    [CREDENTIALS_PROCESS] = "credential_process",
    [CREDENTIALS_CONFIG] = "config file",
    [CREDENTIALS_CONTAINER] = "container endpoint",
    [CREDENTIALS_INSTANCE] = "instance metadata",
  };
  return names[provider];
}

/* Exactly n digits. */
static bool
digits (const char **p, int n, int *ret)
{
  int value = 0;
  for (; n > 0; n--, ++*p) {
    if (**p < '0' || **p > '9')
      return false;
    value = value * 10 + (**p - '0');
  }
  *ret = value;
  return true;
}

static bool
letter (const char **p, const char *one_of)
{
  if (!**p || !strchr (one_of, **p))
    return false;
  ++*p;
  return true;
}

/* Behind the seconds: seconds east of UTC. */
static bool
zone (const char *p, int *ret)
{
  int hours = 0, minutes = 0;
  if (*p == '.' || *p == ',')
    p += 1 + strspn (p + 1, "0123456789");
  if (!*p || strcmp (p, "Z") == 0 || strcmp (p, "z") == 0 || strcmp (p, "UTC") == 0) {
    *ret = 0;
    return true;
  }
  int sign = *p == '-' ? -1 : 1;
  if (!letter (&p, "+-") || !digits (&p, 2, &hours))
    return false;
  letter (&p, ":");
  if (!digits (&p, 2, &minutes) || *p)
    return false;
  *ret = sign * (hours * 3600 + minutes * 60);
  return true;
}

int
credentials_parse_time (const char *text, int64_t *ret_ns)
{
  struct tm tm = {.tm_isdst = 0};
  const char *p = text;
  int year, month, east;
  if (!digits (&p, 4, &year) || !letter (&p, "-") || !digits (&p, 2, &month) || !letter (&p, "-")
      || !digits (&p, 2, &tm.tm_mday) || !letter (&p, "Tt ") || !digits (&p, 2, &tm.tm_hour) || !letter (&p, ":")
      || !digits (&p, 2, &tm.tm_min) || !letter (&p, ":") || !digits (&p, 2, &tm.tm_sec) || !zone (p, &east))
    return -EINVAL;
  if (year < 1970 || year > 2250 || month < 1 || month > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23
      || tm.tm_min > 59 || tm.tm_sec > 60)
    return -EINVAL;
  tm.tm_year = year - 1900;
  tm.tm_mon = month - 1;
  *ret_ns = ((int64_t) timegm (&tm) - east) * 1000000000;
  return 0;
}

int64_t
credentials_jitter (int64_t n)
{
  uint32_t random = 0;
  if (getrandom (&random, sizeof random, GRND_NONBLOCK) != sizeof random)
    random = UINT32_MAX / 2;
  return (int64_t) ((double) n * ((double) random / UINT32_MAX));
}
