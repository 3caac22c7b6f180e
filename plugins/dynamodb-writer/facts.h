/* What a minute wants to know, out of a sample: tables and fields are looked up once per schema. */
#ifndef FACTS_H
#define FACTS_H

#include "minute.h"

#include <kode-kronical/plugin.h>

struct facts {
  uint64_t schema_id;
  bool made;
  struct {
    uint32_t table, field;
    bool there;
  } places[MINUTE_SOURCES];
};

/* A zeroed struct facts is good to begin with. */
void facts_take (struct facts *f, const struct kk_sample *sample, struct minute_reading *ret);
#endif
