/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PURGATORY_MESSAGE_H
#define PURGATORY_MESSAGE_H

#include "purgatory/digest.h"

#include <stddef.h>
#include <stdint.h>

void say(const char* text);

/* At most `size` characters, up to a NUL; what a console might not print becomes '?'. */
void say_name(const char* name, size_t size);

/* With 0x in front and no leading zeros. */
void say_hex(uint64_t number);

void say_decimal(uint32_t number);

/* 32 hexadecimal digits, the high half first, as xxh128sum prints them. */
void say_digest(struct digest digest);

#endif
