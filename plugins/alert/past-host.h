/* What past.c makes of JSON, and the functions of a host that show it. */
#ifndef ALERT_PAST_HOST_H
#define ALERT_PAST_HOST_H

#include <json-c/json.h>
#include <kode-kronical/plugin.h>

struct past_row {
  const char *key;
  json_object *object;
};

struct past_table {
  struct kk_table face; /* its texts are the schema's */
  struct kk_field *fields;
  json_object *object; /* as it was read last; NULL: never */
  struct past_row *rows;
  size_t n_rows, capacity;
  int64_t wall_ns, mono_ns; /* of that reading */
  int64_t stamp;            /* what it says itself; 0: nothing */
  bool held;
};

struct past {
  struct kk_sample sample; /* first */
  struct kk_schema schema;
  struct kk_host host;
  json_object *text; /* the schema */
  struct past_table *tables;
  uint32_t n_tables;
  int64_t interval_ns;
  int64_t wall_ns, mono_ns;
  uint32_t after;
  bool partial;
};

/* Only what looks at samples and schemas. */
void past_host (struct kk_host *host);
#endif
