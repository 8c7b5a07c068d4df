/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A 16550 UART, polled. Every wait is bounded, so a port without a UART costs a moment and no more. */
#ifndef PURGATORY_X86_64_SERIAL_H
#define PURGATORY_X86_64_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

struct serial {
    uint16_t base; /* I/O port */
    bool answers;  /* false: never opened, or stopped taking characters */
};

/* baud 0: leave the line as it is. Else 8 data bits, no parity, one stop bit, at the nearest speed the UART can do. */
void serial_open(struct serial* serial, uint16_t base, uint32_t baud);
void serial_put(struct serial* serial, char character);
void serial_drain(struct serial* serial);

#endif
