#include "schema_json.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
add_pair (struct buf *out, const char *name, const char *value)
{
  text_json_string (out, name, strlen (name));
  buf_addc (out, ':');
  text_json_string (out, value ? value : "", value ? strlen (value) : 0);
}

static void
add_field (struct buf *out, const struct kk_field *f)
{
  static const char *const types[] = {"", "number", "unsigned integer", "integer", "boolean", "string"};
  static const char *const kinds[] = {"", "gauge", "counter", "info"};
  text_json_string (out, f->name, strlen (f->name));
  buf_adds (out, ":{");
  add_pair (out, "unit", f->unit);
  buf_addc (out, ',');
  add_pair (out, "kind", f->kind < sizeof kinds / sizeof kinds[0] ? kinds[f->kind] : "");
  buf_addc (out, ',');
  add_pair (out, "type", f->type < sizeof types / sizeof types[0] ? types[f->type] : "");
  buf_addc (out, ',');
  add_pair (out, "help", f->help);
  buf_addc (out, '}');
}

static void
add_table (struct buf *out, const struct kk_schema *schema, uint32_t number, const struct kk_table *t)
{
  struct kk_field field;
  const char *separator = "\n  ";
  text_json_string (out, t->name, strlen (t->name));
  buf_adds (out, ":{");
  add_pair (out, "help", t->help);
  if (t->key_type != KK_NO_KEY) {
    buf_addc (out, ',');
    add_pair (out, "key", t->key);
  }
  buf_adds (out, ",\"fields\":{");
  for (uint32_t i = 0; i < t->n_fields; i++) {
    if (kk_schema_field (schema, number, i, &field))
      continue;
    buf_adds (out, separator);
    add_field (out, &field);
    separator = ",\n  ";
  }
  buf_adds (out, "}}");
}

void
schema_json (struct buf *out, const struct kk_schema *schema, const struct entry_choice *choice)
{
  struct kk_table t;
  const char *separator = "\n ";
  buf_adds (out, "{\"format\":1,\"tables\":{");
  for (uint32_t i = 0; i < kk_schema_tables (schema); i++) {
    if (kk_schema_table (schema, i, &t) || !entry_takes_table (choice, t.name))
      continue;
    buf_adds (out, separator);
    add_table (out, schema, i, &t);
    separator = ",\n ";
  }
  buf_adds (out, "}}\n");
}

static bool
says_so_already (const struct store *store, const struct buf *text)
{
  struct buf have BUF_CLEANUP = {0};
  int fd = openat (store->directory, SCHEMA_JSON, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return false;
  ssize_t n = -1;
  if (buf_reserve (&have, text->len + 1))
    n = read (fd, have.data, text->len + 1);
  close (fd);
  return n >= 0 && (size_t) n == text->len && !memcmp (have.data, text->data, text->len);
}

int
schema_json_write (const struct store *store, const char *temporary, const struct buf *text, uint64_t *wrote)
{
  if (text->error)
    return text->error;
  if (says_so_already (store, text))
    return 0;
  char own[NAME_MAX + 1]; /* the temporary file itself is in use: a growing segment takes turns with it */
  int length = snprintf (own, sizeof own, "%s.schema", temporary);
  if (length < 0 || (size_t) length >= sizeof own)
    return -ENAMETOOLONG;
  int fd = openat (store->journals, own, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return -errno;
  ssize_t n = write (fd, text->data, text->len);
  int r = n < 0 ? -errno : (size_t) n == text->len ? 0 : -ENOSPC;
  if (!r && fchmod (fd, store->file_mode) < 0)
    r = -errno;
  if (close (fd) < 0 && !r)
    r = -errno;
  if (!r && renameat (store->journals, own, store->directory, SCHEMA_JSON) < 0)
    r = -errno;
  if (r)
    unlinkat (store->journals, own, 0);
  else
    *wrote += text->len;
  return r;
}
