/* Making and freeing expressions, and the words for what is not known. */
#include <config.h>

#include "inner.h"

void
expression_free (struct expression *e)
{
  if (!e)
    return;
  for (uint32_t i = 0; e->histories && i < e->n_nodes; i++)
    expr_history_free (e->histories[i]);
  free (e->histories);
  for (int i = 0; i < 2; i++) {
    free (e->text[i]);
    free (e->pool[i]);
  }
  free (e->table);
  free (e->nodes);
  free (e->references);
  free (e->selectors);
  free (e->scopes);
  free (e->stack);
  free (e);
}

const char *
expression_bound (const struct expression *e, uint32_t *ret_length)
{
  const struct node *n = e->single && !e->show_right ? e->nodes + e->compare : NULL;
  *ret_length = n ? (uint32_t) n->end - n->mark : (uint32_t) strlen (e->text[0]);
  return e->text[0] + (n ? n->mark : 0);
}

/* Copies the text and reads it: nodes are added to what there is. */
static int
take (struct expression *e, const char *text, bool in_clear, struct expression_fault *fault)
{
  struct source source = {"", in_clear, fault};
  size_t length = strnlen (text, EXPRESSION_MAX_TEXT + 1);
  if (length > EXPRESSION_MAX_TEXT)
    return expr_refuse (&source, 0, "an expression may have %d bytes", EXPRESSION_MAX_TEXT);
  e->text[in_clear] = strndup (text, length);
  e->pool[in_clear] = malloc (2 * length + 16);
  if (!e->text[in_clear] || !e->pool[in_clear])
    return -ENOMEM;
  struct parser p = {.e = e};
  p.lexer.source = expr_source (e, in_clear, fault);
  p.lexer.pool = e->pool[in_clear];
  int r = expr_parse_into (&p);
  if (!r && !in_clear) {
    e->n_when = e->n_nodes;
    e->single = e->compare != NONE && e->compare + 1u == e->n_nodes;
  }
  return r ? r : expr_check (e, NULL, NULL, fault);
}

/* What the nodes from `first` on need to be evaluated. */
static int
make_room (struct expression *e, uint32_t first)
{
  struct value *stack = reallocarray (e->stack, e->n_nodes + 1, sizeof *stack);
  if (!stack)
    return -ENOMEM;
  e->stack = stack;
  struct history **histories = reallocarray (e->histories, e->n_nodes + 1, sizeof *histories);
  if (!histories)
    return -ENOMEM;
  e->histories = histories;
  for (uint32_t i = first; i < e->n_nodes; i++)
    histories[i] = NULL;
  for (uint32_t i = first; i < e->n_nodes; i++) {
    const struct node *n = e->nodes + i;
    if (n->op != OP_RATE && n->op != OP_CHANGE && n->op != OP_ABSENT)
      continue;
    histories[i] = expr_history_new (n->op == OP_RATE ? 0 : n->span_ns, n->op == OP_CHANGE);
    if (histories[i])
      continue;
    while (i > first)
      expr_history_free (histories[--i]);
    memset (histories + first, 0, (e->n_nodes - first) * sizeof *histories);
    return -ENOMEM;
  }
  return 0;
}

int
expression_parse (const char *text, const char *table, struct expression **ret, struct expression_fault *fault)
{
  struct expression *e = calloc (1, sizeof *e);
  if (!e)
    return -ENOMEM;
  *fault = (struct expression_fault){0};
  e->compare = NONE;
  int r = table && !(e->table = strdup (table)) ? -ENOMEM : 0;
  r = r ? r : EXPR_GROW (e->scopes, e->n_scopes);
  if (!r) {
    e->scopes[e->n_scopes++] = (struct scope){.reference = NONE};
    r = take (e, text, false, fault);
  }
  r = r ? r : make_room (e, 0);
  if (r) {
    expression_free (e);
    return r;
  }
  *ret = e;
  return 0;
}

/* Whether a number may be on the first side of one bound when it is not on the other's: x > 90 ends by < 95, not by > 95. */
static bool
can_end (const struct node *when, const struct node *clear)
{
  const bool above = when[1].op == OP_MORE || when[1].op == OP_MORE_EQUAL,
             below = when[1].op == OP_LESS || when[1].op == OP_LESS_EQUAL;
  const bool same = above   ? clear[1].op == OP_MORE || clear[1].op == OP_MORE_EQUAL
                    : below ? clear[1].op == OP_LESS || clear[1].op == OP_LESS_EQUAL
                            : false;
  const double room = above ? when->number - clear->number : clear->number - when->number;
  if (!same || when->unit != clear->unit || room > 0)
    return true;
  const bool when_ends_there = when[1].op == OP_MORE || when[1].op == OP_LESS,
             clear_begins_there = clear[1].op == OP_MORE_EQUAL || clear[1].op == OP_LESS_EQUAL;
  return !(room < 0) && when_ends_there && clear_begins_there;
}

/* `clear` is asked while `when` is not true. */
static int
check_end (const struct expression *e, uint32_t nodes, struct expression_fault *fault)
{
  const struct node *when = e->nodes + nodes - 2, *clear = e->nodes + nodes;
  struct source source = expr_source (e, true, fault);
  if (!e->single || e->show_right || nodes < 3 || when->op != OP_NUMBER || e->n_nodes != nodes + 3 || clear->op != OP_LEFT
      || clear[1].op != OP_NUMBER || can_end (when, clear + 1))
    return 0;
  return expr_refuse (&source, clear[2].mark, "it never ends, for this is not true as long as the condition itself is not");
}

int
expression_clear (struct expression *e, const char *text, struct expression_fault *fault)
{
  uint32_t nodes = e->n_nodes, references = e->n_references, selectors = e->n_selectors, scopes = e->n_scopes;
  uint16_t rows = e->scopes->reference;
  *fault = (struct expression_fault){0};
  if (e->text[1]) {
    struct source source = {"", true, fault};
    return expr_refuse (&source, 0, "there is a condition to clear by already");
  }
  int r = take (e, text, true, fault);
  r = r ? r : check_end (e, nodes, fault);
  r = r ? r : make_room (e, nodes);
  if (!r)
    return 0;
  free (e->text[1]);
  free (e->pool[1]);
  e->text[1] = e->pool[1] = NULL;
  e->n_nodes = nodes;
  e->n_references = references;
  e->n_selectors = selectors;
  e->n_scopes = scopes;
  e->scopes->reference = rows;
  return r;
}

/* ---- Why something is unknown ---- */

static const char *
reason (const struct expression_result *r)
{
  static const char *const reasons[] = {
    [KK_UNSET] = "has no value",
    [KK_FIRST] = "has been read only once",
    [KK_RESET] = "began anew from 0",
    [KK_GAP] = "was not read for too long",
    [KK_SUSPEND] = "has been read only once since the machine slept",
    [KK_ERROR] = "could not be read",
    [KK_DENIED] = "may not be read",
    [WHY_NOT_THERE] = "is not among what is collected",
    [WHY_NO_ROW] = "has no row",
    [WHY_NO_ROWS] = "has no row with a value",
    [WHY_TABLE_FAILED] = "could not be read",
    [WHY_TABLE_PARTIAL] = "may lack rows: they could not be read or were filtered out",
    [WHY_TABLE_HELD] = "was not read at this tick",
    [WHY_UNSURE_ROWS] = "has rows of which it is not known whether they are meant",
    [WHY_TOO_SHORT] = "has not been watched for that long",
    [WHY_TOO_RARE] = "is read less often than that",
    [WHY_TOO_MANY] = "has more rows than can be remembered",
    [WHY_DIVISION] = "divides by 0",
    [WHY_RANGE] = "is too large a number",
  };
  const char *text = r->why < sizeof reasons / sizeof *reasons ? reasons[r->why] : NULL;
  return text ? text : "is not known";
}

bool
expression_is_early (const struct expression_result *result)
{
  return result->verdict == EXPRESSION_UNKNOWN
         && (result->why == KK_FIRST || result->why == KK_SUSPEND || result->why == WHY_TOO_SHORT);
}

const char *
expression_why (const struct expression *e, const struct expression_result *result, char *text, size_t size)
{
  if (!result->why || result->why_node >= e->n_nodes) {
    snprintf (text, size, "%s", result->why ? "it is not known whether the rule is about this row" : "");
    return text;
  }
  struct piece p = expr_node_piece (e, result->why_node);
  snprintf (text, size, "'%.*s%s' %s", p.length, p.text, p.more, reason (result));
  return text;
}
