#include <imgcls/weights/pickled_dicts.h>
#include <imgcls/weights/pickled_tensors.h>

namespace imgcls::weights {
namespace {

using Kind = Pickle::Kind;
using Value = Pickle::Value;
using Numbers = std::span<const std::uint32_t>;

constexpr std::string_view kOrderedDict = "collections.OrderedDict";

/// Dicts are looked through more than once: to find the state dict, and to read it.
constexpr std::size_t kPasses = 8;

}  // namespace

PickledDicts::PickledDicts(const Pickle& pickle, std::string_view source)
    : pickle_(pickle), source_(source) {
  for (std::uint32_t i = 0; i < pickle.size(); ++i) budget_ += pickle.at(i).items.size();
  budget_ *= kPasses;
}

bool PickledDicts::is_dict(std::uint32_t number) const {
  const Value& value = pickle_.at(number);
  return value.kind == Kind::dict || !put_in(number).empty() ||
         called(pickle_, number) == kOrderedDict;
}

Numbers PickledDicts::pairs(std::uint32_t number) const {
  if (called(pickle_, number) != kOrderedDict) return {};
  const Numbers given = arguments(pickle_, number);
  return given.empty() ? Numbers() : pickle_.at(given[0]).items;
}

Numbers PickledDicts::put_in(std::uint32_t number) const {
  const Value& value = pickle_.at(number);
  if (value.kind == Kind::dict) return value.items;
  return value.kind == Kind::call ? Numbers(value.items).subspan(2) : Numbers();
}

void PickledDicts::spend() {
  if (budget_-- == 0) {
    refuse_state_dict(source_, "its dicts share their entries, and have more than the file");
  }
}

}  // namespace imgcls::weights
