#include "parse.h"

#include "scan.h"

#include <stdlib.h>

enum { MOST_DEPTH = 32 };

/* ---- Any JSON: is it whole? ---- */

static void
blanks (const char **p, const char *end)
{
  while (*p < end && (**p == ' ' || **p == '\t' || **p == '\r' || **p == '\n'))
    ++*p;
}

static bool
is_hex (char c)
{
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
skip_string (const char **p, const char *end)
{
  const char *at = *p;
  if (at >= end || *at != '"')
    return false;
  for (at++; at < end && *at != '"'; at++) {
    if ((unsigned char) *at < ' ')
      return false;
    if (*at != '\\')
      continue;
    if (++at >= end || !*at || !strchr ("\"\\/bfnrtu", *at))
      return false;
    for (int i = 0; *at == 'u' && i < 4; i++)
      if (end - at < 5 || !is_hex (at[1 + i]))
        return false;
  }
  if (at >= end)
    return false;
  *p = at + 1;
  return true;
}

static size_t
skip_digits (const char **p, const char *end)
{
  const char *start = *p;
  while (*p < end && **p >= '0' && **p <= '9')
    ++*p;
  return (size_t) (*p - start);
}

static bool
skip_number (const char **p, const char *end)
{
  if (*p < end && **p == '-')
    ++*p;
  bool zero = *p < end && **p == '0';
  size_t whole = skip_digits (p, end);
  if (!whole || (zero && whole > 1))
    return false;
  if (*p < end && **p == '.') {
    ++*p;
    if (!skip_digits (p, end))
      return false;
  }
  if (*p < end && (**p == 'e' || **p == 'E')) {
    ++*p;
    if (*p < end && (**p == '+' || **p == '-'))
      ++*p;
    return skip_digits (p, end) > 0;
  }
  return true;
}

static bool
skip_word (const char **p, const char *end, const char *word)
{
  if (!scan_starts (*p, end, word))
    return false;
  *p += strlen (word);
  return true;
}

static bool skip_value (const char **p, const char *end, int depth);

/* An object or an array, from behind its bracket. */
static bool
skip_members (const char **p, const char *end, char close, int depth)
{
  blanks (p, end);
  if (*p < end && **p == close) {
    ++*p;
    return true;
  }
  for (;;) {
    if (close == '}') {
      blanks (p, end);
      if (!skip_string (p, end))
        return false;
      blanks (p, end);
      if (*p >= end || *(*p)++ != ':')
        return false;
    }
    if (!skip_value (p, end, depth))
      return false;
    blanks (p, end);
    if (*p >= end || (**p != ',' && **p != close))
      return false;
    if (*(*p)++ == close)
      return true;
  }
}

static bool
skip_value (const char **p, const char *end, int depth)
{
  blanks (p, end);
  if (*p >= end)
    return false;
  switch (**p) {
  case '{':
  case '[':
    ++*p;
    return depth < MOST_DEPTH && skip_members (p, end, (*p)[-1] == '{' ? '}' : ']', depth + 1);
  case '"':
    return skip_string (p, end);
  case 't':
    return skip_word (p, end, "true");
  case 'f':
    return skip_word (p, end, "false");
  case 'n':
    return skip_word (p, end, "null");
  default:
    return skip_number (p, end);
  }
}

/* ---- JSON that is known to be whole ---- */

static uint32_t
hex4 (const char *at)
{
  uint32_t value = 0;
  for (int i = 0; i < 4; i++) {
    uint32_t c = (unsigned char) at[i];
    value = value << 4 | (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
  }
  return value;
}

static void
add_code (struct buf *b, uint32_t c)
{
  if (c >= 0xd800 && c < 0xe000)
    c = 0xfffd; /* half a character */
  if (c < 0x80) {
    buf_addc (b, (char) c);
    return;
  }
  if (c < 0x800)
    buf_addc (b, (char) (0xc0 | c >> 6));
  else if (c < 0x10000) {
    buf_addc (b, (char) (0xe0 | c >> 12));
    buf_addc (b, (char) (0x80 | (c >> 6 & 0x3f)));
  } else {
    buf_addc (b, (char) (0xf0 | c >> 18));
    buf_addc (b, (char) (0x80 | (c >> 12 & 0x3f)));
    buf_addc (b, (char) (0x80 | (c >> 6 & 0x3f)));
  }
  buf_addc (b, (char) (0x80 | (c & 0x3f)));
}

/* Behind "\u": a character, or the two halves of one. */
static void
decode_code (const char **p, struct buf *ret)
{
  uint32_t c = hex4 (*p);
  *p += 4;
  if (c >= 0xd800 && c < 0xdc00 && (*p)[0] == '\\' && (*p)[1] == 'u') {
    uint32_t low = hex4 (*p + 2);
    if (low >= 0xdc00 && low < 0xe000) {
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
      *p += 6;
    }
  }
  add_code (ret, c);
}

static void
decode_string (const char **p, struct buf *ret)
{
  static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
  buf_clear (ret);
  for (++*p; **p != '"';) {
    char c = *(*p)++;
    if (c == '\\') {
      c = *(*p)++;
      if (c == 'u') {
        decode_code (p, ret);
        continue;
      }
      const char *at = strchr (from, c);
      c = at ? to[at - from] : c;
    }
    buf_addc (ret, c);
  }
  ++*p;
  buf_addc (ret, 0);
  if (!ret->error)
    ret->len--;
}

/* Walks an object: each member's name goes to `name`, and *p stands on its value. */
static bool
next_member (const char **p, const char *end, struct buf *name)
{
  blanks (p, end);
  if (*(*p)++ == '}')
    return false;
  blanks (p, end);
  if (**p == '}') { /* an empty one */
    ++*p;
    return false;
  }
  decode_string (p, name);
  blanks (p, end);
  ++*p;
  blanks (p, end);
  return true;
}

static void
take_value (struct exec_parser *x, uint32_t table, struct exec_row *row, int field, const char **p, const char *end)
{
  const char *start = *p;
  enum exec_form form = *start == '"'                    ? EXEC_JSON_STRING
                        : *start == 'n'                  ? EXEC_JSON_NULL
                        : *start == 't' || *start == 'f' ? EXEC_JSON_BOOL
                                                         : EXEC_JSON_NUMBER;
  if (form == EXEC_JSON_STRING)
    decode_string (p, &x->text);
  else
    skip_value (p, end, 0);
  if (!row)
    return;
  if (field < 0)
    exec_values_refuse (x->values, &x->values->unknown_fields, x->name.data, x->name.len);
  else if (*start == '{' || *start == '[' || (form == EXEC_JSON_STRING && x->text.error))
    exec_values_refuse (x->values, &x->values->bad_values, start, (size_t) (*p - start));
  else if (form == EXEC_JSON_STRING)
    exec_values_set (x->values, table, row, (uint32_t) field, form, x->text.data, x->text.len);
  else
    exec_values_set (x->values, table, row, (uint32_t) field, form, start, (size_t) (*p - start));
}

static void
take_row (struct exec_parser *x, uint32_t table, const char *key, size_t n, const char **p, const char *end)
{
  if (**p != '{') {
    const char *start = *p;
    skip_value (p, end, 0);
    exec_values_refuse (x->values, &x->values->bad_values, start, (size_t) (*p - start));
    return;
  }
  struct exec_row *row = exec_values_row (x->values, table, key, n);
  while (next_member (p, end, &x->name)) {
    int field = x->name.error ? -1 : exec_find_field (x->values->schema->tables + table, x->name.data, x->name.len);
    take_value (x, table, row, field, p, end);
  }
}

static void
take_table (struct exec_parser *x, int table, const char **p, const char *end)
{
  if (table < 0) {
    exec_values_refuse (x->values, &x->values->unknown_tables, x->name.data ? x->name.data : "", x->name.len);
    skip_value (p, end, 0);
  } else if (!*x->values->schema->tables[table].key || **p != '{')
    take_row (x, (uint32_t) table, "", 0, p, end);
  else
    while (next_member (p, end, &x->key))
      take_row (x, (uint32_t) table, x->key.error ? "" : x->key.data, x->key.error ? 0 : x->key.len, p, end);
}

static bool
parse_json (struct exec_parser *x, const char *p, const char *end)
{
  const char *check = p;
  if (*p != '{' || !skip_value (&check, end, 0))
    return false;
  blanks (&check, end);
  if (check != end)
    return false;
  while (next_member (&p, end, &x->name))
    take_table (x, x->name.error ? -1 : exec_find_table (x->values->schema, x->name.data, x->name.len), &p, end);
  return true;
}

/* ---- Plain lines ---- */

/* "table key field value", "table field value": the value is the rest of the line. */
static bool
parse_words (struct exec_parser *x, const char *p, const char *end)
{
  struct exec_values *v = x->values;
  size_t n, n_key = 0;
  const char *word = scan_word (&p, end, &n), *key = "";
  int table = word ? exec_find_table (v->schema, word, n) : -1;
  if (table < 0) {
    exec_values_refuse (v, &v->unknown_tables, word ? word : "", word ? n : 0);
    return true;
  }
  const struct exec_table *t = v->schema->tables + table;
  if (*t->key && !(key = scan_word (&p, end, &n_key)))
    return false;
  word = scan_word (&p, end, &n);
  scan_blanks (&p, end);
  if (!word)
    return false;
  int field = exec_find_field (t, word, n);
  if (field < 0) {
    exec_values_refuse (v, &v->unknown_fields, word, n);
    return true;
  }
  if (p >= end && t->fields[field].type != KK_TYPE_STRING)
    return false;
  struct exec_row *row = exec_values_row (v, (uint32_t) table, key, n_key);
  if (row)
    exec_values_set (v, (uint32_t) table, row, (uint32_t) field, EXEC_TEXT, p, (size_t) (end - p));
  return true;
}

void
exec_parse_line (struct exec_parser *x, const char *line, size_t n)
{
  const char *p = line, *end = line + n;
  while (end > p && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
    end--;
  blanks (&p, end);
  if (p == end || (*p == '#' && x->format == EXEC_FORMAT_LINES) || scan_starts (p, end, EXEC_FIELD_LINE))
    return; /* the fields are known already */
  if (!(x->format == EXEC_FORMAT_JSON ? parse_json (x, p, end) : parse_words (x, p, end)))
    exec_values_refuse (x->values, &x->values->bad_lines, line, n);
}

void
exec_parser_free (struct exec_parser *x)
{
  buf_free (&x->name);
  buf_free (&x->key);
  buf_free (&x->text);
}
