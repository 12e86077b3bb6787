/*
 * Preloaded into a program, stands between it and the C library: counts the calls that change files below one directory
 * or bring them to the disk, and lets one of them fail, or kills the process in its place. Nothing is counted before
 * `fault_arm` and after `fault_disarm`. `faults.ts` calls these from inside the program.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { KILL = -1 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char prefix[1024];
static int armed, at, action, calls;
static char seen[1 << 20];
static size_t seen_length;

/* The call with number `call` fails with the error number `what`, or is where the process ends (KILL); 0: none. */
void fault_arm(const char *directory, int call, int what) {
  pthread_mutex_lock(&mutex);
  snprintf(prefix, sizeof prefix, "%s/", directory);
  at = call;
  action = what;
  calls = 0;
  seen_length = 0;
  seen[0] = 0;
  armed = 1;
  pthread_mutex_unlock(&mutex);
}

/* Returns the calls since `fault_arm`, a line each. */
const char *fault_disarm(void) {
  pthread_mutex_lock(&mutex);
  armed = 0;
  pthread_mutex_unlock(&mutex);
  return seen;
}

/* Counts a call. True if it has to fail, with errno set. */
static int fails(const char *name, const char *path) {
  int failing = 0;
  pthread_mutex_lock(&mutex);
  if (armed && path && !strncmp(path, prefix, strlen(prefix))) {
    calls++;
    seen_length += (size_t)snprintf(seen + seen_length, sizeof seen - seen_length, "%s %s\n", name, path + strlen(prefix));
    if (seen_length >= sizeof seen) kill(getpid(), SIGABRT);
    if (calls == at && action == KILL) {
      kill(getpid(), SIGKILL);
      for (;;) pause();
    }
    failing = calls == at && action > 0;
  }
  pthread_mutex_unlock(&mutex);
  if (failing) errno = action;
  return failing;
}

static int fails_fd(const char *name, int fd) {
  char link[64], path[4096];
  ssize_t length;
  if (!armed) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return fails(name, path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define CHANGES(flags) ((flags) & (O_CREAT | O_WRONLY | O_RDWR | O_TRUNC))

#define OPEN(name)                                                     \
  int name(const char *path, int flags, ...) {                         \
    va_list rest;                                                      \
    va_start(rest, flags);                                             \
    mode_t mode = (flags & O_CREAT) ? va_arg(rest, mode_t) : 0;        \
    va_end(rest);                                                      \
    if (CHANGES(flags) && fails("open", path)) return -1;              \
    return REAL(name)(path, flags, mode);                              \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                   \
  int name(int directory, const char *path, int flags, ...) {          \
    va_list rest;                                                      \
    va_start(rest, flags);                                             \
    mode_t mode = (flags & O_CREAT) ? va_arg(rest, mode_t) : 0;        \
    va_end(rest);                                                      \
    if (CHANGES(flags) && fails("open", path)) return -1;              \
    return REAL(name)(directory, path, flags, mode);                   \
  }
OPENAT(openat)
OPENAT(openat64)

/* A call of this name with these parameters, of which one says where. */
#define ON_FD(result, name, parameters, arguments)                     \
  result name parameters {                                             \
    if (fails_fd(#name, fd)) return -1;                                \
    return REAL(name) arguments;                                       \
  }
#define ON_PATH(name, parameters, arguments)                           \
  int name parameters {                                                \
    if (fails(#name, path)) return -1;                                 \
    return REAL(name) arguments;                                       \
  }

ON_FD(ssize_t, write, (int fd, const void *bytes, size_t length), (fd, bytes, length))
ON_FD(ssize_t, writev, (int fd, const struct iovec *bytes, int count), (fd, bytes, count))
ON_FD(ssize_t, pwrite, (int fd, const void *bytes, size_t length, off_t offset), (fd, bytes, length, offset))
ON_FD(ssize_t, pwrite64, (int fd, const void *bytes, size_t length, off64_t offset), (fd, bytes, length, offset))
ON_FD(ssize_t, pwritev, (int fd, const struct iovec *bytes, int count, off_t offset), (fd, bytes, count, offset))
ON_FD(ssize_t, pwritev64, (int fd, const struct iovec *bytes, int count, off64_t offset), (fd, bytes, count, offset))
ON_FD(int, ftruncate, (int fd, off_t length), (fd, length))
ON_FD(int, ftruncate64, (int fd, off64_t length), (fd, length))
ON_FD(int, fsync, (int fd), (fd))
ON_FD(int, fdatasync, (int fd), (fd))
ON_FD(int, fchmod, (int fd, mode_t mode), (fd, mode))
ON_PATH(link, (const char *from, const char *path), (from, path))
ON_PATH(rename, (const char *from, const char *path), (from, path))
ON_PATH(symlink, (const char *to, const char *path), (to, path))
ON_PATH(unlink, (const char *path), (path))
ON_PATH(rmdir, (const char *path), (path))
ON_PATH(mkdir, (const char *path, mode_t mode), (path, mode))
ON_PATH(chmod, (const char *path, mode_t mode), (path, mode))
