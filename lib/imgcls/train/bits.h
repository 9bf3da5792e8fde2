#pragma once
// What the bits of a run's weights depend on besides its configuration and its data.

#include <imgcls/dist/world.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace imgcls::train {

/// By name: versions of imgcls and LibTorch, the processor with the instruction set that PyTorch
/// computes with, or the GPU; threads of a rank, and who computes convolutions.
using Bits = std::map<std::string, std::string>;

/// Of this rank.
Bits bits_of(const dist::World& world, bool fast_convolutions);

/// What a checkpoint's say otherwise than `now`, a sentence each; none for one that does not tell.
/// Throws CheckpointError where it cannot be read.
std::vector<std::string> changed_bits(const std::filesystem::path& checkpoint, const Bits& now);

/// What ranks do not have in common with the first, a sentence each, on every rank. All call it.
std::vector<std::string> different_bits(const Bits& mine, dist::World& world);

}  // namespace imgcls::train
