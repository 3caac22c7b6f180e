/* kode-kronical-daemon dynamodb … */
#include "tool.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
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

enum { JSON = 256, POLICY, TABLES, SINCE, UNTIL, RATE, FROM, INSTANCE };

static const struct option options[] = {
  {"json", no_argument, NULL, JSON},
  {"print-policy", no_argument, NULL, POLICY},
  {"print-tables", no_argument, NULL, TABLES},
  {"since", required_argument, NULL, SINCE},
  {"until", required_argument, NULL, UNTIL},
  {"rate", required_argument, NULL, RATE},
  {"from", required_argument, NULL, FROM},
  {"instance", required_argument, NULL, INSTANCE},
  {"dry-run", no_argument, NULL, 'n'},
  {"help", no_argument, NULL, 'h'},
  {NULL, 0, NULL, 0},
};

static int
misused (const char *what)
{
  fprintf (stderr, TOOL_NAME ": %s\nTry: " TOOL_NAME " --help\n", what);
  return TOOL_USAGE;
}

/* -1: run it; else the exit status. */
static int
parse (int argc, char **argv, struct tool_options *o)
{
  static char name[] = TOOL_NAME; /* getopt complains in this name */
  argv[0] = name;
  for (int option; (option = getopt_long (argc, argv, "nh", options, NULL)) >= 0;)
    switch (option) {
    case JSON:
      o->json = true;
      break;
    case POLICY:
      o->print_policy = true;
      break;
    case TABLES:
      o->print_tables = true;
      break;
    case SINCE:
      o->since = optarg;
      break;
    case UNTIL:
      o->until = optarg;
      break;
    case RATE:
      o->rate = optarg;
      break;
    case FROM:
      o->directory = optarg;
      break;
    case INSTANCE:
      o->instance = optarg;
      break;
    case 'n':
      o->dry_run = true;
      break;
    case 'h':
      fputs (usage, stdout);
      return TOOL_OK;
    default:
      fputs ("Try: " TOOL_NAME " --help\n", stderr);
      return TOOL_USAGE;
    }
  return -1;
}

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
    return prints ? misused ("--print-policy and --print-tables go with check") : backfill (o);
  if (strcmp (what, "check") != 0)
    return misused ("it is 'dynamodb check' or 'dynamodb backfill --since TIME'");
  if (of_backfill)
    return misused ("--since, --until, --rate, --from and --dry-run go with backfill");
  if (o->print_policy && o->print_tables)
    return misused ("--print-policy or --print-tables, not both: each prints one JSON object");
  return prints ? tool_print (o) : tool_check (o);
}

int
main (int argc, char **argv)
{
  struct tool_options o = {.interrupted = &interrupted};
  int status = parse (argc, argv, &o);
  if (status < 0 && argc - optind != 1)
    status = misused ("it is 'dynamodb check' or 'dynamodb backfill --since TIME'");
  if (status < 0)
    status = run (argv[optind], &o);
  if (fflush (stdout) || ferror (stdout)) {
    fprintf (stderr, TOOL_NAME ": cannot write the output: %s\n", strerror (errno));
    return status ? status : TOOL_FAILED;
  }
  return status;
}
