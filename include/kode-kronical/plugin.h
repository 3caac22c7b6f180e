/* kode-kronical/plugin.h - the one header a plugin includes.
 *
 * A plugin is a shared object that exports one constant, made by KK_PLUGIN: what it is called, which options it takes, which
 * tables it fills, and a few callbacks. The host parses and checks the options, calls the callbacks and owns everything else.
 *
 * Threads: the host never calls one instance from two threads at once, and calls nothing before `create` or after `destroy`.
 * Calls of one instance may come from different threads; two instances of one plugin share nothing unless the plugin does.
 * Ownership: arguments are borrowed for the call. kk_sample_ref keeps a sample longer.
 * Errors: callbacks return 0 or -errno. One message through kk_error or kk_warn, where most is known, is enough.
 * Growth: structs here only ever grow at their end, and those that a plugin hands over carry their sizes in struct kk_plugin,
 * so a plugin built against this header keeps loading into later hosts without being rebuilt. struct kk_value, kk_time,
 * kk_list, kk_map and kk_fault never grow. What is called reserved stays 0.
 *
 * SPDX-License-Identifier: MIT */
#ifndef KODE_KRONICAL_PLUGIN_H
#define KODE_KRONICAL_PLUGIN_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define KK_API_NEWEST 2
#ifndef KK_API
#define KK_API KK_API_NEWEST /* define it before the include to say which API a source is written for */
#elif KK_API < 1 || KK_API > KK_API_NEWEST
#error "KK_API names an API that this kode-kronical/plugin.h does not know"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Tables: what an input fills and an output reads ---- */

enum kk_type { KK_TYPE_F64 = 1, KK_TYPE_U64, KK_TYPE_I64, KK_TYPE_BOOL, KK_TYPE_STRING };

enum kk_kind {
  KK_GAUGE = 1, /* goes up and down */
  KK_COUNTER,   /* only rises, until it is reset to 0 */
  KK_INFO,      /* says what something is: a name, a version, a state */
};

/* Why a value is not there: what kk_absent is given, and kk_get returns. A field that is not set is KK_UNSET, which may be
 * given too and takes back what was set. "Not known" is never written as 0. */
enum kk_absent {
  KK_PRESENT = 0,
  KK_UNSET,   /* nobody set it */
  KK_FIRST,   /* needs two readings, this is the first */
  KK_RESET,   /* its counter went backwards since the last reading */
  KK_GAP,     /* too long since the last reading */
  KK_SUSPEND, /* the machine slept since the last reading */
  KK_ERROR,   /* could not be read */
  KK_DENIED,  /* may not be read */
};

/* One field of a table. `decimals` of an f64: digits kept after the point when written, 1 to 9; 0: as many as it needs.
 * `only_if` names a KK_OPT_BOOL option of the plugin: the field is there only when that is true (setting it otherwise is
 * allowed and does nothing). `unit` is a UCUM code: "By", "s", "%", "1" for a plain count. */
struct kk_field {
  const char *name;
  const char *unit;
  const char *help;
  const char *only_if;
  uint32_t type; /* enum kk_type */
  uint32_t kind; /* enum kk_kind */
  uint32_t decimals;
  uint32_t reserved;
};
/* KK_F64 ("load_1m", "1", KK_GAUGE, .decimals = 2, .help = "…") */
#define KK_F64(name_, unit_, kind_, ...) {.name = (name_), .unit = (unit_), .type = KK_TYPE_F64, .kind = (kind_), __VA_ARGS__}
#define KK_U64(name_, unit_, kind_, ...) {.name = (name_), .unit = (unit_), .type = KK_TYPE_U64, .kind = (kind_), __VA_ARGS__}
#define KK_I64(name_, unit_, kind_, ...) {.name = (name_), .unit = (unit_), .type = KK_TYPE_I64, .kind = (kind_), __VA_ARGS__}
#define KK_BOOL(name_, ...) {.name = (name_), .unit = "1", .type = KK_TYPE_BOOL, .kind = KK_INFO, __VA_ARGS__}
#define KK_STRING(name_, ...) {.name = (name_), .unit = "1", .type = KK_TYPE_STRING, .kind = KK_INFO, __VA_ARGS__}

enum kk_key_type { KK_NO_KEY = 0, KK_STRING_KEY, KK_U64_KEY };

/* A table: one row (`key` is NULL) or one row per key. Fields are known by their index in `fields`. Names of tables, keys and
 * fields are lower case letters, digits and '_', at most 63. `max_rows`: more rows than this are counted and not kept; 0: the
 * host's limit (65,536). `only_if`: as of a field. */
struct kk_table {
  const char *name;
  const char *key;
  const char *help;
  const char *only_if;
  const struct kk_field *fields;
  uint32_t n_fields;
  uint32_t key_type; /* enum kk_key_type */
  uint32_t max_rows;
  uint32_t reserved;
};
#define KK_COUNT(array) ((uint32_t) (sizeof (array) / sizeof ((array)[0])))
/* KK_KEYED ("gpu", "device", KK_STRING_KEY, fields, "One row per device", .max_rows = 64); KK_SINGLE has no key and no key
 * type. */
#define KK_SINGLE(name_, fields_, help_, ...)                                                                                  \
  {.name = (name_), .help = (help_), .fields = (fields_), .n_fields = KK_COUNT (fields_), .key_type = KK_NO_KEY, __VA_ARGS__}
#define KK_KEYED(name_, key_, key_type_, fields_, help_, ...)                                                                  \
  {.name = (name_),                                                                                                            \
   .key = (key_),                                                                                                              \
   .help = (help_),                                                                                                            \
   .fields = (fields_),                                                                                                        \
   .n_fields = KK_COUNT (fields_),                                                                                             \
   .key_type = (key_type_),                                                                                                    \
   __VA_ARGS__}

/* ---- Options: parsed, checked and documented by the host ---- */

enum kk_option_type {
  KK_OPTION_BOOL = 1, /* bool */
  KK_OPTION_INT,      /* int64_t */
  KK_OPTION_FLOAT,    /* double; finite */
  KK_OPTION_STRING,   /* const char *; UTF-8, "" when unset */
  KK_OPTION_PATH,     /* const char *; ~ is expanded; absolute, or "" */
  KK_OPTION_DURATION, /* int64_t, nanoseconds: 250ms, 5s, 1.5h; a bare number is seconds */
  KK_OPTION_BYTES,    /* int64_t: 4096, 64KiB, 10MB */
  KK_OPTION_PERCENT,  /* double: 80 or 80% */
  KK_OPTION_CHOICE,   /* int32_t: the index in `choices` */
  KK_OPTION_LIST,     /* struct kk_list of strings; a single word is a list of one */
  KK_OPTION_MAP,      /* struct kk_map: names of the user's choice, each with a text or with `members`. Since API 2 */
};

struct kk_list {
  const char *const *items;
  uint32_t count;
  uint32_t reserved;
};

/* At most 1,000 entries. A name is 1 to 127 bytes of UTF-8 without control characters, and is there once. */
struct kk_map {
  const char *const *names; /* in the order of the file */
  const void *items; /* `count` strings, a const char *const *; with members `count` of their structs, one after the other */
  uint32_t count;
  uint32_t reserved;
};

enum kk_option_flags {
  KK_REQUIRED = 1 << 0, /* has no default and must be given */
  KK_ADVANCED = 1 << 1, /* documented, but not written into the generated daemon.yaml */
  KK_SECRET = 1 << 2,   /* never printed */
};

/* One option. `def`, `min` and `max` are written as a user would write them; a list's `def` is "[a, b]". `choices` is
 * "auto|on|off". Without `def` the member is zero, "" or an empty list; a map has no `def` and is empty when it is not given.
 * `members`, of a map: the options that each entry takes, of any type but a map; without them an entry is a text. */
struct kk_option {
  const char *name;
  const char *help; /* one line, begins with a capital letter, no full stop */
  const char *def;
  const char *min;
  const char *max;
  const char *choices;
  const char *unit; /* of a plain number, for the documentation */
  uint32_t type;    /* enum kk_option_type */
  uint32_t offset;  /* of the member in the plugin's config struct */
  uint32_t flags;
  uint32_t reserved;
  /* Since API 2; of a KK_OPTION_MAP. */
  const struct kk_option *members;
  uint32_t n_members;
  uint32_t member_size; /* of the struct that they fill */
};
#define KK_MEMBERS(options_, struct_) .members = (options_), .n_members = KK_COUNT (options_), .member_size = sizeof (struct_)

#ifndef __cplusplus
/* The member's offset; the compiler refuses a member whose C type does not fit the option. */
#define KK_MEMBER(struct_, member_, ...)                                                                                       \
  (uint32_t) (offsetof (struct_, member_) + 0 * sizeof (struct {                                                               \
                _Static_assert (_Generic (((struct_ *) 0)->member_, __VA_ARGS__, default : 0),                                 \
                                "this option needs another C type: see enum kk_option_type");                                  \
                int kk_unused;                                                                                                 \
              }))
#define KK_OPTION_(name_, type_, offset_, ...) {.name = (name_), .type = (type_), .offset = (offset_), __VA_ARGS__}
/* KK_OPT_DURATION ("timeout", struct config, timeout_ns, .def = "5s", .min = "100ms", .help = "Give up after this long") */
#define KK_OPT_BOOL(name_, struct_, member_, ...)                                                                              \
  KK_OPTION_ (name_, KK_OPTION_BOOL, KK_MEMBER (struct_, member_, bool : 1), __VA_ARGS__)
#define KK_OPT_INT(name_, struct_, member_, ...)                                                                               \
  KK_OPTION_ (name_, KK_OPTION_INT, KK_MEMBER (struct_, member_, int64_t : 1), __VA_ARGS__)
#define KK_OPT_FLOAT(name_, struct_, member_, ...)                                                                             \
  KK_OPTION_ (name_, KK_OPTION_FLOAT, KK_MEMBER (struct_, member_, double : 1), __VA_ARGS__)
#define KK_OPT_STRING(name_, struct_, member_, ...)                                                                            \
  KK_OPTION_ (name_, KK_OPTION_STRING, KK_MEMBER (struct_, member_, const char * : 1), __VA_ARGS__)
#define KK_OPT_PATH(name_, struct_, member_, ...)                                                                              \
  KK_OPTION_ (name_, KK_OPTION_PATH, KK_MEMBER (struct_, member_, const char * : 1), __VA_ARGS__)
#define KK_OPT_DURATION(name_, struct_, member_, ...)                                                                          \
  KK_OPTION_ (name_, KK_OPTION_DURATION, KK_MEMBER (struct_, member_, int64_t : 1), __VA_ARGS__)
#define KK_OPT_BYTES(name_, struct_, member_, ...)                                                                             \
  KK_OPTION_ (name_, KK_OPTION_BYTES, KK_MEMBER (struct_, member_, int64_t : 1), __VA_ARGS__)
#define KK_OPT_PERCENT(name_, struct_, member_, ...)                                                                           \
  KK_OPTION_ (name_, KK_OPTION_PERCENT, KK_MEMBER (struct_, member_, double : 1), __VA_ARGS__)
#define KK_OPT_CHOICE(name_, struct_, member_, choices_, ...)                                                                  \
  KK_OPTION_ (name_, KK_OPTION_CHOICE, KK_MEMBER (struct_, member_, int32_t : 1), .choices = (choices_), __VA_ARGS__)
#define KK_OPT_LIST(name_, struct_, member_, ...)                                                                              \
  KK_OPTION_ (name_, KK_OPTION_LIST, KK_MEMBER (struct_, member_, struct kk_list : 1), __VA_ARGS__)
/* KK_OPT_MAP ("fields", struct config, fields, .help = "Old names and new ones")
 * KK_OPT_MAP ("rules", struct config, rules, KK_MEMBERS (rule_options, struct rule), .help = "Rules by name") */
#define KK_OPT_MAP(name_, struct_, member_, ...)                                                                               \
  KK_OPTION_ (name_, KK_OPTION_MAP, KK_MEMBER (struct_, member_, struct kk_map : 1), __VA_ARGS__)
#endif

/* ---- Handles ---- Only the first member is a plugin's business, and only through the functions below. */

struct kk_host;
struct kk_instance { const struct kk_host *host; }; /* one configured use of a plugin */
struct kk_rows { const struct kk_host *host; };     /* what one `read` fills */
struct kk_row { const struct kk_host *host; };
struct kk_sample { const struct kk_host *host; };   /* what was collected at one tick; never changes */
struct kk_schema { const struct kk_host *host; };   /* the tables and fields of samples; outlives the plugin's own tables */
struct kk_shape { const struct kk_host *host; };    /* what a filter will make of a schema */
struct kk_emit { const struct kk_host *host; };     /* where a filter sends samples */
struct kk_declare { const struct kk_host *host; };  /* where an input declares tables */

/* When something was read. */
struct kk_time {
  int64_t wall_ns;    /* CLOCK_REALTIME, since 1970; may step */
  int64_t mono_ns;    /* CLOCK_MONOTONIC */
  int64_t elapsed_ns; /* in `read`: since this instance's last good read, or its creation; > 0. Elsewhere 0 */
  uint32_t after;     /* in `read`: KK_PRESENT, or why no rate should be formed over elapsed_ns: KK_FIRST (the first read after
                         `create`; a plugin that took a baseline there may ignore it), KK_GAP, KK_SUSPEND */
  uint32_t reserved;
};

enum kk_table_state {
  KK_COMPLETE = 0, /* every row there is: one that is missing is gone */
  KK_PARTIAL,      /* some rows may be missing: not readable, or filtered */
  KK_FAILED,       /* could not be read at this tick */
};

struct kk_table_info {
  int64_t wall_ns; /* when its newest contribution was read */
  int64_t mono_ns;
  uint32_t rows;
  uint32_t state; /* enum kk_table_state */
  uint32_t held;  /* 1: nothing in it was read at this tick; it repeats an earlier reading */
  uint32_t reserved;
};

struct kk_value {
  union {
    double f64;
    uint64_t u64;
    int64_t i64;
    bool boolean;
    const char *string; /* UTF-8, 0-terminated, valid as long as its sample */
  };
  uint32_t type;   /* enum kk_type */
  uint32_t absent; /* enum kk_absent */
  uint32_t length; /* of the string, in bytes */
  uint32_t held;   /* 1: repeats an earlier reading; rates, means and alerts leave it out */
};

/* A value as it lies in a column. Of a text its number: the same number in a column with the same `texts` is the same text. */
struct kk_cell {
  union {
    double f64;
    uint64_t u64;
    int64_t i64;
    uint64_t boolean; /* 0 or 1 */
    uint64_t text;
  };
};

/* One field, or the key, of rows that follow each other; valid as long as its sample. Since API 2. */
struct kk_column {
  const struct kk_cell *cells;
  const uint8_t *absent;      /* enum kk_absent of each; a cell that is absent has no meaning. NULL: all are there */
  const uint64_t *identities; /* of the rows; NULL: the table has a single one */
  uint32_t n;                 /* rows */
  uint32_t type;              /* enum kk_type */
  uint32_t held;              /* as of kk_value, and of all of them */
  uint32_t reserved;
  int64_t wall_ns, mono_ns; /* when they were read */
  uint64_t texts;           /* 0 where there are none */
};

enum kk_level { KK_LOG_ERROR = 3, KK_LOG_WARNING = 4, KK_LOG_INFO = 6, KK_LOG_DEBUG = 7 };

/* ---- The plugin ---- */

enum kk_plugin_kind { KK_INPUT = 1, KK_FILTER, KK_OUTPUT };

enum kk_plugin_flags {
  KK_LAST = 1 << 0, /* a filter that changes nothing and adds: it stands behind the others in the common pipeline unless
                       `pipeline:` names it. Since API 2 */
};

/* What is wrong with a config: the option (NULL: none in particular) and one sentence that says what would be right. */
struct kk_fault {
  const char *option; /* not copied: a constant, or a text within the config. "rules.NAME" and "rules.NAME.member" work too */
  char text[256];
};

#define KK_RETRY 1 /* what an output's `write` may return: not now, call again later */
#define KK_HELD  2 /* what an input's `read` may return: nothing is newer than at the last read */

struct kk_plugin {
  uint32_t size;
  uint32_t api;
  uint32_t option_size, field_size, table_size; /* of one element, so that those structs can grow */
  uint32_t kind;                                /* enum kk_plugin_kind */
  const char *name;                             /* as written in daemon.yaml: lower case letters, digits, '-' */
  const char *version;
  const char *summary; /* one line */
  const char *interval; /* inputs: time between reads when the user gives none: "60s"; NULL: that of the samples */
  const struct kk_option *options;
  const struct kk_table *tables; /* inputs only */
  uint32_t n_options, n_tables;
  uint32_t config_size, flags; /* enum kk_plugin_flags */

  /* Makes an instance. `config` is the plugin's own struct, filled from its options; it and the strings in it stay as they are
   * until `destroy` has returned. *state is passed to the other callbacks. On -errno nothing is left behind, and `destroy` is
   * not called. */
  int (*create) (struct kk_instance *self, const void *config, void **state);
  void (*destroy) (void *state); /* optional */

  /* Input: fills rows of its tables with what is true now. KK_HELD, where `after` is KK_PRESENT: what the last read left is
   * repeated, marked as held, and elapsed_ns goes on from there. On -errno and KK_HELD nothing of this read is kept. */
  int (*read) (void *state, struct kk_rows *out);

  /* Filter. `bind` is called once for every schema that comes along, before its first sample: it looks up tables and fields by
   * name, says through `shape` which of them will no longer be there, and may leave what it found out in *binding.
   * `process` is called for every sample of that schema and passes on 0 or more with kk_emit; what `shape` dropped is gone from
   * those already. Both are required. Optional: `unbind`, for each *binding that is not NULL, after its last sample;
   * `flush_filter`, told of a stop or reload, when there is no sample to pass on (since API 2: see kk_emit_rows). */
  int (*bind) (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding);
  void (*unbind) (void *state, void *binding);
  int (*process) (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out);
  int (*flush_filter) (void *state, struct kk_emit *out);

  /* Output, called from a thread of its own. `write`: 0: all n are done. KK_RETRY: the first *done are done; the host calls
   * again with the rest, later and later up to a bound. -errno: the first *done are done, the rest is given up and counted.
   * `flush` (optional): makes durable what was written; called at stop and reload. 0 or -errno. */
  int (*write) (void *state, const struct kk_sample *const *samples, uint32_t n, uint32_t *done);
  int (*flush) (void *state);

  /* Optional, any kind: whether a config makes sense beyond what the option table can say. It is asked when daemon.yaml is
   * checked, long before `create` and whether or not that is called later: it refuses for nothing but the config, changes
   * nothing and asks no network. 0, or kk_refuse (...). */
  int (*check) (const void *config, struct kk_fault *fault);
  /* Optional, inputs: declares with kk_declare_table the tables that depend on the config; their numbers follow those of
   * `tables`. When and how it is asked: as `check`, and after it. 0, -ENOMEM or kk_refuse (...). */
  int (*declare) (const void *config, struct kk_declare *out, struct kk_fault *fault);

  /* Since API 2. Optional, filters: what `bind` will do with `shape` under this config, so that daemon.yaml can be checked and
   * shown with all that flows before anything runs. When and how it is asked: as `check`, and after it. 0, -ENOMEM, or
   * kk_refuse (...) where the config names a table or field that does not come along. */
  int (*shape) (const void *config, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault);
};

/* return kk_refuse (fault, "track", "'%s' is no regular expression", text); */
__attribute__ ((format (printf, 3, 4))) static inline int
kk_refuse (struct kk_fault *fault, const char *option, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  fault->option = option;
  vsnprintf (fault->text, sizeof fault->text, format, args);
  va_end (args);
  return -EINVAL;
}

/* return kk_refuse_entry (fault, "rules", config->rules.names[i], "when", "'%s' is no condition", text): an entry of a map and
 * a member of it; `member` NULL: the entry as a whole. What it points at is put behind the sentence, within `text`. */
__attribute__ ((format (printf, 5, 6))) static inline int
kk_refuse_entry (struct kk_fault *fault, const char *option, const char *name, const char *member, const char *format, ...)
{
  enum { KK_ROOM = 160 };
  size_t room = strlen (option) + strlen (name) + (member ? strlen (member) + 1 : 0) + 2;
  va_list args;
  va_start (args, format);
  vsnprintf (fault->text, room > KK_ROOM ? sizeof fault->text : sizeof fault->text - room, format, args);
  va_end (args);
  fault->option = option;
  if (room > KK_ROOM)
    return -EINVAL;
  char *place = fault->text + sizeof fault->text - room;
  snprintf (place, room, "%s.%s%s%s", option, name, member ? "." : "", member ? member : "");
  fault->option = place;
  return -EINVAL;
}

#define KK_OPTIONS(options_) .options = (options_), .n_options = KK_COUNT (options_)
#define KK_TABLES(tables_) .tables = (tables_), .n_tables = KK_COUNT (tables_)
#define KK_EXPORT __attribute__ ((visibility ("default")))
/* KK_PLUGIN (.kind = KK_INPUT, .name = "gpu", .version = "1.0", .summary = "…", KK_OPTIONS (options), KK_TABLES (tables),
 *            .config_size = sizeof (struct config), .create = gpu_create, .read = gpu_read, .destroy = gpu_destroy); */
#define KK_PLUGIN(...)                                                                                                         \
  extern KK_EXPORT const struct kk_plugin kk_plugin;                                                                           \
  const struct kk_plugin kk_plugin = {.size = sizeof (struct kk_plugin),                                                       \
                                      .api = KK_API,                                                                           \
                                      .option_size = sizeof (struct kk_option),                                                \
                                      .field_size = sizeof (struct kk_field),                                                  \
                                      .table_size = sizeof (struct kk_table),                                                  \
                                      __VA_ARGS__}

/* ---- The host's functions ---- Call them through the inline functions below. */

struct kk_host {
  uint32_t size; /* bytes of this struct that the host provides */
  uint32_t api;
  void (*log) (struct kk_instance *self, uint32_t level, const char *text);
  uint32_t (*log_level) (const struct kk_instance *self);
  void (*status) (struct kk_instance *self, const char *key, const char *text);
  const char *(*name) (const struct kk_instance *self);
  const char *(*data_dir) (const struct kk_instance *self);
  int64_t (*interval) (const struct kk_instance *self);
  void (*now) (const struct kk_instance *self, struct kk_time *time);

  void (*read_time) (const struct kk_rows *out, struct kk_time *time);
  struct kk_row *(*row) (struct kk_rows *out, uint32_t table, const char *key, uint64_t identity);
  struct kk_row *(*row_u64) (struct kk_rows *out, uint32_t table, uint64_t key, uint64_t identity);
  void (*table_state) (struct kk_rows *out, uint32_t table, uint32_t state);
  void (*set_f64) (struct kk_row *row, uint32_t field, double value);
  void (*set_u64) (struct kk_row *row, uint32_t field, uint64_t value);
  void (*set_i64) (struct kk_row *row, uint32_t field, int64_t value);
  void (*set_bool) (struct kk_row *row, uint32_t field, bool value);
  void (*set_string) (struct kk_row *row, uint32_t field, const char *text, size_t length);
  void (*set_absent) (struct kk_row *row, uint32_t field, uint32_t why);

  uint64_t (*schema_id) (const struct kk_schema *schema);
  uint32_t (*schema_tables) (const struct kk_schema *schema);
  int (*schema_table) (const struct kk_schema *schema, uint32_t table, struct kk_table *ret, size_t size);
  int (*schema_field) (const struct kk_schema *schema, uint32_t table, uint32_t field, struct kk_field *ret, size_t size);

  struct kk_sample *(*sample_ref) (const struct kk_sample *sample);
  void (*sample_unref) (const struct kk_sample *sample);
  const struct kk_schema *(*sample_schema) (const struct kk_sample *sample);
  void (*sample_time) (const struct kk_sample *sample, struct kk_time *time);
  int (*table_info) (const struct kk_sample *sample, uint32_t table, struct kk_table_info *ret, size_t size);
  uint32_t (*get) (const struct kk_sample *sample, uint32_t table, uint32_t row, uint32_t field, struct kk_value *value);
  uint32_t (*get_key) (const struct kk_sample *sample, uint32_t table, uint32_t row, struct kk_value *value);
  uint64_t (*get_identity) (const struct kk_sample *sample, uint32_t table, uint32_t row);
  void (*value_time) (const struct kk_sample *sample, uint32_t table, uint32_t row, uint32_t field, struct kk_time *time);

  int (*shape_drop_table) (struct kk_shape *shape, uint32_t table);
  int (*shape_drop_field) (struct kk_shape *shape, uint32_t table, uint32_t field);
  int (*emit_keep_rows) (struct kk_emit *out, uint32_t table, const uint32_t *rows, uint32_t n);
  int (*emit) (struct kk_emit *out);

  int (*declare_table) (struct kk_declare *out, const struct kk_table *table, uint32_t table_size, uint32_t field_size);

  int64_t (*deadline) (const struct kk_instance *self);

  /* Since API 2. */
  int (*shape_rename_table) (struct kk_shape *shape, uint32_t table, const char *name);
  int (*shape_rename_key) (struct kk_shape *shape, uint32_t table, const char *name);
  int (*shape_rename_field) (struct kk_shape *shape, uint32_t table, uint32_t field, const char *name);
  int (*shape_add_field) (struct kk_shape *shape, uint32_t table, uint32_t like, const struct kk_field *field, size_t size,
                          uint32_t *ret);
  int (*shape_add_table) (struct kk_shape *shape, uint32_t like, const struct kk_table *table, uint32_t table_size,
                          uint32_t field_size, uint32_t *ret);
  struct kk_rows *(*emit_rows) (struct kk_emit *out);
  struct kk_row *(*emit_row) (struct kk_emit *out, uint32_t table, uint32_t row);
  int (*emit_time) (struct kk_emit *out, int64_t wall_ns, int64_t mono_ns);
  int (*row_like) (struct kk_row *row, uint32_t incoming);
  int (*shape_warn) (struct kk_shape *shape, const char *option, const char *text);
  int (*shape_touch) (struct kk_shape *shape, uint32_t table);
  int (*shape_sparse) (struct kk_shape *shape, uint32_t table);
  bool (*schema_sparse) (const struct kk_schema *schema, uint32_t table);
  uint32_t (*column) (const struct kk_sample *sample, uint32_t table, uint32_t field, uint32_t first, struct kk_column *ret,
                      size_t size);
  int (*emit_text) (struct kk_emit *out, uint32_t table, uint32_t field, const char *text, size_t length);
};

/* Whether the host behind a handle has one of the later functions. */
#define KK_HAS(handle_, function_)                                                                                             \
  ((handle_)->host->size >= offsetof (struct kk_host, function_) + sizeof (handle_)->host->function_)

/* Log one line; printf's rules; longer than 1,023 bytes is cut. Never log a secret. Any thread. */
__attribute__ ((format (printf, 3, 0))) static inline void
kk_vlog (struct kk_instance *self, uint32_t level, const char *format, va_list args)
{
  if (level > self->host->log_level (self))
    return;
  char text[1024];
  vsnprintf (text, sizeof text, format, args);
  self->host->log (self, level, text);
}
#define KK_LOG_FUNCTION_(function_, level_)                                                                                    \
  __attribute__ ((format (printf, 2, 3))) static inline void function_ (struct kk_instance *self, const char *format, ...)     \
  {                                                                                                                            \
    va_list args;                                                                                                              \
    va_start (args, format);                                                                                                   \
    kk_vlog (self, level_, format, args);                                                                                      \
    va_end (args);                                                                                                             \
  }
KK_LOG_FUNCTION_ (kk_error, KK_LOG_ERROR)  /* something was lost, or does not work until somebody acts */
KK_LOG_FUNCTION_ (kk_warn, KK_LOG_WARNING) /* works, but not as it should */
KK_LOG_FUNCTION_ (kk_info, KK_LOG_INFO)    /* a rare event that an administrator wants to see */
KK_LOG_FUNCTION_ (kk_debug, KK_LOG_DEBUG)  /* for whoever hunts a fault */
#undef KK_LOG_FUNCTION_

/* A line that `status` shows for this instance: "segment", "3 of 256 KiB". The same key replaces; "" removes. At most 16 keys
 * of 31 bytes, texts of 255. Any thread. */
__attribute__ ((format (printf, 3, 4))) static inline void
kk_status (struct kk_instance *self, const char *key, const char *format, ...)
{
  char text[256];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  self->host->status (self, key, text);
}

/* The instance's name in daemon.yaml. */
static inline const char *
kk_name (const struct kk_instance *self)
{
  return self->host->name (self);
}

/* The daemon's data directory, absolute; it exists. Keep files of the instance's own in it, named after the instance. In a
 * process of its own it is another: DATA/plugins/NAME, which belongs to the instance alone. */
static inline const char *
kk_data_dir (const struct kk_instance *self)
{
  return self->host->data_dir (self);
}

/* An input's interval between reads in ns; for filters and outputs that of the samples. */
static inline int64_t
kk_interval (const struct kk_instance *self)
{
  return self->host->interval (self);
}

/* How many ns a call may take before it counts as late: `read` of an input, `process` of a filter, `write` of an output. It
 * does not change while the instance lives. Who waits for somebody else waits a little less: the way back takes time too. */
static inline int64_t
kk_deadline (const struct kk_instance *self)
{
  return self->host->deadline (self);
}

/* The time now, by the host's clocks (tests give it clocks of their own). */
static inline void
kk_now (const struct kk_instance *self, struct kk_time *time)
{
  self->host->now (self, time);
}

/* ---- For inputs ---- */

/* In `declare`: one more table. All of it is copied. 0, -E2BIG (more than 64 tables or 512 fields), -ENOMEM. */
static inline int
kk_declare_table (struct kk_declare *out, const struct kk_table *table)
{
  return out->host->declare_table (out, table, sizeof *table, sizeof *table->fields);
}

/* When this read takes place, and what passed since the last good one. */
static inline void
kk_read_time (const struct kk_rows *out, struct kk_time *time)
{
  out->host->read_time (out, time);
}

/* Begins a row. `key`: NULL for a single table; it is copied. `identity` tells a reused key from the same thing: a process's
 * start time, an interface's index; 0 where there is none. A single table has one row: asked again, it is the same. Never
 * NULL: a row that cannot be kept (unknown table, key given twice, too many rows, no memory) is counted, and what is set in
 * it goes nowhere. Valid until the next row of the same table. */
static inline struct kk_row *
kk_row (struct kk_rows *out, uint32_t table, const char *key, uint64_t identity)
{
  return out->host->row (out, table, key, identity);
}
static inline struct kk_row *
kk_row_u64 (struct kk_rows *out, uint32_t table, uint64_t key, uint64_t identity)
{
  return out->host->row_u64 (out, table, key, identity);
}

/* Says of a table that it is KK_PARTIAL or KK_FAILED; without this it is KK_COMPLETE when `read` returns 0. */
static inline void
kk_table_state (struct kk_rows *out, uint32_t table, enum kk_table_state state)
{
  out->host->table_state (out, table, state);
}

/* Set a field by its index. A number that is not finite is stored as KK_ERROR; a field that does not exist, or has another
 * type, is counted and not stored. */
static inline void
kk_f64 (struct kk_row *row, uint32_t field, double value)
{
  row->host->set_f64 (row, field, value);
}
static inline void
kk_u64 (struct kk_row *row, uint32_t field, uint64_t value)
{
  row->host->set_u64 (row, field, value);
}
static inline void
kk_i64 (struct kk_row *row, uint32_t field, int64_t value)
{
  row->host->set_i64 (row, field, value);
}
static inline void
kk_bool (struct kk_row *row, uint32_t field, bool value)
{
  row->host->set_bool (row, field, value);
}
/* Any bytes: what is no UTF-8 becomes U+FFFD, a 0 byte ends it, more than 16 KiB is cut. */
static inline void
kk_string_n (struct kk_row *row, uint32_t field, const char *text, size_t length)
{
  row->host->set_string (row, field, text, length);
}
static inline void
kk_string (struct kk_row *row, uint32_t field, const char *text)
{
  row->host->set_string (row, field, text, text ? strlen (text) : 0);
}
/* Says why a field has no value. */
static inline void
kk_absent (struct kk_row *row, uint32_t field, enum kk_absent why)
{
  row->host->set_absent (row, field, why);
}

/* ---- For filters and outputs ---- */

/* A number that no other schema of this daemon has or will have: remember by it what was looked up. */
static inline uint64_t
kk_schema_id (const struct kk_schema *schema)
{
  return schema->host->schema_id (schema);
}
static inline uint32_t
kk_schema_tables (const struct kk_schema *schema)
{
  return schema->host->schema_tables (schema);
}
/* Describe table number `table`, whose `fields` pointer is NULL, and a field of it. Numbers count from 0 to n_fields - 1; the
 * strings live as long as a sample of the schema. 0 or -EINVAL. */
static inline int
kk_schema_table (const struct kk_schema *schema, uint32_t table, struct kk_table *ret)
{
  return schema->host->schema_table (schema, table, ret, sizeof *ret);
}
static inline int
kk_schema_field (const struct kk_schema *schema, uint32_t table, uint32_t field, struct kk_field *ret)
{
  return schema->host->schema_field (schema, table, field, ret, sizeof *ret);
}

/* Keeps a sample beyond the call, until kk_sample_unref. Any thread. */
static inline struct kk_sample *
kk_sample_ref (const struct kk_sample *sample)
{
  return sample->host->sample_ref (sample);
}
static inline void
kk_sample_unref (const struct kk_sample *sample)
{
  if (sample)
    sample->host->sample_unref (sample);
}
static inline const struct kk_schema *
kk_sample_schema (const struct kk_sample *sample)
{
  return sample->host->sample_schema (sample);
}
/* The tick's time; `after` says what came before it: KK_PRESENT, KK_FIRST, KK_GAP (ticks were missed), KK_SUSPEND. */
static inline void
kk_sample_time (const struct kk_sample *sample, struct kk_time *time)
{
  sample->host->sample_time (sample, time);
}
/* 0 or -EINVAL. */
static inline int
kk_table_info (const struct kk_sample *sample, uint32_t table, struct kk_table_info *ret)
{
  return sample->host->table_info (sample, table, ret, sizeof *ret);
}
/* One value; rows count from 0. Returns value->absent, so `if (!kk_get (...))` means: it is there. A key is a string or a
 * u64. */
static inline uint32_t
kk_get (const struct kk_sample *sample, uint32_t table, uint32_t row, uint32_t field, struct kk_value *value)
{
  return sample->host->get (sample, table, row, field, value);
}
static inline uint32_t
kk_get_key (const struct kk_sample *sample, uint32_t table, uint32_t row, struct kk_value *value)
{
  return sample->host->get_key (sample, table, row, value);
}
static inline uint64_t
kk_get_identity (const struct kk_sample *sample, uint32_t table, uint32_t row)
{
  return sample->host->get_identity (sample, table, row);
}
#define KK_NONE UINT32_MAX
/* For many rows at once, where a call for each value takes too long: the values of a field, or with KK_NONE the keys, from row
 * `first` on to where the table's rows of one input end. Returns their number, also in ret->n; 0: there is no such row, or no
 * such field or key, or the host is an older one, so that kk_get has to do. All columns of a table have the same number of rows
 * from a row on. */
static inline uint32_t
kk_column (const struct kk_sample *sample, uint32_t table, uint32_t field, uint32_t first, struct kk_column *ret)
{
  return KK_HAS (sample, column) ? sample->host->column (sample, table, field, first, ret, sizeof *ret) : 0;
}
/* When this value was read: `system` is filled by several inputs, which may have intervals of their own. */
static inline void
kk_value_time (const struct kk_sample *sample, uint32_t table, uint32_t row, uint32_t field, struct kk_time *time)
{
  sample->host->value_time (sample, table, row, field, time);
}

/* ---- For filters ---- */

/* In `bind`: this table, or this field of it, is not passed on. Numbers are those of the incoming schema. 0 or -EINVAL. */
static inline int
kk_shape_drop_table (struct kk_shape *shape, uint32_t table)
{
  return shape->host->shape_drop_table (shape, table);
}
static inline int
kk_shape_drop_field (struct kk_shape *shape, uint32_t table, uint32_t field)
{
  return shape->host->shape_drop_field (shape, table, field);
}
/* In `process`, before kk_emit: of this keyed table only these rows (ascending numbers of the incoming sample; copied) are
 * passed on; it becomes KK_PARTIAL. 0, -EINVAL, -ENOMEM. */
static inline int
kk_emit_keep_rows (struct kk_emit *out, uint32_t table, const uint32_t *rows, uint32_t n)
{
  return out->host->emit_keep_rows (out, table, rows, n);
}
/* In `process`: passes the sample on. 0, -EINVAL, -E2BIG (too many of them), -ENOMEM. */
static inline int
kk_emit (struct kk_emit *out)
{
  return out->host->emit (out);
}

/* ---- For filters that change and add ---- Since API 2: an older host answers -ENOSYS, or NULL. */

/* In `bind` and `shape`: another name, for a table, for what its rows are known by, for a field. No two of those that go on may
 * have one name in the end; renaming two crosswise is fine. 0, -EINVAL (no such thing, or no name), -ENOMEM. */
static inline int
kk_shape_rename_table (struct kk_shape *shape, uint32_t table, const char *name)
{
  return KK_HAS (shape, shape_rename_table) ? shape->host->shape_rename_table (shape, table, name) : -ENOSYS;
}
static inline int
kk_shape_rename_key (struct kk_shape *shape, uint32_t table, const char *name)
{
  return KK_HAS (shape, shape_rename_key) ? shape->host->shape_rename_key (shape, table, name) : -ENOSYS;
}
static inline int
kk_shape_rename_field (struct kk_shape *shape, uint32_t table, uint32_t field, const char *name)
{
  return KK_HAS (shape, shape_rename_field) ? shape->host->shape_rename_field (shape, table, field, name) : -ENOSYS;
}

/* In `bind` and `shape`: one more field for an incoming table, set with kk_emit_row; all of `field` is copied. *ret: its number
 * in that. `like`: the field of that table it is made from, as old as which it counts (where that is held, this is); KK_NONE:
 * it is of the sample's own time. 0, -EINVAL, -E2BIG (more than 512 fields), -ENOMEM. */
static inline int
kk_shape_add_field (struct kk_shape *shape, uint32_t table, uint32_t like, const struct kk_field *field, uint32_t *ret)
{
  return KK_HAS (shape, shape_add_field) ? shape->host->shape_add_field (shape, table, like, field, sizeof *field, ret)
                                         : -ENOSYS;
}
/* Likewise one more table, filled through kk_emit_rows; all of `table` is copied. It may have the name of one that is dropped.
 * *ret: its number there, which is no incoming table's. `like`: the incoming table it is made from, or KK_NONE. */
static inline int
kk_shape_add_table (struct kk_shape *shape, uint32_t like, const struct kk_table *table, uint32_t *ret)
{
  return KK_HAS (shape, shape_add_table)
           ? shape->host->shape_add_table (shape, like, table, sizeof *table, sizeof *table->fields, ret)
           : -ENOSYS;
}

/* In `bind`: this table is one that the filter has a hand in, as it has in those that it drops, renames or adds to without
 * this. Where `process` fails, these go on as KK_FAILED, without values, since they might show what the filter hides; the rest
 * goes on as it came. KK_NONE: it touches no further ones. A filter that never calls this is taken to touch all: where it fails
 * nothing goes on. 0, -EINVAL. */
static inline int
kk_shape_touch (struct kk_shape *shape, uint32_t table)
{
  return KK_HAS (shape, shape_touch) ? shape->host->shape_touch (shape, table) : -ENOSYS;
}
/* In `shape`: most samples will lack rows of this keyed table that are there, and values with them. 0, -EINVAL. */
static inline int
kk_shape_sparse (struct kk_shape *shape, uint32_t table)
{
  return KK_HAS (shape, shape_sparse) ? shape->host->shape_sparse (shape, table) : -ENOSYS;
}
/* Whether a filter in front said that of a table; where it was renamed, too. */
static inline bool
kk_schema_sparse (const struct kk_schema *schema, uint32_t table)
{
  return KK_HAS (schema, schema_sparse) && schema->host->schema_sparse (schema, table);
}

/* In `shape`: what is allowed under this config and hardly meant, such as a glob that names nothing. As kk_refuse, but the
 * configuration stays a good one. In `bind` nobody hears it. 0, -E2BIG (more than 16 of them), -ENOMEM. */
__attribute__ ((format (printf, 3, 4))) static inline int
kk_shape_warn (struct kk_shape *shape, const char *option, const char *format, ...)
{
  char text[256];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  return KK_HAS (shape, shape_warn) ? shape->host->shape_warn (shape, option, text) : -ENOSYS;
}

/* In `process` and `flush_filter`, for the next kk_emit: the tables that kk_shape_add_table added, to be filled as in an
 * input's `read`. In `flush_filter` kk_emit passes on what came last along with them, marked as held. NULL where nothing was
 * added, or `flush_filter` was called before anything came. */
static inline struct kk_rows *
kk_emit_rows (struct kk_emit *out)
{
  return KK_HAS (out, emit_rows) ? out->host->emit_rows (out) : NULL;
}
/* Of a row of an added table that has a `like`: it is as old as that row of the incoming table, and held where that is. Without
 * this it is as old as the newest of them. Rows of one producer then come together, in the order in which they were begun. 0,
 * -ENOMEM, -ENOSYS. */
static inline int
kk_row_like (struct kk_row *row, uint32_t incoming)
{
  return KK_HAS (row, row_like) ? row->host->row_like (row, incoming) : -ENOSYS;
}
/* In `process`, for the next kk_emit: a row of the incoming sample, to set the fields in it that kk_shape_add_field added.
 * Valid until the next call for the same table. Never NULL: where there is nothing to set it goes nowhere. */
static inline struct kk_row *
kk_emit_row (struct kk_emit *out, uint32_t table, uint32_t row)
{
  return KK_HAS (out, emit_row) ? out->host->emit_row (out, table, row) : NULL;
}
/* In `process`: one text for an added field in all rows of the incoming table, as kk_emit_row and kk_string_n in each of them.
 * 0, -EINVAL (no such field, or no text), -ENOMEM, -ENOSYS. */
static inline int
kk_emit_text (struct kk_emit *out, uint32_t table, uint32_t field, const char *text, size_t length)
{
  return KK_HAS (out, emit_text) ? out->host->emit_text (out, table, field, text, length) : -ENOSYS;
}
/* In `process` and `flush_filter`, for the next kk_emit: the sample is of another time than that of the one that came in (the
 * end of a window). 0 or -ENOSYS. */
static inline int
kk_emit_time (struct kk_emit *out, int64_t wall_ns, int64_t mono_ns)
{
  return KK_HAS (out, emit_time) ? out->host->emit_time (out, wall_ns, mono_ns) : -ENOSYS;
}

#ifdef __cplusplus
}
#endif
#endif
