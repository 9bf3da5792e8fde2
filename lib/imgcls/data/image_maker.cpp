#include <imgcls/core/error.h>
#include <imgcls/data/decode.h>
#include <imgcls/data/image_maker.h>

#include <fmt/format.h>

#include <algorithm>

namespace imgcls::data {
namespace {

// Memory kept from one image to the next; a few data sets have single photographs of 100
// megapixels.
constexpr std::size_t kKeptBytes = std::size_t{32} << 20;

}  // namespace

void ImageMaker::make_one(std::uint32_t epoch, std::uint64_t sample,
                          std::span<std::uint8_t> output) {
  Sample read = source_.read(sample);
  if (auto* image = std::get_if<Image>(&read)) {
    decoded_ = std::move(*image);
  } else {
    decode(std::get<std::vector<std::byte>>(read), source_.name(sample), decoded_);
  }
  Plan plan;
  if (const auto* augment = std::get_if<AugmentOptions>(&options_.transform)) {
    Random random(options_.seed, epoch, sample, RandomStream::augment);
    plan = plan_augment(decoded_.size, *augment, random);
  } else {
    plan = plan_eval(decoded_.size, std::get<EvalOptions>(options_.transform));
  }
  apply(plan, decoded_, output);
  if (decoded_.pixels.capacity() > kKeptBytes) decoded_ = {};
}

Made ImageMaker::make(std::uint32_t epoch, std::uint64_t sample, std::span<std::uint8_t> output) {
  Random replacement(options_.seed, epoch, sample, RandomStream::replacement);
  Made made{sample, 0, {}};
  for (;;) {
    try {
      make_one(epoch, made.sample, output);
      made.label = source_.label(made.sample);
      return made;
    } catch (const Error& e) {
      if (options_.on_error == OnError::stop) throw DataError(e.what());
      made.failures.emplace_back(e.what());
    }
    if (!std::holds_alternative<AugmentOptions>(options_.transform)) {
      std::fill(output.begin(), output.end(), std::uint8_t{0});
      made.label = kSkippedLabel;
      return made;
    }
    if (made.failures.size() > kReplacements) {
      throw DataError(
          fmt::format("{}; nor could any of {} other samples drawn in its place be used",
                      made.failures.front(), kReplacements));
    }
    made.sample = replacement.below(source_.size());
  }
}

}  // namespace imgcls::data
