#include "mask.h"

#include "url.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char STARS[] = "***";

struct cursor {
  const char *p;
  const char *end;
  const char *url_end; /* of the word that URLs were last found in */
};

static bool
is_letter (char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_word (char c)
{
  return is_letter (c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool
is_blank (char c)
{
  return c == ' ' || c == '\t' || c == '\n';
}

static bool
contains (const char *text, size_t n, const char *part)
{
  size_t length = strlen (part);
  for (size_t i = 0; i + length <= n; i++)
    if (!strncasecmp (text + i, part, length))
      return true;
  return false;
}

static bool
ends_with (const char *text, size_t n, const char *part)
{
  size_t length = strlen (part);
  return length <= n && !strncasecmp (text + n - length, part, length);
}

static bool
equals (const char *text, size_t n, const char *word)
{
  return strlen (word) == n && !strncasecmp (text, word, n);
}

/* One part of a name, between '_', '-' or a change to capitals. */
static bool
part_is_secret (const char *text, size_t n)
{
  static const char *const words[] = {"pass", "auth", "authorization", "bearer", "tokens", "keys", "pat", "sig", "signature"};
  static const char *const endings[] = {"key", "token", "pwd"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (equals (text, n, words[i]))
      return true;
  for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
    if (ends_with (text, n, endings[i]))
      return true;
  return false;
}

/* A name whose value is a secret: --db-password, AWS_SECRET_ACCESS_KEY, apiKey; not --key-file, --tokenizer. */
static bool
name_is_secret (const char *text, size_t n)
{
  static const char *const anywhere[] = {"password", "passwd", "passphrase", "passwort", "secret", "credential", "apikey"};
  static const char *const places[] = {"file", "path", "dir"};
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
    if (ends_with (text, n, places[i]))
      return false;
  for (size_t i = 0; i < sizeof anywhere / sizeof anywhere[0]; i++)
    if (contains (text, n, anywhere[i]))
      return true;
  size_t start = 0;
  for (size_t i = 0; i <= n; i++) {
    bool border = i == n || text[i] == '_' || text[i] == '-';
    bool camel = !border && i && text[i] >= 'A' && text[i] <= 'Z' && text[i - 1] >= 'a' && text[i - 1] <= 'z';
    if (!border && !camel)
      continue;
    if (i > start && part_is_secret (text + start, i - start))
      return true;
    start = camel ? i : i + 1;
  }
  return false;
}

static void
skip_blanks (struct cursor *c)
{
  while (c->p < c->end && is_blank (*c->p))
    c->p++;
}

static bool
at_sign (const struct cursor *c)
{
  return c->p < c->end && (*c->p == '=' || *c->p == ':');
}

/* "password = abc" */
static bool
skip_lone_sign (struct cursor *c)
{
  if (c->end - c->p < 2 || !at_sign (c) || !is_blank (c->p[1]))
    return false;
  c->p++;
  skip_blanks (c);
  return true;
}

/* Moves behind one value: up to its closing quote, or to a blank, or to what ends a value in the place it stands in. */
static void
skip_value (struct cursor *c, bool in_query, char around)
{
  char quote = c->p < c->end && (*c->p == '"' || *c->p == '\'') ? *c->p : 0;
  if (quote)
    c->p++;
  for (; c->p < c->end; c->p++) {
    if (*c->p == '\\' && c->p + 1 < c->end)
      c->p++;
    else if (quote ? *c->p == quote : is_blank (*c->p) || (in_query && *c->p == '&') || (around && *c->p == around))
      break;
  }
  if (quote && c->p < c->end)
    c->p++;
}

/* "Bearer abc": the scheme stays, the value behind it goes. */
static void
keep_scheme (struct buf *b, struct cursor *c)
{
  static const char *const schemes[] = {"bearer", "basic", "digest", "negotiate", "token"};
  for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
    size_t n = strlen (schemes[i]);
    if ((size_t) (c->end - c->p) > n + 1 && c->p[n] == ' ' && !strncasecmp (c->p, schemes[i], n)) {
      buf_add (b, c->p, n + 1);
      c->p += n + 1;
      return;
    }
  }
}

/* "password= abc", but neither "--password= x" nor "PASSWORD= program", which are empty. */
static bool
may_be_apart (const struct cursor *at, const char *from)
{
  struct cursor next = *at;
  skip_blanks (&next);
  return *from >= 'a' && *from <= 'z' && next.p < next.end && *next.p != '-';
}

/* From behind a secret's name, which begins at `from`, to its value; false when it has none. `around`: the quote before the
 * name, or 0. */
static bool
find_value (struct cursor *at, const char *from, bool whole_word, char around)
{
  const char *behind = at->p;
  bool closed = at->p < at->end && around && *at->p == around;
  if (closed) {
    at->p++;
    skip_blanks (at); /* 'password' : 'abc' */
  }
  if (at_sign (at)) {
    bool colon = *at->p++ == ':';
    if (colon || closed || ((whole_word || around) && may_be_apart (at, from)))
      skip_blanks (at);
    return at->p < at->end && !is_blank (*at->p);
  }
  if (!whole_word || at->p != behind || at->p == at->end || !is_blank (*at->p))
    return false;
  skip_blanks (at);
  bool sign = skip_lone_sign (at);
  return at->p < at->end && (sign || *at->p != '-');
}

/* Behind a secret's name: writes what separates, and stars for the value. `from` is the name's start. */
static void
mask_value (struct buf *b, struct cursor *c, const char *line, const char *from)
{
  struct cursor at = *c;
  bool whole_word = from == line || is_blank (from[-1]);
  bool in_query = from > line && (from[-1] == '?' || from[-1] == '&');
  char around = from > line && (from[-1] == '"' || from[-1] == '\'') ? from[-1] : 0;
  if (!find_value (&at, from, whole_word, around))
    return;
  buf_add (b, c->p, (size_t) (at.p - c->p));
  keep_scheme (b, &at);
  const char *value = at.p;
  skip_value (&at, in_query, around);
  if (at.p > value)
    buf_adds (b, STARS);
  *c = at;
}

/* Behind "://": user:password@ becomes user:***@, and a long user alone (a token) goes as a whole. */
static void
mask_userinfo (struct buf *b, struct cursor *c)
{
  enum { LONGEST_USER = 20 };
  if (c->url_end < c->p)
    c->url_end = c->p;
  while (c->url_end < c->end && !is_blank (*c->url_end) && *c->url_end != '"' && *c->url_end != '\'')
    c->url_end++;
  const char *sign = url_userinfo_end (c->p, (size_t) (c->url_end - c->p));
  const char *colon = sign ? memchr (c->p, ':', (size_t) (sign - c->p)) : NULL;
  if (!sign || (!colon && sign - c->p <= LONGEST_USER))
    return;
  const char *keep = colon ? colon + 1 : c->p;
  buf_add (b, c->p, (size_t) (keep - c->p));
  if (keep < sign)
    buf_adds (b, STARS);
  c->p = sign;
}

void
mask_add (struct buf *b, const char *text, size_t length)
{
  struct cursor c = {text, text + length, text};
  while (c.p < c.end) {
    const char *from = c.p;
    while (c.p < c.end && is_word (*c.p))
      c.p++;
    size_t n = (size_t) (c.p - from);
    if (n) {
      buf_add (b, from, n);
      if (n > 2 && name_is_secret (from, n))
        mask_value (b, &c, text, from);
      continue;
    }
    bool url = c.end - c.p > 3 && !memcmp (c.p, "://", 3);
    buf_add (b, c.p, url ? 3 : 1);
    c.p += url ? 3 : 1;
    if (url)
      mask_userinfo (b, &c);
  }
}
