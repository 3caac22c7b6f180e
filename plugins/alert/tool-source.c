#include "tool-source.h"

#include "text.h"
#include "tool.h"
#include "tool/tool-ask.h"
#include "tool/tool-fail.h"
#include "tool/tool-json.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_PATH = 4096 };

static int
ask (const char *const *words, json_object **ret)
{
  const char *program = "";
  struct buf out BUF_CLEANUP = {0};
  const int r = tool_ask (words, &out, &program);
  if (r == -ECHILD) /* which has said more */
    return r;
  if (r)
    return tool_fail (r, "cannot ask %s: %s", program, strerror (-r));
  *ret = out.data ? json_tokener_parse (out.data) : NULL;
  return *ret ? 0 : tool_fail (-EBADMSG, "%s says nothing that can be read: is it of another version?", program);
}

int
tool_source_file (const char *instance, json_object **ret)
{
  const char *const words[] = {"config", "show", "--json", instance, NULL};
  return ask (words, ret);
}

/* As much as can be known, in the form of an answer. */
static int
make_nobodys (const char *instance, json_object *answer, json_object **ret)
{
  const char *directory = tool_text (answer, "data_dir");
  const bool runs = json_object_get_boolean (tool_member (answer, "running", json_type_boolean));
  struct buf b BUF_CLEANUP = {0};
  buf_adds (&b, "{\"daemon\":{\"sample_interval\":1,\"data_dir\":");
  text_json_string (&b, directory, strlen (directory));
  buf_adds (&b, "},\"pipeline\":[],\"plugins\":{");
  text_json_string (&b, instance, strlen (instance));
  buf_adds (&b, ":{\"plugin\":\"" TOOL_PLUGIN "\",\"options\":{}}}}");
  *ret = b.error ? NULL : json_tokener_parse (b.data);
  if (!*ret)
    return tool_fail (-ENOMEM, "%s", strerror (ENOMEM));
  return tool_fail (0, "the configuration cannot be used, and %s: there is only what %s/%s remembers",
                    runs ? "the daemon does not tell its own" : "no daemon runs", directory, instance);
}

int
tool_source_find (const char *instance, enum tool_source *ret_source, json_object **ret)
{
  static const char *const words[] = {"config", "show", "--running", "--json", NULL};
  json_object *answer = NULL;
  int r = ask (words, &answer);
  if (r)
    return r == -ECHILD ? tool_fail (r, "the daemon cannot use its configuration") : r;
  const char *why = tool_text (answer, "error");
  if (!*why) {
    *ret_source = TOOL_OF_DAEMON;
    *ret = answer;
    return 0;
  }
  r = tool_source_file (NULL, ret);
  *ret_source = r ? TOOL_OF_NOBODY : TOOL_OF_FILE;
  if (!r && json_object_get_boolean (tool_member (answer, "running", json_type_boolean)))
    tool_fail (0, "the rules are those of the file, for %s", why);
  if (r == -ECHILD)
    r = make_nobodys (instance ? instance : TOOL_PLUGIN, answer, ret);
  json_object_put (answer);
  return r;
}

/* By the time of the inode: an old file that was moved there counts as well. */
static bool
is_newer (const char *path, int64_t read_ms)
{
  struct stat st;
  return !stat (path, &st) && st.st_ctim.tv_sec * INT64_C (1000) + st.st_ctim.tv_nsec / 1000000 > read_ms;
}

static bool
is_yaml (const char *name)
{
  const char *end = strrchr (name, '.');
  return end && !strcmp (end, ".yaml");
}

bool
tool_source_is_newer (json_object *status)
{
  const char *file = tool_text (status, "config_file"), *slash = strrchr (file, '/');
  json_object *at = tool_member (status, "config_read_at", json_type_double);
  if (!at || !slash)
    return false;
  const int64_t read_ms = llround (json_object_get_double (at) * 1e3);
  char path[MOST_PATH];
  bool newer = is_newer (file, read_ms);
  const int n = snprintf (path, sizeof path, "%.*s/conf.d/", (int) (slash - file), file);
  DIR *directory = n < MOST_PATH ? opendir (path) : NULL;
  for (const struct dirent *e; directory && !newer && (e = readdir (directory));) {
    snprintf (path + n, sizeof path - (size_t) n, "%s", e->d_name);
    newer = is_yaml (e->d_name) && is_newer (path, read_ms);
  }
  if (directory)
    closedir (directory);
  return newer;
}
