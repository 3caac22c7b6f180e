#include <config.h>

#include "edit-inner.h"

#include <errno.h>
#include <string.h>

/* What is further from its '#' is below another key: an entry of a map, say. */
enum { MAX_GAP = 4 };

/* A line such as "  # per_core: false  # Record …" for our key: where its '#' is; false when it is none. */
static bool
is_commented_key (const struct editing *s, size_t line, const char *key, size_t *ret_mark)
{
  size_t i = line + edit_indent (s, line), end = edit_line_end (s, line), n = strlen (key);
  size_t mark = i;
  if (i >= end || s->text[i] != '#')
    return false;
  i++;
  while (i < end && s->text[i] == ' ' && i <= mark + MAX_GAP)
    i++;
  if (i + n >= end || strncmp (s->text + i, key, n) != 0 || s->text[i + n] != ':')
    return false;
  *ret_mark = mark;
  return i + n + 1 >= end || strchr (" \r\n", s->text[i + n + 1]) != NULL;
}

static void
uncomment (struct editing *s, size_t line, size_t mark, size_t indent)
{
  size_t end = edit_line_end (s, line), colon = mark;
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
  edit_copy (s, 0, line);
  buf_printf (s->out, "%*s%s: %s", (int) indent, "", s->e->path[s->e->n - 1], s->value.data);
  edit_copy (s, comment, s->length);
}

/* Below a key whose value is a block map, or nothing but comments. `first`: where its lines begin; `insert`: where a new one
 * goes. */
static void
add_below (struct editing *s, size_t first, size_t insert, size_t missing, size_t indent, bool exact, size_t parent_indent)
{
  for (size_t line = first; s->e->uncomment && missing + 1 == s->e->n && line < s->length; line = edit_line_end (s, line)) {
    size_t mark;
    if (!edit_is_idle (s, line) && edit_indent (s, line) <= parent_indent && line >= insert)
      break;
    if (!edit_is_idle (s, line) || !is_commented_key (s, line, s->e->path[missing], &mark))
      continue;
    size_t found = mark - line;
    if (exact ? found == indent : found > parent_indent) {
      uncomment (s, line, mark, found);
      return;
    }
  }
  edit_insert_lines (s, insert, missing, indent);
}

static void
add_in_braces (struct editing *s, const struct yaml_pair *pair, size_t missing)
{
  size_t brace = edit_offset (s, pair->to) - 1, before = brace;
  while (before > 0 && strchr (" \r\n", s->text[before - 1]))
    before--;
  bool first = pair->value->n == 0 || s->text[before - 1] == ',';
  edit_copy (s, 0, before);
  buf_adds (s->out, pair->value->n == 0 ? "" : first ? " " : ", ");
  for (size_t i = missing; i < s->e->n; i++)
    buf_printf (s->out, "%s: %s", s->e->path[i], i + 1 < s->e->n ? "{" : s->value.data);
  for (size_t i = missing + 1; i < s->e->n; i++)
    buf_addc (s->out, '}');
  edit_copy (s, before, s->length);
}

int
edit_add_to (struct editing *s, const struct yaml_pair *pair, size_t missing, bool in_flow, struct diag *d)
{
  const struct yaml_node *map = pair->value;
  size_t parent = pair->at.column - 1, key_line = edit_line_start (s, pair->at.line);
  edit_render (s, 0, in_flow || map->flow);
  if (map->kind == YAML_MAP && map->flow) {
    add_in_braces (s, pair, missing);
  } else if (map->kind == YAML_MAP && map->n && map->pairs[0].at.line > pair->at.line) {
    struct place end = pair->to;
    if (end.column == 1) /* a block scalar ends where the next line begins */
      end.line--;
    size_t after = edit_line_end (s, edit_line_start (s, end.line));
    add_below (s, edit_line_end (s, key_line), after, missing, map->pairs[0].at.column - 1, true, parent);
  } else if (map->kind == YAML_NULL && !*map->text && !in_flow) {
    size_t after = edit_line_end (s, key_line);
    add_below (s, after, after, missing, parent + 2, false, parent);
  } else if (map->kind == YAML_NULL && !in_flow && pair->from.line == pair->at.line) {
    size_t from = edit_offset (s, pair->from), to = edit_offset (s, pair->to);
    while (from > 0 && s->text[from - 1] == ' ')
      from--;
    size_t end = edit_line_end (s, to);
    edit_copy (s, 0, from);
    edit_copy (s, to, end);
    if (end && s->text[end - 1] != '\n')
      buf_adds (s->out, s->newline);
    edit_add_lines (s, missing, parent + 2);
    edit_copy (s, end, s->length);
  } else {
    diag_add (d, DIAG_ERROR, pair->at, "nothing can be added to '%s' as it is written: change it in an editor", pair->key);
    return -ENOTSUP;
  }
  return 0;
}

int
edit_add_section (struct editing *s, const struct yaml_node *root, struct diag *d)
{
  if (root->kind != YAML_NULL && (root->kind != YAML_MAP || root->flow)) {
    diag_add (d, DIAG_ERROR, root->at, "nothing can be added to the file as it is written: change it in an editor");
    return -ENOTSUP;
  }
  edit_render (s, 0, false);
  edit_copy (s, 0, s->length);
  if (s->length && s->text[s->length - 1] != '\n')
    buf_adds (s->out, s->newline);
  if (s->length)
    buf_adds (s->out, s->newline);
  edit_add_lines (s, 0, root->n ? root->pairs[0].at.column - 1 : 0);
  return 0;
}
