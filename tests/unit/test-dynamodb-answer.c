/* What answers mean, and how long to wait after them. */
#include "dynamodb-writer/aws-error.h"
#include "dynamodb-writer/backoff.h"
#include "minutes.h"

/* ---- Answers ---- */

#define DYNAMO "{\"__type\":\"com.amazonaws.dynamodb.v20120810#"
#define CORAL  "{\"__type\":\"com.amazon.coral.service#"

static const struct {
  int status;
  const char *body;
  enum aws_outcome outcome;
  const char *type;
} answers[] = {
  {200, "{}", AWS_OK, ""},
  {200, "{\"UnprocessedItems\":{}}", AWS_OK, ""},
  {200, "{\"Item\":{\"code\":{\"S\":\"x\"}}}", AWS_OK, ""},
  {200, "{\"code\":\"x\"}", AWS_OK, "x"},
  {200, "", AWS_GARBLED, ""},
  {200, "{", AWS_GARBLED, ""},
  {200, "{}{}", AWS_GARBLED, ""},
  {200, "[]", AWS_GARBLED, ""},
  {200, "<html><body>Please log in</body></html>", AWS_GARBLED, ""},
  {204, "", AWS_GARBLED, ""},
  {400, DYNAMO "ProvisionedThroughputExceededException\",\"message\":\"slow\"}", AWS_THROTTLED,
   "ProvisionedThroughputExceededException"},
  {400, CORAL "ThrottlingException\"}", AWS_THROTTLED, "ThrottlingException"},
  {400, DYNAMO "RequestLimitExceeded\"}", AWS_THROTTLED, "RequestLimitExceeded"},
  {500, DYNAMO "InternalServerError\"}", AWS_TRANSIENT, "InternalServerError"},
  {503, CORAL "ServiceUnavailable\"}", AWS_TRANSIENT, "ServiceUnavailable"},
  {400, DYNAMO "ResourceInUseException\"}", AWS_BUSY, "ResourceInUseException"},
  {400, DYNAMO "LimitExceededException\"}", AWS_BUSY, "LimitExceededException"},
  {400, CORAL "ExpiredTokenException\",\"message\":\"The security token included in the request is expired\"}", AWS_EXPIRED,
   "ExpiredTokenException"},
  {400, CORAL "InvalidSignatureException\",\"message\":\"Signature expired: 20260101T000000Z is now earlier than …\"}",
   AWS_SKEWED, "InvalidSignatureException"},
  {400, CORAL "InvalidSignatureException\",\"message\":\"Signature not yet current: 2026\"}", AWS_SKEWED,
   "InvalidSignatureException"},
  {400, CORAL "InvalidSignatureException\",\"message\":\"The request signature we calculated does not match …\"}",
   AWS_CREDENTIALS, "InvalidSignatureException"},
  {400, CORAL "UnrecognizedClientException\",\"message\":\"The security token included in the request is invalid.\"}",
   AWS_CREDENTIALS, "UnrecognizedClientException"},
  {400, CORAL "MissingAuthenticationTokenException\"}", AWS_CREDENTIALS, "MissingAuthenticationTokenException"},
  {400, CORAL "AccessDeniedException\",\"Message\":\"User: arn:aws:iam::1:user/x is not authorized to perform\"}", AWS_DENIED,
   "AccessDeniedException"},
  {400, DYNAMO "ResourceNotFoundException\",\"message\":\"Requested resource not found\"}", AWS_NO_TABLE,
   "ResourceNotFoundException"},
  {400, DYNAMO "ConditionalCheckFailedException\",\"message\":\"The conditional request failed\"}", AWS_CONDITION,
   "ConditionalCheckFailedException"},
  {400, "{\"__type\":\"com.amazon.coral.validate#ValidationException\",\"message\":\"x\"}", AWS_INVALID, "ValidationException"},
  {400, CORAL "SerializationException\"}", AWS_INVALID, "SerializationException"},
  {400, CORAL "UnknownOperationException\"}", AWS_UNSUPPORTED, "UnknownOperationException"},
  {400, "{\"__type\":\"ThrottlingException:http://internal.amazon.com/coral/\"}", AWS_THROTTLED, "ThrottlingException"},
  {400, "{\"code\":\"AccessDeniedException\"}", AWS_DENIED, "AccessDeniedException"},
  /* The type decides, not the status. */
  {500, DYNAMO "ConditionalCheckFailedException\"}", AWS_CONDITION, "ConditionalCheckFailedException"},
  {200, CORAL "ThrottlingException\"}", AWS_THROTTLED, "ThrottlingException"},
  {403, DYNAMO "InternalServerError\"}", AWS_TRANSIENT, "InternalServerError"},
  /* Nothing is dropped for a type that is not known. */
  {400, DYNAMO "SomethingNewException\"}", AWS_FOREIGN, "SomethingNewException"},
  {500, DYNAMO "SomethingNewException\"}", AWS_TRANSIENT, "SomethingNewException"},
  {429, "", AWS_THROTTLED, ""},
  {500, "", AWS_TRANSIENT, ""},
  {502, "<html>Bad Gateway</html>", AWS_TRANSIENT, ""},
  {503, "{\"__type\":7}", AWS_TRANSIENT, ""},
  {408, "x", AWS_TRANSIENT, ""},
  {413, "", AWS_INVALID, ""},
  {400, "", AWS_FOREIGN, ""},
  {403, "<html>captive portal</html>", AWS_FOREIGN, ""},
  {407, "", AWS_FOREIGN, ""},
  {302, "", AWS_FOREIGN, ""},
  {0, "", AWS_FOREIGN, ""},
};

START_TEST (what_answers_mean)
{
  for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
    struct aws_error e;
    aws_error_read (&e, answers[i].status, answers[i].body, strlen (answers[i].body));
    ck_assert_msg (e.outcome == answers[i].outcome, "%d %s: %d", answers[i].status, answers[i].body, (int) e.outcome);
    ck_assert_str_eq (e.type, answers[i].type);
    ck_assert_int_eq (e.status, answers[i].status);
  }
}
END_TEST

/* A proxy's Date is not DynamoDB's; and whoever it is that denies something with a `code` alone, AWS has a number for each
 * answer.
 */
START_TEST (whose_time_is_believed)
{
  static const struct {
    int status;
    const char *body;
    enum aws_time time, known;
  } cases[] = {
    {200, "{}", AWS_TIME_CONFIRMED, AWS_TIME_CONFIRMED},
    {200, "<html>log in here</html>", AWS_TIME_NONE, AWS_TIME_NONE},
    {403, "<html>captive portal</html>", AWS_TIME_NONE, AWS_TIME_NONE},
    {407, "", AWS_TIME_NONE, AWS_TIME_NONE},
    {503, "<html>no upstream</html>", AWS_TIME_NONE, AWS_TIME_TOLD},
    {429, "", AWS_TIME_NONE, AWS_TIME_TOLD},
    {413, "{}", AWS_TIME_NONE, AWS_TIME_TOLD},
    {500, "{\"code\":\"InternalFailure\"}", AWS_TIME_TOLD, AWS_TIME_TOLD},
    {400, DYNAMO "ConditionalCheckFailedException\"}", AWS_TIME_CONFIRMED, AWS_TIME_CONFIRMED},
    {400, CORAL "AccessDeniedException\"}", AWS_TIME_CONFIRMED, AWS_TIME_CONFIRMED},
    {403, "{\"code\":\"AccessDenied\"}", AWS_TIME_TOLD, AWS_TIME_CONFIRMED},
    {403, "{\"Code\":\"AccessDenied\",\"__type\":7}", AWS_TIME_TOLD, AWS_TIME_CONFIRMED},
    {400, CORAL "UnrecognizedClientException\"}", AWS_TIME_TOLD, AWS_TIME_TOLD},
    {400, DYNAMO "ThrottlingException\"}", AWS_TIME_TOLD, AWS_TIME_TOLD},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct aws_error e;
    aws_error_read (&e, cases[i].status, cases[i].body, strlen (cases[i].body));
    ck_assert_msg (aws_error_time (&e, false) == cases[i].time, "%s", cases[i].body);
    ck_assert_msg (aws_error_time (&e, true) == cases[i].known, "%s, with its number", cases[i].body);
  }
}
END_TEST

START_TEST (what_a_server_repeats_of_a_request_is_left_out)
{
  static const struct {
    const char *says, *is;
  } cases[] = {
    {"The signature does not match.\\n\\nThe Canonical String for this request should have "
     "been\\n'POST\\nx-amz-security-token:SECRET'",
     "The signature does not match."},
    {"No. THE CANONICAL STRING was SECRET", "No."},
    {"No. The String-to-Sign should have been\\nSECRET", "No."},
    {"header X-Amz-Security-Token: SECRET is wrong", "header"},
    {"needs a Signature. Authorization=AWS4-HMAC-SHA256 Credential=SECRET", "needs a Signature."},
    {"'AWS4-HMAC-SHA256 Credential=SECRET' not a valid key=value pair", "'"},
    {"The security token included in the request is invalid.", "The security token included in the request is invalid."},
    {"x-amz-security-token SECRET", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char body[400];
    struct aws_error e;
    int n = snprintf (body, sizeof body, CORAL "InvalidSignatureException\",\"message\":\"%s\"}", cases[i].says);
    aws_error_read (&e, 400, body, (size_t) n);
    ck_assert_int_eq (e.outcome, AWS_CREDENTIALS);
    ck_assert_str_eq (e.message, cases[i].is);
  }
}
END_TEST

START_TEST (messages_may_be_logged)
{
  struct aws_error e;
  char body[4096];
  int n = snprintf (body, sizeof body, DYNAMO "AccessDeniedException\",\"message\":\"one\\ntwo\\u001b[31m \xc3\xa4 ");
  memset (body + n, 'x', 3000);
  snprintf (body + n + 3000, sizeof body - (size_t) n - 3000, "\"}");
  aws_error_read (&e, 400, body, strlen (body));
  ck_assert_int_eq (e.outcome, AWS_DENIED);
  ck_assert_ptr_nonnull (strstr (e.message, "one two [31m \xc3\xa4 xxx"));
  ck_assert_uint_lt (strlen (e.message), sizeof e.message);
  aws_error_read (&e, 400, "{\"__type\":\"a#<script>\",\"message\":{}}", 36);
  ck_assert_str_eq (e.type, "");
  ck_assert_str_eq (e.message, "");
  aws_error_read (&e, 200, "{}\0{}", 5);
  ck_assert_int_eq (e.outcome, AWS_GARBLED);
  aws_error_read (&e, 200, "{}\r\n", 4);
  ck_assert_int_eq (e.outcome, AWS_OK);
  aws_error_read (&e, 500, NULL, 0);
  ck_assert_int_eq (e.outcome, AWS_TRANSIENT);
  ck_assert (aws_outcome_is_passing (AWS_THROTTLED) && aws_outcome_is_passing (AWS_FOREIGN)
             && !aws_outcome_is_passing (AWS_INVALID) && !aws_outcome_is_passing (AWS_CONDITION)
             && !aws_outcome_is_passing (AWS_OK));
}
END_TEST

/* ---- Waiting ---- */

START_TEST (three_tries_then_a_rest)
{
  struct backoff b;
  bool rest;
  int64_t longest[2] = {0}, shortest_rest = INT64_MAX, longest_rest = 0;
  backoff_init (&b, 42);
  for (int i = 0; i < 2000; i++) {
    for (int try = 0; try < 2; try++) {
      int64_t wait = backoff_failed (&b, false, &rest);
      ck_assert (!rest && wait > 0 && wait <= SECOND_NS_ << try);
      longest[try] = wait > longest[try] ? wait : longest[try];
    }
    int64_t wait = backoff_failed (&b, false, &rest);
    ck_assert (rest && wait >= BACKOFF_REST_NS / 2 && wait < BACKOFF_REST_NS);
    shortest_rest = wait < shortest_rest ? wait : shortest_rest;
    longest_rest = wait > longest_rest ? wait : longest_rest;
    /* While the outage lasts each further failure rests at once. */
    backoff_failed (&b, true, &rest);
    ck_assert (rest);
    backoff_succeeded (&b);
    b.tokens = BACKOFF_TOKENS;
  }
  ck_assert_int_gt (longest[0], SECOND_NS_ * 99 / 100);
  ck_assert_int_gt (longest[1], SECOND_NS_ * 198 / 100);
  ck_assert_int_lt (shortest_rest, BACKOFF_REST_NS / 2 + SECOND_NS_);
  ck_assert_int_gt (longest_rest, BACKOFF_REST_NS - SECOND_NS_);
}
END_TEST

START_TEST (retries_are_paid_for)
{
  struct backoff b;
  bool rest;
  backoff_init (&b, 1);
  backoff_succeeded (&b);
  ck_assert_int_eq (b.tokens, BACKOFF_TOKENS);
  backoff_failed (&b, false, &rest);
  ck_assert_int_eq (b.tokens, 495);
  backoff_failed (&b, true, &rest);
  ck_assert_int_eq (b.tokens, 485);
  backoff_succeeded (&b); /* gives back what the last retry cost */
  ck_assert_int_eq (b.tokens, 495);
  backoff_succeeded (&b);
  ck_assert_int_eq (b.tokens, 496);
  /* Everything fails twice: after a while there are no retries any more, only rests. */
  int retries = 0;
  for (int i = 0; i < 1000; i++) {
    backoff_failed (&b, false, &rest);
    retries += !rest;
    b.failures = 0;
    b.resting = false;
  }
  ck_assert_int_eq (retries, 496 / 5);
  ck_assert_int_lt (b.tokens, BACKOFF_RETRY_COST);
  ck_assert_int_ge (b.tokens, 0);
  for (int i = 0; i < 10; i++)
    backoff_succeeded (&b);
  backoff_failed (&b, false, &rest);
  ck_assert (!rest);
}
END_TEST

START_TEST (progress_begins_the_tries_anew)
{
  struct backoff b;
  bool rest;
  backoff_init (&b, 3);
  for (int i = 0; i < 100; i++) {
    backoff_failed (&b, false, &rest);
    ck_assert (!rest);
    int64_t wait = backoff_progressed (&b);
    ck_assert (wait > 0 && wait <= SECOND_NS_);
    b.tokens = BACKOFF_TOKENS;
  }
}
END_TEST

START_TEST (the_wait_is_capped)
{
  struct backoff b;
  backoff_init (&b, 9);
  for (uint32_t failures = 0; failures < 2; failures++)
    for (int i = 0; i < 1000; i++) {
      bool rest;
      b.failures = failures;
      b.resting = false;
      b.tokens = BACKOFF_TOKENS;
      ck_assert_int_le (backoff_failed (&b, false, &rest), BACKOFF_MOST_NS);
      ck_assert (!rest);
    }
}
END_TEST

START_TEST (a_fleet_spreads_over_the_minute)
{
  enum { HOSTS = 500 };
  unsigned per_second[60] = {0}, most = 0;
  for (int i = 0; i < HOSTS; i++) {
    char host[32];
    snprintf (host, sizeof host, "web-%d.example.com", i);
    uint32_t ms = backoff_place_ms (host);
    ck_assert_uint_lt (ms, 60000);
    ck_assert_uint_eq (ms, backoff_place_ms (host));
    per_second[ms / 1000]++;
    for (int64_t at = 0; at < 60; at += 7) {
      const int64_t wall = (T0 + at) * SECOND_NS_;
      for (int64_t spread = 0; spread <= 60; spread += 20) {
        int64_t wait = backoff_until_place (host, wall, spread * SECOND_NS_);
        ck_assert (wait >= SECOND_NS_ && wait < 61 * SECOND_NS_);
        ck_assert_int_eq ((wall + wait) % (60 * SECOND_NS_), ms * INT64_C (1000000) * spread / 60);
      }
    }
  }
  for (int i = 0; i < 60; i++)
    most = per_second[i] > most ? per_second[i] : most;
  ck_assert_uint_le (most, 3 * HOSTS / 60);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, what_answers_mean);
  tcase_add_test (t, whose_time_is_believed);
  tcase_add_test (t, what_a_server_repeats_of_a_request_is_left_out);
  tcase_add_test (t, messages_may_be_logged);
  tcase_add_test (t, three_tries_then_a_rest);
  tcase_add_test (t, retries_are_paid_for);
  tcase_add_test (t, progress_begins_the_tries_anew);
  tcase_add_test (t, the_wait_is_capped);
  tcase_add_test (t, a_fleet_spreads_over_the_minute);
}

UNIT_MAIN ("dynamodb-answer", tests)
