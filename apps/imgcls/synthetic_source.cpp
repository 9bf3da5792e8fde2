#include "synthetic_source.h"

#include <imgcls/core/philox.h>

#include <variant>

namespace imgcls::cli {

SyntheticSource::SyntheticSource(std::size_t size, int side, std::size_t classes, bool multi_label)
    : size_(size), side_(side), multi_label_(multi_label) {
  for (std::size_t i = 0; i < classes; ++i) classes_.push_back(std::to_string(i));
}

data::Sample SyntheticSource::read(std::size_t index) const {
  Random random(0, 0, index, RandomStream::augment);
  const auto side = static_cast<std::size_t>(side_);
  data::Image image{{side_, side_}, std::vector<std::uint8_t>(side * side * 3)};
  for (std::uint8_t& value : image.pixels) value = static_cast<std::uint8_t>(random.bits());
  return image;
}

data::Batch synthetic_batch(const SyntheticSource& source, std::size_t images,
                            const data::LoaderOptions& options) {
  std::pmr::memory_resource* memory =
      options.memory ? options.memory.get() : std::pmr::get_default_resource();
  data::Batch batch{.size = images,
                    .bits = options.bits,
                    .images = std::pmr::vector<std::uint8_t>(memory),
                    .labels = std::pmr::vector<std::int64_t>(memory),
                    .kept = options.kept};
  for (std::size_t i = 0; i < images; ++i) {
    const auto image = std::get<data::Image>(source.read(i));
    batch.side = image.size.width;
    batch.images.insert(batch.images.end(), image.pixels.begin(), image.pixels.end());
    batch.labels.push_back(source.label(i));
    batch.samples.push_back(i);
  }
  return batch;
}

}  // namespace imgcls::cli
