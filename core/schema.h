/* The tables and fields of samples, copied from descriptors so that they outlive any plugin. Immutable, reference-counted. */
#ifndef SCHEMA_H
#define SCHEMA_H

#include <kode-kronical/plugin.h>

struct table_schema {
  char *name;
  char *key; /* NULL: single */
  char *help;
  uint32_t key_type;
  uint32_t max_rows;
  uint32_t n_fields;
  struct kk_field *fields; /* strings are this schema's own */
  bool sparse;             /* most samples lack rows that are there */
};

struct schema {
  struct kk_schema face;
  uint32_t refs;
  uint64_t id;
  uint32_t n_tables;
  struct table_schema tables[];
};

/* A schema with room for n empty tables and one reference. NULL without memory. */
struct schema *schema_new (const struct kk_host *host, uint32_t n_tables);
struct schema *schema_ref (const struct schema *s);
void schema_unref (struct schema *s);
/* Appends a copy of a field. 0 or -ENOMEM. */
int table_schema_name (struct table_schema *t, const char *name, const char *key, const char *help, uint32_t key_type, uint32_t max_rows);
int table_schema_add (struct table_schema *t, const struct kk_field *field);
int64_t schema_find_table (const struct schema *s, const char *name); /* -1: none */
int64_t table_schema_find (const struct table_schema *t, const char *field);
#endif
