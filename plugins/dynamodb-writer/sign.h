/* AWS Signature Version 4 of an HTTP request. */
#ifndef SIGN_H
#define SIGN_H

#include "buf.h"

struct sign_header {
  const char *name, *value; /* the name in any case */
};

struct sign_request {
  const char *method;
  const char *path;                  /* as it is sent, "" or from its slash on */
  const char *query;                 /* as it is sent, without the question mark; NULL: none */
  const struct sign_header *headers; /* all that are to be signed: host and x-amz-date at least */
  size_t n_headers;                  /* at most SIGN_MOST_HEADERS; of one name in the order of sending */
  const void *body;
  size_t body_length;
};

struct sign_key {
  const char *access_key, *secret, *region, *service;
  const char *amz_date; /* the value of x-amz-date: 20150830T123600Z */
};

enum { SIGN_MOST_HEADERS = 16, SIGN_DATE_SIZE = 17 };

/* Adds the value of the header Authorization to `ret`. Blocks nothing, keeps nothing. 0, -EINVAL (a date of another form, too
 * many headers), -ENOMEM, -EFBIG (no room in `ret`), -EIO (OpenSSL refuses; it has no HMAC or no SHA-256 here). */
int sign (const struct sign_request *request, const struct sign_key *key, struct buf *ret);
/* Nanoseconds since 1970 as the value of x-amz-date. */
void sign_date (int64_t wall_ns, char ret[SIGN_DATE_SIZE]);
#endif
