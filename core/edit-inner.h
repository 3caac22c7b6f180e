/* An edit under way, between the files edit*.c. */
#ifndef EDIT_INNER_H
#define EDIT_INNER_H

#include "edit.h"
#include "yamltree.h"

struct editing {
  const struct edit *e;
  const char *text;
  size_t length;
  const char *newline;
  struct buf *out;
  struct buf value; /* as it will be written */
};

/* edit-text.c: places and lines of the old text, by byte. */
size_t edit_line_start (const struct editing *s, uint32_t line);
size_t edit_offset (const struct editing *s, struct place at);
size_t edit_line_end (const struct editing *s, size_t at);
size_t edit_indent (const struct editing *s, size_t line);
bool edit_is_idle (const struct editing *s, size_t line); /* blank or nothing but a comment */

/* The new text. */
void edit_copy (struct editing *s, size_t from, size_t to);
/* Makes s->value. The old value's quotes (0: none) are kept where the new one can stand in them. */
void edit_render (struct editing *s, char old_quote, bool in_flow);
/* The missing part of the path as lines; what hangs below a missing key is indented by two more. */
void edit_add_lines (struct editing *s, size_t missing, size_t indent);
void edit_insert_lines (struct editing *s, size_t at, size_t missing, size_t indent);

/* edit-add.c: a key that is not there; the path exists up to `missing`. 0 or -ENOTSUP. */
int edit_add_to (struct editing *s, const struct yaml_pair *pair, size_t missing, bool in_flow, struct diag *d);
int edit_add_section (struct editing *s, const struct yaml_node *root, struct diag *d);
#endif
