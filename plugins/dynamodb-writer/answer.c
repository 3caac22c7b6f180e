#include "answer.h"

#include "secret.h"
#include "told.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DEPTH = 8 };

static int
bad (struct answer_fault *fault, const char *what)
{
  *fault->code = 0;
  snprintf (fault->text, sizeof fault->text, "%s", what);
  return -EBADMSG;
}

void
answer_quote (char *to, size_t size, const char *text)
{
  size_t i = 0, n = told_length (text);
  for (; i < n && i + 1 < size; i++)
    to[i] = (char) (text[i] >= ' ' && text[i] < 127 ? text[i] : ' ');
  to[i] = 0;
}

static void
move (struct credentials *to, struct credentials *from)
{
  secret_free (to->access_key);
  secret_free (to->secret);
  secret_free (to->token);
  to->access_key = from->access_key;
  to->secret = from->secret;
  to->token = from->token;
  to->expires_ns = from->expires_ns;
}

int
answer_make (const struct answer_parts *parts, bool needs_token, bool needs_expiry, struct credentials *ret,
             struct answer_fault *fault)
{
  struct credentials made = {.provider = CREDENTIALS_NONE};
  if (!parts->access_key || !*parts->access_key)
    return bad (fault, "it has no AccessKeyId");
  if (!parts->secret || !*parts->secret)
    return bad (fault, "it has no SecretAccessKey");
  if (needs_token && (!parts->token || !*parts->token))
    return bad (fault, "it has no session token");
  if (needs_expiry && !parts->expires)
    return bad (fault, "it has no Expiration");
  if (parts->expires && *parts->expires && credentials_parse_time (parts->expires, &made.expires_ns) < 0)
    return bad (fault, "its Expiration is no time");
  int r = credentials_set (&made, parts->access_key, parts->secret, parts->token);
  if (r < 0) {
    credentials_clear (&made);
    return r == -EINVAL ? bad (fault, "it has a key or token with blanks or foreign characters") : r;
  }
  move (ret, &made);
  return 0;
}

/* ---- JSON ---- */

/* json-c keeps what it read: strings in objects, and the one it is at in its tokener. */
static void
wipe (struct json_object *o)
{
  if (json_object_is_type (o, json_type_string)) {
    secret_wipe ((char *) (uintptr_t) json_object_get_string (o), (size_t) json_object_get_string_len (o));
  } else if (json_object_is_type (o, json_type_object)) {
    json_object_object_foreach (o, key, member)
    {
      (void) key;
      wipe (member);
    }
  } else if (json_object_is_type (o, json_type_array)) {
    for (size_t i = 0; i < json_object_array_length (o); i++)
      wipe (json_object_array_get_idx (o, i));
  }
}

static void
wipe_and_put (struct json_object *o)
{
  wipe (o);
  json_object_put (o);
}

/* Makes the tokener read a string of n bytes: its own buffer then has that size, or that content. */
static void
fill (struct json_tokener *tokener, size_t n)
{
  char *text = malloc (n + 3);
  if (!text)
    return;
  memset (text, 'x', n + 2);
  text[0] = text[n + 1] = '"';
  json_object_put (json_tokener_parse_ex (tokener, text, (int) (n + 2)));
  json_tokener_reset (tokener);
  free (text);
}

/* A whole JSON text, or NULL. */
static struct json_object *
parse (const char *text, size_t n)
{
  if (n > 1 << 20 || memchr (text, 0, n))
    return NULL;
  struct json_tokener *tokener = json_tokener_new_ex (MOST_DEPTH);
  if (!tokener)
    return NULL;
  fill (tokener, n);
  json_tokener_set_flags (tokener, JSON_TOKENER_STRICT);
  struct json_object *o = json_tokener_parse_ex (tokener, text, (int) n);
  bool whole = json_tokener_get_error (tokener) == json_tokener_success;
  for (size_t i = json_tokener_get_parse_end (tokener); whole && i < n; i++)
    whole = strchr (" \t\r\n", text[i]) != NULL;
  json_tokener_reset (tokener);
  fill (tokener, n);
  json_tokener_free (tokener);
  if (whole)
    return o;
  wipe_and_put (o);
  return NULL;
}

/* A string without NUL, or NULL. */
static const char *
string (struct json_object *o, const char *name)
{
  struct json_object *member = NULL;
  if (!json_object_is_type (o, json_type_object) || !json_object_object_get_ex (o, name, &member)
      || !json_object_is_type (member, json_type_string))
    return NULL;
  const char *text = json_object_get_string (member);
  return strlen (text) == (size_t) json_object_get_string_len (member) ? text : NULL;
}

static int
take_error (const char *code, const char *message, struct answer_fault *fault)
{
  answer_quote (fault->code, sizeof fault->code, code);
  answer_quote (fault->text, sizeof fault->text, message && *message ? message : code);
  return -EREMOTEIO;
}

static int
of_endpoint (struct json_object *o, struct credentials *ret, struct answer_fault *fault)
{
  const char *code = string (o, "Code");
  if (!code)
    code = string (o, "code");
  const char *message = string (o, "Message");
  if (code && strcmp (code, "Success") != 0)
    return take_error (code, message ? message : string (o, "message"), fault);
  const struct answer_parts parts = {.access_key = string (o, "AccessKeyId"),
                                     .secret = string (o, "SecretAccessKey"),
                                     .token = string (o, "Token"),
                                     .expires = string (o, "Expiration")};
  return answer_make (&parts, true, true, ret, fault);
}

static int
of_process (struct json_object *o, struct credentials *ret, struct answer_fault *fault)
{
  struct json_object *version = NULL;
  if (!json_object_object_get_ex (o, "Version", &version) || !json_object_is_type (version, json_type_int)
      || json_object_get_int64 (version) != 1)
    return bad (fault, "it has no \"Version\": 1");
  const struct answer_parts parts = {.access_key = string (o, "AccessKeyId"),
                                     .secret = string (o, "SecretAccessKey"),
                                     .token = string (o, "SessionToken"),
                                     .expires = string (o, "Expiration")};
  return answer_make (&parts, false, false, ret, fault);
}

int
answer_json (enum answer_form form, const char *text, size_t n, struct credentials *ret, struct answer_fault *fault)
{
  struct json_object *o = parse (text, n);
  int r;
  if (!o || !json_object_is_type (o, json_type_object))
    r = bad (fault, n ? "it is no whole JSON object" : "it is empty");
  else
    r = form == ANSWER_PROCESS ? of_process (o, ret, fault) : of_endpoint (o, ret, fault);
  wipe_and_put (o);
  return r;
}

/* The member of this name, however deep. */
static struct json_object *
find (struct json_object *o, const char *name)
{
  struct json_object *found = NULL;
  if (!json_object_is_type (o, json_type_object))
    return NULL;
  json_object_object_foreach (o, key, member)
  {
    found = strcmp (key, name) == 0 ? member : find (member, name);
    if (found)
      break;
  }
  return found;
}

/* In STS's JSON the time is a number of seconds. */
static int
of_sts (struct json_object *o, struct credentials *ret, struct answer_fault *fault)
{
  struct json_object *error = find (o, "Error"), *given = find (o, "Credentials"), *expires = NULL;
  if (error && string (error, "Code"))
    return take_error (string (error, "Code"), string (error, "Message"), fault);
  if (!given)
    return bad (fault, "it has no Credentials");
  struct answer_parts parts = {.access_key = string (given, "AccessKeyId"),
                               .secret = string (given, "SecretAccessKey"),
                               .token = string (given, "SessionToken"),
                               .expires = string (given, "Expiration")};
  double seconds = 0;
  if (!parts.expires && json_object_is_type (given, json_type_object)
      && json_object_object_get_ex (given, "Expiration", &expires))
    seconds = json_object_get_double (expires);
  int r = answer_make (&parts, true, !(seconds > 0 && seconds < 8e9), ret, fault);
  if (r == 0 && !parts.expires)
    ret->expires_ns = (int64_t) seconds * 1000000000;
  return r;
}

int
answer_sts (const char *text, size_t n, struct credentials *ret, struct answer_fault *fault)
{
  size_t blanks = 0;
  while (blanks < n && strchr (" \t\r\n", text[blanks]) && text[blanks])
    blanks++;
  if (blanks < n && text[blanks] == '<')
    return answer_xml (text, n, ret, fault);
  struct json_object *o = parse (text, n);
  int r = o ? of_sts (o, ret, fault) : bad (fault, n ? "it is neither whole XML nor whole JSON" : "it is empty");
  wipe_and_put (o);
  return r;
}
