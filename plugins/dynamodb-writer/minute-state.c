#include "minute-state.h"

#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* A place: "KKms", the CRC-32 of all that follows, the payload's length, a sequence number, the payload. */
static const unsigned char MAGIC[4] = {'K', 'K', 'm', 's'};
enum { AT_CRC = 4, AT_LENGTH = 8, AT_SEQUENCE = 12, HEADER = 20, VERSION = 1, AGAIN = 1, DIRTY = 2, PLACES = 2, OWNER = 16 };
_Static_assert(HEADER + MINUTE_STATE_PACKED == MINUTE_STATE_PLACE, "a place holds a header and a payload");

/* ---- The payload ---- */

static void
pack_ranks (struct wire_out *out, const uint32_t *ranks)
{
  unsigned last = 0;
  for (unsigned i = 0; i < MINUTE_STEPS; i++) {
    if (!ranks[i])
      continue;
    wire_uint (out, i - last + 1); /* 0 ends the list */
    wire_uint (out, ranks[i]);
    last = i;
  }
  wire_uint (out, 0);
}

size_t
minute_state_pack (const struct minute *m, int64_t written, unsigned char to[MINUTE_STATE_PACKED])
{
  struct wire_out out = {.data = to, .size = MINUTE_STATE_PACKED};
  wire_u8 (&out, VERSION);
  wire_u8 (&out, (uint8_t) ((m->again ? AGAIN : 0) | (m->dirty ? DIRTY : 0)));
  wire_int (&out, written);
  wire_int (&out, m->start);
  wire_int (&out, m->newest_ns);
  wire_uint (&out, m->held);
  for (unsigned i = 0; i < MINUTE_REQUIRED; i++) {
    wire_u8 (&out, m->absent[i]);
    wire_int (&out, m->held_values[i]);
  }
  for (unsigned i = 0; i < MINUTE_RANKED; i++)
    pack_ranks (&out, m->ranks[i]);
  for (unsigned i = 0; i < MINUTE_SOURCES; i++) {
    const struct minute_tally *t = &m->tallies[i];
    wire_uint (&out, t->count);
    if (!t->count)
      continue;
    wire_int (&out, t->sum);
    wire_int (&out, t->least);
    wire_int (&out, t->most);
    wire_int (&out, t->last);
  }
  return out.full ? 0 : out.length;
}

static void
unpack_ranks (struct wire_in *in, uint32_t *ranks, uint64_t *ret_count)
{
  uint64_t step, at = 0, count = 0;
  while ((step = wire_take_uint (in)) > 0 && !in->bad) {
    uint64_t n = wire_take_uint (in);
    at += step - 1;
    in->bad |= step > MINUTE_STEPS || at >= MINUTE_STEPS || !n || n > MINUTE_MOST;
    if (in->bad)
      return;
    in->bad |= ranks[at] != 0;
    ranks[at] = (uint32_t) n;
    count += n;
  }
  *ret_count = count;
}

static void
unpack_tally (struct wire_in *in, unsigned source, struct minute_tally *t)
{
  const int64_t most = minute_rules[source].most;
  uint64_t count = wire_take_uint (in);
  if (in->bad || !count)
    return;
  t->count = (uint32_t) count;
  t->sum = wire_take_int (in);
  t->least = wire_take_int (in);
  t->most = wire_take_int (in);
  t->last = wire_take_int (in);
  in->bad |= count > MINUTE_MOST || t->least < 0 || t->least > t->last || t->last > t->most || t->most > most
             || t->sum < t->least * (int64_t) count || t->sum > t->most * (int64_t) count;
}

int
minute_state_unpack (const unsigned char *from, size_t length, struct minute *ret, int64_t *ret_written)
{
  struct wire_in in = {.at = from, .end = from + length};
  uint64_t ranked[MINUTE_RANKED] = {0};
  uint8_t version = wire_take_u8 (&in), flags = wire_take_u8 (&in);
  int64_t written = wire_take_int (&in), start = wire_take_int (&in);
  minute_begin (ret, start);
  ret->again = flags & AGAIN;
  ret->dirty = flags & DIRTY;
  ret->newest_ns = wire_take_int (&in);
  ret->held = (uint32_t) wire_take_uint (&in) & ((1u << MINUTE_REQUIRED) - 1);
  for (unsigned i = 0; i < MINUTE_REQUIRED; i++) {
    ret->absent[i] = wire_take_u8 (&in);
    ret->held_values[i] = wire_take_int (&in);
    in.bad |= ret->held_values[i] < 0 || ret->held_values[i] > minute_rules[i].most;
  }
  for (unsigned i = 0; i < MINUTE_RANKED && !in.bad; i++)
    unpack_ranks (&in, ret->ranks[i], &ranked[i]);
  for (unsigned i = 0; i < MINUTE_SOURCES && !in.bad; i++) {
    /* A source that a later version added is not there yet. */
    if (in.at == in.end && i >= MINUTE_REQUIRED)
      break;
    unpack_tally (&in, i, &ret->tallies[i]);
    in.bad |= i < MINUTE_RANKED && ranked[i] != ret->tallies[i].count;
  }
  if (in.bad || version != VERSION || start < 0 || minute_of (ret->newest_ns) != start || written < -1
      || written > INT64_C (253402300799))
    return -EBADMSG;
  *ret_written = written;
  return 0;
}

/* ---- The file ---- */

/* Whose it is stands behind the places: the process by its id and its start, which no later one has both of. False where it
 * cannot be told. */
static bool
name_process (unsigned char ret[OWNER])
{
  char text[1024];
  int fd = open ("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read (fd, text, sizeof text - 1);
  if (fd >= 0)
    close (fd);
  text[n < 0 ? 0 : n] = 0;
  const char *at = strrchr (text, ')'); /* its name may have blanks */
  for (int field = 3; at && field <= 22; field++)
    at = strchr (at + 1, ' ');
  if (!at)
    return false;
  wire_store (ret, (uint64_t) getpid (), 8);
  wire_store (ret + 8, strtoull (at, NULL, 10), 8);
  return true;
}

/* Makes the file this process's. Whether it was before. */
static bool
claim (int fd)
{
  const off_t at = (off_t) PLACES * MINUTE_STATE_PLACE;
  unsigned char mine[OWNER], theirs[OWNER];
  if (!name_process (mine))
    return false;
  if (pread (fd, theirs, OWNER, at) == OWNER && !memcmp (mine, theirs, OWNER))
    return true;
  ssize_t n = pwrite (fd, mine, OWNER, at);
  (void) n; /* where that fails a reload is taken for a restart */
  return false;
}

int
minute_state_open (struct minute_state *s, int directory)
{
  struct stat st;
  int fd = openat (directory, MINUTE_STATE_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
  *s = (struct minute_state){.fd = -1, .written = -1};
  if (fd < 0)
    return -errno;
  int r = fstat (fd, &st) < 0 ? -errno : S_ISREG (st.st_mode) ? 0 : -ELOOP;
  if (r) {
    close (fd);
    return r;
  }
  s->fd = fd;
  s->ours = claim (fd);
  return 0;
}

/* What stands in a place: true when it is whole. */
static bool
read_place (int fd, unsigned place, unsigned char *data, uint64_t *ret_sequence, size_t *ret_length)
{
  ssize_t n = pread (fd, data, MINUTE_STATE_PLACE, (off_t) place * MINUTE_STATE_PLACE);
  if (n < HEADER || memcmp (data, MAGIC, sizeof MAGIC))
    return false;
  uint64_t length = wire_load (data + AT_LENGTH, 4);
  if (length > (size_t) n - HEADER)
    return false;
  if (crc32 (0, data + AT_LENGTH, (uInt) (HEADER - AT_LENGTH + length)) != wire_load (data + AT_CRC, 4))
    return false;
  *ret_sequence = wire_load (data + AT_SEQUENCE, 8);
  *ret_length = length;
  return true;
}

int
minute_state_load (struct minute_state *s, struct minute *ret, int64_t *ret_written)
{
  unsigned char *data = malloc (MINUTE_STATE_PLACE);
  struct minute *m = malloc (sizeof *m);
  int r = data && m ? -ENOENT : -ENOMEM;
  for (unsigned place = 0; place < PLACES && r != -ENOMEM; place++) {
    uint64_t sequence;
    int64_t written;
    size_t length;
    if (!read_place (s->fd, place, data, &sequence, &length) || sequence % PLACES != place || sequence < s->sequence)
      continue;
    s->sequence = sequence;
    if (minute_state_unpack (data + HEADER, length, m, &written))
      continue;
    *ret = *m;
    *ret_written = s->written = written;
    r = 0;
  }
  free (data);
  free (m);
  return r;
}

int
minute_state_save (struct minute_state *s, const struct minute *m, int64_t written, int64_t mono_ns, bool at_once)
{
  if (m->start < 0 || (!at_once && mono_ns < s->next_ns && written == s->written))
    return 0;
  unsigned char *data = malloc (MINUTE_STATE_PLACE);
  if (!data)
    return -ENOMEM;
  size_t length = minute_state_pack (m, written, data + HEADER);
  uint64_t sequence = s->sequence + 1;
  memcpy (data, MAGIC, sizeof MAGIC);
  wire_store (data + AT_LENGTH, length, 4);
  wire_store (data + AT_SEQUENCE, sequence, 8);
  wire_store (data + AT_CRC, crc32 (0, data + AT_LENGTH, (uInt) (HEADER - AT_LENGTH + length)), 4);
  ssize_t n = length ? pwrite (s->fd, data, HEADER + length, (off_t) (sequence % PLACES) * MINUTE_STATE_PLACE) : 0;
  int r = !length ? -EFBIG : n < 0 ? -errno : (size_t) n < HEADER + length ? -ENOSPC : 0;
  free (data);
  s->next_ns = mono_ns + MINUTE_STATE_EVERY;
  s->written = written; /* also when it was not saved: not at each sample again */
  if (!r)
    s->sequence = sequence;
  return r;
}

void
minute_state_close (struct minute_state *s)
{
  if (s->fd >= 0)
    close (s->fd);
  s->fd = -1;
}
