/* One table over a window: its rows, by key and identity, with a tally for each field in each pane. A tumbling window has one pane,
 * a sliding one several, of which the oldest is begun anew when time goes on. */
#ifndef WINDOW_H
#define WINDOW_H

#include "tally.h"

enum { WINDOW_MOST_ROWS = 65536 };
#define WINDOW_NEVER UINT64_MAX /* of a pane */

/* What all windows of an instance may take together. */
struct window_budget {
  size_t used, most;
  uint64_t lost; /* rows of samples there was no room for */
};

/* A field that is tallied. */
struct window_slot {
  char name[64];
  uint32_t field; /* of the incoming table */
  uint32_t type;
  bool sketch;
};

/* A field that comes out: a function of a slot, or (slot is KK_NONE) the last of an incoming field that is no number. */
struct window_out {
  char name[64]; /* of the incoming field */
  uint32_t slot;
  uint32_t field;
  uint32_t type;
  struct function function;
};

struct window_text {
  char *text; /* of a string; NULL: there is none */
  uint32_t absent;
  bool boolean;
};

struct window_row {
  char *key; /* NULL: a number, or a single row */
  uint64_t number, identity;
  uint64_t pane_seen;        /* number of the newest pane it was read in */
  uint64_t pane_held;        /* likewise where its table only repeated what was read before */
  size_t bytes;              /* of the budget */
  struct tally *tallies;     /* pane by pane */
  struct window_text *texts; /* by out field */
};

struct window {
  struct window_budget *budget;
  char *name; /* of the incoming table */
  uint32_t key_type;
  struct window_slot *slots;
  struct kk_column *columns; /* by slot: of the rows that are taken, while they are */
  struct window_out *outs;
  uint32_t n_slots, n_outs, n_panes;
  bool sketches, texts; /* whether there are any among the slots and outs */
  struct window_row *rows;
  uint32_t n_rows, cap;
  uint32_t *index; /* row + 1 by the key's hash; twice as many as rows at least */
  uint32_t n_index;
  uint32_t state;                /* the worst of the table since the newest pane began */
  uint32_t held_state;           /* of what it repeated last */
  uint64_t pane_read, pane_lost; /* the newest panes in which it was read, and in which there was no room for a row */
  unsigned bound;                /* how many bindings use it */
};

/* Whether a pane is one of those that end with the newest; none is when time went backwards. */
static inline bool
window_has (const struct window *w, uint64_t pane, uint64_t newest)
{
  return pane <= newest && newest - pane < w->n_panes;
}

void window_free (struct window *w);
/* What it holds was told. */
void window_empty (struct window *w);
/* Moves what `from` holds of the same table into `to`, for fields of the same name and type. 0 or -ENOMEM. */
int window_carry (struct window *to, struct window *from);
/* Takes what is fresh of a sample's table into the pane of that number. 0 or -ENOMEM. */
int window_take (struct window *w, const struct kk_sample *in, uint32_t table, uint64_t pane);
/* Puts what the panes up to that number came to into a table of `out`. 0 or -ENOMEM. */
int window_give (struct window *w, struct kk_rows *out, uint32_t table, uint64_t pane);
/* The pane of that number begins: what was in its place is over, and rows that are in no other are forgotten. */
void window_turn (struct window *w, uint64_t pane);
#endif
