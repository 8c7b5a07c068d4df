// SPDX-License-Identifier: GPL-2.0-or-later
// The system calls of multikernel/kmod, raw: single ones for scripts, and the table of what must be refused.
// Every call prints a line "NAME ERRNO", ERRNO being OK, a number that was returned, or a name such as EINVAL.
//
// `fail N VERB...`: the Nth piece of memory or copy from user space that the call needs is not to be had
// (/proc/self/fail-nth, on a kernel with fault injection). If the call came to its end before that, the line ends in
// "unused LEFT".
#define _GNU_SOURCE
#include "../../include/uapi/multikernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct segment {
    const void* buf;
    size_t bufsz;
    uint64_t mem;
    size_t memsz;
};

static const uint64_t page = 4096;

static const char* fail_at; // N of `fail N`
static int fail_nth;        // the file, open

static void arm(void) {
    if (fail_at && pwrite(fail_nth, fail_at, strlen(fail_at), 0) < 0)
        perror("fail-nth");
}

// How much was left to go, or 0. What is done here counts as well.
static long disarm(void) {
    char text[24] = "";
    const long left = pread(fail_nth, text, sizeof text - 1, 0) < 0 ? 1 : atol(text);
    while (pwrite(fail_nth, "0", 1, 0) < 0)
        ;
    return left;
}

static int report(const char* name, long returned) {
    const char* error = returned == -1 ? strerrorname_np(errno) : NULL;
    const long left = fail_at ? disarm() : 0;
    if (error)
        printf("%s %s", name, error);
    else if (returned)
        printf("%s %ld", name, returned);
    else
        printf("%s OK", name);
    if (left)
        printf(" unused %ld", left);
    puts("");
    fflush(stdout);
    return returned != 0;
}

static long kexec_load(uint64_t entry, unsigned long count, const void* segments, unsigned long flags) {
    arm();
    return syscall(SYS_kexec_load, entry, count, segments, flags);
}

static unsigned long about(unsigned id) {
    return KEXEC_MULTIKERNEL | (unsigned long)id << KEXEC_MK_ID_SHIFT;
}

static long mk_reboot(unsigned command, int id, int cpu) {
    struct multikernel_boot_args arguments = {id, cpu};
    arm();
    return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command, &arguments);
}

// Loads `file` at `address`, which is also the entry; `low` (0: none) becomes zeroed memory below 1 MiB, and is
// told to the file at its offset 8.
static int load_file(unsigned id, uint64_t address, const char* path, uint64_t size, uint64_t low) {
    static char bytes[1 << 20];
    FILE* file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 2;
    }
    const size_t length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    memcpy(bytes + 8, &low, sizeof low); // where kmod_payload.S looks for it
    const struct segment segments[] = {{bytes, length, address, size}, {bytes, 0, low, MULTIKERNEL_LOW_SLOT}};
    return report("load", kexec_load(address, low ? 2 : 1, segments, about(id)));
}

// One write of `text` to a file.
static int put(const char* text, const char* path) {
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return report("put", -1);
    arm();
    const ssize_t written = write(file, text, strlen(text));
    const int failed = report("put", written == (ssize_t)strlen(text) ? 0 : written);
    close(file);
    return failed;
}

static int insert(const char* path) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return report("insert", -1);
    arm();
    return report("insert", syscall(SYS_finit_module, file, "", 0));
}

// One call with one segment, one thing wrong.
static void load_one(const char* name, struct segment segment, uint64_t entry, unsigned long flags) {
    report(name, kexec_load(entry, 1, &segment, flags));
}

static void refuse_flags(uint64_t at, const char* bytes) {
    const struct segment good = {bytes, page, at, page};
    load_one("id-0", good, at, KEXEC_MULTIKERNEL);
    load_one("flag-on-crash", good, at, about(1) | 1);
    load_one("flag-preserve-context", good, at, about(1) | 2);
    load_one("flag-update-elfcorehdr", good, at, about(1) | 4);
    load_one("flag-crash-hotplug", good, at, about(1) | 8);
    load_one("flag-high", good, at, about(1) | 1UL << 40);
    load_one("arch-386", good, at, about(1) | 3UL << 16);
    load_one("arch-arm64", good, at, about(1) | 183UL << 16);
    report("drop-unknown", kexec_load(0, 0, NULL, about(1)));
    report("drop-id-0", kexec_load(0, 0, NULL, KEXEC_MULTIKERNEL));
}

static void refuse_segments(uint64_t at, const char* bytes) {
    struct segment many[17];
    for (unsigned i = 0; i < 17; i++)
        many[i] = (struct segment){bytes, page, at + i * page, page};
    report("segments-17", kexec_load(at, 17, many, about(1)));
    report("segments-huge", kexec_load(at, 1UL << 60, many, about(1)));
    report("segments-null", kexec_load(at, 1, NULL, about(1)));
    report("segments-kernel-pointer", kexec_load(at, 1, (void*)0xffffffff81000000, about(1)));
    report("segments-noncanonical", kexec_load(at, 1, (void*)0x8000000000000000, about(1)));
    many[1].mem = at;
    report("overlap-same", kexec_load(at, 2, many, about(1)));
    many[1].mem = at + page;
    many[0].memsz = 2 * page;
    report("overlap-tail", kexec_load(at, 2, many, about(1)));

    load_one("memsz-0", (struct segment){bytes, 0, at, 0}, at, about(1));
    load_one("bufsz-over-memsz", (struct segment){bytes, page + 1, at, page}, at, about(1));
    load_one("mem-unaligned", (struct segment){bytes, page, at + 8, page}, at + 8, about(1));
    load_one("memsz-unaligned", (struct segment){bytes, page, at, page + 8}, at, about(1));
    load_one("wraps", (struct segment){bytes, page, -page, 2 * page}, -page, about(1));
    load_one("wraps-to-0", (struct segment){bytes, page, -page, page}, -page, about(1));
    load_one("memsz-huge", (struct segment){bytes, page, at, -page}, at, about(1));
    load_one("entry-below", (struct segment){bytes, page, at, page}, at - 1, about(1));
    load_one("entry-behind", (struct segment){bytes, page, at, page}, at + page, about(1));
}

static void refuse_pointers(uint64_t at) {
    // The second page of the buffer is not there: what lies before it is copied, then the load fails.
    char* two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(two + page, page);
    load_one("buf-null", (struct segment){NULL, page, at, page}, at, about(1));
    load_one("buf-ends-early", (struct segment){two, 2 * page, at, 2 * page}, at, about(1));
    load_one("buf-kernel", (struct segment){(void*)0xffffffff81000000, page, at, page}, at, about(1));
    load_one("buf-wraps", (struct segment){(void*)-page, 4 * page, at, 4 * page}, at, about(1));
    report("drop-after-failed", kexec_load(0, 0, NULL, about(1)));
}

static void refuse_memory(uint64_t at, uint64_t size, const char* bytes) {
    static const struct {
        const char* name;
        uint64_t at;
    } places[] = {{"page-0", 0},
                  {"bios-data", 0x1000},
                  {"video-memory", 0xa0000},
                  {"bios", 0xf0000},
                  {"system-ram", 0x1000000},
                  {"local-apic", 0xfee00000},
                  {"firmware-reserved", 0xfffc0000},
                  {"beyond-ram", 1ULL << 40},
                  {"beyond-4-levels", 1ULL << 47},
                  {"beyond-physical", 1ULL << 56}};
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++)
        load_one(places[i].name, (struct segment){bytes, page, places[i].at, page}, places[i].at, about(1));
    load_one("begins-in-ram", (struct segment){bytes, page, at - page, 2 * page}, at, about(1));
    load_one("ends-in-ram", (struct segment){bytes, page, at + size - page, 2 * page}, at + size - page, about(1));
}

static void refuse_others(uint64_t at, const char* bytes) {
    const struct segment mine = {bytes, page, at, 16 * page};
    load_one("load-1", mine, at, about(1));
    load_one("load-1-twice", mine, at, about(1));
    load_one("load-1-elsewhere", (struct segment){bytes, page, at + 64 * page, page}, at + 64 * page, about(1));
    load_one("load-2-same-memory", mine, at, about(2));
    load_one("load-2-tail", (struct segment){bytes, page, at + 15 * page, 2 * page}, at + 15 * page, about(2));
    load_one("load-2-beside", (struct segment){bytes, page, at + 16 * page, page}, at + 16 * page, about(2));
    load_one("load-2047", (struct segment){bytes, 0, at + 32 * page, page}, at + 32 * page, about(2047) | 62UL << 16);
    report("start-id-0", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL, 0, 1));
    report("start-id-negative", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL, -1, 1));
    report("start-unknown", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL, 3, 1));
    report("start-cpu-negative", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL, 1, -1));
    report("start-cpu-missing", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL, 1, 77));
    report("start-cpu-huge", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL, 1, 1 << 30));
    report("start-cpu-online", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL, 1, 3));
    report("start-boot-cpu", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL, 1, 0));
    report("halt-never-started", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT, 1, 0));
    report("halt-unknown", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT, 3, 0));
    report("ask-to-halt", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL_HALT, 1, 0));
    report("start-wrong-magic1", syscall(SYS_reboot, 1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_MULTIKERNEL, bytes));
    report("start-wrong-magic2", syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, 1, LINUX_REBOOT_CMD_MULTIKERNEL, bytes));
    report("start-null",
           syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_MULTIKERNEL, 0));
    report("drop-1", kexec_load(0, 0, NULL, about(1)));
    report("drop-1-twice", kexec_load(0, 0, NULL, about(1)));
    report("drop-2", kexec_load(0, 0, NULL, about(2)));
    report("drop-2047", kexec_load(0, 0, NULL, about(2047)));
}

// What is not about instances reaches the kernel's own code.
static void pass_through(const char* bytes) {
    const struct segment good = {bytes, page, 0x1000000, page};
    report("kernel-load", kexec_load(good.mem, 1, &good, 0));
    report("kernel-unload", kexec_load(0, 0, NULL, 0));
    report("kernel-unknown-command", syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, 0x12345678, 0));
    report("kernel-cad-off",
           syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_OFF, 0));
}

static void refusals(uint64_t at, uint64_t size) {
    char* bytes = aligned_alloc(page, page + 1);
    memset(bytes, 0xf4, page);
    refuse_flags(at, bytes);
    refuse_segments(at, bytes);
    refuse_pointers(at);
    refuse_memory(at, size, bytes);
    refuse_others(at, bytes);
    pass_through(bytes);
}

static uint64_t number(const char* text) {
    return text ? strtoull(text, NULL, 0) : 0;
}

int main(int argc, char** argv) {
    if (argc > 3 && !strcmp(argv[1], "fail")) {
        fail_at = argv[2];
        fail_nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
        if (fail_nth < 0) {
            perror("/proc/self/fail-nth");
            return 2;
        }
        argv += 2;
        argc -= 2;
    }
    const char* verb = argc > 1 ? argv[1] : "";
    const unsigned id = (unsigned)number(argc > 2 ? argv[2] : NULL);
    if (!strcmp(verb, "load") && argc >= 6)
        return load_file(id, number(argv[3]), argv[4], number(argv[5]), argc > 6 ? number(argv[6]) : 0);
    if (!strcmp(verb, "drop") && argc == 3)
        return report("drop", kexec_load(0, 0, NULL, about(id)));
    if (!strcmp(verb, "start") && argc == 4)
        return report("start", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL, (int)id, (int)number(argv[3])));
    if (!strcmp(verb, "halt") && argc == 3)
        return report("halt", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT, (int)id, 0));
    if (!strcmp(verb, "put") && argc == 4)
        return put(argv[2], argv[3]);
    if (!strcmp(verb, "insert") && argc == 3)
        return insert(argv[2]);
    if (!strcmp(verb, "refusals") && argc == 4) {
        refusals(number(argv[2]), number(argv[3]));
        return 0;
    }
    fprintf(stderr, "usage: kmod_calls [fail N] load ID ADDRESS FILE SIZE [LOW] | drop ID | start ID CPU | halt ID |"
                    " put TEXT FILE | insert MODULE | refusals ADDRESS SIZE\n");
    return 2;
}
