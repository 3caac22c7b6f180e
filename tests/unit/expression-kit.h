/* Samples for expressions: three tables that say what the test wrote into them, each an input of its own. */
#ifndef EXPRESSION_KIT_H
#define EXPRESSION_KIT_H

#include "expression/expression.h"
#include "fake.h"

enum { SYSTEM, PROCESSES, INTERFACES, KIT_TABLES, KIT_ROWS = 400, KIT_FIELDS = 16 };

enum { S_CPU, S_USED_MB, S_BYTES, S_STATE, S_ONLINE, S_CPU_S, S_WAIT_MS, S_TEMP, S_LOAD, S_BALANCE, S_RATE };
enum { P_NAME, P_CPU, P_RSS_MB, P_READ, P_THREADS, P_TRACKED };
enum { I_SENT, I_SPEED, I_PHYSICAL };

struct kit_cell {
  uint32_t absent; /* KK_UNSET unless a value was written */
  union {
    double f64;
    uint64_t u64;
    int64_t i64;
    bool boolean;
    const char *string;
  };
};

struct kit_row {
  uint64_t number;
  char name[32];
  uint64_t identity;
  struct kit_cell cells[KIT_FIELDS];
};

struct kit_table {
  const struct kk_plugin *plugin;
  struct kit_row rows[KIT_ROWS];
  uint32_t n;
  int result; /* 0, KK_HELD, -errno */
  bool partial;
};

struct kit {
  struct env env;
  struct clock_reading now;
  uint64_t tick;
  uint32_t after; /* of the next sample; then KK_PRESENT again */
  struct kit_table *tables;
  struct descriptor *d[KIT_TABLES];
  struct instance_plan plans[KIT_TABLES];
  struct input *inputs[KIT_TABLES];
  struct layout *layout;
  struct sample *sample; /* the newest */
};

/* With a row of `system` and no others, nothing set in it. */
void kit_init (struct kit *k);
void kit_free (struct kit *k);
/* The next sample, so long after the last; it belongs to the kit and lives until the next. */
const struct kk_sample *kit_tick (struct kit *k, int64_t ns);
const struct kk_schema *kit_schema (const struct kit *k);

const struct kk_table *kit_table (unsigned table);

/* A new row at the end; the key of processes is a number, that of interfaces a name. */
struct kit_row *kit_process (struct kit *k, uint64_t pid, uint64_t identity, const char *name);
struct kit_row *kit_interface (struct kit *k, const char *name, uint64_t identity);
void kit_f64 (struct kit *k, unsigned table, uint32_t row, uint32_t field, double value);
void kit_u64 (struct kit *k, unsigned table, uint32_t row, uint32_t field, uint64_t value);
void kit_i64 (struct kit *k, unsigned table, uint32_t row, uint32_t field, int64_t value);
void kit_bool (struct kit *k, unsigned table, uint32_t row, uint32_t field, bool value);
void kit_string (struct kit *k, unsigned table, uint32_t row, uint32_t field, const char *value);
void kit_absent (struct kit *k, unsigned table, uint32_t row, uint32_t field, uint32_t why);

/* What an expression says of the newest sample. */
enum { KIT_MOST = KIT_ROWS };
struct kit_results {
  struct expression_result results[KIT_MOST];
  char whys[KIT_MOST][200];
  struct expression_outcome outcome;
  uint32_t n;
  const struct expression *e;
};
void kit_evaluate (const struct kit *k, struct expression *e, struct expression_binding *b, struct kit_results *ret);
#endif
