/* What people are told: sentences in the log, each seldom, and lines of `status`. For the network thread. */
#ifndef REPORT_H
#define REPORT_H

#include "session.h"
#include "shared.h"

enum { REPORT_TOPICS = 24 };

struct report_topic {
  uint64_t hash;   /* 0: free */
  int64_t next_ns; /* not said again before this */
  uint64_t unsaid;
};

struct report {
  struct shared *shared;
  struct report_topic topics[REPORT_TOPICS];
  int64_t since_ns;          /* when the trouble began; 0: there is none */
  bool said;                 /* of this trouble the log knows */
  uint64_t unread;           /* minutes on disk that cannot be read, as it was said */
  uint64_t read_again;       /* the spool's, when that began */
  int64_t line_ns;           /* when the last line about uploads was written; 0: never */
  uint64_t written, present; /* minutes since then: that went into the table, that were there as full already */
  int64_t newest;            /* minute of these */
  uint64_t uploaded;         /* minutes since the start */
};

void report_init (struct report *r, struct shared *shared);

/* Logs a sentence, but one of a topic only once an hour; how often it was left out is added then. */
__attribute__ ((format (printf, 4, 5))) void report_say (struct report *r, enum kk_level level, const char *topic,
                                                         const char *format, ...);
/* Why nothing is uploaded: said as above, as an error, and shown by `status` until it is over. */
__attribute__ ((format (printf, 3, 4))) void report_trouble (struct report *r, const char *topic, const char *format, ...);
/* Minutes on disk that cannot be read, or can again: that hinders no others. */
void report_unread (struct report *r, const struct spool_view *view);
/* An upload worked. `left`: minutes that wait still. */
void report_uploaded (struct report *r, const char *table, uint64_t written, uint64_t present, int64_t newest, uint64_t left);
/* Requests work again, without that any minute was to be uploaded. */
void report_works (struct report *r);
/* Where it goes to, when it is tried next. */
void report_place (struct report *r, const struct session_place *place);
void report_next (struct report *r, int64_t wall_ns, int64_t wait_ns);
/* "2026-01-01 00:00:59 UTC" */
enum { REPORT_TIME = 32 };
void report_time (int64_t second, char ret[REPORT_TIME]);
#endif
