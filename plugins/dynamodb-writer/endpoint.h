/* Which region and which address, as the AWS tools find them. */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include "credentials.h"
#include "profiles.h"

enum { ENDPOINT_REGION_SIZE = 64, ENDPOINT_URL_SIZE = 512 };

struct endpoint_fault {
  char text[512];
};

struct endpoint {
  char url[ENDPOINT_URL_SIZE]; /* without a slash at its end */
  char from[200];              /* for people */
};

/* The profile that is meant: `given` unless it is NULL, "" or "default", then AWS_DEFAULT_PROFILE, AWS_PROFILE, else "default".
 * Lives as long as `given` and the environment. *ret_named: somebody named it, so that it has to exist. */
const char *endpoint_profile (const char *given, bool *ret_named);
/* `given` (daemon.yaml), AWS_REGION, AWS_DEFAULT_REGION, the profile, the instance's metadata, else us-east-1; where it came
 * from goes to `from`. Asking the metadata may take some seconds; settings->region is not looked at. 0; 1: it is
 * us-east-1 because the metadata did not answer this time; -ECANCELED; or -EINVAL: no name of a region. */
int endpoint_region (const char *given, const struct profiles *p, const char *profile,
                     const struct credentials_settings *settings, char ret[ENDPOINT_REGION_SIZE], char from[200],
                     struct endpoint_fault *fault);
/* The address of "dynamodb" or "sts": `given` (daemon.yaml), AWS_ENDPOINT_URL_SERVICE, AWS_ENDPOINT_URL, the profile's services
 * section, its endpoint_url, else the region's (with AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT or the profile's
 * settings of these names: those). 0, -EINVAL with `fault` set, -ENOMEM. */
int endpoint_url (const char *service, const char *given, const struct profiles *p, const char *profile, const char *region,
                  struct endpoint *ret, struct endpoint_fault *fault);
/* Certificates to trust: `given`, AWS_CA_BUNDLE, the profile's ca_bundle; NULL: the system's. Lives as long as these. */
const char *endpoint_ca_file (const char *given, const struct profiles *p, const char *profile);
#endif
