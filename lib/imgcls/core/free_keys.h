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
  // Not dist.compress, which rounds gradients, nor train.threads: sums are cut by the number of
  // threads.
  constexpr auto kFreeKeys =
      std::to_array<std::string_view>({"/$schema",           "/checkpoint",
                                       "/data/format",       "/data/image_key",
                                       "/data/index",        "/data/name",
                                       "/data/prefetch",     "/data/root",
                                       "/data/stage_dir",    "/data/threads",
                                       "/data/timeout_s",    "/data/train",
                                       "/data/val",          "/dist/device",
                                       "/dist/timeout_s",    "/eval/batch",
                                       "/eval/every_epochs", "/log",
                                       "/profile",           "/run",
                                       "/train/max_hours",   "/train/max_steps",
                                       "/train/patience",    "/train/recompute"});
  return std::any_of(kFreeKeys.begin(), kFreeKeys.end(), [&](std::string_view key) {
    return pointer.starts_with(key) && (pointer.size() == key.size() || pointer[key.size()] == '/');
  });
}

}  // namespace imgcls
