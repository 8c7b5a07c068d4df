// SPDX-License-Identifier: GPL-2.0-or-later
#include "purgatory/prepare.h"

#include "purgatory/digest.h"
#include "purgatory/machine.h"
#include "purgatory/message.h"
#include "purgatory/verify.h"

#include <stddef.h>
#include <string.h>

static bool is_sound(const struct handover* handover) {
    if (handover->magic != HANDOVER_MAGIC || handover->size != sizeof *handover ||
        handover->region_count > HANDOVER_REGION_MAX)
        return false;
    const struct digest found = digest_of_memory((uint64_t)(uintptr_t)handover, offsetof(struct handover, digest_low));
    return found.low == handover->digest_low && found.high == handover->digest_high;
}

static bool refuse(void) {
    say("purgatory: the next kernel is not started; the machine is halted\n");
    console_drain();
    return false;
}

static bool verify(const struct handover* handover) {
    const uint32_t differing = verify_regions(handover);
    if (differing || handover->flags & HANDOVER_CHATTY) {
        say("purgatory: ");
        say_decimal(handover->region_count - differing);
        say(" of ");
        say_decimal(handover->region_count);
        say(" regions are as they were loaded\n");
    }
    return differing == 0;
}

bool prepare_next_kernel(const struct handover* handover) {
    if (!is_sound(handover)) {
        console_open_any();
        say("purgatory: the handover block was not filled by the kexec that brought this purgatory, or was changed\n");
        return refuse();
    }
    if (handover->flags & HANDOVER_RESET_VGA)
        display_reset();
    console_open(handover);
    if (handover->flags & HANDOVER_CHATTY)
        say("purgatory: started\n");
    if (handover->flags & HANDOVER_VERIFY && !verify(handover))
        return refuse();
    if (handover->flags & HANDOVER_BACKUP)
        memmove((void*)(uintptr_t)handover->backup_destination, (const void*)(uintptr_t)handover->backup_source,
                (size_t)handover->backup_size);
    if (handover->flags & HANDOVER_CHATTY) {
        say("purgatory: entering the next kernel at ");
        say_hex(handover->entry);
        say("\n");
    }
    console_drain();
    return true;
}
