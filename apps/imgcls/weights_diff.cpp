// imgcls weights diff: in what two files of weights differ.
#include "commands.h"
#include "exact_values.h"
#include "weights.h"

#include <imgcls/models/weights_file.h>
#include <imgcls/train/program.h>
#include <imgcls/train/run_weights.h>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace imgcls::cli {
namespace {

struct WeightsDiffArguments {
  std::string a, b;
  std::vector<std::string> keys;  // of both, or of each
};

using ByName = std::map<std::string, const weights::StoredTensor*>;

ByName by_name(const models::WeightsFile& file) {
  ByName tensors;
  for (const auto& tensor : file.listing().tensors) tensors.emplace(tensor.name, &tensor);
  return tensors;
}

bool have_same_bits(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() != b.scalar_type()) return false;
  const at::Tensor row_a = a.contiguous(), row_b = b.contiguous();
  return a.numel() == 0 ||
         std::memcmp(row_a.const_data_ptr(), row_b.const_data_ptr(), row_a.nbytes()) == 0;
}

/// What lies between two values; a NaN where one of them alone is one. `long double` holds all
/// values of both, and what lies between whole numbers to the last digit.
template <typename A, typename B>
long double distance(A a, B b) {
  if constexpr (std::is_integral_v<A> && std::is_integral_v<B>) {
    if (std::cmp_equal(a, b)) return 0;
  } else {
    const auto wide_a = static_cast<long double>(a), wide_b = static_cast<long double>(b);
    // Infinities, whose difference is a NaN, may be equal.
    if (wide_a == wide_b || (std::isnan(wide_a) && std::isnan(wide_b))) return 0;
  }
  return std::abs(static_cast<long double>(a) - static_cast<long double>(b));
}

/// Whether `a` is more than `b`; a NaN is more than any number.
bool is_greater(long double a, long double b) {
  return std::isnan(a) ? !std::isnan(b) : a > b;
}

/// The greatest distance of two values at the same place.
long double greatest_distance(const at::Tensor& a, const at::Tensor& b) {
  if (have_same_bits(a, b)) return 0;
  const at::NoGradGuard no_grad;
  const bool complex = a.is_complex() || b.is_complex();
  const at::Tensor wide_a = complex ? a.to(at::kComplexDouble) : a;
  const at::Tensor wide_b = complex ? b.to(at::kComplexDouble) : b;
  return with_exact_values(wide_a, [&](auto values_a) {
    return with_exact_values(wide_b, [&](auto values_b) {
      long double greatest = 0;
      for (std::size_t i = 0; i < values_a.size(); ++i) {
        const long double each = distance(values_a[i], values_b[i]);
        if (is_greater(each, greatest)) greatest = each;
      }
      return greatest;
    });
  });
}

/// fmt prints a NaN with the sign that it happens to have.
std::string text_of(long double distance) {
  return std::isnan(distance) ? "nan" : fmt::format("{:.6g}", distance);
}

class Comparison {
 public:
  explicit Comparison(const WeightsDiffArguments& arguments)
      : a_(train::weights_at(arguments.a, Log()),
           arguments.keys.empty() ? "" : arguments.keys.front()),
        b_(train::weights_at(arguments.b, Log()),
           arguments.keys.empty() ? "" : arguments.keys.back()) {
    report_choice(a_);
    report_choice(b_);
  }

  int run() {
    const ByName in_a = by_name(a_), in_b = by_name(b_);
    for (const auto& [name, tensor] : in_a) {
      if (const auto other = in_b.find(name); other == in_b.end()) {
        report(fmt::format("only in {}: {}", a_.name(), name));
      } else {
        compare(*tensor, *other->second);
      }
    }
    for (const auto& [name, tensor] : in_b) {
      if (!in_a.contains(name)) report(fmt::format("only in {}: {}", b_.name(), name));
    }
    fmt::print("{} differences in {} and {} tensors", reported_, in_a.size(), in_b.size());
    if (!farthest_.empty()) fmt::print("; the greatest, {}, in {}", text_of(greatest_), farthest_);
    fmt::print("\n");
    return reported_ == 0 ? train::kSuccess : train::kFailure;
  }

 private:
  void report(const std::string& line) {
    fmt::print("{}\n", line);
    ++reported_;
  }

  void compare(const weights::StoredTensor& a, const weights::StoredTensor& b) {
    if (a.shape != b.shape) {
      return report(fmt::format("shapes of {}: {} and {}", a.name, a.shape, b.shape));
    }
    if (a.type != b.type) {
      report(fmt::format("types of {}: {} and {}", a.name, weights::info(a.type).name,
                         weights::info(b.type).name));
    }
    const long double distance = greatest_distance(a_.read(a), b_.read(b));
    if (distance == 0) return;
    report(fmt::format("values of {}: up to {}", a.name, text_of(distance)));
    if (farthest_.empty() || is_greater(distance, greatest_)) {
      greatest_ = distance;
      farthest_ = a.name;
    }
  }

  models::WeightsFile a_, b_;
  std::size_t reported_ = 0;
  long double greatest_ = 0;
  std::string farthest_;
};

}  // namespace

void add_weights_diff(CLI::App& weights, std::function<int()>& chosen) {
  auto arguments = std::make_shared<WeightsDiffArguments>();
  CLI::App* command =
      weights.add_subcommand("diff", "Compare two files: names, shapes, types, values");
  command->add_option("A", arguments->a, kAnyWeights)->required();
  command->add_option("B", arguments->b, "Another, of the same format or not")->required();
  command
      ->add_option(
          "--key", arguments->keys,
          "Which of several state dicts in both, such as state_dict_ema; given twice: in A, "
          "and in B")
      ->allow_extra_args(false)
      ->expected(1, 2);
  command->footer(
      "Examples:\n"
      "  imgcls weights diff before.pth after.safetensors\n"
      "  imgcls weights diff --key model --key model_ema checkpoint.pth checkpoint.pth\n"
      "Exit code: 0: the same names, shapes, types and values; 1: not, or an error.");
  command->callback(
      [arguments, &chosen] { chosen = [arguments] { return Comparison(*arguments).run(); }; });
}

}  // namespace imgcls::cli
