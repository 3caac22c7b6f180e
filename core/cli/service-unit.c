/* The text of the unit that install writes. */
#include "cli/service.h"

#include <string.h>

/* A word of a command line in a unit: quoted, '%' and '$' doubled. */
static void
add_word (struct buf *b, const char *word)
{
  buf_addc (b, '"');
  for (const char *p = word; *p; p++) {
    if (*p == '"' || *p == '\\')
      buf_addc (b, '\\');
    else if (*p == '%' || *p == '$')
      buf_addc (b, *p);
    if (*p == '\n')
      buf_adds (b, "\\n");
    else
      buf_addc (b, *p);
  }
  buf_addc (b, '"');
}

/* Environment= expands '%' but not '$'. */
static void
add_environment (struct buf *b, const char *name, const char *value)
{
  buf_printf (b, "Environment=\"%s=", name);
  for (const char *p = value; *p; p++) {
    if (*p == '"' || *p == '\\')
      buf_addc (b, '\\');
    else if (*p == '%')
      buf_addc (b, '%');
    buf_addc (b, *p);
  }
  buf_adds (b, "\"\n");
}

static void
add_command (struct buf *b, const struct service *s, const char *key, const char *words)
{
  buf_printf (b, "%s=", key);
  add_word (b, s->program);
  if (s->config_file) {
    buf_adds (b, " -c ");
    add_word (b, s->config_file);
  }
  buf_printf (b, " %s\n", words);
}

/* What keeps the daemon from doing what it never has to, and leaves it the user's home. The last ones need rights that a user's
 * own manager has not. */
static const char hardening[] = "LimitCORE=0\nUMask=0077\nNoNewPrivileges=yes\nLockPersonality=yes\nRestrictRealtime=yes\n"
                                "RestrictSUIDSGID=yes\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
                                "SystemCallArchitectures=native\n";
static const char system_hardening[] =
    "ProtectSystem=full\nProtectKernelTunables=yes\nProtectKernelModules=yes\nProtectKernelLogs=yes\n"
    "ProtectControlGroups=yes\nProtectHostname=yes\nRestrictNamespaces=yes\n";

static void
add_user (const struct service *s, struct buf *b)
{
  buf_printf (b, "User=%s\n", s->user.pw_name);
  if (s->user.pw_uid)
    buf_adds (b, "CapabilityBoundingSet=\n");
}

void
service_write_unit (const struct service *s, struct buf *b)
{
  buf_printf (b, "# Written by: " PROGRAM " install%s\n[Unit]\n", s->system ? " --system" : "");
  buf_adds (b, "Description=Recorder of this machine's CPU, memory, network and processes\n"
               "Documentation=man:" PROGRAM "(1)\n");
  if (s->system) {
    buf_adds (b, "RequiresMountsFor=");
    add_word (b, s->user.pw_dir);
    buf_addc (b, '\n');
  }
  buf_adds (b, "StartLimitIntervalSec=5min\nStartLimitBurst=5\n\n[Service]\nType=notify\n");
  if (s->system)
    add_user (s, b);
  buf_adds (b, "EnvironmentFile=-/etc/default/kode-kronical\n");
  if (s->plugin_dir)
    add_environment (b, "KODE_KRONICAL_PLUGINS", s->plugin_dir);
  add_command (b, s, "ExecStart", "start --foreground");
  add_command (b, s, "ExecReload", "reload");
  buf_adds (b, "Restart=on-failure\nRestartSec=2s\nRestartPreventExitStatus=2\nWatchdogSec=60s\nTimeoutStartSec="
               "90s\nTimeoutStopSec=60s\n");
  buf_adds (b, hardening);
  if (s->system)
    buf_adds (b, system_hardening);
  buf_printf (b, "\n[Install]\nWantedBy=%s\n", s->system ? "multi-user.target" : "default.target");
}
