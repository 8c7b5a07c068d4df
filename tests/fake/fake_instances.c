// SPDX-License-Identifier: GPL-2.0-or-later
// Third part of the preload: the folder of an instance (doc/multikernel-abi.md; of a multikernel kernel its status)
// comes with its load, changes with its
// start and stop, and goes when it is dropped. The pool and /proc/kimage stay as the test wrote them.
#define _GNU_SOURCE
#include "fake.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// Whether FAKE_ROOT has this file; `path` is then that of sys/fs/multikernel/instances.
static int has(const char* file, char* path) {
    const char* root = getenv("FAKE_ROOT");
    if (!root)
        return 0;
    if (snprintf(path, PATH_MAX, "%s/sys/fs/multikernel/%s", root, file) >= PATH_MAX)
        abort();
    if (access(path, F_OK) != 0)
        return 0;
    if (snprintf(path, PATH_MAX, "%s/sys/fs/multikernel/instances", root) >= PATH_MAX)
        abort();
    return access(path, F_OK) == 0;
}

// False where FAKE_ROOT has no module.
static int instances(char* path) {
    return has("abi", path);
}

static void path_of(unsigned id, const char* name, char* path) {
    char folder[PATH_MAX];
    if (!instances(folder) || snprintf(path, PATH_MAX, "%s/%u%s%s", folder, id, *name ? "/" : "", name) >= PATH_MAX)
        abort();
}

static void write_file(unsigned id, const char* name, const char* content) {
    char path[PATH_MAX];
    path_of(id, name, path);
    FILE* file = fopen(path, "w");
    if (!file || fputs(content, file) < 0 || fputs("\n", file) < 0 || fclose(file) != 0)
        abort();
}

void fake_instance_loaded(unsigned id) {
    char path[PATH_MAX], number[16];
    if (!instances(path))
        return;
    path_of(id, "", path);
    if (mkdir(path, 0700) != 0)
        abort();
    snprintf(number, sizeof number, "%u", id);
    write_file(id, "id", number);
    write_file(id, "status", "loaded");
    write_file(id, "stage", "none");
    write_file(id, "cpus", "");
    write_file(id, "memory", "");
}

void fake_instance_dropped(unsigned id) {
    static const char* const names[] = {"id", "status", "stage", "cpus", "memory", ""};
    char path[PATH_MAX];
    if (!instances(path))
        return;
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        path_of(id, names[i], path);
        if (remove(path) != 0)
            abort();
    }
}

void fake_instance_status(unsigned id, const char* status) {
    char path[PATH_MAX];
    if (instances(path))
        write_file(id, "status", status);
}

void fake_native_status(unsigned id, const char* status) {
    char folder[PATH_MAX], path[PATH_MAX], number[16];
    if (has("abi", folder) || !has("device_tree", folder))
        return;
    DIR* all = opendir(folder);
    if (!all)
        return;
    for (struct dirent* entry; (entry = readdir(all));) {
        if (snprintf(path, sizeof path, "%s/%s/id", folder, entry->d_name) >= PATH_MAX)
            abort();
        FILE* file = fopen(path, "r");
        if (!file)
            continue;
        const int same = fgets(number, sizeof number, file) && (unsigned)atoi(number) == id;
        fclose(file);
        if (!same)
            continue;
        if (snprintf(path, sizeof path, "%s/%s/status", folder, entry->d_name) >= PATH_MAX)
            abort();
        file = fopen(path, "w");
        if (!file || fprintf(file, "%s\n", status) < 0 || fclose(file) != 0)
            abort();
    }
    closedir(all);
}
