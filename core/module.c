#include "module.h"

#include "buf.h"
#include "elf-sanitizer.h"
#include "elf-whole.h"
#include "isolate/proxy.h"
#include "ours.h"
#include "option.h"
#include "self.h"
#include "trust.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <ltdl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_MODULES = 1024 };

struct modules {
  char *directories;
  bool chosen; /* directories are not those of the build */
  struct descriptor **loaded;
  size_t n, cap;
};

__attribute__ ((format (printf, 2, 3))) static void
because (char **reason, const char *format, ...)
{
  struct buf b = {0};
  char text[1024];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  buf_adds (&b, text);
  *reason = b.data;
}

static int
remember (struct modules *m, struct descriptor *d)
{
  if (m->n == m->cap) {
    size_t cap = m->cap ? m->cap * 2 : 16;
    struct descriptor **loaded = realloc (m->loaded, cap * sizeof *loaded);
    if (!loaded)
      return -ENOMEM;
    m->loaded = loaded;
    m->cap = cap;
  }
  m->loaded[m->n++] = d;
  return 0;
}

int
modules_open (const char *directories, struct modules **ret)
{
  if (!directories)
    directories = getenv ("KODE_KRONICAL_PLUGINS");
  struct modules *m = calloc (1, sizeof *m);
  if (m)
    m->chosen = directories && *directories;
  if (!directories || !*directories)
    directories = PLUGINS_DIR ":" THIRDPARTY_DIR;
  struct descriptor *self = NULL;
  char *reason = NULL;
  if (!m || !(m->directories = strdup (directories)) || lt_dlinit () || descriptor_copy (self_plugin (), NULL, &self, &reason)
      || remember (m, self)) {
    free (reason);
    descriptor_free (self);
    modules_close (m);
    return -ENOMEM;
  }
  *ret = m;
  return 0;
}

void
modules_close (struct modules *m)
{
  if (!m)
    return;
  for (size_t i = 0; i < m->n; i++)
    descriptor_free (m->loaded[i]);
  free (m->loaded);
  free (m->directories);
  free (m);
}

const char *
modules_directories (const struct modules *m)
{
  return m->directories;
}

/* The next directory of the list, copied to `to`; false at the end. Relative ones are passed over. */
static bool
next_directory (const char **list, char *to, size_t size)
{
  while (**list) {
    size_t n = strcspn (*list, ":");
    const char *from = *list;
    *list += n + ((*list)[n] == ':');
    if (n == 0 || n >= size || *from != '/')
      continue;
    memcpy (to, from, n);
    to[n] = 0;
    return true;
  }
  return false;
}

/* Ours are known by name, as of the build; in the directories of the build only where they were installed. */
static bool
is_ours (const struct modules *m, const char *name, const char *directory)
{
  static const char names[] = " " OUR_PLUGINS " ";
  size_t n = strlen (name);
  if (!m->chosen && strcmp (directory, PLUGINS_DIR))
    return false;
  for (const char *at = names; (at = strstr (at, name)); at++)
    if (at[-1] == ' ' && at[n] == ' ')
      return true;
  return false;
}

static int
find (const struct modules *m, const char *name, char *path, size_t size, bool *ret_ours, char **reason)
{
  char directory[4096];
  for (const char *list = m->directories; next_directory (&list, directory, sizeof directory);) {
    int n = snprintf (path, size, "%s/%s.so", directory, name);
    struct stat st;
    if (n <= 0 || (size_t) n >= size || stat (path, &st))
      continue;
    *ret_ours = is_ours (m, name, directory);
    if (!S_ISREG (st.st_mode))
      return -EISDIR;
    return *ret_ours && m->chosen ? 0 : trust_check (path, reason);
  }
  return -ENOENT;
}

/* libltdl binds symbols only when they are called, and says "file not found" for a missing file, an undefined symbol and a broken file
 * alike: dlopen itself binds all of them first, or says why it cannot. */
static void *
bind_now (const char *path, char **reason)
{
  void *handle = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  if (handle)
    return handle;
  const char *why = dlerror (), *hint = "";
  size_t n = strlen (path);
  why = why ? why : "unknown reason";
  if (!strncmp (why, path, n) && !strncmp (why + n, ": ", 2))
    why += n + 2;
  if (strstr (why, "undefined symbol"))
    hint = "; link it with -Wl,-z,defs and the libraries that have what it calls";
  because (reason, "%s cannot be loaded: %s%s", path, why, hint);
  return NULL;
}

static int
open_module (const char *path, const struct kk_plugin **ret, char **reason)
{
  lt_dladvise advise;
  if (!elf_whole (path)) {
    because (reason, "%s cannot be loaded: the file is cut off; install it again", path);
    return -EINVAL;
  }
  const char *sanitizer = elf_foreign_sanitizer (path);
  if (sanitizer) {
    because (reason, "%s cannot be loaded: it is built with %s, and this program is not: build it without", path, sanitizer);
    return -EINVAL;
  }
  void *bound = bind_now (path, reason);
  if (!bound)
    return -EINVAL;
  if (lt_dladvise_init (&advise)) {
    dlclose (bound);
    return -ENOMEM;
  }
  lt_dladvise_local (&advise);
  lt_dladvise_resident (&advise);
  lt_dlhandle handle = lt_dlopenadvise (path, advise);
  lt_dladvise_destroy (&advise);
  dlclose (bound); /* libltdl's is there */
  if (!handle) {
    because (reason, "%s cannot be loaded: libltdl does not take it", path);
    return -EINVAL;
  }
  const struct kk_plugin *plugin = lt_dlsym (handle, "kk_plugin");
  if (!plugin) {
    because (reason, "%s is no plugin: it does not export kk_plugin (KK_PLUGIN makes it)", path);
    return -EINVAL;
  }
  *ret = plugin;
  return 0;
}

int
module_load_file (const char *path, struct descriptor **ret, char **reason)
{
  const struct kk_plugin *plugin;
  char *why;
  *reason = NULL;
  if (lt_dlinit ())
    return -ENOMEM;
  int r = open_module (path, &plugin, reason);
  if (r)
    return r;
  r = descriptor_copy (plugin, path, ret, &why);
  if (r && why)
    because (reason, "%s is refused: %s", path, why);
  free (why);
  return r;
}

/* One that is there already. What runs in this process stays as it was loaded; a process of its own can have what is on disk now. `path`:
 * where it is found now, NULL when it is not. */
static const struct descriptor *
loaded_before (const struct modules *m, const char *name, const char *path, bool isolated, bool anywhere)
{
  for (size_t i = m->n; i-- > 0;) {
    const struct descriptor *d = m->loaded[i];
    if (strcmp (d->plugin.name, name))
      continue;
    if (!d->path)
      return d;
    if (isolated != !!d->said && !anywhere)
      continue;
    if (!d->said || !path || (!strcmp (d->path, path) && file_change (path, &d->file) == FILE_SAME))
      return d;
  }
  return NULL;
}

int
modules_load_as (struct modules *m, const char *name, enum module_place place, const struct descriptor **ret, char **reason)
{
  char path[4096 + 80];
  bool ours = true;
  *reason = NULL;
  int r = strchr (name, '/') ? -ENOENT : find (m, name, path, sizeof path, &ours, reason);
  bool isolated = place == MODULE_ISOLATED || place == MODULE_DESCRIBED || (place == MODULE_AS_OURS && !ours);
  bool anywhere = place == MODULE_DESCRIBED || (place == MODULE_AS_OURS && r == -ENOENT);
  const struct descriptor *before = loaded_before (m, name, r ? NULL : path, isolated, anywhere);
  if (r == -EPERM && (!before || before->said)) /* a process of its own would run the file as it is now */
    return r;
  if (before) {
    free (*reason);
    *reason = NULL;
    *ret = before;
    return 0;
  }
  if (r) {
    because (reason, "there is no plugin '%s' in %s", name, m->directories);
    return -ENOENT;
  }
  struct file_stamp file = file_stamp (path);
  struct descriptor *d;
  char *why;
  r = isolated ? proxy_describe (path, &d, reason) : module_load_file (path, &d, reason);
  if (r)
    return r;
  d->file = file;
  d->ours = ours;
  d->guarded = !ours || !m->chosen;
  if (strcmp (d->plugin.name, name)) {
    because (reason, "%s is refused: it calls itself '%s'; the file's name must be the plugin's", path, d->plugin.name);
    r = -EINVAL;
  } else if ((r = option_check_table (d->plugin.options, d->plugin.n_options, &why)) < 0) {
    if (r == -EINVAL)
      because (reason, "%s is refused: %s", path, why);
    free (why);
  } else if (m->n == MAX_MODULES) {
    because (reason, "%s cannot be loaded: %d plugins and versions of them were loaded already; restart the daemon", path, MAX_MODULES);
    r = -EINVAL;
  } else
    r = remember (m, d);
  if (r) {
    descriptor_free (d);
    return r;
  }
  *ret = d;
  return 0;
}

int
modules_load (struct modules *m, const char *name, const struct descriptor **ret, char **reason)
{
  return modules_load_as (m, name, MODULE_AS_OURS, ret, reason);
}

char *
modules_doubled (const struct modules *m, const char *name)
{
  char directory[4096], path[4096 + 80], used[4096 + 80] = "", *text = NULL;
  struct file_stamp first = {0};
  bool inside = !strcmp (name, m->loaded[0]->plugin.name); /* it needs no file */
  for (const char *list = m->directories; !text && !strchr (name, '/') && next_directory (&list, directory, sizeof directory);) {
    int n = snprintf (path, sizeof path, "%s/%s.so", directory, name);
    struct file_stamp file = n > 0 && (size_t) n < sizeof path ? file_stamp (path) : (struct file_stamp){0};
    if (!file.inode || (file.inode == first.inode && file.device == first.device))
      continue;
    if (inside)
      because (&text, "%s is refused: '%s' is a part of the daemon; remove it, or give it another name", path, name);
    else if (*used)
      because (&text, "%s is refused: there is a plugin '%s' before it, %s; remove one of them, or give it another name", path, name, used);
    memcpy (used, path, sizeof used);
    first = file;
  }
  return text;
}

static int
by_name (const void *a, const void *b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

static int
add_name (char ***names, size_t *n, const char *file)
{
  size_t length = strlen (file);
  if (length < 4 || strcmp (file + length - 3, ".so") || *n >= MAX_MODULES)
    return 0;
  for (size_t i = 0; i < *n; i++)
    if (strlen ((*names)[i]) == length - 3 && !strncmp ((*names)[i], file, length - 3))
      return 0;
  char **more = realloc (*names, (*n + 1) * sizeof *more);
  if (!more)
    return -ENOMEM;
  *names = more;
  if (!(more[*n] = strndup (file, length - 3)))
    return -ENOMEM;
  ++*n;
  return 0;
}

int
modules_names (const struct modules *m, char ***ret, size_t *ret_n)
{
  char **names = NULL;
  size_t n = 0;
  int r = add_name (&names, &n, "daemon.so"); /* the one that needs no file */
  char directory[4096];
  for (const char *list = m->directories; !r && next_directory (&list, directory, sizeof directory);) {
    DIR *dir = opendir (directory);
    for (struct dirent *e; dir && !r && (e = readdir (dir));)
      r = add_name (&names, &n, e->d_name);
    if (dir)
      closedir (dir);
  }
  if (r) {
    while (n)
      free (names[--n]);
    free (names);
    return r;
  }
  if (n)
    qsort (names, n, sizeof *names, by_name);
  *ret = names;
  *ret_n = n;
  return 0;
}
