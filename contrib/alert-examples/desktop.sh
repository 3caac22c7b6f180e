#!/bin/sh
# Shows a message of the plugin alert on the desktop: `command: [/path/to/desktop.sh]`. For a daemon that a user runs in a session;
# notify-send is of libnotify.
case $KK_ALERT_CHANGE:$KK_ALERT_SEVERITY in
fired:critical | reminder:critical) urgency=critical ;;
fired:* | reminder:*) urgency=normal ;;
*) urgency=low ;;
esac

# A text of the message is no markup.
text=$(printf '%s' "$KK_ALERT_TEXT" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g')
exec notify-send --app-name=kode-kronical --urgency="$urgency" -- "$KK_ALERT_RULE on $KK_ALERT_HOST" "$text"
