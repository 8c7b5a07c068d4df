// SPDX-License-Identifier: GPL-2.0-or-later
// Second part of the preload: with FAKE_ROOT set, what the program reads and writes below /proc, /sys and /run is in
// the tree below FAKE_ROOT, and missing where the tree has no such file. Its own /proc/self is real, but for files in
// the tree. Nothing below /proc and /sys can be created, and without FAKE_ROOT nothing there can be written. Each
// opening of the file that FAKE_WATCH names is logged as a call `open` to FAKE_LOG, each opening of a file below /proc
// and /sys for writing as a call `attribute`.
#define _GNU_SOURCE
#include "fake.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void* next(const char* name) {
    void* found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

static int below(const char* path, const char* folder) {
    const size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static int of_the_kernel(const char* path) {
    return path && (below(path, "/proc") || below(path, "/sys"));
}

static const char* redirected(const char* path, char* room) {
    const char* root = getenv("FAKE_ROOT");
    if (!root || !path || !(of_the_kernel(path) || below(path, "/run")))
        return path;
    if (snprintf(room, PATH_MAX, "%s%s", root, path) >= PATH_MAX)
        abort();
    int (*real_access)(const char*, int) = (int (*)(const char*, int))next("access");
    if (strncmp(path, "/proc/self/", 11) == 0 && real_access(room, F_OK) != 0)
        return path;
    return room;
}

// By device and inode, so that every spelling of the path counts.
static int watched(int file) {
    const char* watch = getenv("FAKE_WATCH");
    const char* log = getenv("FAKE_LOG");
    struct stat wanted, got;
    int (*real_stat)(const char*, struct stat*) = (int (*)(const char*, struct stat*))next("stat");
    if (file < 0 || !watch || !log || real_stat(watch, &wanted) != 0 || fstat(file, &got) != 0 ||
        wanted.st_dev != got.st_dev || wanted.st_ino != got.st_ino)
        return file;
    static const char line[] = "{\"call\": \"open\"}\n";
    int (*real_open)(const char*, int, ...) = (int (*)(const char*, int, ...))next("open");
    const int out = real_open(log, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (out < 0 || write(out, line, sizeof line - 1) != (ssize_t)(sizeof line - 1))
        abort();
    close(out);
    return file;
}

static int mode_of(int flags, va_list arguments) {
    return (flags & (O_CREAT | O_TMPFILE)) ? va_arg(arguments, int) : 0;
}

// 0, or the errno for an opening that would change the system. A file of the tree that is written begins anew, as an
// attribute's value does.
static int refused(const char* path, int* flags) {
    if (!of_the_kernel(path) || (*flags & O_ACCMODE) == O_RDONLY)
        return 0;
    if (!getenv("FAKE_ROOT") || *flags & (O_CREAT | O_TMPFILE))
        return EACCES;
    *flags |= O_TRUNC;
    return fake_attribute(path);
}

#define REFUSE_CHANGES(path, flags)                                                                                    \
    do {                                                                                                               \
        const int error = refused(path, &flags);                                                                       \
        if (error) {                                                                                                   \
            errno = error;                                                                                             \
            return -1;                                                                                                 \
        }                                                                                                              \
    } while (0)

#define OPEN(name)                                                                                                     \
    int name(const char* path, int flags, ...) {                                                                       \
        char room[PATH_MAX];                                                                                           \
        va_list arguments;                                                                                             \
        va_start(arguments, flags);                                                                                    \
        const int mode = mode_of(flags, arguments);                                                                    \
        va_end(arguments);                                                                                             \
        REFUSE_CHANGES(path, flags);                                                                                   \
        int (*real)(const char*, int, ...) = (int (*)(const char*, int, ...))next(#name);                              \
        return watched(real(redirected(path, room), flags, mode));                                                     \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                                                   \
    int name(int folder, const char* path, int flags, ...) {                                                           \
        char room[PATH_MAX];                                                                                           \
        va_list arguments;                                                                                             \
        va_start(arguments, flags);                                                                                    \
        const int mode = mode_of(flags, arguments);                                                                    \
        va_end(arguments);                                                                                             \
        REFUSE_CHANGES(path, flags);                                                                                   \
        int (*real)(int, const char*, int, ...) = (int (*)(int, const char*, int, ...))next(#name);                    \
        return watched(real(folder, redirected(path, room), flags, mode));                                             \
    }
OPENAT(openat)
OPENAT(openat64)

#define OPEN_2(name)                                                                                                   \
    int name(const char* path, int flags) {                                                                            \
        char room[PATH_MAX];                                                                                           \
        REFUSE_CHANGES(path, flags);                                                                                   \
        int (*real)(const char*, int) = (int (*)(const char*, int))next(#name);                                        \
        return watched(real(redirected(path, room), flags));                                                           \
    }
OPEN_2(__open_2)
OPEN_2(__open64_2)

#define FOPEN(name)                                                                                                    \
    FILE* name(const char* path, const char* mode) {                                                                   \
        char room[PATH_MAX];                                                                                           \
        FILE* (*real)(const char*, const char*) = (FILE * (*)(const char*, const char*)) next(#name);                  \
        if (of_the_kernel(path) && (mode[0] != 'r' || strchr(mode, '+'))) {                                            \
            errno = EACCES;                                                                                            \
            return NULL;                                                                                               \
        }                                                                                                              \
        FILE* file = real(redirected(path, room), mode);                                                               \
        if (file)                                                                                                      \
            watched(fileno(file));                                                                                     \
        return file;                                                                                                   \
    }
FOPEN(fopen)
FOPEN(fopen64)

#define STAT(name, type)                                                                                               \
    int name(const char* path, struct type* status) {                                                                  \
        char room[PATH_MAX];                                                                                           \
        int (*real)(const char*, struct type*) = (int (*)(const char*, struct type*))next(#name);                      \
        return real(redirected(path, room), status);                                                                   \
    }
STAT(stat, stat)
STAT(lstat, stat)
STAT(stat64, stat64)
STAT(lstat64, stat64)

int access(const char* path, int mode) {
    char room[PATH_MAX];
    int (*real)(const char*, int) = (int (*)(const char*, int))next("access");
    return real(redirected(path, room), mode);
}

int mkdir(const char* path, mode_t mode) {
    char room[PATH_MAX];
    if (of_the_kernel(path)) {
        errno = EACCES;
        return -1;
    }
    int (*real)(const char*, mode_t) = (int (*)(const char*, mode_t))next("mkdir");
    return real(redirected(path, room), mode);
}

// glibc counts the folders of /sys by itself, past what is replaced here.
long sysconf(int name) {
    char room[PATH_MAX];
    long (*real)(int) = (long (*)(int))next("sysconf");
    const char* folder = redirected("/sys/devices/system/cpu", room);
    DIR* (*real_opendir)(const char*) = (DIR * (*)(const char*)) next("opendir");
    DIR* cpus = name == _SC_NPROCESSORS_CONF && folder == room ? real_opendir(room) : NULL;
    if (!cpus)
        return real(name);
    long count = 0;
    for (const struct dirent* entry; (entry = readdir(cpus));)
        count += strncmp(entry->d_name, "cpu", 3) == 0 && entry->d_name[3] >= '0' && entry->d_name[3] <= '9';
    closedir(cpus);
    return count ? count : real(name);
}

DIR* opendir(const char* path) {
    char room[PATH_MAX];
    DIR* (*real)(const char*) = (DIR * (*)(const char*)) next("opendir");
    return real(redirected(path, room));
}
