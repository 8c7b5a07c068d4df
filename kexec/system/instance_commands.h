// SPDX-License-Identifier: GPL-2.0-or-later
// What a user is told to run next about instances, in the words of the program that says it.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace kx {

// `id` is an instance's id or name.
class InstanceCommands {
public:
    enum class Program { kexec, multikernelctl };
    constexpr InstanceCommands() = default;
    constexpr explicit InstanceCommands(Program program) : ctl_(program == Program::multikernelctl) {}

    std::string list() const { return ctl_ ? "multikernelctl list" : "kexec -S --multikernel"; }
    std::string check() const { return ctl_ ? "multikernelctl check" : "kexec --check"; }
    std::string load(std::string_view id) const {
        return ctl_ ? fmt::format("multikernelctl load {} KERNEL", id) : fmt::format("kexec -l --multikernel={}", id);
    }
    std::string halt(std::string_view id) const {
        return ctl_ ? fmt::format("multikernelctl halt {}", id) : fmt::format("kexec --halt --multikernel={}", id);
    }
    std::string halt_by_force(std::string_view id) const {
        return ctl_ ? fmt::format("multikernelctl halt --force {}", id)
                    : fmt::format("kexec --halt=force --multikernel={}", id);
    }
    std::string unload(std::string_view id) const {
        return ctl_ ? fmt::format("multikernelctl unload {}", id) : fmt::format("kexec -u --multikernel={}", id);
    }
    std::string remove(std::string_view id) const {
        return ctl_ ? fmt::format("multikernelctl delete {}", id) : fmt::format("kexec --remove --multikernel={}", id);
    }
    std::string make_pool() const {
        return ctl_ ? "multikernelctl pool SIZE --cpus LIST" : "kexec --multikernel-pool=SIZE --cpu LIST";
    }
    std::string grow_pool() const { return ctl_ ? "multikernelctl pool SIZE" : "kexec --multikernel-pool=SIZE"; }
    // Only one of the programs can.
    static std::string recover_cpu(std::string_view cpu) {
        return fmt::format("multikernelctl pool --remove-cpus={}, then multikernelctl pool --cpus={}", cpu, cpu);
    }

private:
    bool ctl_ = false;
};

} // namespace kx
