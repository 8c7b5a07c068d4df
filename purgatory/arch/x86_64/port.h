/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86 I/O ports. */
#ifndef PURGATORY_X86_64_PORT_H
#define PURGATORY_X86_64_PORT_H

#include <stdint.h>

static inline uint8_t port_read(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void port_write(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

/* Adapters that hide many registers behind a port for the number and a port for the value. */
static inline uint8_t indexed_read(uint16_t index_port, uint8_t index) {
    port_write(index_port, index);
    return port_read((uint16_t)(index_port + 1));
}

static inline void indexed_write(uint16_t index_port, uint8_t index, uint8_t value) {
    port_write(index_port, index);
    port_write((uint16_t)(index_port + 1), value);
}

#endif
