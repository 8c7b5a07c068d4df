// SPDX-License-Identifier: GPL-2.0-or-later
// An LD_PRELOAD library that stands between a kexec program and the kernel: loads, starts, shutdowns and interface
// changes are written to a log and answered here; they never reach the system. README.md beside it tells how to use it.
#define _GNU_SOURCE
#include "fake.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REBOOT_KEXEC 0x45584543u
#define REBOOT_MULTIKERNEL 0x4D4B4C49u
#define REBOOT_MULTIKERNEL_HALT 0x4D4B4C48u
#define REBOOT_MULTIKERNEL_FORCE_HALT 0x4D4B4C46u
#define MULTIKERNEL 0x10u
#define FILE_UNLOAD 0x1u
#define MULTIKERNEL_ID(flags) ((unsigned)((flags) >> 5 & 0x7ff))

struct segment {
    const void* buffer;
    size_t size;
    const void* memory;
    size_t memory_size;
};
struct boot_args {
    int id;
    int cpu;
};

static char line[65536];
static size_t used;

__attribute__((format(printf, 1, 2))) static void add(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int wrote = vsnprintf(line + used, sizeof line - used, format, arguments);
    va_end(arguments);
    if (wrote < 0 || (size_t)wrote >= sizeof line - used)
        abort();
    used += (size_t)wrote;
}

static void add_text(const char* text) {
    add("\"");
    for (; *text; ++text) {
        const unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            add("\\u%04x", c);
        else
            add("%c", c);
    }
    add("\"");
}

static void* next(const char* name) {
    void* found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

// Without a log nothing is answered with success, and nothing gets through either.
static int logging(void) {
    const char* path = getenv("FAKE_LOG");
    return path && *path;
}

static void write_line(void) {
    add("\n");
    int (*real_open)(const char*, int, ...) = (int (*)(const char*, int, ...))next("open");
    const int fd = real_open(getenv("FAKE_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line, used) != (ssize_t)used)
        abort();
    close(fd);
    used = 0;
}

__attribute__((constructor)) static void announce(void) {
    if (!logging())
        return;
    add("{\"call\": \"preloaded\", \"pid\": %ld}", (long)getpid());
    write_line();
}

// The errno scripted for this call: FAKE_ERRNO_<CALL>, else FAKE_ERRNO; a comma separated list is used up from the
// left and its last number stays.
static int scripted(const char* variable, int* made) {
    const char* list = getenv(variable);
    if (!list)
        list = getenv("FAKE_ERRNO");
    if (!list)
        return 0;
    for (int skip = (*made)++; skip > 0 && strchr(list, ','); --skip)
        list = strchr(list, ',') + 1;
    return atoi(list);
}

static long answer(int error) {
    add(", \"errno\": %d}", error);
    write_line();
    errno = error;
    return error ? -1 : 0;
}

static void dump(const char* name, unsigned long number, const void* bytes, size_t size) {
    const char* folder = getenv("FAKE_DUMP");
    char path[4096];
    if (!folder)
        return;
    snprintf(path, sizeof path, "%s/%s-%lu", folder, name, number);
    FILE* out = fopen(path, "w");
    if (!out || fwrite(bytes, 1, size, out) != size || fclose(out) != 0)
        abort();
}

// Reads what the kernel would copy, a page at a time.
static void read_all(const void* bytes, size_t size) {
    static char page[4096];
    if (!getenv("FAKE_READ"))
        return;
    for (size_t at = 0; at < size; at += sizeof page) {
        memcpy(page, (const char*)bytes + at, size - at < sizeof page ? size - at : sizeof page);
        __asm__ volatile("" : : "r"(page) : "memory");
    }
}

static long fake_load(unsigned long entry, unsigned long count, const struct segment* segments, unsigned long flags) {
    static int made;
    add("{\"call\": \"kexec_load\", \"entry\": %lu, \"nr_segments\": %lu, \"flags\": %lu, \"segments\": [", entry,
        count, flags);
    for (unsigned long i = 0; i < count && i < 64; ++i) {
        add("%s{\"size\": %zu, \"mem\": %lu, \"memsz\": %zu}", i ? ", " : "", segments[i].size,
            (unsigned long)(uintptr_t)segments[i].memory, segments[i].memory_size);
        dump("segment", i, segments[i].buffer, segments[i].size);
        read_all(segments[i].buffer, segments[i].size);
    }
    add("]");
    const int error = scripted("FAKE_ERRNO_KEXEC_LOAD", &made);
    if (!error && flags & MULTIKERNEL)
        (count ? fake_instance_loaded : fake_instance_dropped)(MULTIKERNEL_ID(flags));
    return answer(error);
}

static void add_file(const char* name, int fd) {
    struct stat status;
    add(", \"%s_fd\": %d", name, fd);
    if (fd >= 0 && fstat(fd, &status) == 0)
        add(", \"%s_size\": %lld", name, (long long)status.st_size);
}

static long fake_file_load(int kernel, int initrd, unsigned long length, const char* command_line,
                           unsigned long flags) {
    static int made;
    add("{\"call\": \"kexec_file_load\"");
    add_file("kernel", kernel);
    add_file("initrd", initrd);
    add(", \"flags\": %lu, \"cmdline_len\": %lu, \"command_line\": ", flags, length);
    if (command_line && length && command_line[length - 1] == '\0')
        add_text(command_line);
    else
        add("null");
    const int error = scripted("FAKE_ERRNO_KEXEC_FILE_LOAD", &made);
    if (!error && flags & MULTIKERNEL)
        fake_native_status(MULTIKERNEL_ID(flags), flags & FILE_UNLOAD ? "ready" : "loaded");
    return answer(error);
}

// A successful start ends the program, as it ends the machine; that of an instance does not.
static long fake_reboot(unsigned long command, const struct boot_args* instance) {
    static int made;
    add("{\"call\": \"reboot\", \"cmd\": %lu", command);
    const int error = scripted("FAKE_ERRNO_REBOOT", &made);
    if (command == REBOOT_MULTIKERNEL || command == REBOOT_MULTIKERNEL_HALT ||
        command == REBOOT_MULTIKERNEL_FORCE_HALT) {
        add(", \"id\": %d, \"cpu\": %d", instance->id, instance->cpu);
        if (!error)
            fake_instance_status((unsigned)instance->id, command == REBOOT_MULTIKERNEL ? "active" : "halted");
        if (!error)
            fake_native_status((unsigned)instance->id, command == REBOOT_MULTIKERNEL ? "active" : "loaded");
    }
    const long result = answer(error);
    if (error == 0 && command == REBOOT_KEXEC) {
        fflush(NULL);
        _exit(0);
    }
    return result;
}

static long refuse(void) {
    errno = EPERM;
    return -1;
}

long syscall(long number, ...) {
    long a[6];
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < 6; ++i)
        a[i] = va_arg(arguments, long);
    va_end(arguments);

    switch (number) {
    case SYS_kexec_load:
        return logging() ? fake_load((unsigned long)a[0], (unsigned long)a[1], (const struct segment*)a[2],
                                     (unsigned long)a[3])
                         : refuse();
#ifdef SYS_kexec_file_load
    case SYS_kexec_file_load:
        return logging()
                   ? fake_file_load((int)a[0], (int)a[1], (unsigned long)a[2], (const char*)a[3], (unsigned long)a[4])
                   : refuse();
#endif
    case SYS_reboot:
        return logging() ? fake_reboot((unsigned long)a[2] & 0xffffffffu, (const struct boot_args*)a[3]) : refuse();
    case SYS_init_module:
    case SYS_finit_module:
        return refuse();
    default:
        break;
    }
    long (*real)(long, ...) = (long (*)(long, ...))next("syscall");
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

long kexec_load(unsigned long entry, unsigned long count, const struct segment* segments, unsigned long flags) {
    return logging() ? fake_load(entry, count, segments, flags) : refuse();
}

int reboot(int command) {
    static const struct boot_args none;
    return (int)(logging() ? fake_reboot((unsigned)command, &none) : refuse());
}

int fake_attribute(const char* path) {
    static int made;
    if (!logging())
        return EPERM;
    add("{\"call\": \"attribute\", \"path\": ");
    add_text(path);
    const int error = scripted("FAKE_ERRNO_ATTRIBUTE", &made);
    answer(error);
    return error;
}

void sync(void) {
    if (!logging())
        return;
    add("{\"call\": \"sync\"}");
    write_line();
}

// FAKE_NO_FAMILY: a kernel without these address families (numbers, separated by commas).
int socket(int family, int type, int protocol) {
    for (const char* list = getenv("FAKE_NO_FAMILY"); list && *list;) {
        if (atoi(list) == family) {
            errno = EAFNOSUPPORT;
            return -1;
        }
        list = strchr(list, ',');
        list = list ? list + 1 : NULL;
    }
    int (*real)(int, int, int) = (int (*)(int, int, int))next("socket");
    return real(family, type, protocol);
}

// Interfaces stay as they are: a request to change one is logged, and in its place goes one that the kernel only
// acknowledges, or with FAKE_ERRNO_IFDOWN (EPERM) one for an interface that there is not, without the right to.
ssize_t sendto(int fd, const void* message, size_t size, int flags, const struct sockaddr* to, socklen_t length) {
    static int made;
    ssize_t (*real)(int, const void*, size_t, int, const struct sockaddr*, socklen_t) =
        (ssize_t(*)(int, const void*, size_t, int, const struct sockaddr*, socklen_t))next("sendto");
    struct {
        struct nlmsghdr head;
        struct ifinfomsg link;
    } request;
    if (!to || to->sa_family != AF_NETLINK || size != sizeof request)
        return real(fd, message, size, flags, to, length);
    memcpy(&request, message, size);
    if (request.head.nlmsg_type == RTM_NEWLINK) {
        char name[IF_NAMESIZE] = "";
        if (!logging())
            return refuse();
        if_indextoname((unsigned)request.link.ifi_index, name);
        add("{\"call\": \"ifdown\", \"interface\": ");
        add_text(name);
        add(", \"flags\": %u, \"change\": %u", request.link.ifi_flags, request.link.ifi_change);
        const int error = scripted("FAKE_ERRNO_IFDOWN", &made);
        answer(error);
        request.link.ifi_index = 0x7fffffff;
        if (!error)
            request.head.nlmsg_type = NLMSG_NOOP;
    }
    return real(fd, &request, size, flags, to, length);
}

// FAKE_MEMFD: "old", a kernel that does not know MFD_NOEXEC_SEAL; "enforced", one that takes no other
// (vm.memfd_noexec).
int memfd_create(const char* name, unsigned flags) {
    const char* kernel = getenv("FAKE_MEMFD");
    const unsigned noexec_seal = 8, exec = 16;
    if (kernel && strcmp(kernel, "old") == 0 && flags & (noexec_seal | exec)) {
        errno = EINVAL;
        return -1;
    }
    if (kernel && strcmp(kernel, "enforced") == 0 && !(flags & noexec_seal)) {
        errno = EACCES;
        return -1;
    }
    int (*real)(const char*, unsigned) = (int (*)(const char*, unsigned))next("memfd_create");
    return real(name, flags & ~noexec_seal);
}

// Interfaces stay as they are, whichever way is tried.
int ioctl(int fd, unsigned long request, ...) {
    va_list arguments;
    va_start(arguments, request);
    void* argument = va_arg(arguments, void*);
    va_end(arguments);
    if (request == SIOCSIFFLAGS) {
        if (!logging())
            return (int)refuse();
        add("{\"call\": \"ifdown\", \"interface\": ");
        add_text(((const struct ifreq*)argument)->ifr_name);
        return (int)answer(0);
    }
    int (*real)(int, unsigned long, ...) = (int (*)(int, unsigned long, ...))next("ioctl");
    return real(fd, request, argument);
}

// Programs that end the machine are not run: the call is logged and the program ends as if it had become them.
static int ends_the_machine(const char* path) {
    static const char* const names[] = {"shutdown", "reboot", "halt", "poweroff", "init", "telinit", "systemctl"};
    const char* slash = strrchr(path, '/');
    const char* name = slash ? slash + 1 : path;
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (strcmp(name, names[i]) == 0)
            return 1;
    return 0;
}

static int fake_exec(const char* path, char* const arguments[]) {
    static int made;
    if (!logging())
        return (int)refuse();
    add("{\"call\": \"exec\", \"path\": ");
    add_text(path);
    add(", \"argv\": [");
    for (int i = 0; arguments[i]; ++i) {
        add("%s", i ? ", " : "");
        add_text(arguments[i]);
    }
    add("]");
    if (answer(scripted("FAKE_ERRNO_EXEC", &made)) != 0)
        return -1;
    fflush(NULL);
    _exit(0);
}

int execve(const char* path, char* const arguments[], char* const environment[]) {
    if (ends_the_machine(path))
        return fake_exec(path, arguments);
    int (*real)(const char*, char* const[], char* const[]) =
        (int (*)(const char*, char* const[], char* const[]))next("execve");
    return real(path, arguments, environment);
}

int execv(const char* path, char* const arguments[]) {
    return execve(path, arguments, environ);
}

int execvp(const char* path, char* const arguments[]) {
    if (ends_the_machine(path))
        return fake_exec(path, arguments);
    int (*real)(const char*, char* const[]) = (int (*)(const char*, char* const[]))next("execvp");
    return real(path, arguments);
}

// execl and execlp gather their arguments, so that one that ends the machine is logged as above.
#define EXECL(name, with_vector)                                                                                       \
    int name(const char* path, const char* first, ...) {                                                               \
        char* arguments[64] = {(char*)first};                                                                          \
        va_list rest;                                                                                                  \
        va_start(rest, first);                                                                                         \
        for (int i = 1; i < 63 && (arguments[i] = va_arg(rest, char*)); ++i) {                                         \
        }                                                                                                              \
        va_end(rest);                                                                                                  \
        return with_vector(path, arguments);                                                                           \
    }
EXECL(execl, execv)
EXECL(execlp, execvp)

// Ways to run a program that no kexec needs.
int system(const char* command) {
    (void)command;
    return (int)refuse();
}
int posix_spawn(pid_t* child, const char* path, const void* actions, const void* attributes, char* const arguments[],
                char* const environment[]) {
    (void)child, (void)path, (void)actions, (void)attributes, (void)arguments, (void)environment;
    return EPERM;
}
int posix_spawnp(pid_t* child, const char* path, const void* actions, const void* attributes, char* const arguments[],
                 char* const environment[]) {
    return posix_spawn(child, path, actions, attributes, arguments, environment);
}
