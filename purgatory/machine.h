/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an architecture gives to purgatory: purgatory/arch/NAME/ defines these functions and the code at the symbol
 * `purgatory_start`. That code finds the processor as the old kernel left it and
 *   - takes nothing from the old kernel: its own stack, and its own descriptor tables where there are any;
 *   - lets the digest use vector registers, where they have to be switched on;
 *   - calls prepare_next_kernel(&purgatory_block);
 *   - when that says no, stops the processor for ever with interrupts off;
 *   - else puts control registers back as they were and jumps to purgatory_block.entry with
 *     purgatory_block.registers where the mode of the entry has them.
 */
#ifndef PURGATORY_MACHINE_H
#define PURGATORY_MACHINE_H

#include "include/purgatory_block.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether the code at purgatory_start enters kernels so (PURGATORY_ENTER_...). */
bool can_enter(uint32_t mode);

/* Open the consoles that the purgatory block allows. */
void console_open(const struct purgatory_block* block);

/* Open whatever usually is a console: for a purgatory block that cannot be trusted. */
void console_open_any(void);

/* Put a character on every open console. Returns in bounded time, with or without a device. */
void console_put(char character);

/* Wait, in bounded time, until what was put has left the device. */
void console_drain(void);

/* Bring a VGA adapter back to text mode 3. Does nothing where there is no such thing. */
void display_reset(void);

#endif
