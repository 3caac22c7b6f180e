#include <config.h>

#include "plan-inner.h"

#include "path.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FRAGMENTS = 200 };

int
plan_find_config (const char *given, char **ret)
{
  char *home = NULL, *file = NULL;
  int r;
  if (given) {
    r = path_expand (given, &file);
    if (r == 0 && access (file, F_OK) < 0)
      r = -errno;
    if (r < 0)
      free (file);
    else
      *ret = file;
    return r;
  }
  r = path_home (&home);
  if (r == 0)
    r = path_join (home, ".config/kode-kronical/daemon.yaml", &file);
  free (home);
  if (r == -ENOMEM)
    return r;
  /* A file that is there but may not be read counts, and a link that leads nowhere: passing it over in silence would surprise. */
  struct stat st;
  if (r == 0 && lstat (file, &st) == 0) {
    *ret = file;
    return 0;
  }
  free (file);
  file = NULL;
  if (lstat (SYSCONF_DIR "/daemon.yaml", &st) == 0 && !(file = strdup (SYSCONF_DIR "/daemon.yaml")))
    return -ENOMEM;
  *ret = file;
  return 0;
}

/* ---- Merging ---- conf.d files count in the order of their names, the last one wins; the main file wins over all of them. */

static int merge (struct making *m, struct yaml_node *into, const struct yaml_node *from);

static int
add_copy (struct making *m, struct yaml_node *into, const struct yaml_pair *pair)
{
  if (pair->value->kind != YAML_MAP)
    return yaml_put (m->merged, into, pair->key, pair->at, pair->value);
  struct yaml_node *map = yaml_new_map (m->merged, pair->value->at);
  if (!map)
    return -ENOMEM;
  int r = yaml_put (m->merged, into, pair->key, pair->at, map);
  return r < 0 ? r : merge (m, map, pair->value);
}

static int
merge_pair (struct making *m, struct yaml_node *into, const struct yaml_pair *pair)
{
  struct yaml_pair *old = (struct yaml_pair *) (uintptr_t) yaml_pair (into, pair->key);
  if (!old)
    return add_copy (m, into, pair);
  if (pair->value->kind == YAML_NULL)
    return 0;
  if (old->value->kind == YAML_MAP && pair->value->kind == YAML_MAP)
    return merge (m, (struct yaml_node *) (uintptr_t) old->value, pair->value);
  bool old_is_main = m->plan->config_file && strcmp (old->at.file, m->plan->config_file) == 0;
  if (old->value->kind == YAML_NULL || !old_is_main) {
    struct yaml_node scratch = {.kind = YAML_MAP, .at = into->at};
    int r = add_copy (m, &scratch, pair);
    if (r == 0) {
      old->value = scratch.pairs[0].value;
      old->at = pair->at;
    }
    for (size_t i = 0; i < scratch.n; i++)
      free (scratch.pairs[i].key);
    free (scratch.pairs);
    return r;
  }
  diag_add (m->d, DIAG_NOTE, pair->at, "'%s' has no effect: line %u of %s sets it and wins", pair->key, old->at.line,
            old->at.file);
  return 0;
}

static int
merge (struct making *m, struct yaml_node *into, const struct yaml_node *from)
{
  for (size_t i = 0; i < from->n; i++) {
    int r = merge_pair (m, into, &from->pairs[i]);
    if (r < 0)
      return r;
  }
  return 0;
}

/* ---- Files ---- */

static int
add_file (struct making *m, const char *file, bool is_main)
{
  struct plan *p = m->plan;
  struct yaml_document **documents = reallocarray (p->documents, p->n_documents + 1, sizeof (void *));
  if (!documents)
    return -ENOMEM;
  p->documents = documents;
  struct yaml_document *doc;
  int r = is_main && m->text ? yaml_parse (file, m->text, m->length, m->d, &doc) : yaml_load (file, m->d, &doc);
  if (r < 0) {
    m->unreadable = true;
    return r == -ENOMEM ? r : 0;
  }
  documents[p->n_documents++] = doc;
  if (doc->root->kind == YAML_NULL)
    return 0;
  if (doc->root->kind != YAML_MAP) {
    diag_add (m->d, DIAG_ERROR, doc->root->at, "the file is %s: it must hold sections such as 'daemon:' with indented keys",
              yaml_kind_word (doc->root));
    m->unreadable = true;
    return 0;
  }
  return merge (m, (struct yaml_node *) (uintptr_t) m->root, doc->root);
}

/* As root, what others can write would be a way for them to become root. */
static bool
is_trusted (struct making *m, const char *path)
{
  struct stat st;
  if (geteuid () != 0 || stat (path, &st) < 0)
    return true;
  /* The group root is root too. */
  if (st.st_uid == 0 && !(st.st_mode & S_IWOTH) && (st.st_gid == 0 || !(st.st_mode & S_IWGRP)))
    return true;
  diag_add (m->d, DIAG_ERROR, (struct place){.file = path},
            "it is not read: users other than root can change it; make it root's: chown root '%s'; chmod go-w '%s'", path,
            path);
  m->unreadable = true;
  return false;
}

static int
is_fragment (const struct dirent *entry)
{
  size_t length = strlen (entry->d_name);
  return entry->d_name[0] != '.' && length > 5 && strcmp (entry->d_name + length - 5, ".yaml") == 0;
}

static int
by_bytes (const struct dirent **a, const struct dirent **b)
{
  return strcmp ((*a)->d_name, (*b)->d_name);
}

static int
add_fragments (struct making *m, const char *directory)
{
  struct dirent **entries = NULL;
  int n = scandir (directory, &entries, is_fragment, by_bytes);
  if (n < 0 && errno == ENOMEM)
    return -ENOMEM;
  if (n < 0 && errno != ENOENT && errno != ENOTDIR)
    diag_add (m->d, DIAG_ERROR, (struct place){.file = directory}, "cannot read it: %s", strerror (errno));
  int r = 0;
  bool trusted = n > 0 && is_trusted (m, directory);
  if (n > MAX_FRAGMENTS)
    diag_add (m->d, DIAG_ERROR, (struct place){.file = directory}, "more than %d files: put them together", MAX_FRAGMENTS);
  for (int i = 0; i < n; i++) {
    char *file = NULL;
    if (r == 0 && trusted && i < MAX_FRAGMENTS)
      r = path_join (directory, entries[i]->d_name, &file);
    if (file && is_trusted (m, file))
      r = add_file (m, file, false);
    free (file);
    free (entries[i]);
  }
  free (entries);
  return r;
}

static int
fragments_beside (const char *config_file, char **ret)
{
  if (!config_file)
    return path_join (SYSCONF_DIR, "conf.d", ret);
  const char *slash = strrchr (config_file, '/');
  if (!slash) {
    *ret = strdup ("conf.d");
    return *ret ? 0 : -ENOMEM;
  }
  char *directory = strndup (config_file, (size_t) (slash - config_file) + 1);
  int r = directory ? path_join (directory, "conf.d", ret) : -ENOMEM;
  free (directory);
  return r;
}

int
plan_load (struct making *m, const char *config_file)
{
  struct plan *p = m->plan;
  const char *name = config_file ? config_file : "built-in defaults";
  p->documents = calloc (1, sizeof (void *));
  m->merged = yaml_new (name);
  if (!p->documents || !m->merged) {
    yaml_free (m->merged);
    return -ENOMEM;
  }
  p->documents[p->n_documents++] = m->merged;
  m->root = yaml_new_map (m->merged, (struct place){.file = m->merged->file});
  if (!m->root)
    return -ENOMEM;
  m->merged->root = (struct yaml_node *) (uintptr_t) m->root;
  int r = 0;
  if (config_file) {
    p->config_file = strdup (config_file);
    r = p->config_file ? add_file (m, p->config_file, true) : -ENOMEM;
  }
  char *directory = NULL;
  if (r == 0)
    r = fragments_beside (config_file, &directory);
  if (r == 0)
    r = add_fragments (m, directory);
  free (directory);
  return r;
}
