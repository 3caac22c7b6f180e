/* Credentials as programs and servers answer them. */
#ifndef ANSWER_H
#define ANSWER_H

#include "credentials.h"

enum answer_form {
  ANSWER_ENDPOINT, /* container and instance metadata: {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"} */
  ANSWER_PROCESS,  /* credential_process: {"Version": 1, "AccessKeyId", "SecretAccessKey"[, "SessionToken"][, "Expiration"]} */
};

struct answer_fault {
  char code[64];  /* of an answer that is an error: "AccessDenied"; else "" */
  char text[300]; /* what it says, or what is wrong with the answer; printable, and never a secret of ours */
};

/* Fill the strings and expires_ns of `ret`. 0; -EREMOTEIO: the answer is an error; -EBADMSG: it is no whole answer of its kind;
 * -ENOMEM. On failure nothing of `ret` is changed. */
int answer_json (enum answer_form form, const char *text, size_t n, struct credentials *ret, struct answer_fault *fault);
/* Of AssumeRole and AssumeRoleWithWebIdentity: XML, or JSON. */
int answer_sts (const char *text, size_t n, struct credentials *ret, struct answer_fault *fault);

/* ---- Within ---- */

struct answer_parts {
  const char *access_key, *secret, *token, *expires; /* NULL: not there */
};

/* Makes credentials of the parts; those that this form needs have to be there. Errors as above. */
int answer_make (const struct answer_parts *parts, bool needs_token, bool needs_expiry, struct credentials *ret,
                 struct answer_fault *fault);
/* A whole answer in XML is an error when it has Code and Message, else credentials. */
int answer_xml (const char *text, size_t n, struct credentials *ret, struct answer_fault *fault);
/* Printable, shortened, and without what a server repeats of a request. */
void answer_quote (char *to, size_t size, const char *text);
#endif
