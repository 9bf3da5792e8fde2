#pragma once
// What a loader yields, as text to be compared.

#include "support.h"

#include <imgcls/data/loader.h>

#include <memory>
#include <string>
#include <vector>

namespace support {

/// For each batch, for each sample: its number, label and its pixels' digest, all views' at once.
using Stream = std::vector<std::vector<std::string>>;

inline Stream stream(const std::shared_ptr<const imgcls::data::Source>& source,
                     const imgcls::data::LoaderOptions& options, std::uint32_t epoch = 0,
                     std::size_t consumed = 0) {
  imgcls::data::Loader loader(source, options);
  loader.start(epoch, consumed);
  Stream batches;
  while (const imgcls::data::Batch* batch = loader.next()) {
    const std::size_t bytes = std::size_t{3} * static_cast<std::size_t>(batch->views) *
                              static_cast<std::size_t>(batch->side) * batch->side;
    auto& lines = batches.emplace_back();
    for (std::size_t i = 0; i < batch->size; ++i) {
      const auto pixels = std::span(batch->images).subspan(i * bytes, bytes);
      lines.push_back(fmt::format("{} {} {}", batch->samples[i], batch->labels[i], digest(pixels)));
    }
  }
  return batches;
}

}  // namespace support
