/* Credentials of a role, from AWS's security token service. */
#ifndef STS_H
#define STS_H

#include "providers.h"

struct sts_role {
  const char *arn;
  const char *session;          /* NULL: "kode-kronical-" and the host's name */
  const char *external_id;      /* NULL: none */
  const char *duration;         /* seconds, as text; anything but a number is left out */
  const struct credentials *by; /* who asks; NULL: the token */
  const char *token;            /* a web identity; NULL: none */
};

/* Up to three tries. Sets the strings and expires_ns of `ret`. 0, or -errno with the fault of `s` set. */
int sts_assume (struct search *s, const char *profile, const struct sts_role *role, struct credentials *ret);
#endif
