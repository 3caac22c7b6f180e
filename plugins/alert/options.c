#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct kk_option rule_options[] = {
  KK_OPT_STRING ("when", struct rule_options, when, .flags = KK_REQUIRED,
                 .help = "Fire when this is true: kode-kronical-expression(7)"),
  KK_OPT_DURATION ("for", struct rule_options, for_ns, .def = "0s", .max = ALERT_FOR_MOST,
                   .help = "... for so long without a break"),
  KK_OPT_STRING ("clear", struct rule_options, clear,
                 .help = "Clear when this is true, as '< 80 for 10s'; without it as soon as when is false"),
  KK_OPT_CHOICE ("severity", struct rule_options, severity, "info|warning|critical", .def = "warning",
                 .help = "How bad that is"),
  KK_OPT_STRING ("text", struct rule_options, text,
                 .help = "What is said: {rule} (or {name}) {row} {value} {unit} {when} {severity} {host} are replaced"),
  KK_OPT_DURATION ("unknown_after", struct rule_options, unknown_after_ns, .def = "5m", .max = "30d",
                   .help = "Say that nothing is known after so long; 0s: never"),
  KK_OPT_DURATION ("remind", struct rule_options, remind_ns, .def = "0s", .max = "30d",
                   .help = "Say again that it fires after so long; 0s: never"),
};

const struct kk_option alert_options[ALERT_N_OPTIONS] = {
  KK_OPT_MAP ("rules", struct options, rules, KK_MEMBERS (rule_options, struct rule_options), .help = "Rules by name"),
  KK_OPT_PERCENT ("cpu", struct options, cpu_threshold, .def = "0", .min = "0", .max = "100",
                  .help = "A rule 'cpu': system.cpu_percent above this for 1 min, clear when 5 % less for 1 min; 0: none"),
  KK_OPT_PERCENT ("memory", struct options, memory_threshold, .def = "0", .min = "0", .max = "100",
                  .help = "A rule 'memory' of system.memory_percent, likewise; 0: none"),
  KK_OPT_BOOL ("log", struct options, log, .def = "true", .help = "Write each message to the daemon's log"),
  KK_OPT_PATH ("file", struct options, file, .help = "Append each message to this file, as a line of JSON"),
  KK_OPT_LIST ("command", struct options, command,
               .help =
                 "Run this program for each message, without a shell; what happened is in its environment (KK_ALERT_...)"),
  KK_OPT_DURATION ("command_timeout", struct options, command_timeout_ns, .def = "30s", .min = "100ms", .max = "1h",
                   .help = "End the program after so long"),
  KK_OPT_INT ("commands_at_once", struct options, commands_at_once, .def = "4", .min = "1", .max = "64",
              .help = "So many programs at most at the same time; more messages wait", .flags = KK_ADVANCED),
  KK_OPT_STRING ("webhook", struct options, webhook, .flags = KK_SECRET,
                 .help = "Post each message to this URL, as JSON; {env:NAME} and {file:/PATH} in it are replaced"),
  KK_OPT_MAP ("webhook_headers", struct options, webhook_headers, .flags = KK_SECRET,
              .help = "Headers of the request; {env:NAME} and {file:/PATH} in a value are replaced"),
  KK_OPT_STRING ("webhook_body", struct options, webhook_body,
                 .help = "JSON to be posted in place of the message: {text}, {rule}, {json} ... in it are replaced"),
  KK_OPT_DURATION ("webhook_timeout", struct options, webhook_timeout_ns, .def = "30s", .min = "100ms", .max = "10m",
                   .help = "Give a request up after so long, and try again later", .flags = KK_ADVANCED),
  KK_OPT_PATH ("webhook_ca_file", struct options, webhook_ca_file, .flags = KK_ADVANCED,
               .help = "Certificates (PEM) to trust; empty: those of the system"),
  KK_OPT_DURATION ("keep", struct options, keep_ns, .def = "24h", .min = "1m", .max = "30d",
                   .help = "Drop a message that could not be told for so long", .flags = KK_ADVANCED),
  KK_OPT_DURATION ("group_wait", struct options, group_wait_ns, .def = "1s", .max = "1h",
                   .help = "Rows of one rule that change within this time are one message"),
  KK_OPT_INT ("rule_messages", struct options, rule_messages, .def = "5", .min = "1", .max = "1000",
              .help = "Messages of one rule at once, before rule_every holds", .flags = KK_ADVANCED),
  KK_OPT_DURATION ("rule_every", struct options, rule_every_ns, .def = "1m", .max = "24h",
                   .help = "After that one message of a rule in this time; what is held back is told later; 0s: no limit"),
  KK_OPT_INT ("messages", struct options, messages, .def = "30", .min = "1", .max = "10000",
              .help = "Messages of all rules at once, before message_every holds", .flags = KK_ADVANCED),
  KK_OPT_DURATION ("message_every", struct options, every_ns, .def = "10s", .max = "24h",
                   .help = "After that one message in this time; 0s: no limit", .flags = KK_ADVANCED),
  KK_OPT_INT ("history", struct options, history, .def = "1000", .min = "10", .max = "100000",
              .help = "Changes that the store remembers", .flags = KK_ADVANCED),
};

/* ---- A copy ---- */

static void
drop_texts (const char *const *texts, uint32_t n)
{
  for (uint32_t i = 0; texts && i < n; i++)
    free ((char *) (uintptr_t) texts[i]);
  free ((const char **) (uintptr_t) texts);
}

/* NULL: no memory. */
static const char *const *
keep_texts (const char *const *texts, uint32_t n)
{
  char **kept = calloc (n + 1, sizeof *kept);
  for (uint32_t i = 0; kept && i < n; i++)
    if (!(kept[i] = strdup (texts[i]))) {
      drop_texts ((const char *const *) kept, n);
      kept = NULL;
    }
  return (const char *const *) kept;
}

int
options_keep (struct options *to, const struct options *from)
{
  const char *const texts[] = {from->file, from->webhook, from->webhook_body, from->webhook_ca_file};
  const char **const places[] = {&to->file, &to->webhook, &to->webhook_body, &to->webhook_ca_file};
  bool failed = false;
  *to = *from;
  to->rules = (struct kk_map){.count = 0};
  for (size_t i = 0; i < KK_COUNT (texts); i++)
    failed |= !(*places[i] = strdup (texts[i]));
  failed |= !(to->command.items = keep_texts (from->command.items, from->command.count));
  failed |= !(to->webhook_headers.names = keep_texts (from->webhook_headers.names, from->webhook_headers.count));
  failed |= !(to->webhook_headers.items = keep_texts (from->webhook_headers.items, from->webhook_headers.count));
  if (failed)
    options_drop (to);
  return failed ? -ENOMEM : 0;
}

void
options_drop (struct options *kept)
{
  const char *const texts[] = {kept->file, kept->webhook, kept->webhook_body, kept->webhook_ca_file};
  for (size_t i = 0; i < KK_COUNT (texts); i++)
    free ((char *) (uintptr_t) texts[i]);
  drop_texts (kept->command.items, kept->command.count);
  drop_texts (kept->webhook_headers.names, kept->webhook_headers.count);
  drop_texts (kept->webhook_headers.items, kept->webhook_headers.count);
  *kept = (struct options){.log = false};
}
