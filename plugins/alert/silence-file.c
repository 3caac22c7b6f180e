#include "silence.h"

#include "file.h"
#include "json-line.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static bool
is_same (const struct stat *a, const struct stat *b)
{
  return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec
         && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec
         && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int
load (struct alert_silences *s, int directory)
{
  char *text;
  size_t length;
  int r = alert_file_read (directory, ALERT_SILENCE_FILE, ALERT_SILENCE_BYTES, &text, &length);
  if (r == -ENOENT)
    return alert_silences_parse (s, "", 0);
  if (r)
    return r;
  r = alert_silences_parse (s, text, length);
  free (text);
  return r;
}

int
alert_silences_refresh (struct alert_silences *s, int directory)
{
  struct stat st;
  if (fstatat (directory, ALERT_SILENCE_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0) {
    if (errno != ENOENT)
      return s->error = -errno;
    st = (struct stat){0};
  }
  if (is_same (&st, &s->file))
    return s->error;
  s->error = load (s, directory);
  if (s->error != -ENOMEM)
    s->file = st; /* one that cannot be read is not tried again until it changes */
  return s->error ? s->error : 1;
}

/* ---- For commands ---- */

static void
add_line (struct buf *b, const struct alert_silence *s)
{
  buf_printf (b, "{\"id\":\"%llx\",\"from\":%lld,\"until\":%lld,\"rule\":", (unsigned long long) s->id, (long long) s->from_ns,
              (long long) s->until_ns);
  text_json_string (b, s->rule, strlen (s->rule));
  if (s->exact)
    buf_adds (b, ",\"exact\":true");
  if (s->row[0]) {
    buf_adds (b, ",\"row\":");
    text_json_string (b, s->row, strlen (s->row));
  }
  buf_adds (b, ",\"by\":");
  text_json_string (b, s->by, strlen (s->by));
  buf_adds (b, ",\"why\":");
  text_json_string (b, s->why, strlen (s->why));
  buf_adds (b, "}\n");
}

/* Those that are over for long are left out. */
static int
save (const struct alert_silences *s, int directory, int64_t now_ns)
{
  BUF_CLEANUP struct buf b = {.max = ALERT_SILENCE_BYTES};
  buf_adds (&b, "");
  for (size_t i = 0; i < s->n; i++)
    if (s->list[i].until_ns > now_ns - ALERT_SILENCE_KEPT_NS)
      add_line (&b, &s->list[i]);
  if (b.error)
    return b.error;
  if (s->damaged_lines)
    alert_file_set_aside (directory, ALERT_SILENCE_FILE);
  return alert_file_replace (directory, ALERT_SILENCE_FILE, b.data, b.len, NULL);
}

/* Opens and locks; on success the caller closes both. */
static int
begin (const char *path, struct alert_silences *s, int *ret_directory, int *ret_lock)
{
  int directory = -1, r = alert_file_directory (path, false, &directory);
  if (r)
    return r;
  r = alert_file_lock (directory, ALERT_SILENCE_LOCK, true, ret_lock);
  if (!r) {
    r = load (s, directory);
    if (r)
      close (*ret_lock);
  }
  if (r)
    close (directory);
  *ret_directory = directory;
  return r;
}

static int
insert (struct alert_silences *s, const struct alert_silence *silence, int64_t now_ns)
{
  size_t kept = 0;
  for (size_t i = 0; i < s->n; i++)
    if (s->list[i].until_ns > now_ns - ALERT_SILENCE_KEPT_NS)
      s->list[kept++] = s->list[i];
  s->n = kept;
  if (kept == ALERT_SILENCES)
    return -E2BIG;
  s->list[s->n++] = *silence;
  return 0;
}

int
alert_silence_add (const char *path, struct alert_silence *silence, int64_t now_ns)
{
  struct alert_silences s = {0};
  int directory, lock;
  if (!silence->rule[0] || silence->from_ns < 0 || silence->until_ns <= silence->from_ns
      || silence->until_ns - silence->from_ns > ALERT_SILENCE_MOST_NS)
    return -EINVAL;
  do
    if (getrandom (&silence->id, sizeof silence->id, 0) != sizeof silence->id)
      return -EIO;
  while (!(silence->id >>= 32)); /* short enough to be typed */
  int r = begin (path, &s, &directory, &lock);
  if (r)
    return r;
  r = insert (&s, silence, now_ns);
  if (!r)
    r = save (&s, directory, now_ns);
  alert_silences_free (&s);
  close (lock);
  close (directory);
  return r;
}

int
alert_silence_end (const char *path, uint64_t id, const char *rule, int64_t now_ns)
{
  struct alert_silences s = {0};
  int directory, lock, ended = 0, r = begin (path, &s, &directory, &lock);
  if (r)
    return r;
  for (size_t i = 0; i < s.n; i++) {
    struct alert_silence *one = &s.list[i];
    if (one->until_ns <= now_ns || (id ? one->id != id : !rule || strcmp (one->rule, rule) != 0))
      continue;
    /* With the clock set back it would end before it began. */
    one->until_ns = now_ns > one->from_ns ? now_ns : one->from_ns;
    ended++;
  }
  if (ended)
    r = save (&s, directory, now_ns);
  alert_silences_free (&s);
  close (lock);
  close (directory);
  return r ? r : ended;
}
