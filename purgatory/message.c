// SPDX-License-Identifier: GPL-2.0-or-later
#include "purgatory/message.h"

#include "purgatory/machine.h"

void say(const char* text) {
    while (*text)
        console_put(*text++);
}

void say_name(const char* name, size_t size) {
    for (; size && *name; size--, name++)
        console_put(*name < ' ' || *name > '~' ? '?' : *name);
}

static void say_nibbles(uint64_t number, unsigned count) {
    while (count--)
        console_put("0123456789abcdef"[number >> (4 * count) & 15]);
}

void say_hex(uint64_t number) {
    unsigned count = 1;
    while (count < 16 && number >> (4 * count))
        count++;
    say("0x");
    say_nibbles(number, count);
}

void say_decimal(uint32_t number) {
    char digits[10];
    unsigned count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    while (count--)
        console_put(digits[count]);
}

void say_digest(struct digest digest) {
    say_nibbles(digest.high, 16);
    say_nibbles(digest.low, 16);
}
