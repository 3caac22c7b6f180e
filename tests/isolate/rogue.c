/* An input that does well for a while and then whatever its option says; for the tests of isolation. */
#include "misdeeds.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <time.h>

struct config {
  const char *mode;
  int64_t after;
  struct kk_list words;
  double share;
  int64_t pause_ns;
  const char *path;
  bool extra;
  int32_t choice;
};

static const struct kk_option options[] = {
  KK_OPT_STRING ("mode", struct config, mode, .def = "good", .help = "What it does wrong"),
  KK_OPT_INT ("after", struct config, after, .def = "3", .help = "Good reads before that"),
  KK_OPT_LIST ("words", struct config, words, .def = "[a, b c]", .help = "Words, told back"),
  KK_OPT_PERCENT ("share", struct config, share, .def = "12.5%", .help = "A number, told back"),
  KK_OPT_DURATION ("pause", struct config, pause_ns, .def = "0", .help = "How long each read takes"),
  KK_OPT_STRING ("path", struct config, path, .help = "What to write to"),
  KK_OPT_BOOL ("extra", struct config, extra, .def = "false", .help = "Another field"),
  KK_OPT_CHOICE ("choice", struct config, choice, "one|two|three", .def = "two", .help = "A choice, told back"),
};

enum { NUMBER, COUNT, BALANCE, TRUTH, WORDS, CHOICE, SHARE, NOT_FINITE, ABSENT, EXTRA, READS, TRIED, TOLD_AFTER, TOLD_ELAPSED };
static const struct kk_field fields[] = {
  [NUMBER] = KK_F64 ("number", "1", KK_GAUGE, .help = "A number"),
  [COUNT] = KK_U64 ("count", "1", KK_COUNTER, .help = "The greatest number"),
  [BALANCE] = KK_I64 ("balance", "1", KK_GAUGE, .help = "The least number"),
  [TRUTH] = KK_BOOL ("truth", .help = "True"),
  [WORDS] = KK_STRING ("words", .help = "Any bytes"),
  [CHOICE] = KK_I64 ("choice", "1", KK_GAUGE, .help = "The choice"),
  [SHARE] = KK_F64 ("share", "%", KK_GAUGE, .decimals = 3, .help = "The share"),
  [NOT_FINITE] = KK_F64 ("not_finite", "1", KK_GAUGE, .help = "No number"),
  [ABSENT] = KK_U64 ("absent", "1", KK_GAUGE, .help = "Not there"),
  [EXTRA] = KK_U64 ("extra", "1", KK_GAUGE, .only_if = "extra", .help = "There if asked for"),
  [READS] = KK_U64 ("reads", "1", KK_COUNTER, .help = "Reads so far"),
  [TOLD_AFTER] = KK_U64 ("told_after", "1", KK_GAUGE, .help = "What it was told to come after"),
  [TOLD_ELAPSED] = KK_F64 ("told_elapsed", "s", KK_GAUGE, .help = "What it was told to have passed"),
  [TRIED] = KK_U64 ("tried", "1", KK_GAUGE, .help = "What it could do, a bit each"),
};
static const struct kk_field key_fields[] = {KK_U64 ("value", "1", KK_GAUGE, .help = "A value"),
                                             KK_STRING ("text", .help = "A text")};
static const struct kk_table tables[] = {
  KK_SINGLE ("rogue", fields, "What there is one of"),
  KK_KEYED ("rogue_rows", "name", KK_STRING_KEY, key_fields, "What there are several of"),
  KK_KEYED ("rogue_numbers", "number", KK_U64_KEY, key_fields, "The same by number", .max_rows = 3),
};

struct state {
  struct kk_instance *self;
  const struct config *config;
  int64_t reads;
};

static int
rogue_create (struct kk_instance *self, const void *config, void **state)
{
  struct state *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  *s = (struct state){.self = self, .config = config};
  if (!strcmp (s->config->mode, "no-create")) {
    kk_error (self, "there is no device");
    free (s);
    return -ENODEV;
  }
  if (!strcmp (s->config->mode, "create-segv"))
    segv ();
  while (!strcmp (s->config->mode, "create-hang"))
    pause ();
  *state = s;
  return 0;
}

static void
flood_rows (struct kk_rows *out)
{
  for (uint64_t i = 0; i <= UINT32_MAX; i++)
    kk_u64 (kk_row_u64 (out, 2, i, 0), 0, i);
}

/* ---- An answer of its own making ---- */

struct forged {
  uint32_t head[4];
  uint32_t result, n_status;
  unsigned char calls[512];
  size_t n;
};
enum { CALL_ROW = 2, CALL_ROW_U64 = 4, CALL_TABLE, CALL_TABLE_STATE, CALL_NUMBER, CALL_STRING };

static void
put (struct forged *m, const void *bytes, size_t n)
{
  memcpy (m->calls + m->n, bytes, n);
  m->n += n;
}

/* A call, the number of a table or field, and as much of `more` as it takes. */
static void
put_call (struct forged *m, uint8_t call, uint32_t what, uint64_t more)
{
  uint32_t few = (uint32_t) more;
  uint64_t identity = 1;
  uint8_t type = KK_TYPE_U64;
  put (m, &call, sizeof call);
  put (m, &what, sizeof what);
  if (call == CALL_ROW || call == CALL_ROW_U64)
    put (m, &identity, sizeof identity);
  if (call == CALL_NUMBER)
    put (m, &type, sizeof type);
  if (call == CALL_ROW_U64 || call == CALL_NUMBER)
    put (m, &more, sizeof more);
  if (call == CALL_TABLE_STATE || call == CALL_STRING)
    put (m, &few, sizeof few);
  if (call == CALL_STRING)
    put (m, "", 1);
}

/* Tables, rows and fields that do not exist, or twice, beside a value that does. */
static void
forge (uint32_t number)
{
  struct forged m = {.head = {MISDEEDS_REPLY, number}};
  put_call (&m, CALL_ROW, 4000000000u, 0);
  put_call (&m, CALL_STRING, 1, 0);
  put_call (&m, CALL_TABLE_STATE, 99, KK_PARTIAL);
  for (int i = 0; i < 2; i++) {
    put_call (&m, CALL_ROW_U64, 2, 5);
    put_call (&m, CALL_TABLE_STATE, 2, 77);
    put_call (&m, CALL_TABLE, 2, 0);
  }
  put_call (&m, CALL_ROW, 0, 0);
  put_call (&m, CALL_NUMBER, 4000000000u, 1);
  put_call (&m, CALL_STRING, READS, 0); /* a number, really */
  put_call (&m, CALL_NUMBER, READS, 999999);
  send (MISDEEDS_MESSAGES, &m, offsetof (struct forged, calls) + m.n, MSG_NOSIGNAL);
}

static uint64_t
try_all (const struct state *s)
{
  struct stat st;
  int fd = *s->config->path ? open (s->config->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
  uint64_t could = fd >= 0 ? 1 : 0;
  if (fd >= 0)
    close (fd);
  fd = socket (AF_INET, SOCK_STREAM, 0);
  could |= fd >= 0 ? 2 : 0;
  if (fd >= 0)
    close (fd);
  could |= kill (getppid (), 0) == 0 ? 4 : 0;
  pid_t child = fork ();
  if (child == 0)
    _exit (0);
  could |= child > 0 ? 8 : 0;
  for (int i = 5; i < 200; i++)
    could |= fstat (i, &st) == 0 ? 16 : 0;
  could |= stat ("/etc/passwd", &st) == 0 ? 32 : 0;
  char there[4096];
  snprintf (there, sizeof there, "%s-there", s->config->path);
  could |= chmod (there, 0600) == 0 ? 64 : 0;
  int pair[2];
  bool datagrams = socketpair (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == 0;
  could |= datagrams ? 128 : 0;
  if (datagrams || socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0) {
    could |= datagrams ? 0 : 256;
    could |= fcntl (pair[0], F_SETOWN, getppid ()) == 0 ? 512 : 0;
    close (pair[0]);
    close (pair[1]);
  }
  return could;
}

static void
fill (struct state *s, struct kk_rows *out)
{
  const struct config *c = s->config;
  struct kk_row *row = kk_row (out, 0, NULL, 0), *other;
  static const char words[] = "tab\there \xff end";
  kk_f64 (row, NUMBER, 0.1 + 0.2);
  kk_u64 (row, COUNT, UINT64_MAX);
  kk_i64 (row, BALANCE, INT64_MIN);
  kk_bool (row, TRUTH, true);
  kk_string (row, WORDS, c->words.count == 2 ? c->words.items[1] : words);
  kk_i64 (row, CHOICE, c->choice);
  kk_f64 (row, SHARE, c->share);
  kk_f64 (row, NOT_FINITE, NAN);
  kk_absent (row, ABSENT, KK_DENIED);
  kk_u64 (row, EXTRA, 5);
  kk_f64 (row, COUNT, 1);                    /* of another type */
  kk_u64 (row, 99, 1);                       /* there is none */
  kk_u64 (kk_row (out, 7, "x", 0), 0, 1);    /* nor this table */
  kk_u64 (kk_row (out, 1, "one", 11), 0, 1); /* rows of two tables by turns */
  other = kk_row_u64 (out, 2, 77, 0);
  row = kk_row (out, 1, "two", 22);
  kk_u64 (other, 0, 3);
  kk_u64 (row, 0, 2);
  kk_string_n (row, 1, words, sizeof words - 1);
  kk_string (other, 1, "");
  kk_u64 (kk_row (out, 1, "one", 33), 0, 99); /* given twice */
  for (uint64_t i = 100; i < 110; i++)
    kk_u64 (kk_row_u64 (out, 2, i, i), 0, i); /* more than it may have */
  kk_table_state (out, 1, KK_PARTIAL);
  row = kk_row (out, 0, NULL, 0);
  kk_u64 (row, READS, (uint64_t) s->reads);
  struct kk_time time;
  kk_read_time (out, &time);
  kk_u64 (row, TOLD_AFTER, time.after);
  kk_f64 (row, TOLD_ELAPSED, (double) time.elapsed_ns / 1e9);
}

static int
rogue_read (void *state, struct kk_rows *out)
{
  struct state *s = state;
  const char *mode = s->config->mode;
  if (s->config->pause_ns && (strcmp (mode, "late") || s->reads == s->config->after))
    nanosleep (&(struct timespec){.tv_sec = s->config->pause_ns / 1000000000, .tv_nsec = s->config->pause_ns % 1000000000},
               NULL);
  fill (s, out);
  if (!strcmp (mode, "try"))
    kk_u64 (kk_row (out, 0, NULL, 0), TRIED, try_all (s));
  if (s->reads++ >= s->config->after) {
    if (!strcmp (mode, "rows"))
      flood_rows (out);
    if (!strcmp (mode, "forge") && s->reads == s->config->after + 1)
      forge ((uint32_t) s->reads + 2);
    misbehave (s->self, mode, (uint32_t) s->reads + 2);
    if (!strcmp (mode, "error"))
      return -EIO;
  }
  kk_status (s->self, "reads", "%lld", (long long) s->reads);
  kk_status (s->self, "deadline", "%lld ms", (long long) (kk_deadline (s->self) / 1000000));
  return !strcmp (mode, "held") && s->reads % 2 == 0 ? KK_HELD : 0;
}

KK_PLUGIN (.kind = KK_INPUT, .name = "rogue", .version = "1.0", .summary = "Does what its option says", KK_OPTIONS (options),
           KK_TABLES (tables), .config_size = sizeof (struct config), .create = rogue_create, .read = rogue_read,
           .destroy = free);
