#include "tool.h"

#include "policy.h"

#include <stdlib.h>
#include <string.h>

/* The region as it is without asking the network. */
static int
find_region (const struct tool_config *config, char region[ENDPOINT_REGION_SIZE])
{
  struct session_settings s = options_session (&config->options);
  struct credentials_settings settings = {.profile = s.profile, .stop_fd = -1};
  struct endpoint_fault fault = {.text = ""};
  struct profiles *profiles = NULL;
  char from[200];
  bool named;
  setenv ("AWS_EC2_METADATA_DISABLED", "true", 1);
  profiles_load (&profiles);
  int r = endpoint_region (s.region, profiles, endpoint_profile (s.profile, &named), &settings, region, from, &fault);
  profiles_free (profiles);
  if (r < 0)
    fprintf (stderr, TOOL_NAME ": %s\n", fault.text);
  return r;
}

int
tool_print (const struct tool_options *o)
{
  struct tool_config config = {.instance = NULL};
  struct tool_fault fault = {.text = ""};
  char region[ENDPOINT_REGION_SIZE];
  struct buf text BUF_CLEANUP = {0};
  if (tool_config_load (o->instance, &config, &fault) < 0) {
    fprintf (stderr, TOOL_NAME ": %s\n", fault.text);
    return TOOL_FAILED;
  }
  int r = find_region (&config, region);
  const struct policy_names names = {region, config.options.table, config.options.registry_table};
  if (r == 0 && o->print_policy)
    policy_json (&text, &names);
  if (r == 0 && o->print_tables)
    policy_tables_json (&text, &names);
  if (r == 0 && !text.error)
    fputs (text.data, stdout);
  tool_config_free (&config);
  return r < 0 || text.error ? TOOL_FAILED : TOOL_OK;
}
