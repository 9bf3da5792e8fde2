#include <imgcls/core/quoted_name.h>
#include <imgcls/train/class_differences.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

namespace imgcls::train {
namespace {

std::vector<std::string> sorted(std::span<const std::string> names) {
  std::vector<std::string> all(names.begin(), names.end());
  std::sort(all.begin(), all.end());
  return all;
}

/// Those of `names` that are not among `others`; both are sorted.
std::vector<std::string> only_in(const std::vector<std::string>& names,
                                 const std::vector<std::string>& others) {
  std::vector<std::string> alone;
  std::set_difference(names.begin(), names.end(), others.begin(), others.end(),
                      std::back_inserter(alone));
  return alone;
}

/// "3 are in the training data alone: a, b, c. "; empty where none is.
std::string alone_text(std::vector<std::string> names, std::string_view where) {
  constexpr std::size_t kShown = 5;
  if (names.empty()) return {};
  const std::size_t count = names.size();
  names.resize(std::min(count, kShown));
  for (std::string& name : names) name = quote_name(name);
  return fmt::format(" {} {} in the {} data alone: {}{}.", count, count == 1 ? "is" : "are", where,
                     fmt::join(names, ", "), count > kShown ? ", ..." : "");
}

}  // namespace

std::string class_differences(std::span<const std::string> training,
                              std::span<const std::string> evaluation) {
  const auto [a, b] =
      std::mismatch(training.begin(), training.end(), evaluation.begin(), evaluation.end());
  if (a == training.end() && b == evaluation.end()) return {};
  const std::vector<std::string> first = sorted(training), second = sorted(evaluation);
  const std::vector<std::string> missing = only_in(first, second), unknown = only_in(second, first);
  std::string text = fmt::format(
      "the training data has {} classes and the evaluation data {}, and both must have "
      "the same.{}{}",
      training.size(), evaluation.size(), alone_text(missing, "training"),
      alone_text(unknown, "evaluation"));
  if (missing.empty() && unknown.empty()) {
    return text + fmt::format(
                      " They are in another order: class {} is {} in training and {} in "
                      "evaluation; list them in the same order (classes.txt).",
                      a - training.begin(), quote_name(*a), quote_name(*b));
  }
  if (unknown.empty()) {
    return text +
           " To evaluate on some of the classes alone, train with evaluation data of all, "
           "and give the others to `imgcls eval` with --classes RUN/classes.txt.";
  }
  return text +
         " Where data.train is of other classes than model.weights, model.new_head=true "
         "fits the head to it; data.val must be of the same classes as data.train.";
}

}  // namespace imgcls::train
