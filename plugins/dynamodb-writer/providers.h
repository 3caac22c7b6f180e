/* The places where credentials may be, each a function. For credentials-chain.c, which asks them one after the other. */
#ifndef PROVIDERS_H
#define PROVIDERS_H

#include "credentials.h"
#include "http.h"
#include "profiles.h"

#include <sys/types.h>

struct search {
  const struct credentials_settings *settings;
  const struct profiles *profiles;
  const char *profile;  /* the one that is meant */
  bool named_by_config; /* in daemon.yaml: what the environment says of keys and roles is not for it */
  int64_t now_ns;
  bool corrected; /* the clock, once in a search */
  pid_t *left;    /* as command.h has it */
  struct credentials_fault *fault;
  struct buf *looked; /* where was looked in vain, for the final message */
};

/* All return 0 (found: ret is set, with provider and from), -ENOENT (nothing here, the next may have some), or another -errno
 * with the fault set, which ends the search. They block; the network ones some seconds. */
int provider_environment (struct search *s, struct credentials *ret);
int provider_role (struct search *s, const char *profile, struct credentials *ret);
int provider_web_identity (struct search *s, const char *profile, bool environment, struct credentials *ret);
int provider_file (struct search *s, const char *profile, enum profiles_file file, struct credentials *ret);
int provider_process (struct search *s, const char *profile, struct credentials *ret);
int provider_container (struct search *s, struct credentials *ret);
int provider_instance (struct search *s, struct credentials *ret);
/* -ENOENT, or an error with what to do instead when the profile wants a person: SSO, aws login. */
int provider_sso (struct search *s, const char *profile);
int provider_login (struct search *s, const char *profile);
/* All that belong to a profile but its role, in their order. */
int provider_profile (struct search *s, const char *profile, bool environment, struct credentials *ret);

/* The region that the instance's metadata names. 0, -ECANCELED, -ENOENT (it names none, or is turned off), -EAGAIN (nobody
 * answered, or not in time). */
int imds_region (const struct credentials_settings *settings, const struct profiles *p, const char *profile, char ret[64]);
/* The address of the container endpoint after its variables. 0, -ENOENT, -EINVAL (not one that may be asked), -ENOMEM. */
int container_url (struct buf *ret);

/* Sets the fault and returns r. */
__attribute__ ((format (printf, 3, 4))) int search_fail (struct search *s, int r, const char *format, ...);
/* Adds to where was looked in vain; returns -ENOENT. */
__attribute__ ((format (printf, 2, 3))) int search_miss (struct search *s, const char *format, ...);
#endif
