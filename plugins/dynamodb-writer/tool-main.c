/* kode-kronical-daemon dynamodb … */
#include "tool.h"
#include "tool/tool-fail.h"
#include "tool/tool-options.h"

#include <getopt.h>
#include <signal.h>
#include <string.h>

static volatile sig_atomic_t interrupted;

static void
interrupt (int number)
{
  (void) number;
  interrupted = 1;
}

static const char usage[] = "Usage: " TOOL_NAME " check [--json | --print-policy | --print-tables]\n"
                            "       " TOOL_NAME " backfill --since TIME [OPTION]...\n\n"
                            "check tries what the upload to DynamoDB needs, step by step, and changes\n"
                            "nothing. Its exit status is 0 when nothing failed.\n"
                            "backfill uploads the minutes that were recorded since TIME. A fuller item that\n"
                            "is there already stays, so that it can be repeated. TIME is 2h, 3d, 17:05,\n"
                            "2026-01-31, '2026-01-31 17:05' (UTC with Z at its end) or @SECONDS.\n\n"
                            "Options:\n"
                            "      --json           For programs\n"
                            "      --print-policy   With check: print the IAM policy that the daemon needs;\n"
                            "                       asks nobody\n"
                            "      --print-tables   With check: print the tables as CreateTable takes them;\n"
                            "                       asks nobody\n"
                            "      --since TIME     With backfill: from when on\n"
                            "      --until TIME     With backfill: until when (now)\n"
                            "      --rate N         With backfill: at most N items a second (25)\n"
                            "      --from DIR       With backfill: the directory of recorded files (the\n"
                            "                       daemon's)\n"
                            "  -n, --dry-run        With backfill: only say how many minutes there are\n"
                            "      --instance NAME  Of the plugin dynamodb-writer, when there are several\n"
                            "  -c, --config FILE    Read this configuration file, not the user's or the\n"
                            "                       system's\n"
                            "  -h, --help           Say this\n";

/* The first signal ends what goes on, with a summary; the second one the program. */
static int
backfill (const struct tool_options *o)
{
  const struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int) SA_RESETHAND};
  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
  return tool_backfill (o);
}

static int
run (const char *what, const struct tool_options *o)
{
  bool of_backfill = o->since || o->until || o->rate || o->directory || o->dry_run, prints = o->print_policy || o->print_tables;
  if (strcmp (what, "backfill") == 0)
    return prints ? tool_misused ("--print-policy and --print-tables go with check") : backfill (o);
  if (strcmp (what, "check") != 0)
    return tool_misused ("it is 'dynamodb check' or 'dynamodb backfill --since TIME'");
  if (of_backfill)
    return tool_misused ("--since, --until, --rate, --from and --dry-run go with backfill");
  if (o->print_policy && o->print_tables)
    return tool_misused ("--print-policy or --print-tables, not both: each prints one JSON object");
  return prints ? tool_print (o) : tool_check (o);
}

int
main (int argc, char **argv)
{
  struct tool_options o = {.interrupted = &interrupted};
  const struct tool_option options[] = {
    {"json", 0, NULL, &o.json},
    {"print-policy", 0, NULL, &o.print_policy},
    {"print-tables", 0, NULL, &o.print_tables},
    {"since", 0, &o.since, NULL},
    {"until", 0, &o.until, NULL},
    {"rate", 0, &o.rate, NULL},
    {"from", 0, &o.directory, NULL},
    {"dry-run", 'n', NULL, &o.dry_run},
    {"instance", 0, &o.instance, NULL},
  };
  int status = tool_options_parse (argc, argv, TOOL_NAME, usage, options, sizeof options / sizeof *options);
  if (status < 0 && argc - optind != 1)
    status = tool_misused ("it is 'dynamodb check' or 'dynamodb backfill --since TIME'");
  if (status < 0)
    status = run (argv[optind], &o);
  return tool_options_done (TOOL_NAME, status);
}
