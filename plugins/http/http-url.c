/* Taking URLs apart, by libcurl's own parser, so that what is signed is what is sent. */
#include "http.h"

#include "url.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct parts {
  char *scheme, *host, *port, *path;
};

/* A part is copied out of libcurl's memory; one that is missing becomes "". */
static int
take (CURLU *url, CURLUPart which, unsigned flags, char **ret)
{
  char *text = NULL;
  CURLUcode code = curl_url_get (url, which, &text, flags);
  if (code == CURLUE_OUT_OF_MEMORY)
    return -ENOMEM;
  *ret = strdup (text ? text : "");
  curl_free (text);
  return *ret ? 0 : -ENOMEM;
}

static bool
has (CURLU *url, CURLUPart which)
{
  char *text = NULL;
  bool is = curl_url_get (url, which, &text, 0) == CURLUE_OK;
  curl_free (text);
  return is;
}

static int
take_apart (CURLU *url, const char *text, struct parts *ret)
{
  for (const char *p = text; *p; p++)
    if ((unsigned char) *p <= ' ' || *p == 127)
      return -EINVAL;
  CURLUcode code = curl_url_set (url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK)
    return code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
  if (has (url, CURLUPART_USER) || has (url, CURLUPART_PASSWORD) || has (url, CURLUPART_FRAGMENT))
    return -EINVAL;
  int r = take (url, CURLUPART_SCHEME, 0, &ret->scheme);
  if (r == 0)
    r = take (url, CURLUPART_HOST, 0, &ret->host);
  if (r == 0)
    r = take (url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT, &ret->port);
  if (r == 0)
    r = take (url, CURLUPART_PATH, 0, &ret->path);
  if (r < 0)
    return r;
  return (strcasecmp (ret->scheme, "https") == 0 || strcasecmp (ret->scheme, "http") == 0) && *ret->host ? 0 : -EINVAL;
}

static void
give (char **ret, char **part)
{
  if (!ret)
    return;
  *ret = *part;
  *part = NULL;
}

int
http_split_url (const char *text, char **ret_scheme, char **ret_host, char **ret_host_port, char **ret_path)
{
  struct parts parts = {.scheme = NULL};
  struct buf host_port = {.max = 1024};
  CURLU *url = curl_url ();
  int r = url ? take_apart (url, text, &parts) : -ENOMEM;
  if (r == 0) {
    buf_printf (&host_port, "%s%s%s", parts.host, *parts.port ? ":" : "", parts.port);
    r = host_port.error == -EFBIG ? -EINVAL : host_port.error;
  }
  if (r == 0) {
    give (ret_scheme, &parts.scheme);
    give (ret_host, &parts.host);
    give (ret_host_port, &host_port.data);
    give (ret_path, &parts.path);
  }
  curl_url_cleanup (url);
  free (parts.scheme);
  free (parts.host);
  free (parts.port);
  free (parts.path);
  free (host_port.data);
  return r;
}

void
http_origin (const char *url, char ret[HTTP_ORIGIN_SIZE])
{
  const char *colon = strstr (url, "://"), *host = colon ? colon + 3 : NULL;
  *ret = 0;
  if (!host || url + strspn (url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != colon)
    return;
  size_t n = strcspn (host, "/?#\\");
  const char *user = memrchr (host, '@', n);
  if (user) {
    n -= (size_t) (user + 1 - host);
    host = user + 1;
  }
  /* A password with a '/' in it: then nobody can say where the host is. */
  if (!url_is_host (host, n) && strchr (host + n, '@'))
    return;
  snprintf (ret, HTTP_ORIGIN_SIZE, "%.*s://%.*s/", (int) (colon - url < 10 ? colon - url : 10), url, (int) (n < 150 ? n : 150),
            host);
}
