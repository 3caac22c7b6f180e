/* The exec input: values that a program in any language prints. */
#include "exec.h"

#include "ask.h"
#include "path.h"

#include <stdlib.h>

static const int64_t MOST_ASKING = 10000000000;

static const struct kk_option options[] = {
  KK_OPT_LIST ("command", struct exec_config, command, .flags = KK_REQUIRED,
               .help = "The program and its arguments, found by PATH; no shell: [sh, -c, \"...\"] where one is wanted"),
  KK_OPT_LIST (
    "fields", struct exec_config, fields,
    .help = "What it prints, a field a line: \"gpu[device].utilization_percent f64 % gauge\"; not given: it says so itself"),
  KK_OPT_CHOICE ("mode", struct exec_config, mode, "once|stream", .def = "once",
                 .help = "once: run for each reading; stream: started once, it prints whenever it has something"),
  KK_OPT_CHOICE ("format", struct exec_config, format, "json|lines", .def = "lines",
                 .help =
                   "lines: \"table key field value\"; json: one object per line, {\"table\": {\"key\": {\"field\": value}}}"),
  KK_OPT_DURATION ("timeout", struct exec_config, timeout_ns, .def = "1s", .min = "10ms", .max = "1h",
                   .help = "Kill a program that takes longer for one reading; half the interval when that is shorter"),
  KK_OPT_BYTES ("max_output", struct exec_config, max_output, .def = "1MiB", .min = "256", .max = "16MiB",
                .help = "Most that is taken of its output for one reading"),
  KK_OPT_CHOICE ("isolate", struct exec_config, limits.isolate, "auto|true|false", .def = "auto",
                 .help = "Whether the program is held in; false: it may do whatever the daemon may"),
  KK_OPT_BYTES ("memory_limit", struct exec_config, limits.memory_limit, .def = "256MiB", .min = "8MiB", .max = "1TiB",
                .help = "Memory of the program, and of each that it starts"),
  KK_OPT_BOOL ("network", struct exec_config, limits.network, .def = "false", .help = "Whether the program may make sockets"),
  KK_OPT_LIST ("write_paths", struct exec_config, limits.write_paths,
               .help = "Files and directories that the program may write to, beside its own"),
  KK_OPT_LIST ("capabilities", struct exec_config, limits.capabilities,
               .help = "What the program keeps of root's power: dac_override, dac_read_search, net_admin, net_raw, sys_ptrace, "
                       "sys_rawio, syslog"),
};

static int
exec_check (const void *config, struct kk_fault *fault)
{
  const struct exec_config *c = config;
  if (!c->command.count || !*c->command.items[0])
    return kk_refuse (fault, "command", "name a program, and its arguments: [nvidia-smi, --query]");
  return 0;
}

static int
make_schema (const struct exec_config *c, struct kk_fault *fault, struct exec_schema **ret)
{
  if (c->fields.count)
    return exec_schema_make (&c->fields, fault, ret);
  return exec_ask (&c->command, &c->limits, c->timeout_ns < MOST_ASKING ? c->timeout_ns : MOST_ASKING, fault, ret);
}

static int
exec_declare (const void *config, struct kk_declare *out, struct kk_fault *fault)
{
  struct exec_schema *schema = NULL;
  int r = make_schema (config, fault, &schema);
  if (r)
    return r;
  /* The program is asked again by exec_create, and may say something else by then: values would stand under wrong names. */
  ((struct exec_config *) (uintptr_t) config)->declared = exec_schema_print (schema);
  r = exec_schema_declare (schema, out);
  exec_schema_free (schema);
  return r;
}

static void
exec_destroy (void *state)
{
  struct exec *x = state;
  exec_child_free (&x->child);
  exec_values_free (&x->values);
  exec_parser_free (&x->parser);
  exec_schema_free (x->schema);
  free (x->data_dir);
  free (x);
}

static int
exec_create (struct kk_instance *self, const void *config, void **state)
{
  struct kk_fault fault = {.option = NULL};
  struct exec *x = calloc (1, sizeof *x);
  if (!x)
    return -ENOMEM;
  x->self = self;
  x->config = config;
  x->parser.values = &x->values;
  x->parser.format = (enum exec_format) x->config->format;
  x->random = (uint32_t) (exec_mono_ns () ^ (int64_t) (uintptr_t) x);
  exec_child_init (&x->child, (size_t) x->config->max_output);
  int r = make_schema (x->config, &fault, &x->schema);
  if (r == -EINVAL)
    kk_error (self, "%s: %s", fault.option, fault.text);
  if (!r && x->config->declared && x->config->declared != exec_schema_print (x->schema)) {
    kk_error (self, "'%s' says other fields than a moment ago, when it was asked for the first time; start or reload once more",
              x->config->command.items[0]);
    r = -EAGAIN;
  }
  if (!r)
    r = path_own_directory (kk_data_dir (self), kk_name (self), &x->data_dir);
  if (!r)
    r = exec_values_init (&x->values, x->schema);
  if (r) {
    exec_schema_free (x->schema);
    free (x->data_dir);
    free (x);
    return r;
  }
  exec_say_missing (x);
  if (x->config->mode == EXEC_STREAM)
    exec_start_stream (x);
  *state = x;
  return 0;
}

static int
exec_read (void *state, struct kk_rows *out)
{
  struct exec *x = state;
  x->values.now_ns = exec_mono_ns ();
  return x->config->mode == EXEC_STREAM ? exec_read_stream (x, out) : exec_read_once (x, out);
}

KK_PLUGIN (.kind = KK_INPUT, .name = "exec", .version = "1.0", .summary = "Values that a program in any language prints",
           KK_OPTIONS (options), .config_size = sizeof (struct exec_config), .create = exec_create, .read = exec_read,
           .destroy = exec_destroy, .check = exec_check, .declare = exec_declare);
