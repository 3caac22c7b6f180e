#include <config.h>

#include "edit.h"

#include "yamltree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct editing {
  const struct edit *e;
  const char *text;
  size_t length;
  const char *newline;
  struct buf *out;
  struct buf value; /* as it will be written */
};

/* ---- Places and lines ---- */

static size_t
line_start (const struct editing *s, uint32_t line)
{
  size_t i = 0;
  for (uint32_t l = 1; l < line && i < s->length; i++)
    l += s->text[i] == '\n';
  return i;
}

/* Columns count characters. */
static size_t
offset_of (const struct editing *s, struct place at)
{
  size_t i = line_start (s, at.line);
  for (uint32_t column = 1; column < at.column && i < s->length; column++) {
    i++;
    while (i < s->length && ((unsigned char) s->text[i] & 0xc0) == 0x80)
      i++;
  }
  return i;
}

static size_t
line_end (const struct editing *s, size_t at)
{
  const char *newline = at < s->length ? memchr (s->text + at, '\n', s->length - at) : NULL;
  return newline ? (size_t) (newline - s->text) + 1 : s->length;
}

static size_t
indent_at (const struct editing *s, size_t line)
{
  size_t i = line;
  while (i < s->length && s->text[i] == ' ')
    i++;
  return i - line;
}

/* Blank or nothing but a comment. */
static bool
is_idle (const struct editing *s, size_t line)
{
  size_t i = line + indent_at (s, line);
  return i >= s->length || s->text[i] == '\n' || s->text[i] == '\r' || s->text[i] == '#';
}

/* ---- Writing ---- */

static void
copy (struct editing *s, size_t from, size_t to)
{
  buf_add (s->out, s->text + from, to - from);
}

static void
replace (struct editing *s, size_t from, size_t to, const char *with)
{
  copy (s, 0, from);
  buf_adds (s->out, with);
  copy (s, to, s->length);
}

static bool
is_plain (const char *value, bool in_flow)
{
  struct diag silent = {0};
  struct yaml_document *doc = NULL;
  bool plain = false;
  if (*value && strpbrk (value, "\n\r") == NULL && yaml_parse ("value", value, strlen (value), &silent, &doc) == 0) {
    const struct yaml_node *root = doc->root;
    bool scalar = root->kind == YAML_SCALAR && !root->quoted && strcmp (root->text, value) == 0;
    plain = !silent.errors
            && ((scalar && (!in_flow || !strpbrk (value, ",[]{}"))) || (root->kind == YAML_SCALAR && root->quoted)
                || (root->kind == YAML_NULL && *root->text) || (root->kind == YAML_LIST && root->flow));
  }
  yaml_free (doc);
  diag_free (&silent);
  return plain;
}

static void
add_quoted (struct buf *b, const char *value, char quote)
{
  buf_addc (b, quote);
  for (; *value; value++) {
    if (*value == '\'' && quote == '\'')
      buf_addc (b, '\'');
    buf_addc (b, *value);
  }
  buf_addc (b, quote);
}

/* The old value's quotes are kept where the new one can stand in them. */
static void
render (struct editing *s, char old_quote, bool in_flow)
{
  const char *value = s->e->value;
  bool plain = is_plain (value, in_flow);
  if (plain && (!old_quote || strchr ("[\"'", *value) || strpbrk (value, "\"'\\")))
    buf_adds (&s->value, value);
  else if (old_quote && !strpbrk (value, "\"'\\"))
    add_quoted (&s->value, value, old_quote);
  else
    add_quoted (&s->value, value, '\'');
}

static void
add_comment (struct editing *s)
{
  if (s->e->comment)
    buf_printf (s->out, "  # %s", s->e->comment);
}

/* The missing part of the path as lines; what hangs below a missing key is indented by two more. */
static void
add_lines (struct editing *s, size_t missing, size_t indent)
{
  for (size_t i = missing; i < s->e->n; i++, indent += 2) {
    bool last = i + 1 == s->e->n;
    buf_printf (s->out, "%*s%s:%s%s", (int) indent, "", s->e->path[i], last ? " " : "", last ? s->value.data : "");
    if (last)
      add_comment (s);
    buf_adds (s->out, s->newline);
  }
}

static void
insert_lines (struct editing *s, size_t at, size_t missing, size_t indent)
{
  copy (s, 0, at);
  if (at && s->text[at - 1] != '\n')
    buf_adds (s->out, s->newline);
  add_lines (s, missing, indent);
  copy (s, at, s->length);
}

/* ---- Where the value is there ---- */

/* Behind the ':' of a key. */
static size_t
behind_colon (const struct editing *s, struct place key)
{
  size_t i = offset_of (s, key);
  if (i < s->length && (s->text[i] == '"' || s->text[i] == '\'')) {
    char quote = s->text[i];
    for (i++; i < s->length && s->text[i] != quote;)
      i++;
  }
  while (i < s->length && s->text[i] != ':')
    i++;
  return i < s->length ? i + 1 : s->length;
}

static int
change_value (struct editing *s, const struct yaml_pair *pair, bool in_flow, struct diag *d)
{
  size_t from = offset_of (s, pair->from), to = offset_of (s, pair->to), colon = behind_colon (s, pair->at);
  bool nothing = pair->value->kind == YAML_NULL && !*pair->value->text;
  if (pair->value->kind == YAML_MAP && pair->value->n) {
    diag_add (d, DIAG_ERROR, pair->at, "'%s' holds keys of its own: set one of them, '%s.%s' say", pair->key, pair->key,
              pair->value->pairs[0].key);
    return -ENOTSUP;
  }
  if (!nothing && pair->from.line == pair->to.line && pair->from.line == pair->at.line) {
    render (s, pair->value->kind == YAML_SCALAR && strchr ("\"'", s->text[from]) ? s->text[from] : 0, in_flow);
    if (s->value.data)
      replace (s, from, to, s->value.data);
    return 0;
  }
  if (!nothing && memchr (s->text + colon, '#', to > colon ? to - colon : 0)) {
    diag_add (d, DIAG_ERROR, pair->at, "'%s' is written over several lines with comments in them: change it in an editor",
              pair->key);
    return -ENOTSUP;
  }
  render (s, 0, in_flow);
  copy (s, 0, colon);
  buf_addc (s->out, ' ');
  buf_add (s->out, s->value.data, s->value.len);
  copy (s, nothing || to < colon ? colon : to, s->length);
  return 0;
}

/* ---- Where it is missing ---- */

/* A line such as "  # per_core: false  # Record …" for our key: where its '#' is; false when it is none. */
static bool
is_commented_key (const struct editing *s, size_t line, const char *key, size_t *ret_mark)
{
  size_t i = line + indent_at (s, line), end = line_end (s, line), n = strlen (key);
  size_t mark = i;
  if (i >= end || s->text[i] != '#')
    return false;
  i++;
  while (i < end && s->text[i] == ' ')
    i++;
  if (i + n >= end || strncmp (s->text + i, key, n) != 0 || s->text[i + n] != ':')
    return false;
  *ret_mark = mark;
  return i + n + 1 >= end || strchr (" \r\n", s->text[i + n + 1]) != NULL;
}

static void
uncomment (struct editing *s, size_t line, size_t mark, size_t indent)
{
  size_t end = line_end (s, line), colon = mark;
  while (colon < end && s->text[colon] != ':')
    colon++;
  /* What stands behind the old value as a comment of its own stays. */
  size_t comment = colon;
  while (comment + 1 < end && !(s->text[comment] == ' ' && s->text[comment + 1] == '#'))
    comment++;
  while (comment > colon && s->text[comment] == ' ' && s->text[comment - 1] == ' ')
    comment--;
  if (comment + 1 >= end)
    for (comment = end; comment > colon && strchr ("\r\n", s->text[comment - 1]);)
      comment--;
  copy (s, 0, line);
  buf_printf (s->out, "%*s%s: %s", (int) indent, "", s->e->path[s->e->n - 1], s->value.data);
  copy (s, comment, s->length);
}

/* Below a key whose value is a block map, or nothing but comments. `first`: where its lines begin; `insert`: where a new one
 * goes. */
static void
add_below (struct editing *s, size_t first, size_t insert, size_t missing, size_t indent, bool exact, size_t parent_indent)
{
  for (size_t line = first; s->e->uncomment && missing + 1 == s->e->n && line < s->length; line = line_end (s, line)) {
    size_t mark;
    if (!is_idle (s, line) && indent_at (s, line) <= parent_indent && line >= insert)
      break;
    if (!is_idle (s, line) || !is_commented_key (s, line, s->e->path[missing], &mark))
      continue;
    size_t found = mark - line;
    if (exact ? found == indent : found > parent_indent) {
      uncomment (s, line, mark, found);
      return;
    }
  }
  insert_lines (s, insert, missing, indent);
}

static void
add_in_braces (struct editing *s, const struct yaml_pair *pair, size_t missing)
{
  size_t brace = offset_of (s, pair->to) - 1, before = brace;
  while (before > 0 && strchr (" \r\n", s->text[before - 1]))
    before--;
  bool first = pair->value->n == 0 || s->text[before - 1] == ',';
  copy (s, 0, before);
  buf_adds (s->out, pair->value->n == 0 ? "" : first ? " " : ", ");
  for (size_t i = missing; i < s->e->n; i++)
    buf_printf (s->out, "%s: %s", s->e->path[i], i + 1 < s->e->n ? "{" : s->value.data);
  for (size_t i = missing + 1; i < s->e->n; i++)
    buf_addc (s->out, '}');
  copy (s, before, s->length);
}

static int
add_to (struct editing *s, const struct yaml_pair *pair, size_t missing, bool in_flow, struct diag *d)
{
  const struct yaml_node *map = pair->value;
  size_t parent = pair->at.column - 1, key_line = line_start (s, pair->at.line);
  render (s, 0, in_flow || map->flow);
  if (map->kind == YAML_MAP && map->flow) {
    add_in_braces (s, pair, missing);
  } else if (map->kind == YAML_MAP && map->n && map->pairs[0].at.line > pair->at.line) {
    struct place end = pair->to;
    if (end.column == 1) /* a block scalar ends where the next line begins */
      end.line--;
    size_t after = line_end (s, line_start (s, end.line));
    add_below (s, line_end (s, key_line), after, missing, map->pairs[0].at.column - 1, true, parent);
  } else if (map->kind == YAML_NULL && !*map->text && !in_flow) {
    size_t after = line_end (s, key_line);
    add_below (s, after, after, missing, parent + 2, false, parent);
  } else if (map->kind == YAML_NULL && !in_flow && pair->from.line == pair->at.line) {
    size_t from = offset_of (s, pair->from), to = offset_of (s, pair->to);
    while (from > 0 && s->text[from - 1] == ' ')
      from--;
    size_t end = line_end (s, to);
    copy (s, 0, from);
    copy (s, to, end);
    if (end && s->text[end - 1] != '\n')
      buf_adds (s->out, s->newline);
    add_lines (s, missing, parent + 2);
    copy (s, end, s->length);
  } else {
    diag_add (d, DIAG_ERROR, pair->at, "nothing can be added to '%s' as it is written: change it in an editor", pair->key);
    return -ENOTSUP;
  }
  return 0;
}

static int
add_section (struct editing *s, const struct yaml_node *root, struct diag *d)
{
  if (root->kind != YAML_NULL && (root->kind != YAML_MAP || root->flow)) {
    diag_add (d, DIAG_ERROR, root->at, "nothing can be added to the file as it is written: change it in an editor");
    return -ENOTSUP;
  }
  render (s, 0, false);
  copy (s, 0, s->length);
  if (s->length && s->text[s->length - 1] != '\n')
    buf_adds (s->out, s->newline);
  if (s->length)
    buf_adds (s->out, s->newline);
  add_lines (s, 0, root->n ? root->pairs[0].at.column - 1 : 0);
  return 0;
}

static int
apply (struct editing *s, const struct yaml_node *root, struct diag *d)
{
  const struct yaml_pair *found = NULL, *pair;
  const struct yaml_node *map = root;
  bool in_flow = root->flow;
  size_t depth = 0;
  for (; depth < s->e->n && (pair = yaml_pair (map, s->e->path[depth])); depth++) {
    found = pair;
    in_flow |= depth && map->flow;
    map = pair->value;
  }
  if (!found)
    return add_section (s, root, d);
  return depth == s->e->n ? change_value (s, found, in_flow, d) : add_to (s, found, depth, in_flow, d);
}

/* ---- Proof ---- */

static bool
same_tree (const struct yaml_node *a, const struct yaml_node *b)
{
  if (a->kind != b->kind || a->n != b->n || a->quoted != b->quoted || (a->text && strcmp (a->text, b->text) != 0))
    return false;
  for (size_t i = 0; i < a->n; i++)
    if (a->kind == YAML_MAP
            ? strcmp (a->pairs[i].key, b->pairs[i].key) != 0 || !same_tree (a->pairs[i].value, b->pairs[i].value)
            : !same_tree (a->items[i], b->items[i]))
      return false;
  return true;
}

/* `after` is `before` with the path set, and nothing else. */
static bool
differs_by_path (const struct yaml_node *before, const struct yaml_node *after, const struct edit *e, size_t depth)
{
  const struct yaml_pair *there = yaml_pair (after, e->path[depth]);
  bool was_map = before && before->kind == YAML_MAP;
  size_t had = was_map && yaml_pair (before, e->path[depth]) ? 1 : 0;
  if (!there || after->n != (was_map ? before->n : 0) + 1 - had)
    return false;
  for (size_t i = 0; was_map && i < before->n; i++) {
    const struct yaml_pair *old = &before->pairs[i], *new = yaml_pair (after, old->key);
    if (!new || (strcmp (old->key, e->path[depth]) != 0 && !same_tree (old->value, new->value)))
      return false;
  }
  if (depth + 1 < e->n)
    return differs_by_path (was_map ? yaml_get (before, e->path[depth]) : NULL, there->value, e, depth + 1);
  return there->value->kind != YAML_SCALAR || there->value->quoted || strcmp (there->value->text, e->value) == 0;
}

static bool
is_proven (const struct editing *s, const struct yaml_node *before)
{
  struct diag silent = {0};
  struct yaml_document *doc = NULL;
  bool good = yaml_parse ("after", s->out->data, s->out->len, &silent, &doc) == 0 && !silent.errors
              && differs_by_path (before, doc->root, s->e, 0);
  yaml_free (doc);
  diag_free (&silent);
  return good;
}

int
edit_set (const char *file, const char *text, size_t length, const struct edit *e, struct diag *d, struct buf *ret)
{
  struct buf BUF_CLEANUP out = {0};
  size_t mark = length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, errors = d->errors;
  const char *newline = length ? memchr (text, '\n', length) : NULL;
  struct editing s = {.e = e,
                      .text = text + mark,
                      .length = length - mark,
                      .newline = newline && newline > text && newline[-1] == '\r' ? "\r\n" : "\n",
                      .out = &out};
  struct yaml_document *doc;
  int r = yaml_parse (file, text, length, d, &doc);
  if (r < 0)
    return r;
  if (d->errors > errors)
    r = -EINVAL;
  if (r == 0)
    r = apply (&s, doc->root, d);
  if (r == 0)
    r = out.error ? out.error : s.value.error;
  if (r == 0 && !is_proven (&s, doc->root)) {
    diag_add (d, DIAG_ERROR, (struct place){.file = file}, "'%s' cannot be set as the file is written: change it in an editor",
              e->path[e->n - 1]);
    r = -ENOTSUP;
  }
  if (r == 0) {
    buf_add (ret, text, mark);
    buf_add (ret, out.data, out.len);
    r = ret->error;
  }
  buf_free (&s.value);
  yaml_free (doc);
  return r;
}
