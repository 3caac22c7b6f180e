#!/bin/sh
# How many tasks run and how long this machine is up. `load.sh` prints it once, `load.sh stream` every KK_INTERVAL seconds.
printf 'field: tasks.%s\n' 'running u64' 'all u64' 'uptime f64 s counter # Since the machine was started'
while :; do
  read -r _ _ _ tasks _ </proc/loadavg
  read -r up _ </proc/uptime
  printf 'tasks %s %s\n' running "${tasks%/*}" all "${tasks#*/}" uptime "$up"
  [ "$1" = stream ] || break
  sleep "${KK_INTERVAL:-1}"
done
