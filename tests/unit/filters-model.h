/* What each filter is to do, slowly and obviously, over plain rows, as two configs of each have it. */
#ifndef FILTERS_MODEL_H
#define FILTERS_MODEL_H

#include "plain.h"

enum model_kind {
  MODEL_LABEL,
  MODEL_RENAME,
  MODEL_RATE,
  MODEL_AGGREGATE,
  MODEL_TOP,
  MODEL_DEDUP,
  MODEL_SELECT,
  MODEL_ALERT,
  MODEL_KINDS
};
enum { MODEL_CONFIGS = 15 };

struct model_config {
  enum model_kind kind;
  bool second; /* of its kind */
  bool once;   /* it cannot stand behind itself */
  const char *name, *options;
};

extern const struct model_config model_configs[MODEL_CONFIGS];

/* What a filter knows of a row from before. */
struct known {
  char table[PLAIN_TEXT], key[PLAIN_TEXT];
  uint64_t identity;
  bool seen;             /* in this sample */
  unsigned readings;     /* dedup: that it was left out, */
  struct plain_row sent; /* … since it was so */
  struct reckoned {      /* rate: of each field */
    bool read, has_rate;
    uint32_t why;
    double rate;
    uint64_t last;
    int64_t last_read_ns, with_value_ns, longest_without_ns, usual_ns;
    unsigned sleeps;
  } rates[PLAIN_FIELDS];
};

/* A row under a rule. */
struct judged {
  const char *rule;
  char key[PLAIN_TEXT];
  uint64_t identity;
  const char *state;
  bool unsure, seen, has_value;
  int64_t looked_ns, lasted_ns, since_ns;
  double value;
};

struct model {
  const struct model_config *config;
  struct known *known;
  uint32_t n_known;
  /* rate */
  int64_t last_ns, usual_ns;
  unsigned samples, sleeps;
  /* aggregate */
  struct plain *taken; /* of the window, oldest first */
  int64_t *panes;      /* of each of them */
  uint32_t n_taken, room;
  int64_t pane;
  bool begun;
  /* alert */
  struct judged *judged;
  uint32_t n_judged;
};

void model_begin (struct model *m, const struct model_config *c);
void model_end (struct model *m);
/* What the filter passes on of a sample, or at a stop. False: nothing. */
bool model_take (struct model *m, struct plain *in, struct plain *ret);
bool model_flush (struct model *m, struct plain *ret);

/* Of filters-model-time.c. */
void model_rate (struct model *m, struct plain *p);
bool model_aggregate (struct model *m, struct plain *in, struct plain *ret);
void model_alert (struct model *m, struct plain *p);
/* What is known of a row, empty where it is new or another thing. Once for each row and sample. */
struct known *model_known (struct model *m, const struct plain_table *t, const struct plain_row *row, bool *ret_new);
/* After all rows: those that are gone for certain are forgotten. */
void model_forget (struct model *m, const struct plain_table *t);
#endif
