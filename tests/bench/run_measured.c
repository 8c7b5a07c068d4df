// SPDX-License-Identifier: GPL-2.0-or-later
// run_measured RESULT LIBRARY PROGRAM [ARGUMENT]...: runs PROGRAM with LIBRARY preloaded and writes to RESULT, as one
// JSON object: exit status as of wait(2), wall, user and system microseconds, peak resident KiB. A child's peak begins
// with that of whoever forked it, so a large interpreter cannot measure a small program by itself.
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long microseconds(struct timeval time) {
    return time.tv_sec * 1000000LL + time.tv_usec;
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

int main(int argc, char** argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: run_measured RESULT LIBRARY PROGRAM [ARGUMENT]...\n");
        return 2;
    }
    const long long begin = now();
    const pid_t child = fork();
    if (child == 0) {
        if (setenv("LD_PRELOAD", argv[2], 1) == 0)
            execv(argv[3], argv + 3);
        perror(argv[3]);
        _exit(127);
    }
    int status;
    struct rusage used;
    if (child < 0 || wait4(child, &status, 0, &used) != child) {
        perror("run_measured");
        return 2;
    }
    const long long wall = now() - begin;
    FILE* result = fopen(argv[1], "w");
    if (!result) {
        perror(argv[1]);
        return 2;
    }
    fprintf(result, "{\"status\": %d, \"wall_us\": %lld, \"user_us\": %lld, \"system_us\": %lld, \"peak_kib\": %ld}\n",
            status, wall, microseconds(used.ru_utime), microseconds(used.ru_stime), used.ru_maxrss);
    return fclose(result) == 0 ? 0 : 2;
}
