#include "schema_json.h"

#include "schema-text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    schema_text_table (out, schema, i, &t);
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
