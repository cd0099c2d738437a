/* Stands between a process and the disk: writes down every call that changes a file of one folder, and makes one of them fail.
 *
 * Loaded by LD_PRELOAD. Steered by what is written to a file called faults.control, which is never made:
 *
 *   watch FOLDER LOG        from now on the files in FOLDER, in the order of the calls, into LOG
 *   fail AT ERRNO HOW       the call number AT fails: "once", or "on" with all that follow. With "reads", reading counts too
 *   die AT                  the process ends in the call number AT; of a write, half is done
 *   off                     nothing fails any more
 *   say TEXT                writes TEXT down
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONTROL "/faults.control"
#define DESCRIPTORS 4096

/* What is written down. The numbers are known to recording.rs. */
enum { CREATE = 1, WRITE, TRUNCATE, SYNC, SYNC_FOLDER, RENAME, UNLINK, SAID, FIRED, SYNC_FAILED };

struct record {
  uint64_t kind, inode, offset, length;
};

enum role { OTHER, CONTROLS, FOLDER, FILE_OF_FOLDER };

static struct {
  enum role role;
  uint64_t inode;
} descriptors[DESCRIPTORS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static int log_to = -1;
static long calls, at;
static int error, goes_on, reads, dies, halved, fired;

#define REAL(result, name, ...) \
  static result (*real_##name)(__VA_ARGS__); \
  __attribute__((constructor)) static void find_##name(void) { real_##name = dlsym(RTLD_NEXT, #name); }

REAL(int, open64, const char *, int, ...)
REAL(int, close, int)
REAL(ssize_t, read, int, void *, size_t)
REAL(ssize_t, pread64, int, void *, size_t, off64_t)
REAL(ssize_t, write, int, const void *, size_t)
REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t)
REAL(int, fsync, int)
REAL(int, fdatasync, int)
REAL(int, ftruncate64, int, off64_t)
REAL(int, rename, const char *, const char *)
REAL(int, unlink, const char *)

static void note(uint64_t kind, uint64_t inode, uint64_t offset, const void *data, size_t length) {
  struct record record = {kind, inode, offset, length};
  if (log_to < 0) return;
  if (real_write(log_to, &record, sizeof record) != sizeof record || real_write(log_to, data, length) != (ssize_t)length) abort();
}

static enum role role_of(int fd) { return fd >= 0 && fd < DESCRIPTORS ? descriptors[fd].role : OTHER; }

/* The name of a file of the folder, or NULL. */
static const char *inside(const char *path) {
  size_t length = strlen(folder);
  if (length == 0 || strncmp(path, folder, length) != 0 || path[length] != '/') return NULL;
  return strchr(path + length + 1, '/') ? NULL : path + length + 1;
}

static void obey(const char *words, size_t length) {
  char line[2 * PATH_MAX + 64], how[16] = "", more[16] = "", log[PATH_MAX];
  if (length >= sizeof line) abort();
  memcpy(line, words, length);
  line[length] = 0;
  if (sscanf(line, "watch %4095s %4095s", folder, log) == 2) {
    if (log_to >= 0) real_close(log_to);
    log_to = real_open64(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (log_to < 0) abort();
    calls = at = 0;
  } else if (sscanf(line, "fail %ld %d %15s %15s", &at, &error, how, more) >= 3) {
    goes_on = strcmp(how, "on") == 0;
    reads = strcmp(more, "reads") == 0;
    calls = dies = halved = fired = 0;
  } else if (sscanf(line, "die %ld", &at) == 1) {
    calls = reads = fired = 0;
    dies = 1;
  } else if (strcmp(line, "off") == 0) {
    at = 0;
  } else if (strncmp(line, "say ", 4) == 0) {
    note(SAID, 0, 0, line + 4, length - 4);
  } else {
    abort();
  }
}

/* Counts a call; whether it is to fail. With `half`, half of it may be done first: then it is 2. */
static int fails(int is_read, int half) {
  if (at == 0 || (is_read && !reads)) return 0;
  calls++;
  if (calls < at || (calls > at && !goes_on)) return 0;
  if (!fired) note(FIRED, 0, 0, "", 0);
  fired = 1;
  if (half && (dies || (error == ENOSPC && !halved))) {
    halved = 1;
    if (!goes_on) at = calls + 1;
    return 2;
  }
  if (dies) _exit(86);
  errno = error;
  return 1;
}

static int open_any(const char *path, int flags, mode_t mode) {
  size_t length = strlen(path), control = strlen(CONTROL);
  int steers = length >= control && strcmp(path + length - control, CONTROL) == 0;
  int is_folder = *folder && strcmp(path, folder) == 0;
  const char *name = inside(path);
  if (steers) path = "/dev/null", flags &= O_ACCMODE | O_CLOEXEC;
  pthread_mutex_lock(&lock);
  int fresh = name && (flags & O_CREAT) && access(path, F_OK) != 0;
  int fd = name && fails(!fresh, 0) ? -1 : real_open64(path, flags, mode);
  if (fd >= 0 && fd < DESCRIPTORS) {
    struct stat found = {0};
    if (name && fstat(fd, &found) != 0) abort();
    descriptors[fd].role = steers ? CONTROLS : is_folder ? FOLDER : name ? FILE_OF_FOLDER : OTHER;
    descriptors[fd].inode = found.st_ino;
    if (fresh) note(CREATE, found.st_ino, 0, name, strlen(name));
    else if (name && (flags & O_TRUNC)) note(TRUNCATE, found.st_ino, 0, "", 0);
  }
  pthread_mutex_unlock(&lock);
  return fd;
}

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    return open_any(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  pthread_mutex_lock(&lock);
  if (fd >= 0 && fd < DESCRIPTORS) descriptors[fd].role = OTHER;
  int done = real_close(fd);
  pthread_mutex_unlock(&lock);
  return done;
}

ssize_t read(int fd, void *to, size_t length) {
  if (role_of(fd) != FILE_OF_FOLDER) return real_read(fd, to, length);
  pthread_mutex_lock(&lock);
  ssize_t done = fails(1, 0) ? -1 : real_read(fd, to, length);
  pthread_mutex_unlock(&lock);
  return done;
}

ssize_t pread64(int fd, void *to, size_t length, off64_t offset) {
  if (role_of(fd) != FILE_OF_FOLDER) return real_pread64(fd, to, length, offset);
  pthread_mutex_lock(&lock);
  ssize_t done = fails(1, 0) ? -1 : real_pread64(fd, to, length, offset);
  pthread_mutex_unlock(&lock);
  return done;
}

ssize_t pread(int fd, void *to, size_t length, off_t offset) { return pread64(fd, to, length, offset); }

/* Writes at an offset, or where the file stands if that is below 0. */
static ssize_t write_any(int fd, const void *from, size_t length, off64_t offset) {
  pthread_mutex_lock(&lock);
  ssize_t done = -1;
  int failing = fails(0, length > 1);
  if (failing != 1) {
    size_t some = failing == 2 ? length / 2 : length;
    off64_t place = offset < 0 ? lseek64(fd, 0, SEEK_CUR) : offset;
    done = offset < 0 ? real_write(fd, from, some) : real_pwrite64(fd, from, some, offset);
    if (done > 0) note(WRITE, descriptors[fd].inode, place, from, done);
  }
  if (failing == 2 && dies) _exit(86);
  pthread_mutex_unlock(&lock);
  return done;
}

ssize_t write(int fd, const void *from, size_t length) {
  if (role_of(fd) == FILE_OF_FOLDER) return write_any(fd, from, length, -1);
  if (role_of(fd) != CONTROLS) return real_write(fd, from, length);
  pthread_mutex_lock(&lock);
  obey(from, length);
  pthread_mutex_unlock(&lock);
  return length;
}

ssize_t pwrite64(int fd, const void *from, size_t length, off64_t offset) {
  if (role_of(fd) == FILE_OF_FOLDER) return write_any(fd, from, length, offset);
  return real_pwrite64(fd, from, length, offset);
}

ssize_t pwrite(int fd, const void *from, size_t length, off_t offset) { return pwrite64(fd, from, length, offset); }

static int sync_any(int fd, int (*sync)(int)) {
  enum role role = role_of(fd);
  if (role != FOLDER && role != FILE_OF_FOLDER) return sync(fd);
  pthread_mutex_lock(&lock);
  int done = fails(0, 0) ? -1 : sync(fd);
  if (done == 0) note(role == FOLDER ? SYNC_FOLDER : SYNC, descriptors[fd].inode, 0, "", 0);
  else if (role == FILE_OF_FOLDER) note(SYNC_FAILED, descriptors[fd].inode, 0, "", 0);
  pthread_mutex_unlock(&lock);
  return done;
}

int fsync(int fd) { return sync_any(fd, real_fsync); }

int fdatasync(int fd) { return sync_any(fd, real_fdatasync); }

int ftruncate64(int fd, off64_t length) {
  if (role_of(fd) != FILE_OF_FOLDER) return real_ftruncate64(fd, length);
  pthread_mutex_lock(&lock);
  int done = fails(0, 0) ? -1 : real_ftruncate64(fd, length);
  if (done == 0) note(TRUNCATE, descriptors[fd].inode, length, "", 0);
  pthread_mutex_unlock(&lock);
  return done;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int rename(const char *from, const char *to) {
  const char *name = inside(from), *new_name = inside(to);
  if (!name || !new_name) return real_rename(from, to);
  pthread_mutex_lock(&lock);
  int done = fails(0, 0) ? -1 : real_rename(from, to);
  if (done == 0) {
    char names[2 * NAME_MAX + 2];
    note(RENAME, 0, 0, names, snprintf(names, sizeof names, "%s/%s", name, new_name));
  }
  pthread_mutex_unlock(&lock);
  return done;
}

int unlink(const char *path) {
  const char *name = inside(path);
  if (!name) return real_unlink(path);
  pthread_mutex_lock(&lock);
  int done = fails(0, 0) ? -1 : real_unlink(path);
  if (done == 0) note(UNLINK, 0, 0, name, strlen(name));
  pthread_mutex_unlock(&lock);
  return done;
}
