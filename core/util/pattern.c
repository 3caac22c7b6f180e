#include "pattern.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 16, MOST = 100000, RENEW = 4096 };

struct pattern {
  regex_t regex;
  bool compiled;
  bool digits;
  size_t looked; /* bytes of texts since it was compiled */
  char text[];   /* what is given to regcomp */
};

/* ---- What is in it ---- */

struct walk {
  const char *at;
  unsigned depth;
  char *why;
  size_t size;
  bool bad;
};

/* A piece, and what can be said of the texts that it takes. */
struct piece {
  uint32_t steps; /* with repeats written out */
  bool empty;     /* it may be nothing */
  bool digits;    /* it may be digits alone, or nothing */
  bool place;     /* a place is in it: ^ $ \b … */
};

__attribute__ ((format (printf, 2, 3))) static struct piece
refuse (struct walk *w, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  if (!w->bad)
    vsnprintf (w->why, w->size, format, args);
  va_end (args);
  w->bad = true;
  return (struct piece){.steps = 0};
}

static struct piece alternatives (struct walk *w);

static struct piece
group (struct walk *w)
{
  if (w->depth == MAX_DEPTH)
    return refuse (w, "it has more than %d levels of brackets", MAX_DEPTH);
  w->depth++;
  w->at++;
  struct piece p = alternatives (w);
  w->depth--;
  if (w->bad)
    return p;
  if (*w->at != ')')
    return refuse (w, "a '(' is not closed");
  w->at++;
  return p;
}

/* Which digits [a-z] takes is asked of regcomp itself. */
static bool
takes_digit (const char *set, size_t length)
{
  regex_t regex;
  char text[PATTERN_MAX + 1];
  snprintf (text, sizeof text, "%.*s", (int) length, set);
  if (regcomp (&regex, text, REG_EXTENDED | REG_NOSUB))
    return true;
  bool takes = false;
  for (char digit[2] = "0"; *digit <= '9' && !takes; ++*digit)
    takes = !regexec (&regex, digit, 0, NULL, 0);
  regfree (&regex);
  return takes;
}

/* [abc], []a], [^a-z], [[:alpha:]] */
static struct piece
set (struct walk *w)
{
  const char *begin = w->at++;
  w->at += *w->at == '^';
  w->at += *w->at == ']';
  while (*w->at && *w->at != ']') {
    if (*w->at == '[' && w->at[1] && strchr (":.=", w->at[1])) {
      const char end[] = {w->at[1], ']', 0}, *closed = strstr (w->at + 2, end);
      w->at = closed ? closed + 1 : w->at;
    }
    w->at++;
  }
  if (!*w->at)
    return refuse (w, "a '[' is not closed");
  w->at++;
  return (struct piece){.steps = 1, .digits = takes_digit (begin, (size_t) (w->at - begin))};
}

static struct piece
escape (struct walk *w)
{
  char c = *++w->at;
  if (!c)
    return refuse (w, "it ends in a '\\'");
  w->at++;
  if (c >= '1' && c <= '9')
    return refuse (w, "what a group took cannot be asked for again (\\%c)", c);
  bool place = strchr ("bB<>`'", c) != NULL;
  return (struct piece){.steps = 1, .empty = place, .place = place, .digits = place || c == 'w' || c == 'S' || c == '0'};
}

static struct piece
atom (struct walk *w)
{
  switch (*w->at) {
  case '(':
    return group (w);
  case '[':
    return set (w);
  case '\\':
    return escape (w);
  case '^':
  case '$':
    w->at++;
    return (struct piece){.steps = 1, .empty = true, .place = true, .digits = true};
  default:
    break;
  }
  char c = *w->at++;
  return (struct piece){.steps = 1, .digits = c == '.' || isdigit ((unsigned char) c)};
}

/* {3}, {3,}, {3,5}; false: it is none, and regcomp will say so. */
static bool
count (struct walk *w, uint32_t *least, uint32_t *most)
{
  const char *at = w->at + 1;
  uint32_t n[2] = {0, 0};
  int given = 0;
  for (;; at++) {
    for (; isdigit ((unsigned char) *at); at++)
      n[given] = n[given] < MOST ? n[given] * 10 + (uint32_t) (*at - '0') : MOST;
    if (*at != ',' || given++)
      break;
  }
  if (*at != '}')
    return false;
  *least = n[0];
  *most = !given ? n[0] : n[1] ? n[1] : n[0] + 1;
  w->at = at + 1;
  return true;
}

/* An atom with what stands behind it. */
static struct piece
repeated (struct walk *w)
{
  struct piece p = atom (w);
  while (!w->bad && *w->at && strchr ("*+?{", *w->at)) {
    uint32_t least = *w->at == '+', most = 1 + least; /* regcomp writes a+ as aa* */
    bool once = *w->at == '?';
    if (*w->at != '{')
      w->at++;
    else if (!count (w, &least, &most))
      return refuse (w, "a '{' is no count: write {3}, {3,} or {3,5}, or \\{ for the character");
    if (!once && (p.empty || p.place))
      return refuse (w, p.place ? "it repeats a place (^ $ \\b)" : "it repeats what may be nothing, as in (a*)*");
    p.steps = p.steps * most < MOST ? p.steps * (most ? most : 1) : MOST;
    p.empty |= !least;
    p.digits |= !least;
  }
  return p;
}

static struct piece
sequence (struct walk *w)
{
  struct piece whole = {.empty = true, .digits = true};
  while (!w->bad && *w->at && *w->at != '|' && (*w->at != ')' || !w->depth)) {
    if (*w->at == ')')
      return refuse (w, "a ')' has no '(': write \\) for the character");
    struct piece p = repeated (w);
    whole.steps = whole.steps + p.steps < MOST ? whole.steps + p.steps : MOST;
    whole.empty &= p.empty;
    whole.digits &= p.digits;
    whole.place |= p.place;
  }
  return whole;
}

static struct piece
alternatives (struct walk *w)
{
  struct piece whole = sequence (w);
  while (!w->bad && *w->at == '|') {
    w->at++;
    struct piece p = sequence (w);
    whole.steps = whole.steps + p.steps + 1 < MOST ? whole.steps + p.steps + 1 : MOST;
    whole.empty |= p.empty;
    whole.digits |= p.digits;
    whole.place |= p.place;
  }
  return whole;
}

static int
check (const char *text, bool *ret_digits, char *why, size_t size)
{
  struct walk w = {.at = text, .why = why, .size = size};
  struct piece whole = alternatives (&w);
  if (!w.bad && whole.steps > PATTERN_STEPS)
    refuse (&w, "with its repeats written out it has more than %d characters: give several", PATTERN_STEPS);
  *ret_digits = whole.digits;
  return w.bad ? -EINVAL : 0;
}

/* ---- At work ---- */

bool
pattern_is (const char *word)
{
  size_t n = strlen (word);
  return n > 2 && *word == '/' && word[n - 1] == '/';
}

static int
compile (struct pattern *p)
{
  int error = regcomp (&p->regex, p->text, REG_EXTENDED | REG_NOSUB);
  p->compiled = !error;
  p->looked = 0;
  return error;
}

/* As it was written, for it may make no sense as a part of something else. */
static int
compile_alone (const char *text, char *why, size_t size)
{
  regex_t regex;
  int error = regcomp (&regex, text, REG_EXTENDED | REG_NOSUB);
  if (!error)
    regfree (&regex);
  else
    regerror (error, NULL, why, size);
  return error == REG_ESPACE ? -ENOMEM : error ? -EINVAL : 0;
}

int
pattern_make (const char *word, struct pattern **ret, char *why, size_t size)
{
  size_t n = strlen (word) - 2;
  char text[PATTERN_MAX + 1];
  bool digits;
  if (n > PATTERN_MAX) {
    snprintf (why, size, "it is longer than %d bytes", PATTERN_MAX);
    return -EINVAL;
  }
  memcpy (text, word + 1, n);
  text[n] = 0;
  int r = check (text, &digits, why, size);
  if (!r)
    r = compile_alone (text, why, size);
  if (r)
    return r;
  struct pattern *p = calloc (1, sizeof *p + n + sizeof "^.*()");
  if (!p)
    return -ENOMEM;
  p->digits = digits;
  snprintf (p->text, n + sizeof "^.*()", "^.*(%s)", text); /* so it is tried once, not from each character on */
  if (compile (p)) {
    free (p);
    return -ENOMEM;
  }
  *ret = p;
  return 0;
}

void
pattern_free (struct pattern *p)
{
  if (p && p->compiled)
    regfree (&p->regex);
  free (p);
}

int
pattern_takes (struct pattern *p, const char *text)
{
  char head[PATTERN_TEXT + 1];
  size_t n = strnlen (text, PATTERN_TEXT + 1);
  if (n > PATTERN_TEXT)
    for (n = PATTERN_TEXT; n && ((unsigned char) text[n] & 0xc0) == 0x80;)
      n--;
  if (p->looked + n > RENEW && p->compiled) {
    regfree (&p->regex);
    p->compiled = false;
  }
  if (!p->compiled && compile (p))
    return -ENOMEM;
  p->looked += n;
  memcpy (head, text, n);
  head[n] = 0;
  int r = regexec (&p->regex, head, 0, NULL, 0);
  return r == REG_ESPACE ? -ENOMEM : !r;
}

bool
pattern_takes_digits (const struct pattern *p)
{
  return p->digits;
}
