#include <imgcls/train/recipe/draws.h>
#include <imgcls/train/recipe/mix.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>

#include <algorithm>

namespace imgcls::train {
namespace {

constexpr Names<MixBy, 2> kBys{{{MixBy::batch, "batch"}, {MixBy::pair, "pair"}}};
constexpr std::int64_t kWholeBatch = -1;  // the place whose numbers all pairs share

at::Tensor evens(const at::Tensor& values) {
  return values.slice(0, 0, values.size(0), 2);
}

at::Tensor odds(const at::Tensor& values) {
  return values.slice(0, 1, values.size(0), 2);
}

class Mixer final : public Ingredient {
 public:
  explicit Mixer(const MixOptions& options) : options_(options) {
    for (const std::string& kind : options.kinds) {
      const auto own = options.own.find(kind);
      kinds_.push_back(mixes().at(kind).make(own == options.own.end() ? std::any() : own->second));
    }
  }

  std::string name() const override { return "mix"; }

  void before_forward(const StepInfo& info, TrainBatch& batch) override {
    const at::NoGradGuard no_grad;
    const std::int64_t pairs = batch.images.size(0) / 2;
    std::vector<std::vector<std::int64_t>> chosen(kinds_.size());
    std::vector<std::vector<Random>> draws(kinds_.size());
    for (std::int64_t i = 0; i < (options_.by == MixBy::batch ? 1 : pairs); ++i) {
      const std::int64_t place = options_.by == MixBy::batch ? kWholeBatch : info.first / 2 + i;
      Random random = draws_of(info, place, RandomStream::mix);
      if (random.uniform() >= options_.prob) continue;
      const auto kind = static_cast<std::size_t>(random.below(kinds_.size()));
      chosen[kind].push_back(i);
      draws[kind].push_back(random);
    }
    // By pairs, targets are always those of mixed images, so that what is computed for an image
    // does not depend on whether others of its rank are mixed.
    const bool none = std::ranges::all_of(draws, [](const auto& of) { return of.empty(); });
    if (none && options_.by == MixBy::batch) return;
    const Targets& before = batch.targets;
    // Of each pair the odd one is the even one's partner, and the other way round.
    at::Tensor partners = at::stack({odds(before.labels), evens(before.labels)}, 1).flatten();
    at::Tensor shares = at::ones(
        {pairs},
        batch.images.options().dtype(at::kFloat).memory_format(at::MemoryFormat::Contiguous));
    at::Tensor images = at::empty_like(batch.images);
    if (options_.by == MixBy::pair) images.copy_(batch.images);  // some may stay as they are
    for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
      if (draws[kind].empty()) continue;
      const bool all =
          options_.by == MixBy::batch || static_cast<std::int64_t>(chosen[kind].size()) == pairs;
      mix_some(kinds_[kind], draws[kind], all ? std::span<const std::int64_t>() : chosen[kind],
               batch.images, images, shares);
    }
    batch.images = images;
    batch.targets = {.labels = before.labels,
                     .partners = partners,
                     .shares = at::stack({shares, shares}, 1).flatten()};
  }

 private:
  /// Those pairs; all of them where none is named.
  static void mix_some(const Mix& mix, std::span<Random> draws, std::span<const std::int64_t> pairs,
                       const at::Tensor& before, at::Tensor& images, at::Tensor& shares) {
    if (pairs.empty()) {
      const Mixed mixed = mix(evens(before), odds(before), draws);
      evens(images).copy_(mixed.first);
      odds(images).copy_(mixed.second);
      shares.copy_(mixed.shares.expand(shares.sizes()));
      return;
    }
    const at::Tensor index = on_device(pairs, before.device());
    const Mixed mixed =
        mix(evens(before).index_select(0, index), odds(before).index_select(0, index), draws);
    evens(images).index_copy_(0, index, mixed.first);
    odds(images).index_copy_(0, index, mixed.second);
    shares.index_copy_(0, index, mixed.shares.expand({index.size(0)}));
  }

  MixOptions options_;
  std::vector<Mix> kinds_;
};

}  // namespace

std::unique_ptr<Ingredient> make_mixer(const MixOptions& options) {
  if (options.kinds.empty() || options.prob == 0) return nullptr;
  return std::make_unique<Mixer>(options);
}

const OptionFields<MixOptions>& mix_fields() {
  using O = MixOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add(
        "kinds", {{"type", "array"}, {"items", {{"type", "string"}, {"enum", mixes().names()}}}},
        [](const nlohmann::json& value, O& to) {
          to.kinds = value.get<std::vector<std::string>>();
        },
        [](const O& from) { return nlohmann::json(from.kinds); },
        "Ways of mixing images, of which one is drawn each time; none: images are not mixed.");
    f.add("prob", &O::prob, "Probability that anything is mixed.", Limits::between(0, 1));
    f.add("by", &O::by, kBys,
          "Draw once a step, for the whole batch, or for each pair of images by itself.");
    return f;
  }();
  return fields;
}

void read_mix(const nlohmann::json& section, MixOptions& options) {
  mix_fields().read(section, options);
  for (const std::string& kind : options.kinds) {
    options.own[kind] = mixes().read_own(kind, section);
  }
}

nlohmann::json write_mix(const MixOptions& options) {
  nlohmann::json section = mix_fields().write(options);
  for (const std::string& kind : options.kinds) {
    const auto own = options.own.find(kind);
    mixes().write_own(kind, own == options.own.end() ? std::any() : own->second, section);
  }
  return section;
}

}  // namespace imgcls::train
