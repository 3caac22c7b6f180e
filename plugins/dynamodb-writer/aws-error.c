#include "aws-error.h"

#include "json-limits.h"
#include "told.h"
#include "utf8.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
  const char *type;
  enum aws_outcome outcome;
} types[] = {
  {"ProvisionedThroughputExceededException", AWS_THROTTLED},
  {"ThrottlingException", AWS_THROTTLED},
  {"Throttling", AWS_THROTTLED},
  {"ThrottledException", AWS_THROTTLED},
  {"RequestLimitExceeded", AWS_THROTTLED},
  {"RequestThrottled", AWS_THROTTLED},
  {"RequestThrottledException", AWS_THROTTLED},
  {"TooManyRequestsException", AWS_THROTTLED},
  {"BandwidthLimitExceeded", AWS_THROTTLED},
  {"SlowDown", AWS_THROTTLED},
  {"PriorRequestNotComplete", AWS_THROTTLED},
  {"LimitExceededException", AWS_BUSY}, /* too many tables are being made */
  {"InternalServerError", AWS_TRANSIENT},
  {"InternalServerErrorException", AWS_TRANSIENT},
  {"InternalFailure", AWS_TRANSIENT},
  {"InternalError", AWS_TRANSIENT},
  {"ServiceUnavailable", AWS_TRANSIENT},
  {"ServiceUnavailableException", AWS_TRANSIENT},
  {"RequestTimeout", AWS_TRANSIENT},
  {"RequestTimeoutException", AWS_TRANSIENT},
  {"CrcCheckFailedException", AWS_TRANSIENT},
  {"TransactionConflictException", AWS_TRANSIENT},
  {"TransactionInProgressException", AWS_TRANSIENT},
  {"ReplicatedWriteConflictException", AWS_TRANSIENT},
  {"ResourceInUseException", AWS_BUSY},
  {"TableInUseException", AWS_BUSY},
  {"ExpiredTokenException", AWS_EXPIRED},
  {"ExpiredToken", AWS_EXPIRED},
  {"RequestTimeTooSkewed", AWS_SKEWED},
  {"RequestExpired", AWS_SKEWED},
  {"RequestInTheFuture", AWS_SKEWED},
  {"UnrecognizedClientException", AWS_CREDENTIALS},
  {"InvalidSignatureException", AWS_CREDENTIALS},
  {"SignatureDoesNotMatch", AWS_CREDENTIALS},
  {"IncompleteSignatureException", AWS_CREDENTIALS},
  {"IncompleteSignature", AWS_CREDENTIALS},
  {"MissingAuthenticationTokenException", AWS_CREDENTIALS},
  {"MissingAuthenticationToken", AWS_CREDENTIALS},
  {"InvalidClientTokenId", AWS_CREDENTIALS},
  {"AuthFailure", AWS_CREDENTIALS},
  {"OptInRequired", AWS_DENIED},
  {"AccessDeniedException", AWS_DENIED},
  {"AccessDenied", AWS_DENIED},
  {"UnauthorizedOperation", AWS_DENIED},
  {"NotAuthorized", AWS_DENIED},
  {"KMSAccessDeniedException", AWS_DENIED},
  {"ResourceNotFoundException", AWS_NO_TABLE},
  {"TableNotFoundException", AWS_NO_TABLE},
  {"ConditionalCheckFailedException", AWS_CONDITION},
  {"ValidationException", AWS_INVALID},
  {"ValidationError", AWS_INVALID},
  {"SerializationException", AWS_INVALID},
  {"ItemCollectionSizeLimitExceededException", AWS_INVALID},
  {"RequestEntityTooLarge", AWS_INVALID},
  {"UnknownOperationException", AWS_UNSUPPORTED},
  {"UnsupportedOperationException", AWS_UNSUPPORTED},
  {"NotImplemented", AWS_UNSUPPORTED},
};

/* "com.amazonaws.dynamodb.v20120810#ThrottlingException", or with a ":http://…" behind. */
static void
take_type (struct aws_error *e, const char *text)
{
  const char *hash = strrchr (text, '#');
  size_t n = 0;
  for (const char *p = hash ? hash + 1 : text; n + 1 < sizeof e->type; p++, n++) {
    if (!((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_' || *p == '.'
          || *p == '-'))
      break;
    e->type[n] = *p;
  }
  e->type[n] = 0;
}

static void
take_message (struct aws_error *e, const char *text)
{
  struct buf clean BUF_CLEANUP = {0};
  utf8_clean (&clean, text, told_length (text), sizeof e->message - 1);
  for (size_t i = 0; i < clean.len; i++)
    if ((unsigned char) clean.data[i] < 0x20 || clean.data[i] == 0x7f)
      clean.data[i] = ' ';
  snprintf (e->message, sizeof e->message, "%s", clean.error || !clean.data ? "" : clean.data);
}

static const char *
get_text (json_object *object, const char *const *names, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    json_object *value = json_get (object, names[i], json_type_string);
    if (value)
      return json_object_get_string (value);
  }
  return NULL;
}

static enum aws_outcome
by_status (int status)
{
  if (status == 429)
    return AWS_THROTTLED;
  if (status == 408 || status >= 500)
    return AWS_TRANSIENT;
  if (status == 413)
    return AWS_INVALID;
  return AWS_FOREIGN;
}

/* A wrong signature may be one that was made by a wrong clock: only the message tells. */
static bool
speaks_of_time (const struct aws_error *e)
{
  return strcasestr (e->message, "signature expired") || strcasestr (e->message, "signature not yet current");
}

static enum aws_outcome
by_type (const struct aws_error *e)
{
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (!strcmp (e->type, types[i].type)) {
      if (types[i].outcome == AWS_CREDENTIALS && speaks_of_time (e))
        return AWS_SKEWED;
      return types[i].outcome;
    }
  /* A type that is not known yet: waiting loses nothing. */
  return by_status (e->status);
}

void
aws_error_read (struct aws_error *e, int status, const char *body, size_t length)
{
  static const char *const type_names[] = {"__type", "code", "Code"}, *const message_names[] = {"message", "Message"};
  JSON_CLEANUP json_object *object = json_read (body, length);
  const char *type = get_text (object, type_names, 3), *message = get_text (object, message_names, 2);
  *e = (struct aws_error){.status = status};
  if (type)
    take_type (e, type);
  if (message)
    take_message (e, message);
  e->typed = e->type[0] && json_get (object, "__type", json_type_string);
  if (e->typed)
    e->outcome = by_type (e);
  else if (status >= 200 && status < 300)
    e->outcome = object ? AWS_OK : AWS_GARBLED;
  else
    e->outcome = e->type[0] ? by_type (e) : by_status (status);
}

enum aws_time
aws_error_time (const struct aws_error *e, bool known)
{
  if (e->outcome == AWS_FOREIGN || e->outcome == AWS_GARBLED)
    return AWS_TIME_NONE;
  if (e->outcome == AWS_OK)
    return AWS_TIME_CONFIRMED;
  if (!*e->type && !known) /* a proxy's own "service unavailable" */
    return AWS_TIME_NONE;
  const bool to_somebody = e->outcome == AWS_CONDITION || e->outcome == AWS_DENIED;
  return to_somebody && (e->typed || known) ? AWS_TIME_CONFIRMED : AWS_TIME_TOLD;
}

bool
aws_outcome_is_passing (enum aws_outcome outcome)
{
  return outcome == AWS_THROTTLED || outcome == AWS_TRANSIENT || outcome == AWS_GARBLED || outcome == AWS_FOREIGN
         || outcome == AWS_BUSY;
}
