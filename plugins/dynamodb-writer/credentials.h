/* The credentials that requests are signed with: found where the AWS tools find them, kept fresh, wiped. */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

#include "buf.h"

#include <stdbool.h>

enum credentials_provider {
  CREDENTIALS_NONE,
  CREDENTIALS_ENVIRONMENT,
  CREDENTIALS_ROLE,         /* role_arn of a profile, by AssumeRole */
  CREDENTIALS_WEB_IDENTITY, /* a token file, by AssumeRoleWithWebIdentity */
  CREDENTIALS_FILE,         /* ~/.aws/credentials */
  CREDENTIALS_PROCESS,      /* credential_process */
  CREDENTIALS_CONFIG,       /* ~/.aws/config */
  CREDENTIALS_CONTAINER,
  CREDENTIALS_INSTANCE, /* EC2 instance metadata */
};

struct credentials {
  char *access_key, *secret, *token; /* token may be NULL */
  int64_t expires_ns;                /* since 1970; 0: not known, they do not end by themselves */
  enum credentials_provider provider;
  bool of_instance; /* these, or those that a role was asked for with, come from instance metadata */
  char from[400]; /* where they came from, for people; never a secret */
};

struct credentials_settings {
  /* From daemon.yaml: then keys in the environment do not count. NULL, "" or "default": those, then the profile of
   * AWS_DEFAULT_PROFILE, AWS_PROFILE, or default. */
  const char *profile;
  const char *region;  /* for STS: as endpoint_region found it */
  bool region_guessed; /* the instance's metadata did not tell it: an instance's role then asks for no other one */
  const char *ca_file; /* for STS; NULL: what the system trusts */
  int stop_fd;         /* as http.h has it; -1: none */
  bool (*stopped) (void *data);
  int64_t (*now) (void *data); /* ns since 1970, corrected by what is known of the servers' clock; NULL: the machine's clock */
  /* A server refused a signature, and its clock is so much ahead of `now`: adds that to what `now` says from here on. NULL:
   * then such a machine gets no role. */
  void (*correct) (void *data, int64_t ns);
  void *data; /* for all of these */
};

#define CREDENTIALS_NO_REGION                                                                                                  \
  "the credentials come from this instance, but its metadata did not tell the region: it is asked again each minute; the "     \
  "option region of daemon.yaml spares that"

/* Why there are none: one sentence, without a secret, which says what to do. */
struct credentials_fault {
  char text[1200];
};

struct credentials_chain;

/* The strings of `settings` are copied. Nothing is looked for yet. 0, -ENOMEM. */
int credentials_open (struct credentials_chain **ret, const struct credentials_settings *settings);
void credentials_close (struct credentials_chain *chain); /* NULL is fine */

/* Credentials to sign the next request with; they are looked for, or renewed, when it is time or when a file of the AWS tools
 * has changed. Blocks for some seconds then (the network, credential_process); on the worker's thread only. Old ones stay in
 * use until they have really expired: a failed renewal is in credentials_trouble, and is tried again a minute later. *ret lives
 * until the next call. 0, or with `fault` set: -ENOENT (nowhere any), -ECANCELED (stop), -ENOMEM, -EAGAIN
 * (CREDENTIALS_NO_REGION), another -errno (found, but not usable). */
int credentials_get (struct credentials_chain *chain, const struct credentials **ret, struct credentials_fault *fault);
/* The server calls them expired or unknown: the next credentials_get looks for others at once. */
void credentials_renew (struct credentials_chain *chain);
/* What went wrong at the last renewal while the old ones go on; "": nothing. */
const char *credentials_trouble (const struct credentials_chain *chain);
/* When they are going to be renewed, ns since 1970; 0: not before a file changes. */
int64_t credentials_due (const struct credentials_chain *chain);

/* ---- For providers ---- */

void credentials_clear (struct credentials *c); /* wipes and frees what it holds */
/* Sets the three strings; a token that is NULL or "" is none. 0, -ENOMEM, or -EINVAL when one cannot stand in a header. */
int credentials_set (struct credentials *c, const char *access_key, const char *secret, const char *token);
const char *credentials_provider_name (enum credentials_provider provider);
/* "2026-01-02T03:04:05Z", also with a fraction, with +hh:mm, or with no zone (then UTC), as ns since 1970. 0 or -EINVAL. */
int credentials_parse_time (const char *text, int64_t *ret_ns);
/* 0 to n by chance, so that a fleet does not come back in step. */
int64_t credentials_jitter (int64_t n);
#endif
