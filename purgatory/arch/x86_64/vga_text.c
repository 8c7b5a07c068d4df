// SPDX-License-Identifier: GPL-2.0-or-later
#include "purgatory/arch/x86_64/port.h"
#include "purgatory/arch/x86_64/vga.h"

#include <stdint.h>

enum {
    TEXT_BASE = 0xb8000,
    CELLS = 0x4000, /* of two bytes: character, attribute */
    COLUMNS = 80,
    ROWS = 25,
    LIGHT_GREY_ON_BLACK = 0x07,
    CRTC = 0x3d4,
    START_HIGH = 0x0c,
    START_LOW = 0x0d,
};

static uint16_t page; /* the cell in the top left corner: a console scrolls by moving it */
static uint16_t row, column;

static void set_cell(uint16_t at_row, uint16_t at_column, char character) {
    volatile uint16_t* cells = (volatile uint16_t*)(uintptr_t)TEXT_BASE;
    const unsigned cell = ((unsigned)page + at_row * (unsigned)COLUMNS + at_column) % CELLS;
    cells[cell] = (uint16_t)(LIGHT_GREY_ON_BLACK << 8 | (uint8_t)character);
}

static void begin_row(uint16_t new_row) {
    row = new_row;
    column = 0;
    for (uint16_t i = 0; i < COLUMNS; i++)
        set_cell(row, i, ' ');
}

void vga_text_open(void) {
    page = (uint16_t)(indexed_read(CRTC, START_HIGH) << 8 | indexed_read(CRTC, START_LOW));
    begin_row(0);
}

void vga_text_put(char character) {
    if (character == '\n' || column == COLUMNS)
        begin_row((uint16_t)((row + 1) % ROWS));
    if (character != '\n')
        set_cell(row, column++, character);
}
