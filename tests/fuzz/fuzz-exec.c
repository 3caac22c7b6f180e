/* What a program prints, as lines and as JSON: everything is taken or counted, within the bounds. */
#include "exec/parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
parse (const struct exec_schema *schema, enum exec_format format, const char *p, const char *end)
{
  struct exec_values values;
  struct exec_parser parser = {.values = &values, .format = format};
  if (exec_values_init (&values, schema) < 0)
    return;
  while (p < end) {
    const char *newline = memchr (p, '\n', (size_t) (end - p));
    size_t n = (size_t) ((newline ? newline : end) - p);
    exec_parse_line (&parser, p, n);
    p = newline ? newline + 1 : end;
  }
  if (values.bytes > EXEC_MOST_BYTES)
    abort ();
  exec_values_free (&values);
  if (values.bytes)
    abort ();
  exec_parser_free (&parser);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const known[] = {"gpu[device].load f64 %", "gpu[device].used u64", "gpu[device].name string",
                                      "room.on bool", "room.delta i64 counter"};
  struct kk_list list = {.items = known, .count = KK_COUNT (known)};
  struct kk_fault fault;
  struct exec_schema *schema = NULL;
  const char *text = (const char *) data;
  if (exec_schema_make (&list, &fault, &schema) < 0)
    return 0;
  parse (schema, EXEC_FORMAT_JSON, text, text + size);
  parse (schema, EXEC_FORMAT_LINES, text, text + size);
  exec_schema_free (schema);
  /* The same bytes as what a program says of its fields. */
  struct exec_said said = {.n = 0};
  for (const char *p = text, *end = text + size; p < end;) {
    const char *newline = memchr (p, '\n', (size_t) (end - p));
    exec_said_line (&said, p, (size_t) ((newline ? newline : end) - p));
    p = newline ? newline + 1 : end;
  }
  if (exec_said_schema (&said, &fault, &schema) == 0)
    exec_schema_free (schema);
  exec_said_free (&said);
  /* And as a line of `fields`. */
  char *line = strndup (text, size);
  const char *lines[] = {line};
  list = (struct kk_list){.items = lines, .count = 1};
  if (line && exec_schema_make (&list, &fault, &schema) == 0)
    exec_schema_free (schema);
  free (line);
  return 0;
}
