/* What a user says in daemon.yaml. */
#ifndef ALERT_OPTIONS_H
#define ALERT_OPTIONS_H

#include <kode-kronical/plugin.h>

#define ALERT_FOR_MOST "24h" /* of `for` */

struct rule_options {
  const char *when, *clear, *text;
  int64_t for_ns, unknown_after_ns, remind_ns;
  int32_t severity;
};

struct options {
  struct kk_map rules; /* of struct rule_options */
  double cpu_threshold, memory_threshold;
  bool log;
  const char *file;
  struct kk_list command;
  int64_t command_timeout_ns, commands_at_once;
  const char *webhook, *webhook_body, *webhook_ca_file;
  struct kk_map webhook_headers; /* of texts */
  int64_t webhook_timeout_ns;
  int64_t group_wait_ns;
  int64_t keep_ns;
  int64_t rule_messages, messages;
  int64_t rule_every_ns, every_ns;
  int64_t history;
};

/* Of the options what actions need, in a copy of its own for who may outlive them; its command is 0-ended. 0 or -ENOMEM, then
 * it is empty. */
int options_keep (struct options *to, const struct options *from);
void options_drop (struct options *kept);

enum { ALERT_N_OPTIONS = 20 };
extern const struct kk_option alert_options[ALERT_N_OPTIONS];
#endif
