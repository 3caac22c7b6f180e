/* From the text of an entry to files: journal, segment, publishing, recovery. It knows nothing of samples and says nothing;
 * what went wrong is in the returned error and in the counts. */
#ifndef RECORDER_H
#define RECORDER_H

#include "journal.h"
#include "recover.h"
#include "segment.h"
#include "store.h"

enum recorder_fsync { RECORDER_FSYNC_MINUTE, RECORDER_FSYNC_NEVER, RECORDER_FSYNC_ALWAYS };
enum { RECORDER_NAME = 96 };

struct recorder {
  struct store store;
  struct journal journal;
  struct segment segment;
  struct recovery recovery;
  uint64_t segment_bytes;
  enum recorder_fsync fsync;
  char instance[64 + 1];
  char journal_name[RECORDER_NAME];
  char temporary[RECORDER_NAME];
  uint64_t files; /* complete ones, since it was opened; the last of them: */
  struct {
    char name[NAME_SIZE];
    uint64_t bytes;
    int64_t newest_wall_ns;
  } last;
  uint64_t reopened; /* the directory was gone and made again */
  uint64_t sync_errors;
  int sync_error;   /* of the newest publish: 0 or -errno */
  const char *step; /* what failed last, for the message: "append to the journal", … */
};

/* Opens and recovers what earlier runs left in journals. `instance` names the journal. On -errno the recorder is still good: it
 * tries again with the next entry. */
int recorder_open (struct recorder *r, const char *path, mode_t file_mode, const char *instance, int64_t wall_ns);
/* Records one entry. 0: it is in the journal and survives a crash of this process. -errno: it is nowhere. */
int recorder_add (struct recorder *r, int64_t wall_ns, const char *entry, size_t length);
/* Shows readers what there is. */
int recorder_publish (struct recorder *r, enum segment_sync sync);
/* Completes the file and empties the journal. */
int recorder_finish (struct recorder *r);
void recorder_close (struct recorder *r);
#endif
