// SPDX-License-Identifier: GPL-2.0-or-later
#include "purgatory/prepare.h"

#include "purgatory/digest.h"
#include "purgatory/machine.h"
#include "purgatory/message.h"
#include "purgatory/verify.h"

#include <stddef.h>
#include <string.h>

static bool is_sound(const struct purgatory_block* block) {
    if (block->magic != PURGATORY_MAGIC || block->size != sizeof *block || block->region_count > PURGATORY_REGION_MAX ||
        !can_enter(block->entry_mode))
        return false;
    const struct digest found =
        digest_of_memory((uint64_t)(uintptr_t)block, offsetof(struct purgatory_block, digest_low));
    return found.low == block->digest_low && found.high == block->digest_high;
}

static bool refuse(void) {
    say("purgatory: the next kernel is not started; the machine is halted\n");
    console_drain();
    return false;
}

static bool verify(const struct purgatory_block* block) {
    const uint32_t differing = verify_regions(block);
    if (differing || block->flags & PURGATORY_CHATTY) {
        say("purgatory: ");
        say_decimal(block->region_count - differing);
        say(" of ");
        say_decimal(block->region_count);
        say(" regions are as they were loaded\n");
    }
    return differing == 0;
}

bool prepare_next_kernel(const struct purgatory_block* block) {
    if (!is_sound(block)) {
        console_open_any();
        say("purgatory: its block was not filled by the kexec that brought this purgatory, or was changed\n");
        return refuse();
    }
    if (block->flags & PURGATORY_RESET_VGA)
        display_reset();
    console_open(block);
    if (block->flags & PURGATORY_CHATTY)
        say("purgatory: started\n");
    if (block->flags & PURGATORY_VERIFY && !verify(block))
        return refuse();
    if (block->flags & PURGATORY_BACKUP)
        memmove((void*)(uintptr_t)block->backup_destination, (const void*)(uintptr_t)block->backup_source,
                (size_t)block->backup_size);
    if (block->flags & PURGATORY_CHATTY) {
        say("purgatory: entering the next kernel at ");
        say_hex(block->entry);
        say("\n");
    }
    console_drain();
    return true;
}
