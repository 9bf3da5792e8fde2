#include <imgcls/train/mistakes.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace imgcls::train {
namespace {

// Ranks send each other mistakes as bytes.
static_assert(std::is_trivially_copyable_v<Mistake>);

bool is_worse(const Mistake& a, const Mistake& b) {
  const bool a_has_none = std::isnan(a.loss), b_has_none = std::isnan(b.loss);
  if (a_has_none != b_has_none) return a_has_none;
  if (a_has_none) return a.sample < b.sample;
  return a.loss != b.loss ? a.loss > b.loss : a.sample < b.sample;
}

}  // namespace

void WorstMistakes::add(const Mistake& mistake) {
  if (worst_.size() == keep_ && (keep_ == 0 || !is_worse(mistake, worst_.back()))) return;
  worst_.insert(std::upper_bound(worst_.begin(), worst_.end(), mistake, is_worse), mistake);
  if (worst_.size() > keep_) worst_.pop_back();
}

void WorstMistakes::gather(dist::World& world) {
  const std::string_view mine(reinterpret_cast<const char*>(worst_.data()),
                              worst_.size() * sizeof(Mistake));
  const std::vector<std::string> all = world.gather(mine);
  worst_.clear();
  for (const std::string& bytes : all) {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(Mistake)) {
      Mistake mistake;
      std::memcpy(&mistake, bytes.data() + at, sizeof mistake);
      add(mistake);
    }
  }
}

}  // namespace imgcls::train
