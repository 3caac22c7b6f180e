#include <config.h>

#include "edit-inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
replace (struct editing *s, size_t from, size_t to, const char *with)
{
  edit_copy (s, 0, from);
  buf_adds (s->out, with);
  edit_copy (s, to, s->length);
}

/* Behind the ':' of a key. */
static size_t
behind_colon (const struct editing *s, struct place key)
{
  size_t i = edit_offset (s, key);
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
  size_t from = edit_offset (s, pair->from), to = edit_offset (s, pair->to), colon = behind_colon (s, pair->at);
  bool nothing = pair->value->kind == YAML_NULL && !*pair->value->text;
  if (pair->value->kind == YAML_MAP && pair->value->n) {
    diag_add (d, DIAG_ERROR, pair->at, "'%s' holds keys of its own: set one of them, '%s.%s' say", pair->key, pair->key,
              pair->value->pairs[0].key);
    return -ENOTSUP;
  }
  if (!nothing && pair->from.line == pair->to.line && pair->from.line == pair->at.line) {
    edit_render (s, pair->value->kind == YAML_SCALAR && strchr ("\"'", s->text[from]) ? s->text[from] : 0, in_flow);
    if (s->value.data)
      replace (s, from, to, s->value.data);
    return 0;
  }
  if (!nothing && memchr (s->text + colon, '#', to > colon ? to - colon : 0)) {
    diag_add (d, DIAG_ERROR, pair->at, "'%s' is written over several lines with comments in them: change it in an editor",
              pair->key);
    return -ENOTSUP;
  }
  edit_render (s, 0, in_flow);
  edit_copy (s, 0, colon);
  buf_addc (s->out, ' ');
  buf_add (s->out, s->value.data, s->value.len);
  edit_copy (s, nothing || to < colon ? colon : to, s->length);
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
    return edit_add_section (s, root, d);
  return depth == s->e->n ? change_value (s, found, in_flow, d) : edit_add_to (s, found, depth, in_flow, d);
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
