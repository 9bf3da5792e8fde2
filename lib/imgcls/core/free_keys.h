#pragma once
// The keys of a configuration that change no result: a run may go on with other values of them, and
// runs that differ in them alone follow one recipe.

#include <algorithm>
#include <array>
#include <string_view>

namespace imgcls {

/// Whether a JSON pointer into a configuration ("/data/root", as json::flatten names
/// values), is one of those. Everything below such a key is, too.
inline bool changes_no_result(std::string_view pointer) {
  constexpr std::array<std::string_view, 19> kFreeKeys{"/$schema",
                                                       "/checkpoint",
                                                       "/data/format",
                                                       "/data/index",
                                                       "/data/prefetch",
                                                       "/data/root",
                                                       "/data/stage_dir",
                                                       "/data/threads",
                                                       "/data/timeout_s",
                                                       "/data/train",
                                                       "/data/val",
                                                       "/dist",
                                                       "/eval/batch",
                                                       "/log",
                                                       "/profile",
                                                       "/run",
                                                       "/eval/every_epochs",
                                                       "/train/threads",
                                                       "/train/max_steps"};
  return std::any_of(kFreeKeys.begin(), kFreeKeys.end(),
                     [&](std::string_view key) { return pointer.starts_with(key); });
}

}  // namespace imgcls
