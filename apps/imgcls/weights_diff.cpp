// imgcls weights diff: in what two files of weights differ.
#include "commands.h"
#include "weights.h"

#include <imgcls/models/weights_file.h>
#include <imgcls/train/program.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/max.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <string>

namespace imgcls::cli {
namespace {

struct Arguments {
  std::string a, b;
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

/// The greatest difference of two values at the same place; not a number where one of them is none.
double greatest_difference(const at::Tensor& a, const at::Tensor& b) {
  if (have_same_bits(a, b)) return 0;
  const at::NoGradGuard no_grad;
  const auto type = a.is_complex() || b.is_complex() ? at::kComplexDouble : at::kDouble;
  const at::Tensor wide_a = a.to(type), wide_b = b.to(type);
  if (wide_a.equal(wide_b)) return 0;  // infinities, whose difference is not a number, or zeros
  return at::max(at::abs(wide_a - wide_b)).item<double>();
}

class Comparison {
 public:
  Comparison(const Arguments& arguments) : a_(arguments.a), b_(arguments.b) {}

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
    if (!farthest_.empty()) fmt::print("; the greatest, {:.6g}, in {}", greatest_, farthest_);
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
    const double difference = greatest_difference(a_.read(a), b_.read(b));
    if (difference == 0) return;
    report(fmt::format("values of {}: up to {:.6g}", a.name, difference));
    if (farthest_.empty() || std::isnan(difference) || difference > greatest_) {
      greatest_ = difference;
      farthest_ = a.name;
    }
  }

  models::WeightsFile a_, b_;
  std::size_t reported_ = 0;
  double greatest_ = 0;
  std::string farthest_;
};

}  // namespace

void add_weights_diff(CLI::App& weights, std::function<int()>& chosen) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      weights.add_subcommand("diff", "Compare two files: names, shapes, types, values");
  command->add_option("A", arguments->a, "A safetensors file, or a .pth of any age")->required();
  command->add_option("B", arguments->b, "Another, of the same format or not")->required();
  command->footer(
      "Example:\n"
      "  imgcls weights diff before.pth after.safetensors\n"
      "Exit code: 0: the same names, shapes, types and values; 1: not, or an error.");
  command->callback([arguments, &chosen] {
    chosen = [arguments] { return run_reported([&] { return Comparison(*arguments).run(); }); };
  });
}

}  // namespace imgcls::cli
