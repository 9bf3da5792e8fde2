#include <imgcls/core/error.h>
#include <imgcls/data/image_maker.h>
#include <imgcls/image/grey16.h>

#include <fmt/format.h>

#include <algorithm>

namespace imgcls::data {

Plan ImageMaker::plan_for(Size size, const ImageDraw& draw) const {
  if (const auto* augment = std::get_if<AugmentOptions>(&options_.transform)) {
    return plan_training(size, *augment, policy_.get(), draw);
  }
  return plan_eval(size, std::get<EvalOptions>(options_.transform));
}

void ImageMaker::make_one(const ImageDraw& draw, std::span<std::uint8_t> output) {
  clock_ = LapClock();
  Sample read = source_.read(draw.sample);
  clock_.add_to(times_.read);
  if (auto* image = std::get_if<Image>(&read)) {
    to_bits(*image, options_.bits);
    applier_.start(plan_for(image->size, draw), output, options_.bits);
    const Rect region = applier_.region();
    applier_.rows(image->row(region.y) + 3 * static_cast<std::size_t>(region.x),
                  static_cast<std::size_t>(image->size.width) * 3, region.height);
  } else {
    const auto& file = std::get<std::vector<std::byte>>(read);
    const Size size = decoder_.open(file, source_.name(draw.sample), options_.bits);
    applier_.start(plan_for(size, draw), output, options_.bits);
    const DecodedBy by =
        decoder_.decode(applier_.region(), source_.checkpoints(draw.sample), applier_);
    ++times_.decoded_by[static_cast<std::size_t>(by)];
  }
  applier_.finish();
}

Made ImageMaker::make(std::uint32_t epoch, std::uint64_t sample, std::uint32_t turn,
                      std::span<std::uint8_t> output) {
  const ImageDraw draw{.seed = options_.seed, .epoch = epoch, .sample = sample, .turn = turn};
  Random replacement = draw.random(RandomStream::replacement);
  Made made{sample, 0, {}};
  for (;;) {
    try {
      make_one({.seed = options_.seed, .epoch = epoch, .sample = made.sample, .turn = turn},
               output);
      made.label = is_multi_label_ ? 0 : source_.label(made.sample);
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
