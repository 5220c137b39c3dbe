/*
 * Stands between the server and the C library, to let storage fail where a test says so.
 * CRASH_AT_WRITE=N: the process is killed just before its N-th call that changes a file.
 * FAIL_SYNC_IF=FILE: while FILE exists, data is written but never confirmed to be on disk.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static void before_write(void) {
    static atomic_long seen;
    const char *at = getenv("CRASH_AT_WRITE");
    if (at && atomic_fetch_add(&seen, 1) + 1 == atol(at)) {
        kill(getpid(), SIGKILL);
        pause();
    }
}

static int sync_fails(void) {
    const char *file = getenv("FAIL_SYNC_IF");
    return file && access(file, F_OK) == 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite(int fd, const void *from, size_t size, off_t at) { before_write(); return REAL(pwrite)(fd, from, size, at); }
ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) { before_write(); return REAL(pwrite64)(fd, from, size, at); }
int ftruncate(int fd, off_t size) { before_write(); return REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { before_write(); return REAL(ftruncate64)(fd, size); }
int unlink(const char *path) { before_write(); return REAL(unlink)(path); }
int rename(const char *from, const char *to) { before_write(); return REAL(rename)(from, to); }

static int synced(int fd, int (*real)(int)) {
    before_write();
    if (sync_fails()) {
        errno = EIO;
        return -1;
    }
    return real(fd);
}

int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }
