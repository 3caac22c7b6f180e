#include <config.h>

#include "yaml-store.h"

#include "yaml-fault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { MAX_DEPTH = 32, MAX_NODES = 20000, MAX_ANCHORS = 1000 };

#define TAG "tag:yaml.org,2002:"

struct frame {
  struct stored_node *node;
  char *key; /* of a map: read, its value not yet */
  struct place key_at;
  struct place to; /* the end of what is in it so far */
};

struct anchor {
  char *name;
  struct stored_node *node;
};

struct parsing {
  yaml_parser_t yaml;
  struct diag *d;
  struct yaml_document *doc;
  struct frame stack[MAX_DEPTH];
  size_t depth;
  struct anchor *anchors;
  size_t n_anchors;
  size_t n_nodes; /* aliases expanded */
  size_t n_documents;
};

static struct place
place_of (const struct parsing *p, yaml_mark_t mark)
{
  return (struct place){.file = p->doc->file, .line = (uint32_t) mark.line + 1, .column = (uint32_t) mark.column + 1};
}

/* Keys are unique: sorted by text, equal ones are neighbours. The first counts. */
static int
by_key (const void *a, const void *b)
{
  const struct yaml_pair *const *x = a, *const *y = b;
  int order = strcmp ((*x)->key, (*y)->key);
  return order ? order : (*x < *y ? -1 : *x > *y);
}

static int
drop_repeated_keys (struct parsing *p, struct yaml_node *map)
{
  if (map->n < 2)
    return 0;
  struct yaml_pair **sorted = calloc (map->n, sizeof *sorted);
  if (!sorted)
    return -ENOMEM;
  for (size_t i = 0; i < map->n; i++)
    sorted[i] = &map->pairs[i];
  qsort (sorted, map->n, sizeof *sorted, by_key);
  const struct yaml_pair *first = sorted[0];
  size_t repeated = 0;
  for (size_t i = 1; i < map->n; i++) {
    if (strcmp (sorted[i]->key, first->key) != 0) {
      first = sorted[i];
      continue;
    }
    diag_add (p->d, DIAG_ERROR, sorted[i]->at, "key '%s' is here a second time, the first is in line %u: keep one of them",
              first->key, first->at.line);
    sorted[i]->value = NULL;
    repeated++;
  }
  free (sorted);
  if (!repeated)
    return 0;
  size_t kept = 0;
  for (size_t i = 0; i < map->n; i++)
    if (map->pairs[i].value)
      map->pairs[kept++] = map->pairs[i];
    else
      free (map->pairs[i].key);
  map->n = kept;
  return 0;
}

/* Hangs a finished or alias node into the tree. */
static int
attach (struct parsing *p, struct stored_node *node, struct place from, struct place to)
{
  if (!p->depth) {
    p->doc->root = &node->node;
    return 0;
  }
  struct frame *top = &p->stack[p->depth - 1];
  top->node->size += node->size;
  if (top->node->height < node->height + 1)
    top->node->height = node->height + 1;
  top->to = to;
  if (top->node->node.kind == YAML_LIST)
    return yaml_append (&top->node->node, &node->node);
  int r = yaml_put (p->doc, &top->node->node, top->key, top->key_at, &node->node);
  if (r == 0) {
    top->node->node.pairs[top->node->node.n - 1].from = from;
    top->node->node.pairs[top->node->node.n - 1].to = to;
  }
  free (top->key);
  top->key = NULL;
  return r;
}

static int
count_nodes (struct parsing *p, size_t n, struct place at)
{
  p->n_nodes += n;
  if (p->n_nodes <= MAX_NODES)
    return 0;
  diag_add (p->d, DIAG_ERROR, at, "the file has more than %d values, counting what aliases repeat: make it smaller", MAX_NODES);
  return -EINVAL;
}

static int
remember_anchor (struct parsing *p, const char *name, struct stored_node *node)
{
  if (!name)
    return 0;
  if (p->n_anchors == MAX_ANCHORS) {
    diag_add (p->d, DIAG_ERROR, node->node.at, "more than %d anchors: write the values out", MAX_ANCHORS);
    return -EINVAL;
  }
  struct anchor *anchors = reallocarray (p->anchors, p->n_anchors + 1, sizeof *anchors);
  if (!anchors)
    return -ENOMEM;
  p->anchors = anchors;
  char *copy = strdup (name);
  if (!copy)
    return -ENOMEM;
  anchors[p->n_anchors++] = (struct anchor){.name = copy, .node = node};
  return 0;
}

/* 0, or -EINVAL for a tag that means something we do not. `core` are the tags that change nothing, by their last word. */
static int
check_tag (struct parsing *p, const char *tag, const char *const *core, struct place at)
{
  if (!tag || strcmp (tag, "!") == 0)
    return 0;
  size_t prefix = strlen (TAG);
  if (strncmp (tag, TAG, prefix) == 0)
    for (size_t i = 0; core[i]; i++)
      if (strcmp (tag + prefix, core[i]) == 0)
        return 0;
  diag_add (p->d, DIAG_ERROR, at, "the tag '%s' means nothing here: leave it out", tag);
  return 0;
}

static int
take_key (struct parsing *p, const yaml_event_t *event, struct place at)
{
  struct frame *top = &p->stack[p->depth - 1];
  const char *text = (const char *) event->data.scalar.value;
  bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
  if (strlen (text) != event->data.scalar.length || !*text) {
    diag_add (p->d, DIAG_ERROR, at, "a key is missing: write 'key: value'");
    return -EINVAL;
  }
  if (plain && strcmp (text, "<<") == 0) {
    diag_add (p->d, DIAG_ERROR, at, "merge keys ('<<') are not supported: write the keys out");
    return -EINVAL;
  }
  top->key = strdup (text);
  top->key_at = at;
  return top->key ? 0 : -ENOMEM;
}

static bool
is_null (const char *text)
{
  return !*text || strcmp (text, "~") == 0 || strcmp (text, "null") == 0 || strcmp (text, "Null") == 0
         || strcmp (text, "NULL") == 0;
}

static int
take_scalar (struct parsing *p, const yaml_event_t *event, struct place at)
{
  static const char *const core[] = {"str", "int", "float", "bool", "null", NULL};
  const char *text = (const char *) event->data.scalar.value, *tag = (const char *) event->data.scalar.tag;
  int r = count_nodes (p, 1, at);
  if (r < 0)
    return r;
  bool text_tag = tag && (strcmp (tag, "!") == 0 || strcmp (tag, TAG "str") == 0);
  bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || text_tag;
  struct stored_node *node = yaml_store_node (p->doc, !quoted && is_null (text) ? YAML_NULL : YAML_SCALAR, at);
  if (!node)
    return -ENOMEM;
  node->node.quoted = quoted;
  node->node.text = strdup (text);
  if (!node->node.text)
    return -ENOMEM;
  if (strlen (text) != event->data.scalar.length)
    diag_add (p->d, DIAG_ERROR, at, "the value holds a zero byte ('\\0'): take it out");
  r = check_tag (p, tag, core, at);
  if (r == 0)
    r = remember_anchor (p, (const char *) event->data.scalar.anchor, node);
  return r < 0 ? r : attach (p, node, at, place_of (p, event->end_mark));
}

static int
take_alias (struct parsing *p, const char *name, struct place at, struct place to)
{
  struct stored_node *node = NULL;
  for (size_t i = p->n_anchors; i-- > 0 && !node;)
    if (strcmp (p->anchors[i].name, name) == 0)
      node = p->anchors[i].node;
  if (!node) {
    diag_add (p->d, DIAG_ERROR, at, "alias '*%s' has no anchor '&%s' above it: put it in quotes if it is a text", name, name);
    return -EINVAL;
  }
  for (size_t i = 0; i < p->depth; i++)
    if (p->stack[i].node == node) {
      diag_add (p->d, DIAG_ERROR, at, "alias '*%s' stands inside its own anchor: that would never end", name);
      return -EINVAL;
    }
  if (p->depth + node->height >= MAX_DEPTH) {
    diag_add (p->d, DIAG_ERROR, at, "nested deeper than %d levels", MAX_DEPTH);
    return -EINVAL;
  }
  int r = count_nodes (p, node->size, at);
  return r < 0 ? r : attach (p, node, at, to);
}

static int
begin (struct parsing *p, enum yaml_kind kind, bool flow, const yaml_char_t *anchor, const yaml_char_t *tag, struct place at)
{
  static const char *const map_tags[] = {"map", NULL}, *const list_tags[] = {"seq", NULL};
  if (p->depth == MAX_DEPTH) {
    diag_add (p->d, DIAG_ERROR, at, "nested deeper than %d levels", MAX_DEPTH);
    return -EINVAL;
  }
  int r = count_nodes (p, 1, at);
  struct stored_node *node = r < 0 ? NULL : yaml_store_node (p->doc, kind, at);
  if (!node)
    return r < 0 ? r : -ENOMEM;
  node->node.flow = flow;
  r = check_tag (p, (const char *) tag, kind == YAML_MAP ? map_tags : list_tags, at);
  if (r == 0)
    r = remember_anchor (p, (const char *) anchor, node);
  if (r == 0)
    p->stack[p->depth++] = (struct frame){.node = node, .to = at};
  return r;
}

static int
finish (struct parsing *p, struct place end)
{
  struct frame *top = &p->stack[--p->depth];
  struct stored_node *node = top->node;
  /* libyaml ends a block where the next thing begins, comments later. */
  struct place to = node->node.flow ? end : top->to;
  int r = node->node.kind == YAML_MAP ? drop_repeated_keys (p, &node->node) : 0;
  return r < 0 ? r : attach (p, node, node->node.at, to);
}

static int
take_event (struct parsing *p, const yaml_event_t *event)
{
  struct place at = place_of (p, event->start_mark);
  struct frame *top = p->depth ? &p->stack[p->depth - 1] : NULL;
  bool wants_key = top && top->node->node.kind == YAML_MAP && !top->key;
  switch (event->type) {
  case YAML_DOCUMENT_START_EVENT:
    if (p->n_documents++ == 0)
      return 0;
    diag_add (p->d, DIAG_ERROR, at, "a second document begins here: a configuration is one document; remove the '---'");
    return -EINVAL;
  case YAML_SCALAR_EVENT: return wants_key ? take_key (p, event, at) : take_scalar (p, event, at);
  case YAML_ALIAS_EVENT:
  case YAML_SEQUENCE_START_EVENT:
  case YAML_MAPPING_START_EVENT:
    if (wants_key) {
      diag_add (p->d, DIAG_ERROR, at, "a key must be a word: a list, a map or an alias cannot be one");
      return -EINVAL;
    }
    if (event->type == YAML_ALIAS_EVENT)
      return take_alias (p, (const char *) event->data.alias.anchor, at, place_of (p, event->end_mark));
    if (event->type == YAML_SEQUENCE_START_EVENT)
      return begin (p, YAML_LIST, event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE,
                    event->data.sequence_start.anchor, event->data.sequence_start.tag, at);
    return begin (p, YAML_MAP, event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE, event->data.mapping_start.anchor,
                  event->data.mapping_start.tag, at);
  case YAML_SEQUENCE_END_EVENT:
  case YAML_MAPPING_END_EVENT: return finish (p, place_of (p, event->end_mark));
  default: return 0;
  }
}

static int
parse_events (struct parsing *p, const char *text, size_t length)
{
  for (bool done = false; !done;) {
    yaml_event_t event;
    if (!yaml_parser_parse (&p->yaml, &event)) {
      if (p->yaml.error == YAML_MEMORY_ERROR)
        return -ENOMEM;
      yaml_fault (&p->yaml, p->doc->file, text, length, p->d);
      return -EINVAL;
    }
    int r = take_event (p, &event);
    done = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete (&event);
    if (r < 0)
      return r;
  }
  if (p->doc->root)
    return 0;
  struct stored_node *nothing =
      yaml_store_node (p->doc, YAML_NULL, (struct place){.file = p->doc->file, .line = 1, .column = 1});
  if (!nothing || !(nothing->node.text = strdup ("")))
    return -ENOMEM;
  p->doc->root = &nothing->node;
  return 0;
}

int
yaml_parse (const char *file, const char *text, size_t length, struct diag *d, struct yaml_document **ret)
{
  struct parsing p = {.d = d, .doc = yaml_new (file)};
  if (!p.doc)
    return -ENOMEM;
  if (!yaml_parser_initialize (&p.yaml)) {
    yaml_free (p.doc);
    return -ENOMEM;
  }
  if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0) {
    text += 3;
    length -= 3;
  }
  yaml_parser_set_encoding (&p.yaml, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string (&p.yaml, (const unsigned char *) text, length);
  int r = parse_events (&p, text, length);
  yaml_parser_delete (&p.yaml);
  while (p.depth)
    free (p.stack[--p.depth].key);
  while (p.n_anchors)
    free (p.anchors[--p.n_anchors].name);
  free (p.anchors);
  if (r < 0) {
    yaml_free (p.doc);
    return r;
  }
  *ret = p.doc;
  return 0;
}
