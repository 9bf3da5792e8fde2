#pragma once
// Images of noise, for measuring without a data set.

#include <imgcls/data/loader.h>
#include <imgcls/data/source.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace imgcls::cli {

/// `size` square images of `side` pixels, noise that depends on their number alone. Their classes
/// are 0 to `classes` - 1 in turn, also where they are told as `multi_label` data.
class SyntheticSource final : public data::Source {
 public:
  SyntheticSource(std::size_t size, int side, std::size_t classes, bool multi_label = false);

  std::size_t size() const override { return size_; }
  std::int64_t label(std::size_t index) const override {
    return static_cast<std::int64_t>(index % classes_.size());
  }
  std::optional<std::vector<std::int64_t>> label_set(std::size_t index) const override {
    if (!multi_label_) return std::nullopt;
    return std::vector{label(index)};
  }
  data::Sample read(std::size_t index) const override;
  std::string name(std::size_t index) const override { return "noise " + std::to_string(index); }
  const std::vector<std::string>& classes() const override { return classes_; }
  std::string fingerprint() const override { return "noise"; }

 private:
  std::size_t size_;
  int side_;
  bool multi_label_;
  std::vector<std::string> classes_;
};

/// The source's first `images` images, as a loader of these options hands a batch out: in its
/// memory, which must outlive the batch.
data::Batch synthetic_batch(const SyntheticSource& source, std::size_t images,
                            const data::LoaderOptions& options = {});

}  // namespace imgcls::cli
