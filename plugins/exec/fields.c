#include "fields.h"

#include "scan.h"

#include <stdlib.h>

static const char RIGHT[] =
  "write \"table[key].field type unit kind\" or \"table.field type unit kind\"; unit and kind may be left out";
enum { MOST_SAID = 4096 };

static int
word_number (const char *const *words, const char *word, size_t n)
{
  for (int i = 0; words[i]; i++)
    if (strlen (words[i]) == n && memcmp (words[i], word, n) == 0)
      return i;
  return -1;
}

/* Lower case letters, digits and '_', beginning with a letter. */
static bool
take_name (const char **p, char *ret)
{
  size_t n = 0;
  while (((*p)[n] >= 'a' && (*p)[n] <= 'z') || (n && (((*p)[n] >= '0' && (*p)[n] <= '9') || (*p)[n] == '_')))
    n++;
  if (!n || n >= EXEC_NAME_SIZE)
    return false;
  memcpy (ret, *p, n);
  ret[n] = 0;
  *p += n;
  return true;
}

int
exec_find_table (const struct exec_schema *s, const char *name, size_t n)
{
  for (uint32_t i = 0; i < s->n; i++)
    if (strlen (s->tables[i].name) == n && memcmp (s->tables[i].name, name, n) == 0)
      return (int) i;
  return -1;
}

int
exec_find_field (const struct exec_table *t, const char *name, size_t n)
{
  for (uint32_t i = 0; i < t->n_fields; i++)
    if (strlen (t->fields[i].name) == n && memcmp (t->fields[i].name, name, n) == 0)
      return (int) i;
  return -1;
}

/* "table[key].field"; moves *p behind it. */
static bool
take_place (const char **p, struct exec_table *t, char *field)
{
  t->key[0] = 0;
  if (!take_name (p, t->name))
    return false;
  if (**p == '[') {
    ++*p;
    if (!take_name (p, t->key) || **p != ']')
      return false;
    ++*p;
  }
  if (**p != '.')
    return false;
  ++*p;
  return take_name (p, field) && (**p == ' ' || **p == '\t');
}

/* Where " # help" begins, or the end of the line. */
static const char *
end_of_type (const char *p)
{
  const char *at = p;
  while ((at = strchr (at, '#')) && at[-1] != ' ' && at[-1] != '\t') /* a unit such as {#}/s */
    at++;
  return at ? at : p + strlen (p);
}

static void
take_help (const char *p, struct exec_field *f)
{
  const char *end = p + strlen (p);
  p += *p == '#';
  scan_blanks (&p, end);
  while (end > p && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
    end--;
  size_t n = (size_t) (end - p) < EXEC_HELP_SIZE ? (size_t) (end - p) : EXEC_HELP_SIZE - 1;
  memcpy (f->help, p, n);
  f->help[n] = 0;
}

/* " type unit kind" */
static int
take_type (const char *p, const char *line, struct exec_field *f, struct kk_fault *fault)
{
  static const char *const types[] = {"f64", "u64", "i64", "bool", "string", NULL};
  static const char *const kinds[] = {"gauge", "counter", "info", NULL};
  const char *end = end_of_type (p);
  size_t n = 0;
  const char *word = scan_word (&p, end, &n);
  int type = word ? word_number (types, word, n) : -1;
  if (type < 0)
    return kk_refuse (fault, "fields", "'%.80s': the type must be one of f64, u64, i64, bool, string", line);
  bool number = type <= 2;
  take_help (end, f);
  f->type = KK_TYPE_F64 + (uint32_t) type;
  f->kind = number ? KK_GAUGE : KK_INFO;
  strcpy (f->unit, "1");
  word = scan_word (&p, end, &n);
  if (word && word_number (kinds, word, n) < 0) {
    if (n >= EXEC_UNIT_SIZE)
      return kk_refuse (fault, "fields", "'%.80s': the unit may have at most %d bytes", line, EXEC_UNIT_SIZE - 1);
    memcpy (f->unit, word, n);
    f->unit[n] = 0;
    word = scan_word (&p, end, &n);
  }
  int kind = word ? word_number (kinds, word, n) : -1;
  if (word && kind < 0)
    return kk_refuse (fault, "fields", "'%.80s': the kind, behind the unit, must be one of counter, gauge, info", line);
  if (kind == 1 && !number)
    return kk_refuse (fault, "fields", "'%.80s': a counter must be of type u64, i64 or f64", line);
  if (word)
    f->kind = KK_GAUGE + (uint32_t) kind;
  return scan_word (&p, end, &n) ? kk_refuse (fault, "fields", "'%.80s' goes on behind its kind: %s", line, RIGHT) : 0;
}

static int
add_line (struct exec_schema *s, const char *line, struct kk_fault *fault)
{
  struct exec_table here = {.n_fields = 0}, *t;
  struct exec_field f = {.type = 0};
  const char *p = line, *end = line + strlen (line);
  scan_blanks (&p, end);
  if (!take_place (&p, &here, f.name))
    return kk_refuse (fault, "fields", "'%.80s' names no field: %s; names are lower case letters, digits and '_'", line, RIGHT);
  int r = take_type (p, line, &f, fault);
  if (r)
    return r;
  int at = exec_find_table (s, here.name, strlen (here.name));
  if (at < 0 && s->n == EXEC_MOST_TABLES)
    return kk_refuse (fault, "fields", "more than %d tables: use a second instance for the others", EXEC_MOST_TABLES);
  t = s->tables + (at < 0 ? (int) s->n : at);
  if (at < 0) {
    *t = here;
    s->n++;
  }
  if (strcmp (t->key, here.key) != 0)
    return kk_refuse (fault, "fields", "'%.60s': the table '%s' stands with the key '%s' before: use one key, or another table",
                      line, t->name, t->key);
  if (exec_find_field (t, f.name, strlen (f.name)) >= 0)
    return kk_refuse (fault, "fields", "'%.80s': the field is there twice: remove one", line);
  if (t->n_fields == EXEC_MOST_FIELDS)
    return kk_refuse (fault, "fields", "more than %d fields in '%s': use a second table", EXEC_MOST_FIELDS, t->name);
  struct exec_field *fields = realloc (t->fields, (t->n_fields + 1) * sizeof *fields);
  if (!fields)
    return -ENOMEM;
  t->fields = fields;
  t->fields[t->n_fields++] = f;
  return 0;
}

int
exec_schema_make (const struct kk_list *lines, struct kk_fault *fault, struct exec_schema **ret)
{
  if (!lines->count)
    return kk_refuse (fault, "fields",
                      "say what the command prints, a field a line: \"gpu[device].utilization_percent f64 %%\"");
  struct exec_schema *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  for (uint32_t i = 0; i < lines->count; i++) {
    int r = add_line (s, lines->items[i], fault);
    if (r) {
      exec_schema_free (s);
      return r;
    }
  }
  *ret = s;
  return 0;
}

void
exec_schema_free (struct exec_schema *s)
{
  for (uint32_t i = 0; s && i < s->n; i++)
    free (s->tables[i].fields);
  free (s);
}

static int
by_name (const void *a, const void *b)
{
  return strcmp (((const struct exec_field *) a)->name, ((const struct exec_field *) b)->name);
}

static int
by_table (const void *a, const void *b)
{
  return strcmp (((const struct exec_table *) a)->name, ((const struct exec_table *) b)->name);
}

void
exec_said_line (struct exec_said *s, const char *line, size_t n)
{
  const char *p = line, *end = line + n;
  scan_blanks (&p, end);
  if (s->ended || s->error || (p < end && *p == '#'))
    return;
  s->ended = !scan_starts (p, end, EXEC_FIELD_LINE);
  if (s->ended)
    return;
  p += strlen (EXEC_FIELD_LINE);
  char **lines = s->n == MOST_SAID ? NULL : realloc (s->lines, (s->n + 1) * sizeof *lines);
  if (lines)
    s->lines = lines;
  char *copy = lines ? strndup (p, (size_t) (end - p)) : NULL;
  if (copy)
    s->lines[s->n++] = copy;
  else
    s->error = s->n == MOST_SAID ? -E2BIG : -ENOMEM;
}

int
exec_said_schema (const struct exec_said *s, struct kk_fault *fault, struct exec_schema **ret)
{
  const struct kk_list list = {.items = (const char *const *) s->lines, .count = s->n};
  int r = exec_schema_make (&list, fault, ret);
  if (r)
    return r;
  qsort ((*ret)->tables, (*ret)->n, sizeof *(*ret)->tables, by_table);
  for (uint32_t i = 0; i < (*ret)->n; i++)
    qsort ((*ret)->tables[i].fields, (*ret)->tables[i].n_fields, sizeof *(*ret)->tables[i].fields, by_name);
  return 0;
}

void
exec_said_free (struct exec_said *s)
{
  for (uint32_t i = 0; i < s->n; i++)
    free (s->lines[i]);
  free (s->lines);
  *s = (struct exec_said){.lines = NULL};
}

int
exec_schema_declare (const struct exec_schema *s, struct kk_declare *out)
{
  struct kk_field *fields = calloc (EXEC_MOST_FIELDS, sizeof *fields);
  int r = fields ? 0 : -ENOMEM;
  for (uint32_t i = 0; !r && i < s->n; i++) {
    const struct exec_table *from = s->tables + i;
    for (uint32_t f = 0; f < from->n_fields; f++)
      fields[f] = (struct kk_field){.name = from->fields[f].name,
                                    .unit = from->fields[f].unit,
                                    .help = *from->fields[f].help ? from->fields[f].help : "As the command says",
                                    .type = from->fields[f].type,
                                    .kind = from->fields[f].kind};
    struct kk_table t = {.name = from->name,
                         .key = *from->key ? from->key : NULL,
                         .help = "What the command prints",
                         .fields = fields,
                         .n_fields = from->n_fields,
                         .key_type = *from->key ? KK_STRING_KEY : KK_NO_KEY};
    r = kk_declare_table (out, &t);
  }
  free (fields);
  return r;
}

/* FNV-1a */
static uint64_t
mix (uint64_t print, const void *data, size_t n)
{
  const unsigned char *p = data;
  for (size_t i = 0; i < n; i++)
    print = (print ^ p[i]) * UINT64_C (0x100000001b3);
  return print;
}

static uint64_t
mix_text (uint64_t print, const char *text)
{
  return mix (print, text, strlen (text) + 1);
}

uint64_t
exec_schema_print (const struct exec_schema *s)
{
  uint64_t print = UINT64_C (0xcbf29ce484222325);
  for (uint32_t t = 0; t < s->n; t++) {
    const struct exec_table *table = s->tables + t;
    print = mix (mix_text (mix_text (print, table->name), table->key), &table->n_fields, sizeof table->n_fields);
    for (uint32_t f = 0; f < table->n_fields; f++) {
      const struct exec_field *field = table->fields + f;
      print = mix_text (mix_text (print, field->name), field->unit);
      print = mix (mix (print, &field->type, sizeof field->type), &field->kind, sizeof field->kind);
    }
  }
  return print ? print : 1;
}
