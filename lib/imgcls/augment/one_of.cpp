#include <imgcls/augment/chain.h>
#include <imgcls/augment/one_of.h>

#include <algorithm>
#include <iterator>
#include <numeric>

namespace imgcls::data {
namespace {

// As the option called `operations`; throws ConfigError with what it must be.
void check_not_empty(const std::vector<ChosenOperation>& operations) {
  if (operations.empty()) throw ConfigError("must name at least one operation");
}

void check_weights(const OneOfOptions& options) {
  if (options.weights.empty()) return;
  if (options.weights.size() != options.operations.size()) {
    throw ConfigError(fmt::format("must be {} numbers, one for each operation, not {}",
                                  options.operations.size(), options.weights.size()));
  }
  const double sum = std::accumulate(options.weights.begin(), options.weights.end(), 0.0);
  if (!(sum > 0)) throw ConfigError("must not all be 0");
}

}  // namespace

const OptionFields<OneOfOptions>& one_of_fields() {
  using O = OneOfOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    const nlohmann::json same_again = {
        {"$ref", "#/properties/augment/properties/operations/items"}};
    f.add(
        "operations", {{"type", "array"}, {"items", same_again}},
        [](const nlohmann::json& value, O& to) {
          to.operations = read_operations(value);
          check_not_empty(to.operations);
        },
        [](const O& from) { return write_operations(from.operations); },
        "What is drawn from: as augment.operations.");
    // After the operations, so that they are known when it is read.
    f.add(
        "weights", {{"type", "array"}, {"items", {{"type", "number"}, {"minimum", 0}}}},
        [](const nlohmann::json& value, O& to) {
          to.weights = value.get<std::vector<double>>();
          check_weights(to);
        },
        [](const O& from) { return nlohmann::json(from.weights); },
        "How often each is drawn, in any unit; empty: all the same.");
    return f;
  }();
  return fields;
}

OneOf::OneOf(const OneOfOptions& options) {
  try {
    check_not_empty(options.operations);
    check_weights(options);
  } catch (const ConfigError& e) {
    throw ConfigError(fmt::format("one_of: operations or weights {}", e.what()));
  }
  for (const ChosenOperation& each : options.operations) {
    operations_.push_back(std::make_unique<const Chain>(std::vector{each}));
  }
  double end = 0;
  for (const double weight : options.weights) ends_.push_back(end += weight);
}

std::vector<PixelStep> OneOf::draw(Size size, Random& random) const {
  std::size_t which = 0;
  if (ends_.empty()) {
    which = random.below(operations_.size());
  } else {
    const double place = random.uniform() * ends_.back();
    const auto found = std::upper_bound(ends_.begin(), std::prev(ends_.end()), place);
    which = static_cast<std::size_t>(found - ends_.begin());
  }
  return operations_[which]->draw(size, random);
}

}  // namespace imgcls::data
