// SPDX-License-Identifier: GPL-2.0-or-later
// What purgatory's digest costs, in time stamp counter cycles per byte over memory far larger than the caches: the very
// object that purgatory is linked from, beside portable SHA-256 and a plain read built with the same flags.
// purgatory_digest [MiB [RUNS]]; exit code 1 when the digest costs more than a tenth of SHA-256.
#include "tests/bench/read_memory.h"
#include "tests/bench/sha256.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include <x86intrin.h>
#include <xxhash.h>

extern "C" {
#include "purgatory/digest.h"
}

namespace {

volatile std::uint64_t sink;

std::uint64_t address_of(const void* memory) {
    return reinterpret_cast<std::uintptr_t>(memory);
}

template <typename Work> double cycles_per_byte(Work work, std::uint64_t size, int runs) {
    std::uint64_t best = UINT64_MAX;
    for (int run = 0; run < runs; run++) {
        unsigned core;
        const auto begin = __rdtscp(&core);
        sink = sink + work();
        best = std::min<std::uint64_t>(best, __rdtscp(&core) - begin);
    }
    return static_cast<double>(best) / static_cast<double>(size);
}

std::string sha256_hex(const std::string& text) {
    const auto digest = sha256_of_memory(address_of(text.data()), text.size());
    std::string hex;
    for (auto byte : digest.bytes) {
        char pair[3];
        std::snprintf(pair, sizeof pair, "%02x", byte);
        hex += pair;
    }
    return hex;
}

void require(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "purgatory_digest: %s\n", what);
    std::exit(2);
}

// FIPS 180-4's published examples, and a length whose padding needs a block of its own.
void check_answers(const unsigned char* memory, std::uint64_t size) {
    require(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "SHA-256 of abc");
    require(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "SHA-256 of nothing");
    require(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            "SHA-256 of 56 bytes");
    require(sha256_hex(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            "SHA-256 of a million times a");
    const auto ours = digest_of_memory(address_of(memory), size);
    const auto library = XXH3_128bits(memory, size);
    require(ours.low == library.low64 && ours.high == library.high64, "XXH3-128 differs from the library's");
}

} // namespace

int main(int argc, char** argv) {
    const auto size = (argc > 1 ? std::strtoull(argv[1], nullptr, 0) : 256) << 20;
    const int runs = argc > 2 ? std::atoi(argv[2]) : 7;
    require(size > 0 && runs > 0, "usage: purgatory_digest [MiB [RUNS]]");
    const std::unique_ptr<unsigned char[]> memory(new unsigned char[size]);
    std::uint64_t state = 1;
    for (std::uint64_t at = 0; at < size; at += sizeof state) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        std::memcpy(&memory[at], &state, sizeof state);
    }
    check_answers(memory.get(), size);

    const auto address = address_of(memory.get());
    const double read = cycles_per_byte([&] { return read_memory(address, size); }, size, runs);
    const double xxh3 = cycles_per_byte([&] { return digest_of_memory(address, size).low; }, size, runs);
    const double sha256 = cycles_per_byte([&] { return std::uint64_t{sha256_of_memory(address, size).bytes[0]}; }, size,
                                          std::min(runs, 3));

    std::printf("%llu MiB, best of %d      cycles/byte   of SHA-256\n", size >> 20, runs);
    std::printf("plain read                %8.3f      %8.4f\n", read, read / sha256);
    std::printf("purgatory: XXH3-128       %8.3f      %8.4f\n", xxh3, xxh3 / sha256);
    std::printf("SHA-256, portable         %8.3f      %8.4f\n", sha256, 1.0);
    std::printf("purgatory's digest costs %.2f times a plain read and 1/%.1f of SHA-256 (limit 1/10)\n", xxh3 / read,
                sha256 / xxh3);
    return xxh3 * 10 <= sha256 ? 0 : 1;
}
