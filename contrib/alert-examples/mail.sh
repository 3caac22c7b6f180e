#!/bin/sh
# Mails a message of the plugin alert: `command: [/path/to/mail.sh, ops@example.org]`. It uses sendmail, or the program that is its
# second argument, such as msmtp, and ends as that does: with status 75 (for now it cannot) the daemon runs this again later.
to=${1:?give the address as the first argument}
send=${2:-sendmail}
command -v "$send" >/dev/null 2>&1 || PATH=$PATH:/usr/sbin:/usr/lib
command -v "$send" >/dev/null 2>&1 || { echo "mail.sh: no program $send" >&2; exit 75; }

# One word of a subject that is encoded: RFC 2047.
word() {
  printf '=?UTF-8?B?%s?=' "$(printf '%s' "$1" | base64 | tr -d '\n')"
}

# The first 200 bytes of a text as words of at most 39 bytes each, on lines of their own, so that none is longer than 76; no
# character is cut in two.
words() {
  export LC_ALL=C
  first=$(printf '[^\200-\277]') part='' sep='' total=0
  printf '%s\n' "$1" | sed "s/$first/\\
&/g" | {
    while IFS= read -r character && total=$((total + ${#character})) && [ "$total" -le 200 ]; do
      if [ $((${#part} + ${#character})) -gt 39 ]; then
        printf '%s%s' "$sep" "$(word "$part")"
        part='' sep='
 '
      fi
      part=$part$character
    done
    printf '%s%s' "$sep" "$(word "$part")"
  }
}

# What stands in a header has no line break; a short subject in plain letters stays as it is.
line=$(printf '%s' "$KK_ALERT_SEVERITY: $KK_ALERT_TEXT" | LC_ALL=C tr '[:cntrl:]' ' ')
if [ "$(printf '%s' "$line" | wc -c)" -gt 60 ] || printf '%s' "$line" | LC_ALL=C grep -q '[^ -~]\|=?'; then
  line=$(words "$line")
fi

{
  printf 'To: %s\n' "$to"
  printf 'Subject: %s\n' "$line"
  printf 'Message-ID: <%s@kode-kronical>\n' "$KK_ALERT_ID"
  printf 'Auto-Submitted: auto-generated\n'
  printf 'MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n'
  printf '%s\n\nrule: %s\nchange: %s\nseverity: %s\nhost: %s\n' "$KK_ALERT_TEXT" "$KK_ALERT_RULE" "$KK_ALERT_CHANGE" "$KK_ALERT_SEVERITY" "$KK_ALERT_HOST"
} | "$send" -i -t
