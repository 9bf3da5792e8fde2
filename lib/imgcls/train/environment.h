#pragma once
// environment.json: what each session of a run ran on. Internal to train/.

#include <imgcls/dist/world.h>
#include <imgcls/train/bits.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace imgcls::train {

/// Adds an object for this session to "sessions" in `file`, which is made where it is absent: time,
/// the step it goes on from, command line, versions, git commit of the working folder, host, CPU,
/// memory, device, ranks, `shards`, `bits`, and `changes`, sentences, where there are any. A file
/// that is no such record is replaced. Throws IoError.
void record_session(const std::filesystem::path& file, const dist::World& world,
                    std::int64_t from_step, int shards, const Bits& bits,
                    std::span<const std::string> changes = {});

}  // namespace imgcls::train
