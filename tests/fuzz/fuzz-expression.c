/* Any line as an expression, a second one as the condition to clear by; the rest says what the samples hold. Refused with a
 * sentence and a column that is in the text, or evaluated to yes, no, or an unknown with a reason. */
#include "expression/expression.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { TABLES = 3, FIELDS = 6, ROWS = 4, SAMPLES = 5 };

static const struct kk_field fields[FIELDS] = {
  KK_F64 ("share", "%", KK_GAUGE),
  KK_F64 ("size", "MiBy", KK_GAUGE),
  KK_U64 ("sent", "By", KK_COUNTER),
  KK_I64 ("wait", "ms", KK_GAUGE),
  KK_BOOL ("on"),
  KK_STRING ("name"),
};
static const struct kk_table tables[TABLES] = {
  {.name = "system", .n_fields = FIELDS, .key_type = KK_NO_KEY},
  {.name = "rows", .key = "number", .n_fields = FIELDS, .key_type = KK_U64_KEY},
  {.name = "lines", .key = "line", .n_fields = FIELDS, .key_type = KK_STRING_KEY},
};
static const char *const words[] = {"", "eth0", "python", "\303\244[*?", "a\nb", "ok", "[a-", "\377"};

/* What the samples hold: the bytes again and again. */
static struct {
  const uint8_t *data;
  size_t size;
  uint32_t sample;
  struct kk_time time;
} now;

static uint8_t
byte (uint32_t a, uint32_t b, uint32_t c)
{
  uint32_t at = a * 131 + b * 31 + c * 7 + now.sample * 17;
  return now.size ? now.data[at % now.size] : 0;
}

static uint64_t
schema_id (const struct kk_schema *schema)
{
  (void) schema;
  return 7;
}

static uint32_t
schema_tables (const struct kk_schema *schema)
{
  (void) schema;
  return TABLES;
}

static int
schema_table (const struct kk_schema *schema, uint32_t table, struct kk_table *ret, size_t size)
{
  (void) schema;
  if (table >= TABLES || size != sizeof *ret)
    return -EINVAL;
  *ret = tables[table];
  return 0;
}

static int
schema_field (const struct kk_schema *schema, uint32_t table, uint32_t field, struct kk_field *ret, size_t size)
{
  (void) schema;
  if (table >= TABLES || field >= FIELDS || size != sizeof *ret)
    return -EINVAL;
  *ret = fields[field];
  return 0;
}

static const struct kk_schema *sample_schema (const struct kk_sample *sample);

static void
sample_time (const struct kk_sample *sample, struct kk_time *time)
{
  (void) sample;
  *time = now.time;
}

static int
table_info (const struct kk_sample *sample, uint32_t table, struct kk_table_info *ret, size_t size)
{
  (void) sample;
  if (table >= TABLES || size != sizeof *ret)
    abort ();
  *ret = (struct kk_table_info){
    .rows = table ? byte (table, 1, 1) % (ROWS + 1) : 1, .state = byte (table, 2, 2) % 3, .held = byte (table, 3, 3) % 4 == 0};
  return 0;
}

static void
put_word (struct kk_value *v, unsigned n)
{
  v->type = KK_TYPE_STRING;
  v->string = words[n % 8];
  v->length = (uint32_t) strlen (v->string);
}

static uint32_t
get (const struct kk_sample *sample, uint32_t table, uint32_t row, uint32_t field, struct kk_value *v)
{
  struct kk_table_info info;
  table_info (sample, table, &info, sizeof info);
  if (row >= info.rows || field >= FIELDS)
    abort ();
  uint8_t b = byte (table, row, field);
  *v = (struct kk_value){.type = fields[field].type, .absent = b % 16 < 8 ? b % 16 : 0, .held = info.held};
  if (v->absent)
    return v->absent;
  if (v->type == KK_TYPE_F64)
    v->f64 = b > 250 ? 1e308 : b - 128;
  else if (v->type == KK_TYPE_U64)
    v->u64 = b > 250 ? UINT64_MAX : (uint64_t) b * 1000000;
  else if (v->type == KK_TYPE_I64)
    v->i64 = b > 250 ? INT64_MIN : b - 100;
  else if (v->type == KK_TYPE_BOOL)
    v->boolean = b & 1;
  else
    put_word (v, b / 16);
  return 0;
}

static uint32_t
get_key (const struct kk_sample *sample, uint32_t table, uint32_t row, struct kk_value *v)
{
  (void) sample;
  *v = (struct kk_value){.type = KK_TYPE_U64, .u64 = byte (table, row, 9) % 8};
  if (table == 2)
    put_word (v, byte (table, row, 9));
  return 0;
}

static uint64_t
get_identity (const struct kk_sample *sample, uint32_t table, uint32_t row)
{
  (void) sample;
  return byte (table, row, 10) % 2;
}

static void
value_time (const struct kk_sample *sample, uint32_t table, uint32_t row, uint32_t field, struct kk_time *time)
{
  (void) sample, (void) table, (void) row, (void) field;
  *time = now.time;
}

static const struct kk_host host = {.size = sizeof host,
                                    .api = KK_API,
                                    .schema_id = schema_id,
                                    .schema_tables = schema_tables,
                                    .schema_table = schema_table,
                                    .schema_field = schema_field,
                                    .sample_schema = sample_schema,
                                    .sample_time = sample_time,
                                    .table_info = table_info,
                                    .get = get,
                                    .get_key = get_key,
                                    .get_identity = get_identity,
                                    .value_time = value_time};
static const struct kk_schema the_schema = {&host};
static const struct kk_sample the_sample = {&host};

static const struct kk_schema *
sample_schema (const struct kk_sample *sample)
{
  (void) sample;
  return &the_schema;
}

static void
look (void *arg, const struct expression_result *r)
{
  char why[128];
  expression_why (arg, r, why, sizeof why);
  if ((r->verdict == EXPRESSION_UNKNOWN) != (*why != 0) || (r->verdict == EXPRESSION_UNKNOWN) != (r->why != 0))
    abort ();
  if (r->value_type == EXPRESSION_NUMBER && !isfinite (r->number))
    abort ();
}

static void
check_fault (int r, const struct expression_fault *fault, const char *text)
{
  if (r != -EINVAL && r != -ENOENT)
    return;
  if (!*fault->text || fault->column < 1 || fault->column > strlen (text) + 1 || strlen (fault->text) + 1 >= sizeof fault->text)
    abort ();
}

static void
evaluate (struct expression *e, const char *when, const char *clear)
{
  struct expression_binding *b = NULL;
  struct expression_fault fault = {0};
  int r = expression_bind (e, &the_schema, &b, &fault);
  if ((b == NULL) != (r == -EINVAL || r == -ENOMEM))
    abort ();
  check_fault (r, &fault, fault.in_clear ? clear : when);
  for (now.sample = 0; b && now.sample < SAMPLES; now.sample++) {
    now.time.mono_ns += INT64_C (700000000);
    now.time.after = byte (9, 9, 9) % 8 == 0 ? KK_SUSPEND : KK_PRESENT;
    struct expression_outcome outcome;
    if (expression_evaluate (e, b, &the_sample, look, e, &outcome))
      abort ();
  }
  expression_unbind (b);
}

/* The next line, ended by 0; *data and *size are then what is behind it. */
static char *
line (const uint8_t **data, size_t *size)
{
  const uint8_t *end = *size ? memchr (*data, '\n', *size) : NULL;
  size_t length = end ? (size_t) (end - *data) : *size;
  char *copy = malloc (length + 1);
  if (!copy)
    abort ();
  if (length)
    memcpy (copy, *data, length);
  copy[length] = 0;
  *size -= length + (end != NULL);
  *data = end ? end + 1 : *data;
  return copy;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct expression *e = NULL;
  struct expression_fault fault = {0};
  char *when = line (&data, &size), *clear = line (&data, &size);
  now.data = data;
  now.size = size;
  int r = expression_parse (when, size % 2 ? "rows" : NULL, &e, &fault);
  check_fault (r, &fault, when);
  if (!r && *clear) {
    r = expression_clear (e, clear, &fault);
    check_fault (r, &fault, clear);
    r = 0;
  }
  if (!r)
    evaluate (e, when, clear);
  expression_free (e);
  free (when);
  free (clear);
  return 0;
}
