// SPDX-License-Identifier: GPL-2.0-or-later
#include "purgatory/verify.h"

#include "purgatory/digest.h"
#include "purgatory/message.h"

static void say_region(const struct purgatory_region* region) {
    say("purgatory: ");
    say_name(region->name, sizeof region->name);
    say(" at ");
    say_hex(region->address);
    say(" (");
    say_hex(region->size);
    say(" bytes) ");
}

static uint32_t differs(const struct purgatory_region* region) {
    const struct digest expected = {.low = region->digest_low, .high = region->digest_high};
    if (region->size > UINTPTR_MAX - region->address) {
        say_region(region);
        say("runs past the end of memory\n");
        return 1;
    }
    const struct digest found = digest_of_memory(region->address, region->size);
    if (found.low == expected.low && found.high == expected.high)
        return 0;
    say_region(region);
    say("was changed after it was loaded\npurgatory:   expected ");
    say_digest(expected);
    say("\npurgatory:   found    ");
    say_digest(found);
    say("\n");
    return 1;
}

uint32_t verify_regions(const struct purgatory_block* block) {
    uint32_t differing = 0;
    for (uint32_t i = 0; i < block->region_count; i++)
        differing += differs(&block->region[i]);
    return differing;
}
