// SPDX-License-Identifier: GPL-2.0-or-later
// What a hostile or careless program tries with multikernel/kmod. Each call prints a line "NAME ERRNO", as kmod_calls
// does.
#define _GNU_SOURCE
#include "../../include/uapi/multikernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct segment {
    const void* buf;
    size_t bufsz;
    uint64_t mem;
    size_t memsz;
};

enum { page = 4096 };

static int report(const char* name, long returned) {
    printf("%s %s\n", name, returned == -1 ? strerrorname_np(errno) : "OK");
    fflush(stdout);
    return returned == -1;
}

static unsigned long about(unsigned id) {
    return KEXEC_MULTIKERNEL | (unsigned long)id << KEXEC_MK_ID_SHIFT;
}

static long load(const void* bytes, size_t size, uint64_t at, unsigned long flags) {
    const struct segment segment = {bytes, size, at, page};
    return syscall(SYS_kexec_load, at, 1, &segment, flags);
}

static long mk_reboot(unsigned command, int id, int cpu) {
    struct multikernel_boot_args arguments = {id, cpu};
    return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command, &arguments);
}

// The bytes of the image never arrive: nobody answers for the page.
static int load_stuck(unsigned id, uint64_t at) {
    void* never = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = {.api = UFFD_API};
    struct uffdio_register range = {.range = {(uintptr_t)never, page}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    if (faults < 0 || ioctl(faults, UFFDIO_API, &api) || ioctl(faults, UFFDIO_REGISTER, &range))
        return report("userfaultfd", -1);
    puts("waits");
    fflush(stdout);
    return report("stuck", load(never, page, at, about(id)));
}

// An image that writes HLT over a page below 1 MiB, again and again: whatever starts there gets no further.
static int load_scribbler(unsigned id, uint64_t at, uint64_t low) {
    unsigned char code[] = {0x48, 0xbf, 0,    0,    0,   0,    0,    0, 0, 0, // movq $low, %rdi
                            0xb9, 0,    0x10, 0,    0,   0xb0, 0xf4,          // movl $4096, %ecx; movb $0xf4, %al
                            0xfc, 0xf3, 0xaa, 0xeb, 0xea};                    // cld; rep stosb; jmp back
    memcpy(code + 2, &low, sizeof low);
    return report("scribbler", load(code, sizeof code, at, about(id)));
}

// A command about instances, as pid 1 of a PID namespace.
static int in_pid_namespace(void) {
    if (unshare(CLONE_NEWPID))
        return report("unshare", -1);
    if (fork() == 0) {
        report("namespace-start", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL, 1, 1));
        report("namespace-halt", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT, 1, 0));
        report("namespace-ask", mk_reboot(LINUX_REBOOT_CMD_MULTIKERNEL_HALT, 1, 0));
        report("namespace-kexec", mk_reboot(LINUX_REBOOT_CMD_KEXEC, 0, 0));
        _exit(0);
    }
    return wait(NULL) < 0;
}

// A list that goes on behind its first page, which alone is a list, too; then a page that may have been cut off one.
static int write_long(const char* path, const char* element) {
    static char text[2 * page];
    const size_t length = strlen(element);
    memset(text, ' ', sizeof text);
    memcpy(text, element, length);
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    report("long-list", write(file, text, sizeof text));
    report("page-list", pwrite(file, text, page, 0));
    report("second-write", pwrite(file, element, length, (off_t)length));
    close(file);
    return 0;
}

static uint64_t number(const char* text) {
    return strtoull(text, NULL, 0);
}

int main(int argc, char** argv) {
    static char code[page] = {(char)0xf4};
    const char* verb = argc > 1 ? argv[1] : "";
    if (!strcmp(verb, "stuck") && argc == 4)
        return load_stuck((unsigned)number(argv[2]), number(argv[3]));
    if (!strcmp(verb, "scribbler") && argc == 5)
        return load_scribbler((unsigned)number(argv[2]), number(argv[3]), number(argv[4]));
    if (!strcmp(verb, "pid-namespace"))
        return in_pid_namespace();
    if (!strcmp(verb, "long-list") && argc == 4)
        return write_long(argv[2], argv[3]);
    // The bit that means an instance, without an id, is the kernel's; with what else the kernel may make of it.
    if (!strcmp(verb, "debug-bit"))
        return report("debug-bit", load(code, page, 0x1000000, KEXEC_MULTIKERNEL));
    if (!strcmp(verb, "with-id") && argc == 3)
        return report("with-id", load(code, page, 0x1000000, about((unsigned)number(argv[2]))));
    if (!strcmp(verb, "load-normal"))
        return report("load-normal", load(code, page, 0x1000000, 0));
    if (!strcmp(verb, "kexec"))
        return report("kexec", mk_reboot(LINUX_REBOOT_CMD_KEXEC, 0, 0));
    fprintf(stderr, "usage: kmod_attacks stuck ID ADDRESS | scribbler ID ADDRESS LOW | pid-namespace |"
                    " long-list FILE ELEMENT | debug-bit | with-id ID | load-normal | kexec\n");
    return 2;
}
