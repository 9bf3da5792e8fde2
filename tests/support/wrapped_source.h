#pragma once
// Another source with something added to its reads.

#include <imgcls/data/source.h>

#include <memory>
#include <utility>

namespace imgcls::test {

/// Everything as the inner source has it. Derive, and override `read`.
class WrappedSource : public data::Source {
 public:
  explicit WrappedSource(std::shared_ptr<const data::Source> inner) : inner_(std::move(inner)) {}

  std::size_t size() const override { return inner_->size(); }
  std::int64_t label(std::size_t index) const override { return inner_->label(index); }
  std::optional<std::vector<std::int64_t>> label_set(std::size_t index) const override {
    return inner_->label_set(index);
  }
  std::string name(std::size_t index) const override { return inner_->name(index); }
  const std::vector<std::string>& classes() const override { return inner_->classes(); }
  std::string fingerprint() const override { return inner_->fingerprint(); }
  data::Sample read(std::size_t index) const override { return inner_->read(index); }

 private:
  std::shared_ptr<const data::Source> inner_;
};

}  // namespace imgcls::test
