#include "endpoint.h"

#include "http.h"
#include "providers.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

__attribute__ ((format (printf, 2, 3))) static int
refuse (struct endpoint_fault *fault, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  vsnprintf (fault->text, sizeof fault->text, format, args);
  va_end (args);
  return -EINVAL;
}

static const char *
variable (const char *name)
{
  const char *value = getenv (name);
  return value && *value ? value : NULL;
}

const char *
endpoint_profile (const char *given, bool *ret_named)
{
  const char *profile = given && *given && strcmp (given, "default") != 0 ? given : variable ("AWS_DEFAULT_PROFILE");
  if (!profile)
    profile = variable ("AWS_PROFILE");
  *ret_named = profile != NULL;
  return profile ? profile : "default";
}

/* ---- Region ---- */

/* It becomes part of a host name. */
static bool
is_region (const char *text)
{
  size_t n = strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789-");
  return n && !text[n] && n < ENDPOINT_REGION_SIZE - 1 && text[0] != '-' && text[n - 1] != '-';
}

static int
take_region (const char *region, const char *where, char ret[ENDPOINT_REGION_SIZE], char from[200],
             struct endpoint_fault *fault)
{
  if (!is_region (region))
    return refuse (fault, "'%.80s' (%.150s) is no name of a region; one looks like eu-central-1", region, where);
  snprintf (ret, ENDPOINT_REGION_SIZE, "%.*s", ENDPOINT_REGION_SIZE - 1, region);
  snprintf (from, 200, "%.199s", where);
  return 0;
}

int
endpoint_region (const char *given, const struct profiles *p, const char *profile, const struct credentials_settings *settings,
                 char ret[ENDPOINT_REGION_SIZE], char from[200], struct endpoint_fault *fault)
{
  static const char *const variables[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
  char where[200], region[ENDPOINT_REGION_SIZE];
  if (given && *given)
    return take_region (given, "daemon.yaml", ret, from, fault);
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
    const char *value = variable (variables[i]);
    if (value)
      return take_region (value, variables[i], ret, from, fault);
  }
  const char *of_profile = profiles_get (p, profile, "region");
  snprintf (where, sizeof where, "profile '%.100s'", profile);
  if (of_profile && *of_profile)
    return take_region (of_profile, where, ret, from, fault);
  int r = imds_region (settings, p, profile, region);
  if (r == -ECANCELED)
    return r;
  const bool again = r == -EAGAIN;
  r = take_region (r == 0 ? region : "us-east-1", r == 0 ? "instance metadata" : "the default, as nothing names one", ret, from,
                   fault);
  return r == 0 && again ? 1 : r;
}

/* ---- Endpoint ---- */

static const struct partition {
  const char *prefix, *suffix, *dual_stack;
} partitions[] = {
  {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
  {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
  {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
  {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
  {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
  {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
  {"", "amazonaws.com", "api.aws"},
};

static bool
is_on (const char *name, const struct profiles *p, const char *profile, const char *key)
{
  const char *value = variable (name);
  if (!value)
    value = profiles_get (p, profile, key);
  return value && strcasecmp (value, "true") == 0;
}

static void
of_region (const char *service, const struct profiles *p, const char *profile, const char *region, struct endpoint *ret)
{
  bool fips = is_on ("AWS_USE_FIPS_ENDPOINT", p, profile, "use_fips_endpoint");
  bool dual = is_on ("AWS_USE_DUALSTACK_ENDPOINT", p, profile, "use_dualstack_endpoint");
  const struct partition *partition = partitions;
  while (strncmp (region, partition->prefix, strlen (partition->prefix)) != 0)
    partition++;
  if (strcmp (region, "local") == 0 && strcmp (service, "dynamodb") == 0) {
    snprintf (ret->url, sizeof ret->url, "http://localhost:8000");
    snprintf (ret->from, sizeof ret->from, "the region 'local'");
    return;
  }
  /* In GovCloud the plain addresses are the FIPS ones. */
  const char *fips_name = fips && !(strncmp (region, "us-gov-", 7) == 0 && !dual) ? "-fips" : "";
  snprintf (ret->url, sizeof ret->url, "https://%s%s.%s.%s", service, fips_name, region,
            dual ? partition->dual_stack : partition->suffix);
  snprintf (ret->from, sizeof ret->from, "the region%s%s", fips ? ", FIPS" : "", dual ? ", dual-stack" : "");
}

static int
take_url (const char *url, const char *where, struct endpoint *ret, struct endpoint_fault *fault)
{
  size_t n = strlen (url);
  int r = n < sizeof ret->url && !strchr (url, '?') ? http_split_url (url, NULL, NULL, NULL, NULL) : -EINVAL;
  if (r == -ENOMEM)
    return r;
  if (r < 0)
    return refuse (fault, "the endpoint of %.150s is no address like https://host or http://host:port", where);
  while (n && url[n - 1] == '/')
    n--;
  snprintf (ret->url, sizeof ret->url, "%.*s", (int) n, url);
  snprintf (ret->from, sizeof ret->from, "%.199s", where);
  return 0;
}

/* 1: found, and taken. */
static int
of_profile (const char *service, const struct profiles *p, const char *profile, struct endpoint *ret,
            struct endpoint_fault *fault)
{
  char where[200];
  struct buf url BUF_CLEANUP = {.max = ENDPOINT_URL_SIZE};
  int r = profiles_service (p, profile, service, "endpoint_url", &url);
  if (r == -ENOENT)
    return refuse (fault, "profile '%.80s' names services = %.80s, but there is no section [services %.80s]", profile,
                   profiles_get (p, profile, "services"), profiles_get (p, profile, "services"));
  if (r == 1 && url.len) {
    snprintf (where, sizeof where, "the services of profile '%.100s'", profile);
    r = take_url (url.data, where, ret, fault);
    return r < 0 ? r : 1;
  }
  const char *value = profiles_get (p, profile, "endpoint_url");
  if (!value || !*value)
    return 0;
  snprintf (where, sizeof where, "endpoint_url of profile '%.100s'", profile);
  r = take_url (value, where, ret, fault);
  return r < 0 ? r : 1;
}

int
endpoint_url (const char *service, const char *given, const struct profiles *p, const char *profile, const char *region,
              struct endpoint *ret, struct endpoint_fault *fault)
{
  char name[64];
  size_t n = (size_t) snprintf (name, sizeof name, "AWS_ENDPOINT_URL_%s", service);
  for (size_t i = 0; i < n && i < sizeof name - 1; i++)
    if (name[i] >= 'a' && name[i] <= 'z')
      name[i] = (char) (name[i] - 'a' + 'A');
  if (given && *given)
    return take_url (given, "daemon.yaml", ret, fault);
  if (!is_on ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", p, profile, "ignore_configured_endpoint_urls")) {
    const char *of_service = variable (name), *of_all = variable ("AWS_ENDPOINT_URL");
    if (of_service)
      return take_url (of_service, name, ret, fault);
    if (of_all)
      return take_url (of_all, "AWS_ENDPOINT_URL", ret, fault);
    int r = of_profile (service, p, profile, ret, fault);
    if (r)
      return r < 0 ? r : 0;
  }
  if (!is_region (region))
    return refuse (fault, "'%.80s' is no name of a region; one looks like eu-central-1", region);
  of_region (service, p, profile, region, ret);
  return 0;
}

const char *
endpoint_ca_file (const char *given, const struct profiles *p, const char *profile)
{
  if (given && *given)
    return given;
  const char *file = variable ("AWS_CA_BUNDLE");
  if (!file)
    file = profiles_get (p, profile, "ca_bundle");
  return file && *file ? file : NULL;
}
