/* A sample as one JSON object: {"timestamp":…,"system":{…},"processes":{"42":{…}}}. Values that are not there are left out. */
#ifndef SAMPLE_JSON_H
#define SAMPLE_JSON_H

#include "buf.h"

#include <kode-kronical/plugin.h>

void sample_json (struct buf *b, const struct kk_sample *sample);
#endif
