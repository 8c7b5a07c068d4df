// SPDX-License-Identifier: GPL-2.0-or-later
#include "purgatory/arch/x86_64/serial.h"

#include "purgatory/arch/x86_64/port.h"

enum {
    DATA = 0, /* divisor, low byte, while DIVISOR_ACCESS is set */
    INTERRUPT_ENABLE = 1,
    FIFO_CONTROL = 2,
    LINE_CONTROL = 3,
    MODEM_CONTROL = 4,
    LINE_STATUS = 5,

    FIFO_ENABLE_AND_CLEAR = 0x07,
    EIGHT_DATA_BITS = 0x03,
    DIVISOR_ACCESS = 0x80,
    DTR_AND_RTS = 0x03,
    TRANSMITTER_TAKES = 0x20,
    TRANSMITTER_EMPTY = 0x40,

    CLOCK_BAUD = 115200, /* the speed at divisor 1 */
    POLLS = 1000000,     /* of about a microsecond: some hundred characters at 1200 baud */
};

static uint8_t get(const struct serial* serial, uint16_t reg) {
    return port_read((uint16_t)(serial->base + reg));
}

static void set(const struct serial* serial, uint16_t reg, uint32_t value) {
    port_write((uint16_t)(serial->base + reg), (uint8_t)value);
}

static uint32_t divisor_for(uint32_t baud) {
    if (baud >= CLOCK_BAUD)
        return 1;
    const uint32_t divisor = (CLOCK_BAUD + baud / 2) / baud;
    return divisor > 0xffff ? 0xffff : divisor;
}

static void await(struct serial* serial, uint8_t status) {
    for (uint32_t poll = 0; serial->answers; poll++) {
        if (get(serial, LINE_STATUS) & status)
            return;
        serial->answers = poll < POLLS;
    }
}

void serial_open(struct serial* serial, uint16_t base, uint32_t baud) {
    *serial = (struct serial){.base = base, .answers = true};
    if (baud == 0)
        return;
    const uint32_t divisor = divisor_for(baud);
    set(serial, INTERRUPT_ENABLE, 0);
    set(serial, LINE_CONTROL, DIVISOR_ACCESS | EIGHT_DATA_BITS);
    set(serial, DATA, divisor & 0xff);
    set(serial, INTERRUPT_ENABLE, divisor >> 8);
    set(serial, LINE_CONTROL, EIGHT_DATA_BITS);
    set(serial, FIFO_CONTROL, FIFO_ENABLE_AND_CLEAR);
    set(serial, MODEM_CONTROL, DTR_AND_RTS);
}

void serial_put(struct serial* serial, char character) {
    await(serial, TRANSMITTER_TAKES);
    if (serial->answers)
        set(serial, DATA, (uint8_t)character);
}

void serial_drain(struct serial* serial) {
    await(serial, TRANSMITTER_EMPTY);
}
