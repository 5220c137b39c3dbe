/*
 * Stands between the server and the C library, and makes a disk out of the files below one directory: what was written
 * is on it only once it was synced, it fails where a test says so, and its power can be cut.
 *
 *   FAULTS_DIR=DIR     the directory; what happens elsewhere is left alone. DIR.lost must exist beside it.
 *   FAULTS_PLAN=TEXT   "STEP KIND TIMES,…": from the STEP-th change on, the next TIMES changes that it fits. STEP 0: as soon
 *                      as the one before it is used up.
 *   FAULTS_IF=FILE     changes count, and plans hold, only while FILE exists.
 *   FAULTS_SEED=N      decides how much of what was not synced survives a power cut.
 *
 * A change is a write, a truncation, a sync, or the making, renaming or removing of a file or directory. Kinds:
 *   kill   the process ends before the change; the system lives on, so that all that was written stays
 *   plug   the power goes with the change under way: the process ends, and with it what was not synced
 *   eio    a write, truncation or sync fails; data that failed to sync is not tried again by later syncs
 *   full   the same with "no space left", and later syncs do try again
 *   short  a write takes only some of its bytes
 *   sync   only syncs of files fail, as with eio
 *   dir    only syncs of directories fail
 *
 * After a power cut each write and truncation since the last sync of its file has landed, is lost, or has landed in some
 * of its sectors: each for itself, or all alike, or as they were at an earlier moment. Changes of directories since the last sync of theirs are lost from some point on, as
 * on a file system with a journal. The index of the write-ahead log (-shm) is memory: it is filled with noise.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define SECTOR 512
#define SHORT (-1) /* not an errno */

static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER;
static const char *directory, *condition;
static uint64_t seed;

/* ---- Chance and plan ---- */

static uint64_t chance(uint64_t of) {
    seed += 0x9E3779B97F4A7C15u;
    uint64_t bits = seed;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    return (bits ^ (bits >> 31)) % of;
}

enum what { IN_DIRECTORY, WRITE, TRUNCATE, SYNC, SYNC_DIRECTORY };
static struct fault { long at, times; char kind[8]; } plan[16];
static int faults;
static long changes;

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("FAULTS_PLAN"), *number = getenv("FAULTS_SEED");
    directory = getenv("FAULTS_DIR");
    condition = getenv("FAULTS_IF");
    seed = number ? strtoull(number, NULL, 10) : 0;
    for (int read; text && faults < 16; text += read + (text[read] == ',')) {
        struct fault *fault = &plan[faults];
        if (sscanf(text, "%ld %7[a-z] %ld%n", &fault->at, fault->kind, &fault->times, &read) != 3) break;
        faults++;
    }
}

static _Noreturn void die(void) {
    for (;;) kill(getpid(), SIGKILL);
}

/* How this change fails: 0 not at all, else an errno or SHORT. `plug` is set if the power goes with it. */
static int fails(enum what what, int *plug, int *is_for_good) {
    *plug = *is_for_good = 0;
    if (condition && access(condition, F_OK) != 0) return 0;
    changes++;
    for (struct fault *fault = plan; fault < plan + faults; fault++) {
        if (changes < fault->at || fault->times == 0) continue;
        if (fault->at == 0 && fault > plan && fault[-1].times > 0) continue;
        if (!strcmp(fault->kind, "kill")) die();
        if (!strcmp(fault->kind, "plug")) { *plug = 1; return 0; }
        if (what == IN_DIRECTORY) continue;
        if (!strcmp(fault->kind, "short") && what != WRITE) continue;
        if (!strcmp(fault->kind, "sync") && what != SYNC) continue;
        if (!strcmp(fault->kind, "dir") && what != SYNC_DIRECTORY) continue;
        fault->times--;
        *is_for_good = strcmp(fault->kind, "full") != 0;
        return !strcmp(fault->kind, "short") ? SHORT : !strcmp(fault->kind, "full") ? ENOSPC : EIO;
    }
    return 0;
}

/* ---- Files: what was written and is not synced ---- */

enum fate { PENDING, DOUBTFUL, SAFE }; /* DOUBTFUL: its sync failed, and nobody will try again */
struct change {
    struct change *next, *before;
    enum fate fate;
    off_t at, old_size;
    size_t size, old_length; /* of a truncation: size is 0 and `at` the new length */
    char *new, *old;
};
static struct file {
    dev_t device;
    ino_t inode;
    int is_ours, is_index, fd;
    struct change *first, *last;
} files[1024];
static int known;

static int is_below(const char *path) {
    size_t length = directory ? strlen(directory) : 0;
    return length && !strncmp(path, directory, length) && (path[length] == '/' || path[length] == 0);
}

static int path_of(int fd, char path[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return 1;
}

static struct file *file_of(int fd) {
    struct stat found;
    char path[PATH_MAX], link[64];
    if (!directory || fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) return NULL;
    for (struct file *file = files; file < files + known; file++)
        if (file->inode == found.st_ino && file->device == found.st_dev) return file->is_ours ? file : NULL;
    if (known == 1024 || !path_of(fd, path)) return NULL;
    struct file *file = &files[known++];
    *file = (struct file){.device = found.st_dev, .inode = found.st_ino, .is_ours = is_below(path), .fd = -1};
    if (!file->is_ours) return NULL;
    size_t length = strlen(path);
    file->is_index = length > 4 && !strcmp(path + length - 4, "-shm");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    file->fd = REAL(open)(link, O_RDWR | O_CLOEXEC); /* never closed: that would let go of SQLite's locks */
    return file;
}

static void note(struct file *file, struct change *change) {
    change->before = file->last;
    if (file->last) file->last->next = change; else file->first = change;
    file->last = change;
}

static off_t size_of(int fd) {
    struct stat found;
    return fstat(fd, &found) == 0 ? found.st_size : 0;
}

/* What a change that starts at `at` is about to overwrite or cut off. */
static struct change *change_of(struct file *file, off_t at, size_t old_length) {
    struct change *change = calloc(1, sizeof *change);
    change->at = at;
    change->old = malloc(old_length + 1);
    ssize_t read = pread(file->fd, change->old, old_length, at);
    change->old_length = read > 0 ? (size_t)read : 0;
    change->old_size = size_of(file->fd);
    return change;
}

static _Noreturn void pull_the_plug(void);

static ssize_t write_to(struct file *file, int fd, const char *from, size_t size, off_t at, int has_place) {
    int plug, is_for_good, fault = fails(WRITE, &plug, &is_for_good);
    if (fault > 0) { errno = fault; return -1; }
    if (fault == SHORT && size > 1) size = 1 + chance(size - 1);
    if (!has_place) at = fcntl(fd, F_GETFL) & O_APPEND ? size_of(fd) : lseek(fd, 0, SEEK_CUR);
    struct change *change = change_of(file, at, size);
    ssize_t done = has_place ? REAL(pwrite)(fd, from, size, at) : REAL(write)(fd, from, size);
    if (done > 0) {
        change->size = (size_t)done;
        change->new = memcpy(malloc(change->size), from, change->size);
        note(file, change);
    }
    int error = errno;
    if (plug) pull_the_plug();
    errno = error;
    return done;
}

/* Forgets what is certain: it no longer matters which of it was when. */
static void settle(struct file *file) {
    while (file->first && file->first->fate == SAFE) {
        struct change *change = file->first;
        file->first = change->next;
        if (file->first) file->first->before = NULL; else file->last = NULL;
        free(change->old), free(change->new), free(change);
    }
}

static void land(struct file *file) {
    if (file->fd < 0 || file->is_index) return;
    /* Nothing lands, all does, all up to some moment does, or each change has its own fate. */
    enum { NONE, ALL, EARLIER, ANY } way = chance(2) ? ANY : (int)chance(3);
    uint64_t count = 0;
    for (struct change *change = file->first; change; change = change->next) count++;
    uint64_t cut = chance(count + 1), number = 0;
    for (struct change *change = file->last; change; change = change->before) {
        (void)!REAL(pwrite)(file->fd, change->old, change->old_length, change->at);
        (void)!REAL(ftruncate)(file->fd, change->old_size);
    }
    for (struct change *change = file->first; change; change = change->next) {
        number++;
        uint64_t fate = way == ALL || (way == EARLIER && number <= cut) ? 1 : way == ANY ? chance(3) : 0;
        if (change->fate == SAFE) fate = 1;
        if (fate == 0) continue;
        if (change->size == 0) {
            (void)!REAL(ftruncate)(file->fd, change->at);
            continue;
        }
        for (size_t done = 0, part; done < change->size; done += part) {
            part = SECTOR - (size_t)(change->at + (off_t)done) % SECTOR;
            if (part > change->size - done) part = change->size - done;
            if (fate == 1 || chance(2))
                (void)!REAL(pwrite)(file->fd, change->new + done, part, change->at + (off_t)done);
        }
    }
}

static void scramble(struct file *file) {
    char noise[4096];
    for (off_t at = 0, size = size_of(file->fd); at < size; at += sizeof noise) {
        for (size_t n = 0; n < sizeof noise; n++) noise[n] = (char)chance(256);
        (void)!REAL(pwrite)(file->fd, noise, sizeof noise, at);
    }
}

/* ---- Directories: what was made, renamed or removed and is not synced ---- */

static struct move { char *from, *to, *kept; int is_made; } moves[4096];
static int moved;

static char *keep(const char *path) {
    static int kept;
    char *name = NULL;
    if (access(path, F_OK) != 0 || asprintf(&name, "%s.lost/%d", directory, kept++) < 0) return NULL;
    if (link(path, name) == 0) return name;
    free(name);
    return NULL;
}

static void note_move(const char *from, const char *to, char *kept, int is_made) {
    if (moved < 4096) moves[moved++] = (struct move){strdup(from), to ? strdup(to) : NULL, kept, is_made};
}

static int is_in(const char *path, const char *parent) {
    size_t length = strlen(parent);
    return !strncmp(path, parent, length) && path[length] == '/' && !strchr(path + length + 1, '/');
}

static void sync_directory(const char *path) {
    int left = 0;
    for (int n = 0; n < moved; n++)
        if (!is_in(moves[n].from, path) && !(moves[n].to && is_in(moves[n].to, path))) moves[left++] = moves[n];
    moved = left;
}

static void undo_moves(void) {
    int from = chance(3) ? (int)chance((uint64_t)moved + 1) : 0;
    for (int n = moved - 1; n >= from; n--) {
        struct move *move = &moves[n];
        char *away = NULL;
        if (move->is_made) {
            if (asprintf(&away, "%s.lost/made-%d", directory, n) > 0) REAL(rename)(move->from, away);
            continue;
        }
        if (move->to) REAL(rename)(move->to, move->from);
        if (move->kept) (void)!link(move->kept, move->to ? move->to : move->from);
    }
}

static _Noreturn void pull_the_plug(void) {
    for (struct file *file = files; file < files + known; file++)
        if (file->is_ours) land(file);
    undo_moves();
    for (struct file *file = files; file < files + known; file++)
        if (file->is_ours && file->is_index && file->fd >= 0) scramble(file);
    die();
}

/* Before a change of a directory; returns whether the power goes with it. */
static int in_directory(void) {
    int plug, is_for_good;
    (void)fails(IN_DIRECTORY, &plug, &is_for_good);
    return plug;
}

/* ---- What the server calls ---- */

#define WITH_DISK(...) do { pthread_mutex_lock(&disk); __VA_ARGS__; int kept_errno = errno; pthread_mutex_unlock(&disk); errno = kept_errno; } while (0)

static ssize_t put(int fd, const void *from, size_t size, off_t at, int has_place) {
    ssize_t done;
    WITH_DISK({
        struct file *file = file_of(fd);
        if (file && !file->is_index && size > 0) done = write_to(file, fd, from, size, at, has_place);
        else done = has_place ? REAL(pwrite)(fd, from, size, at) : REAL(write)(fd, from, size);
    });
    return done;
}

ssize_t write(int fd, const void *from, size_t size) { return directory ? put(fd, from, size, 0, 0) : REAL(write)(fd, from, size); }
ssize_t pwrite(int fd, const void *from, size_t size, off_t at) { return put(fd, from, size, at, 1); }
ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) { return put(fd, from, size, at, 1); }

static int is_on_disk(int fd) {
    int is;
    WITH_DISK(is = file_of(fd) != NULL);
    return is;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    return directory && is_on_disk(fd) && count > 0 ? put(fd, parts->iov_base, parts->iov_len, 0, 0) : REAL(writev)(fd, parts, count);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    return is_on_disk(fd) && count > 0 ? put(fd, parts->iov_base, parts->iov_len, at, 1) : REAL(pwritev)(fd, parts, count, at);
}

int ftruncate(int fd, off_t size) {
    int done, plug, is_for_good, fault;
    WITH_DISK({
        struct file *file = file_of(fd);
        if (!file || file->is_index) {
            done = REAL(ftruncate)(fd, size);
        } else if ((fault = fails(TRUNCATE, &plug, &is_for_good))) {
            errno = fault == SHORT ? EIO : fault;
            done = -1;
        } else {
            off_t old = size_of(file->fd);
            struct change *change = change_of(file, size, old > size ? (size_t)(old - size) : 0);
            done = REAL(ftruncate)(fd, size);
            note(file, change);
            if (plug) pull_the_plug();
        }
    });
    return done;
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

static int sync_with(int fd, int (*real)(int)) {
    int done = 0, plug, is_for_good, fault;
    char path[PATH_MAX];
    struct stat found;
    WITH_DISK({
        struct file *file = file_of(fd);
        int is_directory = !file && directory && fstat(fd, &found) == 0 && S_ISDIR(found.st_mode) && path_of(fd, path);
        if ((!file || file->is_index) && !is_directory) {
            done = real(fd);
        } else {
            fault = fails(is_directory ? SYNC_DIRECTORY : SYNC, &plug, &is_for_good);
            if (plug) pull_the_plug();
            if (fault) {
                for (struct change *change = file && is_for_good ? file->first : NULL; change; change = change->next)
                    if (change->fate == PENDING) change->fate = DOUBTFUL;
                errno = fault;
                done = -1;
            } else if (is_directory) {
                sync_directory(path);
            } else {
                /* Real syncs would only cost time: this disk is gone when the test is over. */
                for (struct change *change = file->first; change; change = change->next)
                    if (change->fate == PENDING) change->fate = SAFE;
                settle(file);
            }
        }
    });
    return done;
}
int fsync(int fd) { return sync_with(fd, REAL(fsync)); }
int fdatasync(int fd) { return sync_with(fd, REAL(fdatasync)); }

int unlink(const char *path) {
    int done;
    if (!is_below(path)) return REAL(unlink)(path);
    WITH_DISK({
        int plug = in_directory();
        char *kept = keep(path);
        done = REAL(unlink)(path);
        if (done == 0) note_move(path, NULL, kept, 0);
        if (plug) pull_the_plug();
    });
    return done;
}

int rename(const char *from, const char *to) {
    int done;
    if (!is_below(from) || !is_below(to)) return REAL(rename)(from, to);
    WITH_DISK({
        int plug = in_directory();
        char *kept = keep(to);
        done = REAL(rename)(from, to);
        if (done == 0) note_move(from, to, kept, 0);
        if (plug) pull_the_plug();
    });
    return done;
}

int mkdir(const char *path, mode_t mode) {
    int done;
    if (!is_below(path)) return REAL(mkdir)(path, mode);
    WITH_DISK({
        int plug = in_directory();
        done = REAL(mkdir)(path, mode);
        if (done == 0) note_move(path, NULL, NULL, 1);
        if (plug) pull_the_plug();
    });
    return done;
}

static int open_on_disk(int at, const char *path, int flags, mode_t mode) {
    int fd;
    if (!(flags & O_CREAT) || !is_below(path)) return REAL(openat)(at, path, flags, mode);
    WITH_DISK({
        int is_new = access(path, F_OK) != 0;
        int plug = is_new && in_directory();
        fd = REAL(openat)(at, path, flags & ~O_TRUNC, mode);
        if (fd >= 0 && is_new) note_move(path, NULL, NULL, 1);
        if (plug) pull_the_plug();
    });
    if (fd >= 0 && (flags & O_TRUNC) && ftruncate(fd, 0) != 0) return close(fd), -1;
    return fd;
}

#define MODE(last) mode_t mode = 0; { va_list more; va_start(more, last); if (last & (O_CREAT | O_TMPFILE)) mode = va_arg(more, mode_t); va_end(more); }
int open(const char *path, int flags, ...) { MODE(flags) return open_on_disk(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return open_on_disk(at, path, flags, mode); }
#ifdef __GLIBC__
int open64(const char *path, int flags, ...) { MODE(flags) return open_on_disk(AT_FDCWD, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return open_on_disk(at, path, flags, mode); }
#endif
