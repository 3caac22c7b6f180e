/* One signed POST to a service of AWS. */
#ifndef AWS_H
#define AWS_H

#include "credentials.h"
#include "http.h"

struct aws_call {
  const char *service, *region, *endpoint; /* endpoint: as endpoint_url found it */
  const char *content_type;
  const char *target; /* x-amz-target: "DynamoDB_20120810.PutItem"; NULL: none */
  const void *body;
  size_t body_length;
  int64_t now_ns;                        /* for the signature, corrected by what is known of the server's clock */
  const struct credentials *credentials; /* NULL: unsigned */
};

/* Blocks; as http_send, with all that it returns; and -EIO when OpenSSL cannot sign. */
int aws_post (struct http *h, const struct aws_call *call, struct http_response *ret);
#endif
