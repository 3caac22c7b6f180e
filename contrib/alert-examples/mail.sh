#!/bin/sh
# Mails a message of the plugin alert: `command: [/path/to/mail.sh, ops@example.org]`. It uses sendmail, or the program that is its
# second argument, such as msmtp. Where the mail cannot be handed over now, the daemon runs this again later.
to=${1:?give the address as the first argument}
send=${2:-sendmail}
command -v "$send" >/dev/null 2>&1 || PATH=$PATH:/usr/sbin:/usr/lib
command -v "$send" >/dev/null 2>&1 || { echo "mail.sh: no program $send" >&2; exit 75; }

# What stands in a header has no line break, and a subject other than ASCII is encoded.
line=$(printf '%s' "$KK_ALERT_SEVERITY: $KK_ALERT_TEXT" | tr '\r\n\t' '   ' | cut -c 1-200)
subject="=?UTF-8?B?$(printf '%s' "$line" | base64 | tr -d '\n')?="

{
  printf 'To: %s\n' "$to"
  printf 'Subject: %s\n' "$subject"
  printf 'Message-ID: <%s@kode-kronical>\n' "$KK_ALERT_ID"
  printf 'Auto-Submitted: auto-generated\n'
  printf 'MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n'
  printf '%s\n\nrule: %s\nchange: %s\nseverity: %s\nhost: %s\n' "$KK_ALERT_TEXT" "$KK_ALERT_RULE" "$KK_ALERT_CHANGE" "$KK_ALERT_SEVERITY" "$KK_ALERT_HOST"
} | "$send" -i -t || exit 75
