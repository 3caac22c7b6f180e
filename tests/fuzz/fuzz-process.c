/* The parsers of /proc/PID files, over anything. */
#include <process/match.h>
#include <process/parse.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check (bool good)
{
  if (!good)
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const globs[] = {"*.service", "/system.slice/*", "[a"};
  static const char *const names[] = {"python", "n*de", "/^a+b/"};
  static struct rules *rules;
  char why[128];
  const char *text = (const char *) data;
  struct pid_stat stat;
  struct pid_io io;
  uint64_t a, b;
  uint32_t uid;
  if (!rules)
    check (
      rules_make (
        &(struct rules_config){.track = {.items = names, .count = 3}, .cgroups = {.items = globs, .count = 3}, .python = true},
        &rules, why, sizeof why)
      == 0);
  if (parse_stat (text, size, &stat) == 0) {
    check (stat.comm >= text && stat.comm + stat.comm_length <= text + size);
    check (*status_word (stat.state) != '\0');
  }
  parse_statm (text, size, &a, &b);
  parse_io (text, size, &io);
  parse_uid (text, size, &uid);
  parse_btime (text, size, &a);
  check (parse_pid_file (text, size) <= INT32_MAX);

  char *copy = malloc (size + 1);
  if (!copy)
    return 0;
  memcpy (copy, data, size);
  copy[size] = '\0';
  check (parse_pid (copy) <= INT32_MAX);
  size_t length, cut = size < 15 ? size : 15;
  const char *name = full_name (copy, cut, copy, size, &length);
  check (name >= copy && name + length <= copy + size);
  rules_take_cgroup (rules, copy);
  memcpy (copy, data, size);
  length = join_arguments (copy, size);
  check (length <= size && !memchr (copy, '\0', length));
  copy[length] = '\0';
  rules_take_name (rules, copy);
  rules_take_command (rules, copy);
  free (copy);
  return 0;
}
