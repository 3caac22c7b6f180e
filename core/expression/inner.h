/* What the files of this room share: an expression as it is kept, and as it is bound to a schema.
 *
 * An expression is a list of nodes in the order in which they are computed on a stack: operands, then their operator. The body
 * of an aggregate over rows stands between OP_AGGREGATE and its OP_END and is computed for each row. */
#ifndef EXPRESSION_INNER_H
#define EXPRESSION_INNER_H

#include "expression.h"

#include <math.h>
#include <stdlib.h>

enum op {
  OP_NUMBER,
  OP_TEXT,
  OP_BOOLEAN,
  OP_FIELD,
  OP_ROW, /* true for each row: the body of count (table) */
  OP_RATE,
  OP_CHANGE,
  OP_ABSENT,
  OP_GONE,
  OP_AGGREGATE,
  OP_END,
  OP_LEFT, /* in the clear condition: the left side of the first comparison again */
  OP_NEGATE,
  OP_NOT,
  OP_ADD,
  OP_SUBTRACT,
  OP_MULTIPLY,
  OP_DIVIDE,
  OP_LESS,
  OP_LESS_EQUAL,
  OP_MORE,
  OP_MORE_EQUAL,
  OP_EQUAL,
  OP_UNEQUAL,
  OP_AND,
  OP_OR,
};

enum aggregate { AGGREGATE_SUM, AGGREGATE_COUNT, AGGREGATE_MAX, AGGREGATE_MIN, AGGREGATE_AVG };

/* What a number measures. Numbers of one dimension are converted by their scales, which are whole: bits, nanoseconds. */
enum dimension { UNIT_PLAIN, UNIT_PERCENT, UNIT_SIZE, UNIT_TIME, UNIT_SIZE_RATE, UNIT_OTHER, UNIT_DERIVED, UNIT_UNKNOWN };
struct unit {
  enum dimension dimension;
  double scale;
  char name[24]; /* as the field declares it; "" of a constant */
};

enum { NONE = UINT16_MAX };

struct node {
  uint8_t op;
  uint8_t aggregate; /* enum aggregate */
  uint8_t unit;      /* enum dimension of an OP_NUMBER */
  uint16_t scope;    /* whose rows it is computed for */
  uint16_t reference;
  uint16_t partner; /* of OP_AGGREGATE its OP_END, and the other way round */
  uint16_t body;    /* of these the scope of what is between them */
  uint16_t at, end; /* the text of all of it */
  uint16_t mark;    /* where its operator stands */
  union {
    double number;
    bool boolean;
    int64_t span_ns;
    struct {
      const char *text;
      uint32_t length;
    };
  };
};

struct selector {
  const char *field; /* NULL: the key */
  const char *pattern;
  uint16_t at;
  bool negated;
};

/* table.field, table[selectors].field or, of a function that wants a table, these without the field. */
struct reference {
  const char *table;
  const char *field; /* NULL: the table */
  uint16_t first, n; /* its selectors */
  uint16_t at, at_field, end;
  bool chosen; /* brackets stand there */
  bool in_clear;
};

struct scope {
  uint16_t reference; /* the first in it with brackets, or NONE */
};

struct value {
  union {
    double number;
    bool boolean;
    const char *text;
  };
  uint32_t length;
  uint16_t node; /* which made it unknown */
  uint8_t why;   /* 0: it is known; enum kk_absent, enum why */
  bool fresh;
};

enum why {
  WHY_NOT_THERE = 16, /* the schema has no such thing */
  WHY_NO_ROW,
  WHY_NO_ROWS,
  WHY_TABLE_FAILED,
  WHY_TABLE_PARTIAL,
  WHY_TABLE_HELD,
  WHY_UNSURE_ROWS,
  WHY_UNSURE_ROW,
  WHY_TOO_SHORT,
  WHY_TOO_RARE,
  WHY_TOO_MANY,
  WHY_DIVISION,
  WHY_RANGE,
};

struct history;

struct expression {
  char *text[2]; /* the expression, and the condition to clear by or NULL */
  char *pool[2]; /* of strings of nodes, references and selectors */
  char *table;   /* of fields without one, or NULL */
  struct node *nodes;
  struct reference *references;
  struct selector *selectors;
  struct scope *scopes;
  uint32_t n_nodes, n_references, n_selectors, n_scopes;
  uint32_t n_when;                /* nodes of the first text */
  uint16_t compare, compare_left; /* the first comparison, or NONE, and which node makes its left side */
  bool show_right;                /* the left side is a constant, so what people want to see is on the right */
  bool single;                    /* that comparison is all of the expression */
  struct history **histories;     /* by node; NULL where it remembers nothing */
  struct value *stack;            /* as deep as it gets: at most one for each node */
  uint64_t epoch, slept;          /* how often samples were missed, and how often the machine slept */
  uint8_t epoch_why;
  uint64_t evaluations;
};

/* ---- Faults ---- */

struct source {
  const char *text;
  bool in_clear;
  struct expression_fault *fault;
};
/* -EINVAL. */
__attribute__ ((format (printf, 3, 4))) int expr_refuse (const struct source *s, size_t at, const char *format, ...);
struct source expr_source (const struct expression *e, bool in_clear, struct expression_fault *fault);
/* A piece of the text to quote, cut to what fits a sentence; for "%.*s%s". */
struct piece {
  int length;
  const char *text, *more;
};
struct piece expr_piece (const char *text, size_t at, size_t end);

/* ---- Reading ---- */

enum token_kind {
  TOKEN_END,
  TOKEN_NUMBER,
  TOKEN_TEXT,
  TOKEN_NAME,
  TOKEN_OPEN,
  TOKEN_CLOSE,
  TOKEN_COMMA,
  TOKEN_OPERATOR, /* + - * / and comparisons */
};
struct token {
  enum token_kind kind;
  enum op op;
  enum dimension unit;
  double number;
  const char *text;
  uint32_t length;
  size_t at, end;
};
struct lexer {
  struct source source;
  size_t at; /* behind the token */
  struct token token;
  size_t last_end; /* of the token before */
  char *pool;      /* where strings are put, at least twice as long as the text */
  size_t pooled;
};
int expr_next (struct lexer *l);
bool expr_word (const struct lexer *l, const char *word); /* whether the token is this name */
void expr_space (struct lexer *l);
bool expr_name_byte (char c);
/* A quoted string that begins at l->at, into the pool. */
int expr_quoted (struct lexer *l, const char **ret, uint32_t *length);
const char *expr_pooled (struct lexer *l, const char *text, size_t length);

struct parser {
  struct lexer lexer;
  struct expression *e;
  unsigned depth;
  uint16_t scope;
};
/* The token is a name that begins one. Without `field` it may be a table alone; *ret is its number. The token is then what
 * follows. */
int expr_reference (struct parser *p, bool field, uint16_t *ret);
/* Room for one more, zeroed, in an array of *n. 0 or -ENOMEM. */
int expr_grow (void **array, uint32_t n, size_t size);
#define EXPR_GROW(array_, n_) expr_grow ((void **) &(array_), (n_), sizeof *(array_))
/* Notes that a reference is used in a scope: all with brackets there say the same. */
int expr_join_scope (struct parser *p, uint16_t reference);
int expr_call (struct parser *p); /* the token is the name of a function, an open bracket follows */
int expr_compare (struct parser *p);
int expr_emit (struct parser *p, struct node node);
int expr_parse_into (struct parser *p);

/* ---- Units ---- */

void expr_unit_of (const char *ucum, struct unit *ret);
void expr_unit_constant (enum dimension dimension, struct unit *ret);
void expr_unit_derived (struct unit *ret);
void expr_unit_per_second (struct unit *u);
/* "in MiBy", "a size" … */
const char *expr_unit_text (const struct unit *u, char *text, size_t size);

/* ---- Binding ---- */

struct bound {
  uint32_t used; /* the number in b->used of the table; UINT32_MAX: none */
  uint32_t field;
  uint8_t kind;   /* enum kk_kind of the field */
  bool row;       /* its value is one of the row's, not of the sample */
  uint8_t type;   /* enum expression_type of the operands of a comparison */
  int8_t convert; /* -1 the left, 1 the right operand, by from / to; 0: none */
  double from, to;
};
struct bound_reference {
  uint32_t used;
  uint32_t field; /* UINT32_MAX: not there */
  uint8_t kind;   /* enum kk_kind of the field */
  bool keyed;
};
struct used_table {
  uint32_t table;
  struct kk_table_info info; /* of the sample that is evaluated */
  bool known;
};
enum { SELECT_KEY = UINT32_MAX, SELECT_MISSING = UINT32_MAX - 1 };

struct expression_binding {
  uint64_t schema;
  struct bound *nodes;
  struct bound_reference *references;
  uint32_t *selectors; /* the field of each */
  uint16_t *scopes;    /* the reference that chooses the rows of each, or NONE */
  struct used_table *used;
  struct value *slots; /* of what is computed once for each sample */
  struct expression_fault *missing;
  uint32_t n_used, n_missing;
  struct unit unit; /* of results' values */
  uint8_t value_type;
};

/* What kinds of values the nodes make, and whether they fit. `b` NULL: as far as that can be said without a schema. */
struct sort {
  enum expression_type type; /* EXPRESSION_NO_VALUE: not known */
  struct unit unit;
  uint16_t node;
  bool constant;
};
struct checker {
  const struct expression *e;
  struct expression_binding *b;
  const struct sort *fields; /* by reference; NULL without b */
  struct sort *stack, left;
  uint32_t n;
  struct expression_fault *fault;
};
int expr_check (const struct expression *e, struct expression_binding *b, const struct sort *fields,
                struct expression_fault *fault);
/* *left becomes what comes out. */
int expr_check_units (const struct checker *c, uint16_t node, struct sort *left, const struct sort *right);
struct source expr_node_source (const struct checker *c, uint16_t node);
struct piece expr_node_piece (const struct expression *e, uint16_t node);

/* ---- Evaluating ---- */

struct run {
  struct expression *e;
  struct expression_binding *b;
  const struct kk_sample *sample;
  struct kk_time time;
};
/* For each sample: begins with it, works out what does not depend on a row, and, behind its rows, has histories forget the rows
 * that are not there any more. */
void expr_begin (struct run *r);
void expr_fill_slots (const struct run *r);
void expr_sweep (const struct run *r);
/* Whether a reference chooses this row; the unknown is explained in *ret_why. */
enum expression_verdict expr_chosen (const struct run *r, uint16_t reference, uint32_t row, uint8_t *ret_why);
/* Computes nodes [first, end) for a row; the result, valid until the next run. *left (may be NULL) gets, or is for OP_LEFT, the
 * left side of the first comparison. */
struct value *expr_run (const struct run *r, uint32_t first, uint32_t end, uint32_t row, struct value *left);
bool expr_compares (enum op op, double x, double y);
struct value expr_binary (const struct node *n, const struct bound *b, uint16_t number, const struct value *x,
                          const struct value *y);
struct value expr_aggregate (const struct run *r, uint16_t first);
struct value expr_gone (const struct run *r, uint16_t node);
bool expr_seen (const struct run *r, uint16_t node);
bool expr_glob (const char *pattern, const char *text);

/* ---- Histories ---- */

/* `span_ns` 0: of rate(); else of change() and absent() over so long. */
struct history *expr_history_new (int64_t span_ns, bool points);
void expr_history_free (struct history *h);
struct reading {
  struct kk_value value;
  struct kk_value key; /* absent: of a single table */
  uint64_t identity;
  int64_t mono_ns; /* of the value */
  int64_t now_ns;  /* of the sample */
  bool counter;
};
struct value expr_history_read (struct history *h, const struct expression *e, const struct reading *reading);
/* After a sample: `all` rows there were have been read; the others are forgotten. */
void expr_history_sweep (struct history *h, const struct expression *e, int64_t now_ns, bool all);
/* absent (): whether nothing fresh was seen for the span, and for how long. */
struct value expr_history_absent (struct history *h, const struct expression *e, int64_t now_ns, bool fresh);
#endif
