/* Any bytes as daemon.yaml: parsed, made a plan of with the plugins there are, and edited. Never a crash, and never a silent no. */
#include "edit.h"
#include "plan.h"
#include "yamltree.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Opened once: plugins stay loaded as long as the process lives. */
static struct modules *
plugins (void)
{
  static struct modules *modules;
  if (!modules && modules_open (NULL, &modules) < 0)
    abort ();
  return modules;
}

static void
make_plan (const char *text, size_t size)
{
  struct diag d = {0};
  struct plan *plan = NULL;
  int r = plan_make_text ("/nowhere/daemon.yaml", text, size, plugins (), &d, &plan);
  if ((r == 0) != (plan != NULL) || (r == -EINVAL && !d.errors) || (r == 0 && d.errors))
    abort ();
  plan_free (plan);
  diag_free (&d);
}

static void
change (const char *text, size_t size)
{
  const struct edit edits[] = {
    {.path = {"daemon", "sample_interval"}, .n = 2, .value = "2.0", .uncomment = true},
    {.path = {"plugins", "cpu", "per_core"}, .n = 3, .value = "true", .comment = "why"},
    {.path = {"aws", "profile"}, .n = 2, .value = "it's # odd"},
  };
  for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
    struct diag d = {0};
    struct buf out = {0};
    struct yaml_document *doc = NULL;
    int r = edit_set ("daemon.yaml", text, size, &edits[i], &d, &out);
    if (r < 0 && r != -ENOMEM && !d.errors)
      abort ();
    if (r == 0 && yaml_parse ("daemon.yaml", out.data, out.len, &d, &doc) < 0)
      abort ();
    yaml_free (doc);
    buf_free (&out);
    diag_free (&d);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *) data;
  struct diag d = {0};
  struct yaml_document *doc = NULL;
  int r = yaml_parse ("daemon.yaml", text, size, &d, &doc);
  if ((r == 0) != (doc != NULL) || (r == -EINVAL && !d.errors))
    abort ();
  yaml_free (doc);
  diag_free (&d);
  make_plan (text, size);
  change (text, size);
  return 0;
}
