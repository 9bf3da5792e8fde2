#include <imgcls/train/recipe/draws.h>
#include <imgcls/train/recipe/mix.h>
#include <imgcls/train/recipe/mixes.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>

#include <algorithm>

namespace imgcls::train {
namespace {

constexpr Names<MixBy, 3> kBys{
    {{MixBy::batch, "batch"}, {MixBy::pair, "pair"}, {MixBy::element, "element"}}};
constexpr std::int64_t kWholeBatch = -1;  // the place whose numbers all pairs share

at::Tensor evens(const at::Tensor& values) {
  return values.slice(0, 0, values.size(0), 2);
}

at::Tensor odds(const at::Tensor& values) {
  return values.slice(0, 1, values.size(0), 2);
}

/// Which pairs or images each kind mixes, and with which numbers.
struct Choice {
  std::vector<std::vector<std::int64_t>> chosen;
  std::vector<std::vector<Random>> draws;

  bool is_empty() const {
    return std::ranges::all_of(chosen, [](const auto& of) { return of.empty(); });
  }
};

class Mixer final : public Ingredient {
 public:
  Mixer(const MixOptions& options, const ProgressiveOptions& progressive)
      : options_(options), progressive_(progressive) {
    for (const std::string& kind : options.kinds) {
      kinds_.push_back(mixes().at(kind).make(own_options(kind)));
    }
  }

  std::string name() const override { return "mix"; }

  void begin_epoch(std::uint32_t epoch) override {
    if (progressive_.mixup_alpha == ProgressiveOptions::kNone) return;
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      if (options_.kinds[i] != "mixup") continue;
      const double last = OwnFields::own_options<MixupOptions>(own_options("mixup")).alpha;
      const double alpha = value_at(progressive_, progressive_.mixup_alpha, last, epoch);
      kinds_[i] = alpha == 0 ? Mix() : mixes().at("mixup").make(MixupOptions{.alpha = alpha});
    }
  }

  void before_forward(const StepInfo& info, TrainBatch& batch) override {
    const at::NoGradGuard no_grad;
    const std::int64_t images = batch.images.size(0);
    switch (options_.by) {
      case MixBy::batch:
        return mix_pairs(choose(info, kWholeBatch, 1), batch);
      case MixBy::pair:
        return mix_pairs(choose(info, info.first / 2, images / 2), batch);
      case MixBy::element:
        return mix_elements(choose(info, info.first, images), batch);
    }
  }

 private:
  /// For `count` places from `first` on.
  Choice choose(const StepInfo& info, std::int64_t first, std::int64_t count) const {
    Choice choice{.chosen = std::vector<std::vector<std::int64_t>>(kinds_.size()),
                  .draws = std::vector<std::vector<Random>>(kinds_.size())};
    for (std::int64_t i = 0; i < count; ++i) {
      Random random = draws_of(info, first + i, RandomStream::mix);
      if (random.uniform() >= options_.prob) continue;
      const auto kind = static_cast<std::size_t>(random.below(kinds_.size()));
      if (!kinds_[kind]) continue;
      choice.chosen[kind].push_back(i);
      choice.draws[kind].push_back(random);
    }
    return choice;
  }

  // Other than by batch, targets are always those of mixed images, so that what is computed for an
  // image does not depend on whether others of its rank are mixed.
  void mix_pairs(Choice choice, TrainBatch& batch) const {
    const bool by_batch = options_.by == MixBy::batch;
    if (by_batch && choice.is_empty()) return;
    const std::int64_t pairs = batch.images.size(0) / 2;
    at::Tensor shares = ones(pairs, batch);
    at::Tensor images = at::empty_like(batch.images);
    if (!by_batch) images.copy_(batch.images);  // some may stay as they are
    for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
      const std::vector<std::int64_t>& chosen = choice.chosen[kind];
      if (chosen.empty()) continue;
      const bool all = by_batch || static_cast<std::int64_t>(chosen.size()) == pairs;
      mix_some(kinds_[kind], choice.draws[kind], all ? std::span<const std::int64_t>() : chosen,
               batch.images, images, shares);
    }
    finish(batch, images, at::stack({shares, shares}, 1).flatten());
  }

  void mix_elements(Choice choice, TrainBatch& batch) const {
    at::Tensor shares = ones(batch.images.size(0), batch);
    at::Tensor images = batch.images.clone();
    for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
      std::vector<std::int64_t> places = choice.chosen[kind];
      if (places.empty()) continue;
      const at::Tensor own = on_device(places, images.device());
      for (std::int64_t& place : places) place ^= 1;
      const at::Tensor partners = on_device(places, images.device());
      const Mixed mixed = kinds_[kind](batch.images.index_select(0, own),
                                       batch.images.index_select(0, partners), choice.draws[kind]);
      images.index_copy_(0, own, mixed.first);
      shares.index_copy_(0, own, mixed.shares.expand({own.size(0)}));
    }
    finish(batch, images, shares);
  }

  static at::Tensor ones(std::int64_t count, const TrainBatch& batch) {
    return at::ones(
        {count},
        batch.images.options().dtype(at::kFloat).memory_format(at::MemoryFormat::Contiguous));
  }

  /// Of each pair the odd one is the even one's partner, and the other way round.
  static void finish(TrainBatch& batch, const at::Tensor& images, const at::Tensor& shares) {
    const at::Tensor labels = batch.targets.labels, sets = batch.targets.sets;
    batch.images = images;
    if (sets.defined()) {
      const at::Tensor share = shares.unsqueeze(1);
      const at::Tensor of_partners = at::stack({odds(sets), evens(sets)}, 1).flatten(0, 1);
      batch.targets = {.labels = labels,
                       .sets = sets.mul(share).add(of_partners.mul(share.neg().add(1)))};
      return;
    }
    batch.targets = {.labels = labels,
                     .partners = at::stack({odds(labels), evens(labels)}, 1).flatten(),
                     .shares = shares};
  }

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

  std::any own_options(const std::string& kind) const {
    const auto own = options_.own.find(kind);
    return own == options_.own.end() ? std::any() : own->second;
  }

  MixOptions options_;
  ProgressiveOptions progressive_;
  std::vector<Mix> kinds_;  // none: it leaves images as they are
};

}  // namespace

std::unique_ptr<Ingredient> make_mixer(const MixOptions& options,
                                       const ProgressiveOptions& progressive) {
  if (options.kinds.empty() || options.prob == 0) return nullptr;
  return std::make_unique<Mixer>(options, progressive);
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
          "Draw once a step, for the whole batch, or for each pair of images, or each image, by "
          "itself.");
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
