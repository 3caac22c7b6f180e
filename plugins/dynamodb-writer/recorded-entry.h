/* One entry of a recorded file as a reading. */
#ifndef RECORDED_ENTRY_H
#define RECORDED_ENTRY_H

#include "minute.h"

#include <json-c/json.h>

/* What was read before, to tell a new value from one that stands there again. A zeroed one is good to begin with. */
struct recorded_memory {
  int64_t cpu_ns, memory_ns; /* as in struct recorded_source */
  int64_t network_ns;        /* its own time in the last entry */
  struct {
    double value;
    int64_t wall_ns; /* when it was new */
    bool known;
  } last[MINUTE_SOURCES];
};

/* False: this is no entry with a time. */
bool recorded_entry (struct recorded_memory *m, json_object *entry, struct minute_reading *ret);
#endif
