/* The expressions of alert rules and of select's `where`: kode-kronical-expression(7) is their manual.
 *
 *   expression_parse ("processes[name=python*].memory_rss_mb > 2GiB", NULL, &e, &fault)
 *   expression_clear (e, "< 1.5GiB", &fault)              when there is a condition to clear by
 *   expression_bind (e, schema, &b, &fault)               in a filter's `bind`, once for each schema
 *   expression_evaluate (e, b, sample, report, arg, &o)   in its `process`
 *
 * Samples and schemas are looked at through kode-kronical/plugin.h alone, so any plugin may link this. What rate(), change()
 * and absent() remember is in the expression, and outlives bindings: two users of one text parse it twice. An expression and
 * its bindings belong to one thread at a time. Once it has seen its rows, expression_evaluate allocates nothing. */
#ifndef EXPRESSION_H
#define EXPRESSION_H

#include <kode-kronical/plugin.h>

struct expression;
struct expression_binding;

enum { EXPRESSION_MAX_TEXT = 4096, EXPRESSION_MAX_NODES = 1000, EXPRESSION_MAX_DEPTH = 64 };

struct expression_fault {
  uint32_t column; /* of the text, counted in characters from 1 */
  bool in_clear;   /* of which text: that of expression_clear */
  char text[256];  /* one sentence */
};

/* Without `table` (NULL) fields are written as table.field; with it, field is one of that table. 0, -EINVAL with *fault,
 * -ENOMEM. */
int expression_parse (const char *text, const char *table, struct expression **ret, struct expression_fault *fault);
void expression_free (struct expression *e); /* after its bindings; NULL is fine */
/* The condition that ends what the expression began: "< 80" compares the left side of the expression's only comparison,
 * anything else is a whole expression. Once, before the first bind. 0, -EINVAL with *fault, -ENOMEM: then there is none. */
int expression_clear (struct expression *e, const char *text, struct expression_fault *fault);

/* 0; -ENOENT with *fault: bound, but the schema lacks something, and what depends on it will be unknown; -EINVAL with *fault;
 * -ENOMEM. *ret is there with the first two. */
int expression_bind (const struct expression *e, const struct kk_schema *schema, struct expression_binding **ret,
                     struct expression_fault *fault);
void expression_unbind (struct expression_binding *b); /* NULL is fine */
/* The n-th of the things that the schema lacks, counted from 0; false when there are not so many. */
bool expression_missing (const struct expression_binding *b, uint32_t n, struct expression_fault *fault);
/* The n-th of the tables that it looks at, by its number in the schema, counted from 0; false when there are not so many. */
bool expression_table (const struct expression_binding *b, uint32_t n, uint32_t *ret);
/* The number of the keyed table whose rows are judged one by one; -1: the expression is judged once for each sample. */
int expression_rows_of (const struct expression_binding *b);
/* What in it needs to know all rows of that table, to tell what is not there: "gone" or "count"; NULL: nothing. */
const char *expression_needs_all (const struct expression *e, const struct expression_binding *b, uint32_t table);
/* The unit of results' values, UCUM, "" when there is none. */
const char *expression_unit (const struct expression_binding *b);

/* What stands behind the value that people see, as "> 90", where that is all there is; else the whole text. It is the
 * expression's. */
const char *expression_bound (const struct expression *e, uint32_t *ret_length);

enum expression_verdict { EXPRESSION_UNKNOWN = -1, EXPRESSION_NO, EXPRESSION_YES };
enum expression_type { EXPRESSION_NO_VALUE, EXPRESSION_NUMBER, EXPRESSION_BOOLEAN, EXPRESSION_TEXT };

/* Valid during the report. */
struct expression_result {
  const struct kk_sample *sample;
  uint32_t row;        /* of expression_rows_of; UINT32_MAX: of no row */
  struct kk_value key; /* absent is KK_UNSET where there is no row */
  uint64_t identity;
  enum expression_verdict verdict;
  enum expression_verdict clear; /* EXPRESSION_UNKNOWN where there is no such condition */
  bool fresh;                    /* something in it was read at this tick: only then the result is news */
  uint8_t value_type;            /* enum expression_type of what people want to see: the left side of the first comparison */
  union {
    double number;
    bool boolean;
    struct {
      const char *text;
      uint32_t length;
    };
  };
  uint16_t why, why_node; /* for expression_why */
};

struct expression_outcome {
  uint32_t reported;
  bool all; /* every row that there is was looked at, now: one that was reported before and is not reported now is gone */
};

/* Reports one result, or one for each row that the expression chooses (also those of which it cannot be told whether it does:
 * unknown). 0, or -EINVAL: the sample is of another schema. `ret` may be NULL. */
int expression_evaluate (struct expression *e, struct expression_binding *b, const struct kk_sample *sample,
                         void (*report) (void *arg, const struct expression_result *result), void *arg,
                         struct expression_outcome *ret);
/* The same where only rows of which it is true are asked for, and it is about numbers of all rows of a table: sets yes[row] of
 * the n rows, much faster. False: it is about something else, and is still to be evaluated. */
bool expression_filter (struct expression *e, struct expression_binding *b, const struct kk_sample *sample, bool *yes,
                        uint32_t n);
/* For a sample whose rows are of no interest, as they are those of the one before: what rate(), change() and absent() remember
 * knows then of gaps, and of what came in other tables. 0 or -EINVAL as above. */
int expression_pass (struct expression *e, struct expression_binding *b, const struct kk_sample *sample);
/* Unknown only because it is too early to know: a first reading, or not watched for as long as it asks for. */
bool expression_is_early (const struct expression_result *result);
/* Why the verdict of a result is unknown, as one clause: "processes.cpu_percent may not be read". Returns `text`. */
const char *expression_why (const struct expression *e, const struct expression_result *result, char *text, size_t size);
#endif
