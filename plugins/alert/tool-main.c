/* kode-kronical-daemon alerts … */
#include "tool.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static const char usage[] = "Usage: " TOOL_NAME " [OPTION]...\n"
                            "       " TOOL_NAME " history [RULE] [OPTION]...\n"
                            "       " TOOL_NAME " silence [RULE TIME | --end RULE] [OPTION]...\n"
                            "       " TOOL_NAME " test RULE [--since TIME] [OPTION]...\n\n"
                            "Without more it shows how each rule is: what fires first. history shows what\n"
                            "changed. silence RULE TIME keeps the rule, or those that a pattern such as\n"
                            "'disk-*' names, from telling anything for so long (30m, 2h, 3d); silence alone\n"
                            "lists what is silenced. test says when the rule would have fired, by what was\n"
                            "recorded; also with another condition, or one that is configured nowhere.\n\n"
                            "Options:\n"
                            "      --json           For programs\n"
                            "      --since TIME     With history and test: from when on; 2h, 3d, 17:05,\n"
                            "                       2026-01-31, '2026-01-31 17:05' (UTC with Z at its\n"
                            "                       end), @SECONDS\n"
                            "      --until TIME     With test: until when (now)\n"
                            "  -n, --lines N        With history: the last N changes (1000)\n"
                            "      --row PATTERN    With silence: these rows of the rule only\n"
                            "      --reason TEXT    With silence: why, for others to read\n"
                            "      --end RULE       With silence: end what was silenced by this name, or\n"
                            "                       the one silence with this ID\n"
                            "      --when EXPRESSION, --for TIME, --clear CONDITION\n"
                            "                       With test: instead of what the rule says\n"
                            "      --from DIR       With test: the directory of recorded files (the\n"
                            "                       daemon's)\n"
                            "      --instance NAME  Of the plugin alert, when there are several\n"
                            "  -c, --config FILE    Read this configuration file, not the user's or the\n"
                            "                       system's\n"
                            "  -h, --help           Say this\n";

enum { JSON = 256, SINCE, ROW, REASON, END, INSTANCE, UNTIL, WHEN, FOR, CLEAR, FROM };

static const struct option options[] = {
  {"json", no_argument, NULL, JSON},
  {"since", required_argument, NULL, SINCE},
  {"lines", required_argument, NULL, 'n'},
  {"row", required_argument, NULL, ROW},
  {"reason", required_argument, NULL, REASON},
  {"end", required_argument, NULL, END},
  {"instance", required_argument, NULL, INSTANCE},
  {"until", required_argument, NULL, UNTIL},
  {"when", required_argument, NULL, WHEN},
  {"for", required_argument, NULL, FOR},
  {"clear", required_argument, NULL, CLEAR},
  {"from", required_argument, NULL, FROM},
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
  for (int option; (option = getopt_long (argc, argv, "n:h", options, NULL)) >= 0;)
    switch (option) {
    case JSON:
      o->json = true;
      break;
    case SINCE:
      o->since = optarg;
      break;
    case 'n':
      o->lines = optarg;
      break;
    case ROW:
      o->row = optarg;
      break;
    case REASON:
      o->reason = optarg;
      break;
    case END:
      o->end = optarg;
      break;
    case INSTANCE:
      o->instance = optarg;
      break;
    case UNTIL:
      o->until = optarg;
      break;
    case WHEN:
      o->when = optarg;
      break;
    case FOR:
      o->lasts = optarg;
      break;
    case CLEAR:
      o->clear = optarg;
      break;
    case FROM:
      o->directory = optarg;
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

static int
run (const char *what, const struct tool_options *o)
{
  const bool history = !strcmp (what, "history"), silence = !strcmp (what, "silence"), test = !strcmp (what, "test");
  if (!history && !silence && !test && strcmp (what, "list") != 0)
    return misused ("it is 'alerts', 'alerts history', 'alerts silence RULE TIME' or 'alerts test RULE'");
  if (o->since && !history && !test)
    return misused ("--since goes with history and test");
  if (o->lines && !history)
    return misused ("--lines goes with history");
  if ((o->row || o->reason || o->end) && !silence)
    return misused ("--row, --reason and --end go with silence");
  if ((o->until || o->when || o->lasts || o->clear || o->directory) && !test)
    return misused ("--until, --when, --for, --clear and --from go with test");
  if (silence)
    return tool_silence (o);
  if (test)
    return tool_test (o);
  if (o->n_words > (history ? 1 : 0))
    return misused ("there are too many words");
  return history ? tool_history (o) : tool_list (o);
}

int
main (int argc, char **argv)
{
  struct tool_options o = {.json = false};
  setlocale (LC_CTYPE, "");
  int status = parse (argc, argv, &o);
  if (status < 0) {
    const bool named = optind < argc;
    o.words = argv + optind + named;
    o.n_words = argc - optind - named;
    status = run (named ? argv[optind] : "list", &o);
  }
  if (fflush (stdout) || ferror (stdout)) {
    fprintf (stderr, TOOL_NAME ": cannot write the output: %s\n", strerror (errno));
    return status ? status : TOOL_FAILED;
  }
  return status;
}
