// SPDX-License-Identifier: GPL-2.0-or-later
#include "purgatory/machine.h"

#include "purgatory/arch/x86_64/serial.h"
#include "purgatory/arch/x86_64/vga.h"

#include <stdbool.h>
#include <stddef.h>

_Static_assert(offsetof(struct purgatory_block, entry) == 16, "entry.S");
_Static_assert(offsetof(struct purgatory_block, registers) == 32, "entry.S");

enum { FIRST_SERIAL_PORT = 0x3f8 };

static struct serial serial;
static bool vga_is_open;

bool can_enter(uint32_t mode) {
    return mode == PURGATORY_ENTER_X86_64BIT;
}

void console_open(const struct purgatory_block* block) {
    if (block->flags & PURGATORY_SERIAL)
        serial_open(&serial, (uint16_t)block->serial_base, block->serial_baud);
    if (block->flags & PURGATORY_VGA_TEXT) {
        vga_text_open();
        vga_is_open = true;
    }
}

void console_open_any(void) {
    serial_open(&serial, FIRST_SERIAL_PORT, 0);
    vga_text_open();
    vga_is_open = true;
}

void console_put(char character) {
    if (character == '\n')
        serial_put(&serial, '\r');
    serial_put(&serial, character);
    if (vga_is_open)
        vga_text_put(character);
}

void console_drain(void) {
    serial_drain(&serial);
}

void display_reset(void) {
    vga_reset();
}
