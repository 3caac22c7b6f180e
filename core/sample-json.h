/* A sample as one JSON object: {"timestamp":…,"system":{…},"processes":{"42":{…}}}. Values that are not there are left out. */
#ifndef SAMPLE_JSON_H
#define SAMPLE_JSON_H

#include "buf.h"

#include <kode-kronical/plugin.h>
#include <stddef.h>

void sample_json (struct buf *b, const struct kk_sample *sample);
/* Its time, and of its tables only these. */
void sample_json_tables (struct buf *b, const struct kk_sample *sample, const char *const *names, size_t n);
#endif
