/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VGA adapter at its standard ports and addresses. */
#ifndef PURGATORY_X86_64_VGA_H
#define PURGATORY_X86_64_VGA_H

/* Writing starts at the top of the visible page; each line is blanked as it is begun, the first follows the last. */
void vga_text_open(void);
void vga_text_put(char character);

/*
 * Programs text mode 3 (80 x 25, 720 x 400 dots, colour) and its 16 colours, and blanks the page. The font is the one
 * in the adapter's memory: a graphics mode that drew over plane 2 leaves unreadable shapes.
 */
void vga_reset(void);

#endif
