#include "match.h"

#include <errno.h>
#include <fnmatch.h>
#include <pwd.h>
#include <regex.h>
#include <stdlib.h>

#define REGEX_TEXT 4096 /* of a command line, as far as a regular expression looks: some take long on long texts */

enum pattern_kind { PATTERN_NAME, PATTERN_GLOB, PATTERN_REGEX };

struct pattern {
  enum pattern_kind kind;
  const char *text;
  size_t length;
  regex_t regex;
};

struct rules {
  struct rules_config config;
  struct pattern *patterns;
  size_t n_patterns;
  size_t n_regex;
  uint32_t *uids;
  size_t n_uids;
  const char *unknown_user;
};

static int
add_regex (struct pattern *p, char *why, size_t size)
{
  char *inner = strndup (p->text + 1, p->length - 2);
  if (!inner)
    return -ENOMEM;
  int error = regcomp (&p->regex, inner, REG_EXTENDED | REG_NOSUB);
  free (inner);
  if (error == REG_ESPACE)
    return -ENOMEM;
  if (error) {
    char reason[128];
    regerror (error, NULL, reason, sizeof reason);
    snprintf (why, size, "%s is no regular expression: %s", p->text, reason);
    return -EINVAL;
  }
  p->kind = PATTERN_REGEX;
  return 0;
}

static int
add_patterns (struct rules *r, char *why, size_t size)
{
  const struct kk_list *list = &r->config.track;
  if (list->count == 0)
    return 0;
  r->patterns = calloc (list->count, sizeof *r->patterns);
  if (!r->patterns)
    return -ENOMEM;
  for (uint32_t i = 0; i < list->count; i++) {
    struct pattern *p = &r->patterns[i];
    *p = (struct pattern){.text = list->items[i], .length = strlen (list->items[i])};
    if (p->length == 0) {
      snprintf (why, size, "track: an empty name; leave it out, or set `all: true` to track every process");
      return -EINVAL;
    }
    if (p->length > 2 && p->text[0] == '/' && p->text[p->length - 1] == '/') {
      int error = add_regex (p, why, size);
      if (error < 0)
        return error;
      r->n_regex++;
    } else if (strpbrk (p->text, "*?["))
      p->kind = PATTERN_GLOB;
    r->n_patterns = i + 1;
  }
  return 0;
}

static int
find_user (const char *name, uint32_t *ret)
{
  char *end;
  errno = 0;
  unsigned long number = strtoul (name, &end, 10);
  if (*name >= '0' && *name <= '9' && *end == '\0' && errno == 0 && number < UINT32_MAX) {
    *ret = (uint32_t) number;
    return 0;
  }
  char *space = malloc (65536);
  if (!space)
    return -ENOMEM;
  struct passwd entry, *found = NULL;
  getpwnam_r (name, &entry, space, 65536, &found);
  if (found)
    *ret = (uint32_t) found->pw_uid;
  free (space);
  return found ? 0 : -ENOENT;
}

int
rules_check_users (const struct kk_list *users, char *why, size_t size)
{
  for (uint32_t i = 0; i < users->count; i++) {
    const char *name = users->items[i];
    if (*name && *name != '-' && !strpbrk (name, ": \t\n/,"))
      continue;
    snprintf (why, size, "\"%s\" is no user; give a name or a number", name);
    return -EINVAL;
  }
  return 0;
}

static int
add_users (struct rules *r)
{
  const struct kk_list *list = &r->config.users;
  if (list->count == 0)
    return 0;
  r->uids = calloc (list->count, sizeof *r->uids);
  if (!r->uids)
    return -ENOMEM;
  for (uint32_t i = 0; i < list->count; i++) {
    int error = find_user (list->items[i], r->uids + r->n_uids);
    if (error == -ENOENT && !r->unknown_user)
      r->unknown_user = list->items[i];
    else if (error < 0 && error != -ENOENT)
      return error;
    r->n_uids += error == 0;
  }
  return 0;
}

const char *
rules_unknown_user (const struct rules *rules)
{
  return rules->unknown_user;
}

int
rules_make (const struct rules_config *config, struct rules **ret, char *why, size_t size)
{
  struct rules *r = calloc (1, sizeof *r);
  if (!r)
    return -ENOMEM;
  r->config = *config;
  int error = add_patterns (r, why, size);
  if (error == 0)
    error = add_users (r);
  if (error < 0) {
    rules_free (r);
    return error;
  }
  *ret = r;
  return 0;
}

void
rules_free (struct rules *r)
{
  if (!r)
    return;
  for (size_t i = 0; i < r->n_patterns; i++)
    if (r->patterns[i].kind == PATTERN_REGEX)
      regfree (&r->patterns[i].regex);
  free (r->patterns);
  free (r->uids);
  free (r);
}

bool
rules_need_name (const struct rules *r)
{
  return r->n_patterns > 0 || r->config.python;
}

bool
rules_need_command (const struct rules *r)
{
  return r->config.python || r->n_regex > 0;
}

bool
rules_need_user (const struct rules *r)
{
  return r->n_uids > 0;
}

bool
rules_need_cgroup (const struct rules *r)
{
  return r->config.cgroups.count > 0;
}

bool
rules_all (const struct rules *r)
{
  return r->config.all;
}

/* python3, python3.11, python-3.11 and python3.8m are versions of python; pythonista is none. */
static bool
is_version (const char *rest)
{
  if (*rest == '-')
    rest++;
  if (*rest < '0' || *rest > '9')
    return false;
  while ((*rest >= '0' && *rest <= '9') || *rest == '.')
    rest++;
  if (*rest >= 'a' && *rest <= 'z')
    rest++;
  return *rest == '\0';
}

static bool
take_pattern (const struct pattern *p, const char *name)
{
  switch (p->kind) {
  case PATTERN_GLOB:
    return fnmatch (p->text, name, 0) == 0;
  case PATTERN_REGEX:
    return regexec (&p->regex, name, 0, NULL, 0) == 0;
  case PATTERN_NAME:
  default:
    return strncmp (name, p->text, p->length) == 0 && (name[p->length] == '\0' || is_version (name + p->length));
  }
}

bool
rules_take_name (const struct rules *r, const char *name)
{
  if (r->config.python && strcasestr (name, "python"))
    return true;
  for (size_t i = 0; i < r->n_patterns; i++)
    if (take_pattern (&r->patterns[i], name))
      return true;
  return false;
}

bool
rules_take_command (const struct rules *r, const char *command)
{
  if (r->config.python && strcasestr (command, "python"))
    return true;
  if (r->n_regex == 0)
    return false;
  char text[REGEX_TEXT];
  size_t length = strnlen (command, sizeof text - 1);
  memcpy (text, command, length);
  text[length] = '\0';
  for (size_t i = 0; i < r->n_patterns; i++)
    if (r->patterns[i].kind == PATTERN_REGEX && take_pattern (&r->patterns[i], text))
      return true;
  return false;
}

bool
rules_take_user (const struct rules *r, uint32_t uid)
{
  for (size_t i = 0; i < r->n_uids; i++)
    if (r->uids[i] == uid)
      return true;
  return false;
}

/* A glob without '/' takes any group on the way to the process, one with '/' the path of any of them. */
static bool
take_group (const char *glob, char *path)
{
  bool whole = strchr (glob, '/') != NULL;
  char *start = path;
  for (char *p = path;; p++) {
    if (*p != '/' && *p != '\0')
      continue;
    char kept = *p;
    *p = '\0';
    bool taken = (whole ? p > path : p > start) && fnmatch (glob, whole ? path : start, 0) == 0;
    *p = kept;
    if (taken)
      return true;
    if (kept == '\0')
      return false;
    start = p + 1;
  }
}

bool
rules_take_cgroup (const struct rules *r, char *text)
{
  char *rest = text, *line;
  while ((line = strsep (&rest, "\n"))) {
    /* hierarchy:controllers:path */
    char *path = strchr (line, ':');
    path = path ? strchr (path + 1, ':') : NULL;
    if (!path)
      continue;
    for (uint32_t i = 0; i < r->config.cgroups.count; i++)
      if (take_group (r->config.cgroups.items[i], path + 1))
        return true;
  }
  return false;
}
