#include <imgcls/data/sampler.h>
#include <imgcls/data/sampling.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace imgcls::data {
namespace {

/// Some items over and over, each time in another order.
class Endless {
 public:
  /// `list` tells sequences of one seed apart.
  Endless(std::vector<std::uint32_t> items, std::uint64_t seed, std::uint64_t list)
      : items_(std::move(items)), seed_(seed), list_(list) {}

  std::size_t size() const { return items_.size(); }

  std::uint32_t at(std::uint64_t place) {
    const std::uint64_t pass = place / items_.size();
    if (pass_ != pass) {
      order_ = shuffled_order(items_.size(), seed_, static_cast<std::uint32_t>(pass), list_);
      pass_ = pass;
    }
    return items_[order_[place % items_.size()]];
  }

 private:
  std::vector<std::uint32_t> items_, order_;
  std::uint64_t seed_, list_;
  std::optional<std::uint64_t> pass_;
};

std::vector<std::uint32_t> numbers_below(std::size_t n) {
  std::vector<std::uint32_t> all(n);
  for (std::size_t i = 0; i < n; ++i) all[i] = static_cast<std::uint32_t>(i);
  return all;
}

/// One image of each class that has any, then another of each, and so on.
class Balanced {
 public:
  Balanced(const Source& source, std::uint64_t seed) : classes_({}, seed, kClasses) {
    std::vector<std::vector<std::uint32_t>> members(source.classes().size());
    for (std::size_t i = 0; i < source.size(); ++i) {
      members.at(static_cast<std::size_t>(source.label(i)))
          .push_back(static_cast<std::uint32_t>(i));
    }
    for (auto& each : members) {
      const std::uint64_t list = 1 + of_class_.size();
      if (!each.empty()) of_class_.emplace_back(std::move(each), seed, list);
    }
    classes_ = Endless(numbers_below(of_class_.size()), seed, kClasses);
  }

  std::uint32_t at(std::uint64_t place) {
    return of_class_[classes_.at(place)].at(place / classes_.size());
  }

 private:
  static constexpr std::uint64_t kClasses = std::uint64_t{1} << 40;
  std::vector<Endless> of_class_;
  Endless classes_;
};

/// `count` items of a sequence, from `first`.
template <class Sequence>
std::vector<std::uint32_t> cut(Sequence sequence, std::uint64_t first, std::size_t count) {
  std::vector<std::uint32_t> part(count);
  for (std::size_t i = 0; i < count; ++i) part[i] = sequence.at(first + i);
  return part;
}

/// Each of `samples` `repeats` times, `total` in all: of each batch the first turns, then the
/// second ones, and so on.
std::vector<std::uint32_t> repeated(const std::vector<std::uint32_t>& samples, std::size_t repeats,
                                    std::size_t total, std::size_t batch) {
  std::vector<std::uint32_t> all;
  all.reserve(total);
  for (std::size_t begin = 0; begin < total; begin += batch) {
    const std::size_t end = std::min(begin + batch, total);
    for (std::size_t turn = 0; turn < repeats; ++turn) {
      const std::size_t first = begin + (turn + repeats - begin % repeats) % repeats;
      for (std::size_t at = first; at < end; at += repeats) all.push_back(samples[at / repeats]);
    }
  }
  return all;
}

std::vector<std::uint32_t> turns_of(const std::vector<std::uint32_t>& samples, std::size_t size) {
  std::vector<std::uint32_t> seen(size, 0), turns(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) turns[i] = seen[samples[i]]++;
  return turns;
}

}  // namespace

Order epoch_order(const Source& source, const SamplingOptions& options, std::size_t batch,
                  std::uint64_t seed, std::uint32_t epoch) {
  const std::size_t size = source.size(), total = options.images(size);
  const bool is_all = options.by == Sampler::all;
  if (is_all && total == size && options.repeats == 1) {
    return {.samples = shuffled_order(size, seed, epoch)};  // the sequence's pass of that number
  }
  const auto repeats = static_cast<std::size_t>(options.repeats);
  const std::size_t drawn = (total + repeats - 1) / repeats;
  const std::uint64_t first = std::uint64_t{epoch} * drawn;
  std::vector<std::uint32_t> samples =
      is_all ? cut(Endless(numbers_below(size), seed, /*list=*/0), first, drawn)
             : cut(Balanced(source, seed), first, drawn);
  if (repeats > 1) samples = repeated(samples, repeats, total, batch);
  std::vector<std::uint32_t> turns = turns_of(samples, size);
  return {.samples = std::move(samples), .turns = std::move(turns)};
}

}  // namespace imgcls::data
