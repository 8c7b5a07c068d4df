// SPDX-License-Identifier: GPL-2.0-or-later
// An LD_PRELOAD library that writes the long options that a program gives to getopt_long to OPTION_TABLE, a line each:
// name, whether it has an argument, value. Then the program goes on.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

int getopt_long(int count, char* const words[], const char* letters, const struct option* table, int* index) {
    static const struct option* written;
    int (*real)(int, char* const[], const char*, const struct option*, int*) =
        (int (*)(int, char* const[], const char*, const struct option*, int*))dlsym(RTLD_NEXT, "getopt_long");
    const char* path = getenv("OPTION_TABLE");
    if (path && table != written) {
        FILE* out = fopen(path, "w");
        if (!out)
            abort();
        for (const struct option* row = table; row->name; ++row)
            fprintf(out, "%s %d %d\n", row->name, row->has_arg, row->val);
        fclose(out);
        written = table;
    }
    return real(count, words, letters, table, index);
}
