/* The answers of STS in XML: as much of XML as they use. */
#include "answer.h"
#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MOST_DEPTH = 16, MOST_TEXT = 16384 };

struct name {
  const char *text;
  size_t n;
};

enum { ACCESS_KEY, SECRET, TOKEN, EXPIRES, CODE, MESSAGE, FIELDS };

static const struct {
  const char *parent, *name;
} wanted[FIELDS] = {
  [ACCESS_KEY] = {"Credentials", "AccessKeyId"},
  [SECRET] = {"Credentials", "SecretAccessKey"},
  [TOKEN] = {"Credentials", "SessionToken"},
  [EXPIRES] = {"Credentials", "Expiration"},
  [CODE] = {"Error", "Code"},
  [MESSAGE] = {"Error", "Message"},
};

struct reader {
  const char *at, *end;
  struct name open[MOST_DEPTH];
  size_t depth;
  bool rooted;
  struct buf fields[FIELDS];
};

static bool
is (struct name name, const char *text)
{
  return name.n == strlen (text) && memcmp (name.text, text, name.n) == 0;
}

static bool
starts (const struct reader *r, const char *text)
{
  size_t n = strlen (text);
  return (size_t) (r->end - r->at) >= n && memcmp (r->at, text, n) == 0;
}

/* Behind the next `text`. */
static bool
skip_to (struct reader *r, const char *text)
{
  const char *found = memmem (r->at, (size_t) (r->end - r->at), text, strlen (text));
  if (found)
    r->at = found + strlen (text);
  return found != NULL;
}

/* ---- Text ---- */

/* &lt; and so on, from behind the &; numbers only for ASCII. */
static bool
add_entity (struct reader *r, struct buf *to)
{
  static const struct {
    const char *name;
    char c;
  } known[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (starts (r, known[i].name)) {
      buf_addc (to, known[i].c);
      r->at += strlen (known[i].name);
      return true;
    }
  unsigned value = 0, base = starts (r, "#x") ? 16 : 10;
  if (!starts (r, "#"))
    return false;
  for (r->at += base == 16 ? 2 : 1; r->at < r->end && *r->at != ';'; r->at++) {
    const char *digits = "0123456789abcdef",
               *digit = *r->at ? strchr (digits, *r->at >= 'A' && *r->at <= 'F' ? *r->at | 32 : *r->at) : NULL;
    if (!digit || (unsigned) (digit - digits) >= base || value > 127)
      return false;
    value = value * base + (unsigned) (digit - digits);
  }
  if (r->at >= r->end || value == 0 || value > 127)
    return false;
  r->at++;
  buf_addc (to, (char) value);
  return true;
}

/* Up to the next tag, into the field whose element this is, if it is one. */
static bool
take_text (struct reader *r)
{
  struct buf *to = NULL, nowhere SECRET_BUF_CLEANUP = {.max = MOST_TEXT};
  for (int i = 0; i < FIELDS && r->depth >= 2; i++)
    if (is (r->open[r->depth - 1], wanted[i].name) && is (r->open[r->depth - 2], wanted[i].parent))
      to = r->fields + i;
  if (to)
    buf_reserve (to, (size_t) (r->end - r->at) < MOST_TEXT ? (size_t) (r->end - r->at) : MOST_TEXT);
  while (r->at < r->end && *r->at != '<') {
    if (*r->at == '&') {
      r->at++;
      buf_clear (&nowhere);
      if (!add_entity (r, to ? to : &nowhere))
        return false;
    } else {
      if (to)
        buf_addc (to, *r->at);
      r->at++;
    }
  }
  return !to || !to->error;
}

/* ---- Tags ---- */

static struct name
take_name (struct reader *r)
{
  struct name name = {.text = r->at};
  while (r->at < r->end && *r->at && !strchr (" \t\r\n/>=<", *r->at))
    r->at++;
  name.n = (size_t) (r->at - name.text);
  return name;
}

/* Behind the name of an opening tag: past its attributes and its >. */
static bool
end_tag (struct reader *r, bool *ret_closed)
{
  char quote = 0;
  for (; r->at < r->end && (quote || *r->at != '>'); r->at++)
    if (quote ? *r->at == quote : *r->at == '"' || *r->at == '\'')
      quote = quote ? 0 : *r->at;
  if (r->at >= r->end)
    return false;
  *ret_closed = r->at[-1] == '/';
  r->at++;
  return true;
}

static bool
take_tag (struct reader *r)
{
  bool closed = false;
  if (starts (r, "<?"))
    return skip_to (r, "?>");
  if (starts (r, "<!--"))
    return skip_to (r, "-->");
  if (starts (r, "</")) {
    r->at += 2;
    struct name name = take_name (r);
    if (!r->depth || name.n != r->open[r->depth - 1].n || memcmp (name.text, r->open[r->depth - 1].text, name.n) != 0)
      return false;
    r->depth--;
    return end_tag (r, &closed);
  }
  r->at++;
  struct name name = take_name (r);
  if (!name.n || *name.text == '!' || r->depth == MOST_DEPTH || (r->rooted && !r->depth))
    return false;
  r->rooted = true;
  r->open[r->depth++] = name;
  if (!end_tag (r, &closed))
    return false;
  r->depth -= closed;
  return true;
}

static const char *
field (const struct reader *r, int i)
{
  return r->fields[i].len ? r->fields[i].data : NULL;
}

static int
judge (const struct reader *r, bool whole, struct credentials *ret, struct answer_fault *fault)
{
  *fault->code = 0;
  if (!whole || !r->rooted || r->depth) {
    snprintf (fault->text, sizeof fault->text, "it is no whole XML");
    return -EBADMSG;
  }
  if (field (r, CODE)) {
    answer_quote (fault->code, sizeof fault->code, field (r, CODE));
    answer_quote (fault->text, sizeof fault->text, field (r, MESSAGE) ? field (r, MESSAGE) : field (r, CODE));
    return -EREMOTEIO;
  }
  const struct answer_parts parts = {
    .access_key = field (r, ACCESS_KEY), .secret = field (r, SECRET), .token = field (r, TOKEN), .expires = field (r, EXPIRES)};
  return answer_make (&parts, true, true, ret, fault);
}

int
answer_xml (const char *text, size_t n, struct credentials *ret, struct answer_fault *fault)
{
  struct reader r = {.at = text, .end = text + n};
  bool whole = memchr (text, 0, n) == NULL;
  for (int i = 0; i < FIELDS; i++)
    r.fields[i].max = MOST_TEXT;
  while (whole && r.at < r.end)
    whole = *r.at == '<' ? take_tag (&r) : take_text (&r);
  int result = judge (&r, whole, ret, fault);
  for (int i = 0; i < FIELDS; i++)
    secret_buf_free (r.fields + i);
  return result;
}
