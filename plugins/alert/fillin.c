#include "fillin.h"

#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NAME = 4096, MOST_FILE = 16 << 10 };

struct place {
  bool is_file;
  const char *name;
  size_t length, whole;
};

/* Whether one begins there; `whole` 0: without its end. */
static bool
begins (const char *at, struct place *ret)
{
  const bool env = !strncmp (at, "{env:", 5), file = !strncmp (at, "{file:", 6);
  if (!env && !file)
    return false;
  *ret = (struct place){.is_file = file, .name = at + (file ? 6 : 5)};
  const char *end = strchr (ret->name, '}');
  ret->length = end ? (size_t) (end - ret->name) : 0;
  ret->whole = end ? (size_t) (end + 1 - at) : 0;
  return true;
}

bool
fillin_is_there (const char *text)
{
  struct place p;
  for (; *text; text++)
    if (begins (text, &p))
      return true;
  return false;
}

int
fillin_check (const char *text, char *why, size_t size)
{
  struct place p;
  for (const char *at = text; *at; at++) {
    if (!begins (at, &p))
      continue;
    if (!p.whole || !p.length || p.length >= MOST_NAME)
      snprintf (why, size, "write {env:NAME} or {file:/PATH}");
    else if (p.is_file && *p.name != '/')
      snprintf (why, size, "a file is given with its whole path: {file:/PATH}");
    else if (!p.is_file && memchr (p.name, '=', p.length))
      snprintf (why, size, "no variable has '=' in its name");
    else
      continue;
    return -EINVAL;
  }
  return 0;
}

static int
add_file (const char *path, struct buf *b, char *why, size_t size)
{
  struct buf SECRET_BUF_CLEANUP text = {0};
  int r = secret_read_file (path, MOST_FILE, &text);
  if (r) {
    snprintf (why, size, "the file %s cannot be read: %s", path, strerror (-r));
    return r;
  }
  while (text.len && strchr (" \t\r\n", text.data[text.len - 1]))
    text.len--;
  buf_add (b, text.data ? text.data : "", text.len);
  return b->error;
}

static int
add_place (const struct place *p, struct buf *b, char *why, size_t size)
{
  char name[MOST_NAME];
  if (!p->whole || p->length >= sizeof name)
    return -EINVAL;
  memcpy (name, p->name, p->length);
  name[p->length] = 0;
  if (p->is_file)
    return add_file (name, b, why, size);
  const char *value = getenv (name);
  if (!value) {
    snprintf (why, size, "the variable %s is not in the daemon's environment", name);
    return -ENOENT;
  }
  buf_adds (b, value);
  return b->error;
}

int
fillin_add (const char *text, struct buf *b, char *why, size_t size)
{
  struct place p;
  int r = 0;
  buf_reserve (b, 64 << 10); /* so that it is not moved, and copies are not left behind */
  for (const char *at = text; *at && !r;) {
    if (!begins (at, &p)) {
      buf_addc (b, *at++);
      continue;
    }
    r = add_place (&p, b, why, size);
    at += p.whole ? p.whole : strlen (at);
  }
  if (!r && b->error)
    r = b->error;
  if (r == -ENOMEM || r == -EFBIG)
    snprintf (why, size, "%s", strerror (-r));
  return r;
}
