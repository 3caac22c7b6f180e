/* disk-space, an input: how full the filesystems are. */
#define KK_API 1
#include <kode-kronical/plugin.h>

#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { MAX_FILESYSTEMS = 256 };

struct config {
  struct kk_list mounts;
  bool remote;
};

static const struct kk_option options[] = {
  KK_OPT_LIST ("mounts", struct config, mounts,
               .help = "Mount points to watch; none given: every filesystem on a device, once"),
  KK_OPT_BOOL ("remote", struct config, remote, .def = "false",
               .help = "Also those of other machines and of user programs, which may keep the plugin waiting"),
};

enum { SIZE, USED, AVAILABLE, USED_PERCENT, INODES_PERCENT };

static const struct kk_field fields[] = {
  [SIZE] = KK_U64 ("size", "By", KK_GAUGE, .help = "Size of the filesystem"),
  [USED] = KK_U64 ("used", "By", KK_GAUGE, .help = "Space that is taken"),
  [AVAILABLE] = KK_U64 ("available", "By", KK_GAUGE, .help = "Space that users may still take"),
  [USED_PERCENT] = KK_F64 ("used_percent", "%", KK_GAUGE, .decimals = 1, .help = "Space that is taken, of what users may take"),
  [INODES_PERCENT] = KK_F64 ("inodes_percent", "%", KK_GAUGE, .decimals = 1,
                             .help = "Share of the inodes that are taken; unknown where there is no limit"),
};

static const struct kk_table tables[] = {
  KK_KEYED ("disk_space", "mount", KK_STRING_KEY, fields, "One row per filesystem", .max_rows = MAX_FILESYSTEMS),
};

struct state {
  const struct config *config;
  uint32_t n_seen;
  dev_t seen[MAX_FILESYSTEMS]; /* in this read */
};

static int
disk_space_create (struct kk_instance *self, const void *config, void **state)
{
  (void) self;
  struct state *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  s->config = config;
  *state = s;
  return 0;
}

static void
disk_space_destroy (void *state)
{
  free (state);
}

static void
fill_row (struct kk_row *row, const struct statvfs *fs)
{
  uint64_t block = fs->f_frsize ? fs->f_frsize : fs->f_bsize;
  uint64_t used = fs->f_blocks - fs->f_bfree, reach = used + fs->f_bavail;
  kk_u64 (row, SIZE, fs->f_blocks * block);
  kk_u64 (row, USED, used * block);
  kk_u64 (row, AVAILABLE, fs->f_bavail * block);
  if (reach)
    kk_f64 (row, USED_PERCENT, 100.0 * (double) used / (double) reach);
  if (fs->f_files)
    kk_f64 (row, INODES_PERCENT, 100.0 * (double) (fs->f_files - fs->f_ffree) / (double) fs->f_files);
}

/* A mount point that daemon.yaml names is always there as a row: its values say when they cannot be known. */
static void
read_named (struct kk_rows *out, const char *mount)
{
  struct statvfs fs;
  struct kk_row *row = kk_row (out, 0, mount, 0);
  if (statvfs (mount, &fs) == 0) {
    fill_row (row, &fs);
    return;
  }
  for (uint32_t f = 0; f < KK_COUNT (fields); f++)
    kk_absent (row, f, errno == EACCES ? KK_DENIED : KK_ERROR);
}

static bool
is_remote (const char *type)
{
  static const char *const types[] = {"nfs", "cifs", "smb", "fuse", "9p", "ceph", "afs", "glusterfs", "autofs"};
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (!strncmp (type, types[i], strlen (types[i])))
      return true;
  return false;
}

/* A filesystem that is mounted at several places counts once. */
static bool
is_new (struct state *s, dev_t device)
{
  for (uint32_t i = 0; i < s->n_seen; i++)
    if (s->seen[i] == device)
      return false;
  if (s->n_seen == MAX_FILESYSTEMS)
    return false;
  s->seen[s->n_seen++] = device;
  return true;
}

static int
read_all (struct state *s, struct kk_rows *out)
{
  struct mntent entry;
  char text[4096];
  FILE *mounts = setmntent ("/proc/self/mounts", "re");
  if (!mounts)
    return -errno;
  s->n_seen = 0;
  while (getmntent_r (mounts, &entry, text, sizeof text)) {
    struct stat st;
    struct statvfs fs;
    if (!s->config->remote && is_remote (entry.mnt_type))
      continue;
    if (stat (entry.mnt_dir, &st) || !S_ISDIR (st.st_mode) || statvfs (entry.mnt_dir, &fs))
      kk_table_state (out, 0, KK_PARTIAL);
    else if (fs.f_blocks && is_new (s, st.st_dev))
      fill_row (kk_row (out, 0, entry.mnt_dir, st.st_dev), &fs);
  }
  endmntent (mounts);
  return 0;
}

static int
disk_space_read (void *state, struct kk_rows *out)
{
  struct state *s = state;
  if (!s->config->mounts.count)
    return read_all (s, out);
  for (uint32_t i = 0; i < s->config->mounts.count; i++)
    read_named (out, s->config->mounts.items[i]);
  return 0;
}

KK_PLUGIN (.kind = KK_INPUT, .name = "disk-space", .version = "1.0", .summary = "How full the filesystems are",
           .interval = "30s", KK_OPTIONS (options), KK_TABLES (tables), .config_size = sizeof (struct config),
           .create = disk_space_create, .read = disk_space_read, .destroy = disk_space_destroy);
