#pragma once
// The stack of the machine that pickles are programs for, its marks, and its memory of values that
// are used again. Values are numbers (Pickle::add). Internal to the reading of pickles.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace imgcls {

/// Throws DataError: `source` is not a usable pickle.
[[noreturn]] void refuse_pickle(std::string_view source, std::string_view reason);

/// Every function throws DataError, whose message begins with the source's name, where a value or a
/// mark is not there.
class PickleStack {
 public:
  using Number = std::uint32_t;

  explicit PickleStack(std::string_view source) : source_(source) {}

  void push(Number value) { values_.push_back(value); }
  void mark() { marks_.push_back(values_.size()); }
  /// The topmost value, above the last mark.
  Number top() const;
  /// Takes the last `count` values, which must stand above the last mark.
  std::vector<Number> pop(std::size_t count);
  /// Takes the values above the last mark, and the mark.
  std::vector<Number> pop_to_mark();
  /// Drops the topmost value, or the mark where that is what was put there last.
  void drop();
  /// The only value left.
  Number last() const;

  void store(Number key) { memory_[key] = top(); }
  /// Under the number of values stored so far.
  void store_next() { store(static_cast<Number>(memory_.size())); }
  void recall(Number key);

 private:
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  std::string_view source_;
  std::vector<Number> values_;
  std::vector<std::size_t> marks_;  // sizes of the stack
  std::unordered_map<Number, Number> memory_;
};

}  // namespace imgcls
