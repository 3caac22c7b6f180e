/* What a schema says of its tables and fields, as JSON, for whoever reads samples as JSON. */
#ifndef SCHEMA_TEXT_H
#define SCHEMA_TEXT_H

#include "buf.h"

#include <kode-kronical/plugin.h>

/* {"format":1,"tables":{…}}, one line */
void schema_text (struct buf *out, const struct kk_schema *schema);
/* One of them: "name":{"help":…,"key":…,"fields":{…}}. `t` is what kk_schema_table says of it. */
void schema_text_table (struct buf *out, const struct kk_schema *schema, uint32_t number, const struct kk_table *t);
#endif
