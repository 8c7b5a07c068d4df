// SPDX-License-Identifier: GPL-2.0-or-later
// The part of a load's report that is about a crash kernel. Its parameters are shown with the command line.
#pragma once

#include "kexec/load/report.h"

#include <nlohmann/json_fwd.hpp>

namespace kx {

std::string text_of(const CrashReport& crash);
nlohmann::ordered_json json_of(const CrashReport& crash); // all but the parameters

} // namespace kx
