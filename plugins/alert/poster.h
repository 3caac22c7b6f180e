/* Between the action webhook and the program kode-kronical-webhook, which alone knows libcurl.
 *
 * Descriptor 3 of the program is a file with texts, each with a 0 behind it: the URL, a CA file ("": none), the time for all in
 * ms, the number of headers, and of each its name and its value; what follows is the body. It answers on its output with a line
 * of four numbers: 0 or the -errno of http_send, the status (0: none), how many ns the server asks to wait, and whether it may
 * have got the request; and behind it a sentence for people. */
#ifndef ALERT_POSTER_H
#define ALERT_POSTER_H

#define POSTER "kode-kronical-webhook"
enum { POSTER_FD = 3, POSTER_ANSWER = 1024, POSTER_HEADERS = 40, POSTER_MOST = 2 << 20 };
#endif
