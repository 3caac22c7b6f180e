#include "template.h"

#include "json-line.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MOST_BODY = 1 << 20 };

/* Messages with values that need care, and without any. */
static const char *const examples[] = {
  "{\"id\":\"0\",\"time\":1767225600.004,\"host\":\"a\\\"b\",\"rule\":\"a\\\\b\",\"severity\":\"info\","
  "\"change\":\"fired\",\"text\":\"one\\ntwo\",\"when\":\"a.b > 1\",\"unit\":\"%\",\"total\":1,"
  "\"rows\":[{\"row\":\"c\\td\",\"value\":1.5,\"since\":1767225600.004}]}",
  "{\"id\":\"0\",\"time\":1767225600.004,\"host\":\"a\",\"rule\":\"\",\"severity\":\"\",\"change\":\"summary\",\"text\":\"\","
  "\"when\":\"\",\"unit\":\"\",\"total\":0,\"rows\":[]}"};

/* The length of "{word}" there, or 0. */
static size_t
word_at (const char *at)
{
  size_t n = *at == '{' ? strspn (at + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
  return n && at[n + 1] == '}' ? n + 2 : 0;
}

static bool
is_json (const char *word, size_t length)
{
  return length == 6 && !memcmp (word, "{json}", 6);
}

static void
add_escaped (struct buf *b, const struct buf *text)
{
  BUF_CLEANUP struct buf quoted = {.max = MOST_BODY};
  text_json_string (&quoted, text->data ? text->data : "", text->len);
  if (quoted.error || text->error)
    b->error = quoted.error ? quoted.error : text->error;
  else
    buf_add (b, quoted.data + 1, quoted.len - 2);
}

void
template_fill (const char *text, const struct facts *f, const char *json, struct buf *b)
{
  for (const char *at = text; *at;) {
    const size_t length = word_at (at);
    if (is_json (at, length))
      buf_adds (b, json);
    else if (length) {
      BUF_CLEANUP struct buf value = {.max = MOST_BODY};
      facts_add (f, at + 1, length - 2, &value);
      add_escaped (b, &value);
    } else
      buf_addc (b, *at);
    at += length ? length : 1;
  }
}

static int
check_json (const struct buf *b, uint32_t *ret_column, char *why, size_t size)
{
  json_tokener *tokener = json_tokener_new ();
  if (!tokener)
    return -ENOMEM;
  json_tokener_set_flags (tokener, JSON_TOKENER_STRICT);
  json_object *object = json_tokener_parse_ex (tokener, b->data, (int) b->len + 1);
  const enum json_tokener_error error = json_tokener_get_error (tokener);
  json_object_put (object);
  json_tokener_free (tokener);
  if (error == json_tokener_success)
    return 0;
  *ret_column = 1;
  snprintf (why, size, "with values in it, it is no JSON (%s): a name that stands for a text needs quotes around it",
            json_tokener_error_desc (error));
  return -EINVAL;
}

static int
check_with (const char *text, const char *example, uint32_t *ret_column, char *why, size_t size)
{
  BUF_CLEANUP struct buf b = {.max = MOST_BODY};
  struct facts *f = NULL;
  int r = facts_read (example, strlen (example), &f);
  if (r)
    return r;
  template_fill (text, f, example, &b);
  facts_free (f);
  return b.error ? b.error : check_json (&b, ret_column, why, size);
}

int
template_check (const char *text, uint32_t *ret_column, char *why, size_t size)
{
  int r = 0;
  for (const char *at = text; *at; at++) {
    const size_t length = word_at (at);
    if (!length || is_json (at, length) || facts_is_name (at + 1, length - 2))
      continue;
    *ret_column = (uint32_t) (at - text) + 1;
    snprintf (why, size, "'%.*s' is none of json, %s", (int) (length < 40 ? length : 40), at, facts_names ());
    return -EINVAL;
  }
  for (size_t i = 0; i < sizeof examples / sizeof *examples && !r; i++)
    r = check_with (text, examples[i], ret_column, why, size);
  return r;
}
