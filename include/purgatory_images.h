/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The purgatory of each architecture, a whole ELF file: ET_DYN at address 0 with one PT_LOAD and no relocations; it may
 * be put at any page aligned physical address. Symbol `purgatory_block` (a struct purgatory_block, purgatory_block.h)
 * is to be filled, entry is e_entry. begin == end: this build has none for that architecture.
 */
#ifndef KEXEC_MK_PURGATORY_H
#define KEXEC_MK_PURGATORY_H

#ifdef __cplusplus
extern "C" {
#endif

extern const unsigned char purgatory_x86_64_begin[];
extern const unsigned char purgatory_x86_64_end[];

#ifdef __cplusplus
}
#endif

#endif
