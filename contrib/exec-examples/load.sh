#!/bin/sh
# How many tasks run and how long this machine is up. `load.sh` prints it once, `load.sh stream` every KK_INTERVAL seconds.
while :; do
  read -r _ _ _ tasks _ </proc/loadavg
  read -r up _ </proc/uptime
  echo "tasks running ${tasks%/*}"
  echo "tasks all ${tasks#*/}"
  echo "tasks uptime $up"
  [ "$1" = stream ] || break
  sleep "${KK_INTERVAL:-1}"
done
