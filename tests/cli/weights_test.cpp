// imgcls weights, as a user runs it.
#include "../support/run_program.h"
#include "../support/temp_folder.h"
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <fmt/format.h>
#include <paths.h>

#include <bit>
#include <catch2/catch.hpp>
#include <complex>
#include <cstdint>
#include <limits>
#include <vector>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::run_program;

namespace {

const std::string kReference = IMGCLS_SOURCE_DIR "/tests/models/pth_reference/";

test::Outcome weights(const std::string& arguments) {
  return run_program(IMGCLS_BINARY_DIR "/bin/imgcls weights " + arguments);
}

/// Writes a safetensors file with one tensor, "x".
template <typename T>
std::string write_values(const test::TempFolder& folder, const std::string& name,
                         const std::string& dtype, const std::vector<T>& values) {
  const auto* const bytes = reinterpret_cast<const char*>(values.data());
  const std::size_t size = values.size() * sizeof(T);
  std::string head = fmt::format(R"({{"x":{{"dtype":"{}","shape":[{}],"data_offsets":[0,{}]}}}})",
                                 dtype, values.size(), size);
  head.append((8 - head.size() % 8) % 8, ' ');
  const auto length = std::bit_cast<std::array<char, 8>>(std::uint64_t{head.size()});
  return folder.write(name,
                      std::string(length.begin(), length.end()) + head + std::string(bytes, size));
}

/// What `weights diff` says of two tensors of the same type.
template <typename T>
std::string difference(const std::string& dtype, const std::vector<T>& a, const std::vector<T>& b) {
  const test::TempFolder folder;
  const auto outcome = weights("diff " + write_values(folder, "a.safetensors", dtype, a) + " " +
                               write_values(folder, "b.safetensors", dtype, b));
  const bool equal = outcome.output == "0 differences in 1 and 1 tensors\n";
  CHECK(outcome.code == (equal ? 0 : 1));
  return equal ? "none" : outcome.output;
}

/// What it says of one difference.
std::string of_size(const std::string& size) {
  return "values of x: up to " + size + "\n1 differences in 1 and 1 tensors; the greatest, " +
         size + ", in x\n";
}

}  // namespace

TEST_CASE("weights diff compares whole numbers to the last digit") {
  constexpr std::int64_t kFar = std::int64_t{1} << 53;
  CHECK(difference<std::int64_t>("I64", {kFar, 5}, {kFar, 5}) == "none");
  CHECK(difference<std::int64_t>("I64", {kFar, 5}, {kFar + 1, 5}) == of_size("1"));
  CHECK(difference<std::int64_t>("I64", {-kFar - 1, 0}, {-kFar, 0}) == of_size("1"));
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  CHECK(difference<std::int64_t>("I64", {kMost}, {kMost - 1}) == of_size("1"));
  CHECK(difference<std::int64_t>("I64", {kLeast}, {kMost}) == of_size("1.84467e+19"));
  constexpr auto kHighest = std::numeric_limits<std::uint64_t>::max();
  CHECK(difference<std::uint64_t>("U64", {kHighest}, {kHighest - 1}) == of_size("1"));
  CHECK(difference<std::uint64_t>("U64", {0}, {kHighest}) == of_size("1.84467e+19"));
  CHECK(difference<std::uint32_t>("U32", {0xFFFFFFFF}, {0xFFFFFFFE}) == of_size("1"));
  CHECK(difference<std::uint8_t>("U8", {0, 255}, {255, 0}) == of_size("255"));
  CHECK(difference<std::int8_t>("I8", {-128}, {127}) == of_size("255"));
  CHECK(difference<std::uint8_t>("BOOL", {1, 0}, {1, 1}) == of_size("1"));
  CHECK(difference<std::uint8_t>("BOOL", {1, 0}, {1, 0}) == "none");
}

TEST_CASE("weights diff takes equal infinities and NaNs for equal, and tells others") {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  // A second place differs, so that the bytes of the whole do.
  CHECK(difference<double>("F64", {kInf, 1}, {kInf, 1.5}) == of_size("0.5"));
  CHECK(difference<double>("F64", {kNan, 1}, {kNan, 1.5}) == of_size("0.5"));
  CHECK(difference<double>("F64", {kNan, -kInf}, {-kNan, -kInf}) == "none");
  CHECK(difference<double>("F64", {0, 1}, {-0.0, 1}) == "none");
  CHECK(difference<double>("F64", {kInf, 1}, {-kInf, 1}) == of_size("inf"));
  CHECK(difference<double>("F64", {kInf, 1}, {1, 1}) == of_size("inf"));
  CHECK(difference<double>("F64", {-kNan, kInf, 1}, {1, 1, 1}) == of_size("nan"));
  CHECK(difference<double>("F64", {1, kInf, 1}, {kNan, 1, 7}) == of_size("nan"));
  CHECK(difference<double>("F64", {1e308}, {-1e308}) == of_size("2e+308"));
  CHECK(difference<double>("F64", {5e-324}, {0}) == of_size("4.94066e-324"));
  CHECK(difference<float>("F32", {-std::numeric_limits<float>::quiet_NaN(), 2}, {0, 2}) ==
        of_size("nan"));
  // 1, inf, NaN, and another NaN.
  CHECK(difference<std::uint16_t>("F16", {0x3C00, 0x7C00, 0x7E00}, {0x4000, 0x7C00, 0xFE01}) ==
        of_size("1"));
  CHECK(difference<std::uint16_t>("BF16", {0x3F80, 0x7F80, 0x7FC0}, {0x4000, 0x7F80, 0xFFC1}) ==
        of_size("1"));
  CHECK(difference<std::uint16_t>("BF16", {0x7F80}, {0x7FC0}) == of_size("nan"));
  CHECK(difference<std::uint8_t>("F8_E5M2", {0x3C, 0x7C}, {0x40, 0x7C}) == of_size("1"));
  using Complex = std::complex<float>;
  const auto inf = static_cast<float>(kInf);
  CHECK(difference<Complex>("C64", {{1, inf}, {3, 4}}, {{1, inf}, {3, 2}}) == of_size("2"));
}

TEST_CASE("weights diff compares values between types") {
  const test::TempFolder folder;
  constexpr std::int64_t kFar = std::int64_t{1} << 53;
  const std::string whole =
      write_values<std::int64_t>(folder, "whole.safetensors", "I64", {kFar + 1, 3});
  const std::string same = write_values<std::uint64_t>(folder, "unsigned.safetensors", "U64",
                                                       {static_cast<std::uint64_t>(kFar) + 1, 3});
  const std::string floating =
      write_values<double>(folder, "floating.safetensors", "F64", {static_cast<double>(kFar), 3});
  const auto equal = weights("diff " + whole + " " + same);
  CHECK(equal.code == 1);
  CHECK(equal.output == "types of x: int64 and uint64\n1 differences in 1 and 1 tensors\n");
  CHECK_THAT(weights("diff " + whole + " " + floating).output, Contains("values of x: up to 1\n"));
}

TEST_CASE("weights show tells whole numbers to the last digit, and nan without a sign") {
  const test::TempFolder folder;
  const auto values = [&](const std::string& file) {
    const std::string output = weights("show --values " + file).output;
    const std::size_t at = output.find("min");
    return output.substr(at, output.find('\n') - at);
  };
  constexpr std::int64_t kFar = (std::int64_t{1} << 53) + 1;
  CHECK(values(write_values<std::int64_t>(folder, "a.safetensors", "I64", {kFar, -kFar})) ==
        "min -9007199254740993  max 9007199254740993  mean 0");
  CHECK(values(write_values<std::uint64_t>(folder, "b.safetensors", "U64", {~0ULL, ~0ULL})) ==
        "min 18446744073709551615  max 18446744073709551615  mean 1.84467e+19");
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(values(write_values<float>(folder, "c.safetensors", "F32", {1, -nan, 2})) ==
        "min nan  max nan  mean nan");
  const float inf = std::numeric_limits<float>::infinity();
  CHECK(values(write_values<float>(folder, "d.safetensors", "F32", {1, -inf, inf})) ==
        "min -inf  max inf  mean nan");
}

TEST_CASE("weights says how it is used") {
  for (const std::string command : {"", "init ", "convert ", "show ", "diff ", "average "}) {
    const auto help = weights(command + "--help");
    CHECK(help.code == 0);
    CHECK_THAT(help.output, Contains("Usage"));
  }
  CHECK(weights("show").code == 2);
  CHECK(weights("convert a.pth b.txt").code == 2);
  const auto absent = weights("show /nowhere/at/all.pth");
  CHECK(absent.code == 1);
  CHECK_THAT(absent.output, Contains("/nowhere/at/all.pth"));
}

TEST_CASE("weights convert and diff go from format to format without a difference") {
  const test::TempFolder folder;
  const std::string a = (folder / "a.safetensors").string(), b = (folder / "b.pth").string();
  REQUIRE(weights("convert " + kReference + "checkpoint-legacy.pth " + a).code == 0);
  REQUIRE(weights("convert " + a + " " + b).code == 0);
  const auto same = weights("diff " + kReference + "views.pth " + b);
  CHECK(same.code == 0);
  CHECK_THAT(same.output, Contains("0 differences in 8 and 8 tensors"));
  const auto other = weights("diff " + b + " " + kReference + "types.pth");
  CHECK(other.code == 1);
  CHECK_THAT(other.output, Contains("only in") && Contains(": nhwc") && Contains("of.float32"));
  const auto lacking = weights("convert " + kReference + "types.pth " + a);
  CHECK(lacking.code == 1);
  CHECK_THAT(lacking.output, Contains("complex128") && Contains("safetensors lacks"));
}

TEST_CASE("weights show lists types, shapes and values") {
  const auto plain = weights("show " + kReference + "views.pth");
  CHECK(plain.code == 0);
  CHECK_THAT(plain.output,
             Contains("transposed") && Contains("[4, 3, 2]") && Contains("8 tensors, "));
  CHECK_THAT(weights("show --values " + kReference + "views.pth").output,
             Contains("min 0  max 23  mean 11.5"));
  CHECK(weights("show --values " + kReference + "types.pth").code == 0);
}

TEST_CASE("weights average is the mean") {
  const test::TempFolder folder;
  const std::string a = (folder / "a.pth").string(), b = (folder / "b.pth").string(),
                    mean = (folder / "mean.safetensors").string();
  REQUIRE(weights("init resnet18 --seed 1 --classes 3 model.stem=small -o " + a).code == 0);
  REQUIRE(weights("init resnet18 --seed 2 --classes 3 model.stem=small -o " + b).code == 0);
  REQUIRE(weights("average " + a + " " + a + " -o " + mean).code == 0);
  CHECK(weights("diff " + a + " " + mean).code == 0);
  CHECK(weights("diff " + a + " " + b).code == 1);
  REQUIRE(weights("average " + a + " " + b + " -o " + mean).code == 0);
  CHECK(weights("diff " + a + " " + mean).code == 1);
  const auto unlike = weights("average " + a + " " + kReference + "views.pth -o " + mean);
  CHECK(unlike.code == 1);
  CHECK_THAT(unlike.output, Contains("views.pth has 8"));
}

TEST_CASE("weights init writes what a run with that seed starts from") {
  const test::FolderData data;
  // At such a rate no weight changes its bits.
  REQUIRE(run_program(data.train("run",
                                 "optimizer.lr=1e-30 train.seed=5 train.max_steps=1 "
                                 "optimizer.weight_decay=0"))
              .code == 0);
  const auto checkpoints = data / "run/checkpoints";
  const auto file = checkpoints / "step-0000000001/weights.safetensors";
  REQUIRE(std::filesystem::exists(file));
  const std::string config = (data / "run/config.json").string();
  const std::string start = (data / "start.safetensors").string();
  REQUIRE(weights("init resnet9 --classes 3 " + config + " -o " + start).code == 0);
  const auto diff = weights("diff " + start + " " + file.string());
  CHECK_THAT(diff.output, !Contains("weight") && Contains("running_mean"));
}
