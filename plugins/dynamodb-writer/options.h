/* What daemon.yaml says to dynamodb-writer. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "session.h"

#include <kode-kronical/plugin.h>

struct options {
  const char *table, *registry_table;
  const char *region, *aws_region; /* the first one wins; "": not said */
  const char *profile, *endpoint, *ca_file;
  const char *spool_dir; /* "": DATA_DIR/INSTANCE */
  int64_t spool_bytes, spool_age_ns, spread_ns, ttl_days;
  bool create_tables, fsync;
};

enum { OPTIONS = 14 };
extern const struct kk_option options_table[OPTIONS];

/* The check of struct kk_plugin: whether what is said can be used at all. No file, no network. */
int options_check (const void *options, struct kk_fault *fault);
/* What a session is to know of it; stop_fd and the functions are the caller's to set. Lives as long as `options`. */
struct session_settings options_session (const struct options *options);
#endif
