/* kode-kronical-daemon alerts … */
#include "tool.h"
#include "tool/tool-fail.h"
#include "tool/tool-options.h"

#include <getopt.h>
#include <locale.h>
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
                            "Rules are those of the daemon that runs, and without one those of the file;\n"
                            "with test always those of the file.\n\n"
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

static int
run (const char *what, const struct tool_options *o)
{
  const bool history = !strcmp (what, "history"), silence = !strcmp (what, "silence"), test = !strcmp (what, "test");
  if (!history && !silence && !test && strcmp (what, "list") != 0)
    return tool_misused ("it is 'alerts', 'alerts history', 'alerts silence RULE TIME' or 'alerts test RULE'");
  if (o->since && !history && !test)
    return tool_misused ("--since goes with history and test");
  if (o->lines && !history)
    return tool_misused ("--lines goes with history");
  if ((o->row || o->reason || o->end) && !silence)
    return tool_misused ("--row, --reason and --end go with silence");
  if ((o->until || o->when || o->lasts || o->clear || o->directory) && !test)
    return tool_misused ("--until, --when, --for, --clear and --from go with test");
  if (silence)
    return tool_silence (o);
  if (test)
    return tool_test (o);
  if (o->n_words > (history ? 1 : 0))
    return tool_misused ("there are too many words");
  return history ? tool_history (o) : tool_list (o);
}

int
main (int argc, char **argv)
{
  struct tool_options o = {.json = false};
  const struct tool_option options[] = {
    {"json", 0, NULL, &o.json},     {"since", 0, &o.since, NULL},    {"until", 0, &o.until, NULL},
    {"lines", 'n', &o.lines, NULL}, {"row", 0, &o.row, NULL},        {"reason", 0, &o.reason, NULL},
    {"end", 0, &o.end, NULL},       {"when", 0, &o.when, NULL},      {"for", 0, &o.lasts, NULL},
    {"clear", 0, &o.clear, NULL},   {"from", 0, &o.directory, NULL}, {"instance", 0, &o.instance, NULL},
  };
  setlocale (LC_CTYPE, "");
  int status = tool_options_parse (argc, argv, TOOL_NAME, usage, options, sizeof options / sizeof *options);
  if (status < 0) {
    const bool named = optind < argc;
    o.words = argv + optind + named;
    o.n_words = argc - optind - named;
    status = run (named ? argv[optind] : "list", &o);
  }
  return tool_options_done (TOOL_NAME, status);
}
