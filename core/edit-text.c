#include <config.h>

#include "edit-inner.h"

#include <stdlib.h>
#include <string.h>

size_t
edit_line_start (const struct editing *s, uint32_t line)
{
  size_t i = 0;
  for (uint32_t l = 1; l < line && i < s->length; i++)
    l += s->text[i] == '\n';
  return i;
}

/* Columns count characters. */
size_t
edit_offset (const struct editing *s, struct place at)
{
  size_t i = edit_line_start (s, at.line);
  for (uint32_t column = 1; column < at.column && i < s->length; column++) {
    i++;
    while (i < s->length && ((unsigned char) s->text[i] & 0xc0) == 0x80)
      i++;
  }
  return i;
}

size_t
edit_line_end (const struct editing *s, size_t at)
{
  const char *newline = at < s->length ? memchr (s->text + at, '\n', s->length - at) : NULL;
  return newline ? (size_t) (newline - s->text) + 1 : s->length;
}

size_t
edit_indent (const struct editing *s, size_t line)
{
  size_t i = line;
  while (i < s->length && s->text[i] == ' ')
    i++;
  return i - line;
}

bool
edit_is_idle (const struct editing *s, size_t line)
{
  size_t i = line + edit_indent (s, line);
  return i >= s->length || s->text[i] == '\n' || s->text[i] == '\r' || s->text[i] == '#';
}

void
edit_copy (struct editing *s, size_t from, size_t to)
{
  buf_add (s->out, s->text + from, to - from);
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

void
edit_render (struct editing *s, char old_quote, bool in_flow)
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

void
edit_add_lines (struct editing *s, size_t missing, size_t indent)
{
  for (size_t i = missing; i < s->e->n; i++, indent += 2) {
    bool last = i + 1 == s->e->n;
    buf_printf (s->out, "%*s%s:%s%s", (int) indent, "", s->e->path[i], last ? " " : "", last ? s->value.data : "");
    if (last)
      add_comment (s);
    buf_adds (s->out, s->newline);
  }
}

void
edit_insert_lines (struct editing *s, size_t at, size_t missing, size_t indent)
{
  edit_copy (s, 0, at);
  if (at && s->text[at - 1] != '\n')
    buf_adds (s->out, s->newline);
  edit_add_lines (s, missing, indent);
  edit_copy (s, at, s->length);
}
