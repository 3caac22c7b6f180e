/* Silences: what they match, and when they are over.
 *
 * A silence ends by the wall clock. A clock that is set back cannot make it longer: it never lasts longer than it was made for,
 * counted by a clock that only goes forward, also in sleep, from when this process first saw it. One that jumps ahead ends it
 * only when it stays there for a minute.
 *
 * They live in the file `silences` beside the store, one JSON object a line, which the daemon only reads. Who adds or removes
 * one holds the lock `silences.lock` and puts a new file in the place of the old one. */
#ifndef ALERT_SILENCE_H
#define ALERT_SILENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define ALERT_SILENCE_FILE    "silences"
#define ALERT_SILENCE_LOCK    "silences.lock"
#define ALERT_SILENCE_MOST_NS INT64_C (31622400000000000) /* 366 days */
#define ALERT_SILENCE_KEPT_NS INT64_C (86400000000000) /* one that is over stays in the file for a day: the clock may go back  \
                                                        */
#define ALERT_SILENCE_GRACE_NS INT64_C (60000000000)

enum { ALERT_SILENCES = 256, ALERT_SILENCE_BYTES = 512 << 10, ALERT_PATTERN = 128, ALERT_WHY = 200 };

struct alert_silence {
  uint64_t id;
  int64_t from_ns, until_ns; /* wall */
  char rule[ALERT_PATTERN];  /* a glob, */
  bool exact;                /* … or the name of a rule, whatever it looks like */
  char row[ALERT_PATTERN];   /* a glob; "": any */
  char by[64], why[ALERT_WHY];
  /* In this process: */
  int64_t latest_ns; /* boot clock: over then, whatever the wall clock says */
  int64_t past_ns;   /* boot clock: since when the wall clock has said that it is over; -1: it does not */
  bool seen;
};

struct alert_silences {
  struct alert_silence *list;
  size_t n;
  struct stat file;       /* as it was read; st_ino 0: there was none */
  uint64_t damaged_lines; /* in it */
  int error;              /* 0, or why the last reading failed: what was known stays in force */
};

void alert_silences_free (struct alert_silences *s);
/* Notes the time; after this alert_silenced answers for it. boot_ns: CLOCK_BOOTTIME. */
void alert_silences_at (struct alert_silences *s, int64_t wall_ns, int64_t boot_ns);
bool alert_silence_over (const struct alert_silence *s, int64_t wall_ns, int64_t boot_ns);
/* It is that name, whatever stands in it, or a glob that matches it. */
bool alert_silence_fits (const char *pattern, const char *name);
bool alert_silenced (const struct alert_silences *s, const char *rule, const char *row, int64_t wall_ns, int64_t boot_ns);

/* Those of `fresh` take the place of what there was; it is left empty. */
void alert_silences_take (struct alert_silences *s, struct alert_silences *fresh);
/* What a file says. Lines that are none are counted. 0 or -ENOMEM. */
int alert_silences_parse (struct alert_silences *s, const char *text, size_t length);

/* ---- silence-file.c ---- */

/* Reads the file again where it changed. Returns 1 when it was read, 0 when it is as it was, -errno. */
int alert_silences_refresh (struct alert_silences *s, int directory);
/* For commands. Adds one, whose id it makes. -EINVAL: times or texts that cannot be; -E2BIG: too many; -ENOENT: there is no
 * such directory, for no daemon has had alerts there: by root it would be made for root. */
int alert_silence_add (const char *directory, struct alert_silence *silence, int64_t now_wall_ns);
/* Ends those with this id, or, with id 0, those made for exactly this rule. Returns how many, or -errno. */
int alert_silence_end (const char *directory, uint64_t id, const char *rule, int64_t now_wall_ns);
#endif
