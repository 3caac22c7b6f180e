/* By EVP_MAC, not by CURLOPT_AWS_SIGV4: which headers libcurl signs (the session token among them) and whether it takes our
 * x-amz-date, needed when the machine's clock is off, changed from 7.75 to 8; and here it can be tested without a server. */
#include "sign.h"

#include "secret.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { HASH = 32, HEX = 2 * HASH + 1, MOST_PARAMETERS = 64, MOST_CANONICAL = 1 << 20 };

static const char ALGORITHM[] = "AWS4-HMAC-SHA256";

/* ---- Hashes ---- */

static void
to_hex (const unsigned char hash[HASH], char ret[HEX])
{
  for (size_t i = 0; i < HASH; i++)
    snprintf (ret + 2 * i, 3, "%02x", hash[i]);
}

static int
hash_hex (const void *bytes, size_t n, char ret[HEX])
{
  unsigned char hash[HASH];
  unsigned length = 0;
  if (!EVP_Digest (bytes, n, hash, &length, EVP_sha256 (), NULL) || length != HASH)
    return -EIO;
  to_hex (hash, ret);
  return 0;
}

static int
hmac (EVP_MAC *mac, const void *key, size_t n_key, const char *text, unsigned char ret[HASH])
{
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string (OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_end ()};
  size_t length = 0;
  EVP_MAC_CTX *ctx = EVP_MAC_CTX_new (mac);
  bool done = ctx && EVP_MAC_init (ctx, key, n_key, params) && EVP_MAC_update (ctx, (const unsigned char *) text, strlen (text))
              && EVP_MAC_final (ctx, ret, &length, HASH);
  EVP_MAC_CTX_free (ctx);
  return done && length == HASH ? 0 : -EIO;
}

/* HMAC by HMAC from the secret over day, region and service to the signature. */
static int
sign_text (const struct sign_key *key, const char day[9], const char *text, char ret[HEX])
{
  unsigned char hash[HASH];
  struct buf first SECRET_BUF_CLEANUP = {.max = 4096};
  EVP_MAC *mac = EVP_MAC_fetch (NULL, "HMAC", NULL);
  const char *const steps[] = {key->region, key->service, "aws4_request", text};
  if (!mac)
    return -EIO;
  buf_reserve (&first, 4 + strlen (key->secret));
  buf_adds (&first, "AWS4");
  buf_adds (&first, key->secret);
  int r = first.error ? first.error : hmac (mac, first.data, first.len, day, hash);
  for (size_t i = 0; r == 0 && i < sizeof steps / sizeof *steps; i++)
    r = hmac (mac, hash, HASH, steps[i], hash);
  if (r == 0)
    to_hex (hash, ret);
  secret_wipe (hash, sizeof hash);
  EVP_MAC_free (mac);
  return r;
}

/* ---- The canonical request ---- */

/* Whether a byte stands for itself; letters and digits by hand, because isalnum asks the locale. */
static bool
is_unreserved (char c)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr ("-._~", c));
}

static void
add_encoded (struct buf *b, const char *text, size_t n, const char *also)
{
  for (size_t i = 0; i < n; i++)
    if (is_unreserved (text[i]) || (text[i] && strchr (also, text[i])))
      buf_addc (b, text[i]);
    else
      buf_printf (b, "%%%02X", (unsigned char) text[i]);
}

/* Without empty, "." and ".." parts, and encoded (once more, as AWS has it) whatever is encoded in it already. */
static void
add_path (struct buf *b, const char *path)
{
  size_t start = b->len;
  bool slash = false; /* whether it ends with one */
  while (*path) {
    size_t n = strcspn (path, "/");
    bool up = n == 2 && path[0] == '.' && path[1] == '.', stay = n == 0 || (n == 1 && *path == '.');
    if (up)
      while (b->len > start && b->data[--b->len] != '/')
        ;
    else if (!stay) {
      buf_addc (b, '/');
      add_encoded (b, path, n, "");
    }
    slash = path[n] == '/';
    path += n + (path[n] == '/');
  }
  if (b->len == start || slash)
    buf_addc (b, '/');
}

struct parameter {
  const char *name, *value;
  size_t n_name, n_value;
};

static int
compare (const char *a, size_t n, const char *b, size_t m)
{
  int order = memcmp (a, b, n < m ? n : m);
  return order ? order : (n > m) - (n < m);
}

static int
by_parameter (const void *a, const void *b)
{
  const struct parameter *x = a, *y = b;
  int order = compare (x->name, x->n_name, y->name, y->n_name);
  return order ? order : compare (x->value, x->n_value, y->value, y->n_value);
}

static int
add_query (struct buf *b, const char *query)
{
  struct parameter all[MOST_PARAMETERS];
  size_t n = 0;
  for (const char *p = query; p && *p;) {
    size_t length = strcspn (p, "&");
    const char *equals = memchr (p, '=', length), *end = p + length;
    if (n == MOST_PARAMETERS)
      return -EINVAL;
    if (length)
      all[n++] = (struct parameter){.name = p,
                                    .n_name = equals ? (size_t) (equals - p) : length,
                                    .value = equals ? equals + 1 : end,
                                    .n_value = equals ? (size_t) (end - equals - 1) : 0};
    p = end + (*end == '&');
  }
  qsort (all, n, sizeof *all, by_parameter);
  for (size_t i = 0; i < n; i++) {
    if (i)
      buf_addc (b, '&');
    add_encoded (b, all[i].name, all[i].n_name, "%");
    buf_addc (b, '=');
    add_encoded (b, all[i].value, all[i].n_value, "%");
  }
  return 0;
}

/* Each run of blanks becomes one, and there is none at the ends. */
static void
add_value (struct buf *b, const char *value)
{
  static const char blanks[] = " \t\r\n\v\f";
  for (const char *gap = ""; *(value += strspn (value, blanks)); gap = " ") {
    size_t n = strcspn (value, blanks);
    buf_adds (b, gap);
    buf_add (b, value, n);
    value += n;
  }
}

/* Sorts by name, but keeps the order of those with one name. */
static void
sort_headers (const struct sign_header **headers, size_t n)
{
  for (size_t i = 1; i < n; i++)
    for (size_t j = i; j && strcasecmp (headers[j - 1]->name, headers[j]->name) > 0; j--) {
      const struct sign_header *other = headers[j];
      headers[j] = headers[j - 1];
      headers[j - 1] = other;
    }
}

static void
add_lower (struct buf *b, const char *name)
{
  for (; *name; name++)
    buf_addc (b, (char) (*name >= 'A' && *name <= 'Z' ? *name | 32 : *name));
}

/* The headers go to `b`, their names to `names`. */
static void
add_headers (struct buf *b, struct buf *names, const struct sign_header *const *headers, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    bool again = i && strcasecmp (headers[i - 1]->name, headers[i]->name) == 0;
    if (again) {
      buf_addc (b, ',');
    } else {
      if (i) {
        buf_addc (b, '\n');
        buf_addc (names, ';');
      }
      add_lower (b, headers[i]->name);
      buf_addc (b, ':');
      add_lower (names, headers[i]->name);
    }
    add_value (b, headers[i]->value);
  }
  buf_addc (b, '\n');
}

static size_t
canonical_size (const struct sign_request *request)
{
  size_t n = 1024 + 3 * strlen (request->path) + (request->query ? 3 * strlen (request->query) : 0);
  for (size_t i = 0; i < request->n_headers; i++)
    n += 2 * strlen (request->headers[i].name) + strlen (request->headers[i].value) + 3;
  return n;
}

static int
hash_request (const struct sign_request *request, struct buf *names, char ret[HEX])
{
  struct buf b SECRET_BUF_CLEANUP = {.max = MOST_CANONICAL};
  const struct sign_header *headers[SIGN_MOST_HEADERS];
  char body[HEX];
  if (request->n_headers > SIGN_MOST_HEADERS)
    return -EINVAL;
  for (size_t i = 0; i < request->n_headers; i++)
    headers[i] = request->headers + i;
  sort_headers (headers, request->n_headers);
  buf_reserve (&b, canonical_size (request)); /* so that no copy of a token is left behind when it grows */
  buf_adds (&b, request->method);
  buf_addc (&b, '\n');
  add_path (&b, request->path);
  buf_addc (&b, '\n');
  int r = add_query (&b, request->query);
  if (r < 0)
    return r;
  buf_addc (&b, '\n');
  add_headers (&b, names, headers, request->n_headers);
  r = hash_hex (request->body ? request->body : "", request->body ? request->body_length : 0, body);
  buf_printf (&b, "\n%s\n%s", names->data, body);
  if (r == 0)
    r = b.error ? b.error : names->error;
  return r < 0 ? r : hash_hex (b.data, b.len, ret);
}

/* ---- The whole ---- */

int
sign (const struct sign_request *request, const struct sign_key *key, struct buf *ret)
{
  char day[9], hash[HEX], signature[HEX];
  struct buf names BUF_CLEANUP = {.max = 4096}, scope BUF_CLEANUP = {.max = 4096}, text BUF_CLEANUP = {.max = 8192};
  if (strlen (key->amz_date) != SIGN_DATE_SIZE - 1 || key->amz_date[8] != 'T')
    return -EINVAL;
  memcpy (day, key->amz_date, 8);
  day[8] = 0;
  buf_adds (&names, "");
  int r = hash_request (request, &names, hash);
  if (r < 0)
    return r;
  buf_printf (&scope, "%s/%s/%s/aws4_request", day, key->region, key->service);
  buf_printf (&text, "%s\n%s\n%s\n%s", ALGORITHM, key->amz_date, scope.error ? "" : scope.data, hash);
  r = scope.error ? scope.error : text.error;
  if (r == 0)
    r = sign_text (key, day, text.data, signature);
  if (r < 0)
    return r;
  buf_printf (ret, "%s Credential=%s/%s, SignedHeaders=%s, Signature=%s", ALGORITHM, key->access_key, scope.data, names.data,
              signature);
  return ret->error;
}

void
sign_date (int64_t wall_ns, char ret[SIGN_DATE_SIZE])
{
  time_t seconds = (time_t) (wall_ns / 1000000000);
  struct tm tm;
  if (!gmtime_r (&seconds, &tm) || tm.tm_year < 0 || tm.tm_year > 8099)
    memset (&tm, 0, sizeof tm);
  if (!strftime (ret, SIGN_DATE_SIZE, "%Y%m%dT%H%M%SZ", &tm))
    *ret = 0;
}
