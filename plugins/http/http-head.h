/* What the head of an answer says, line by line. For http.c. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "http.h"

struct http_head {
  int64_t crc32; /* x-amz-crc32; -1: none */
};

/* Takes a line as it came, with its end. False: it is the empty one behind the head. */
bool http_head_take (struct http_head *head, struct http_response *response, const char *line, size_t length);
#endif
